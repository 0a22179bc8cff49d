"""What stands in the way of everything: a deposit that its author paused or withdrew."""

from typing import Literal

from shared.events.vocabulary import Status

_NAMES = {"project": ("projet", "retiré"), "offer": ("offre", "retirée")}


def standstill(status: Status, what: Literal["project", "offer"], *, is_own: bool) -> str | None:
    """Why nothing at all is proposed, in one sentence; nothing while the deposit is active or merely over."""
    name, withdrawn = _NAMES[what]
    subject = f"Votre {name}" if is_own else f"Ce {name}" if what == "project" else f"Cette {name}"
    resumes = "vous ne reprenez" if is_own else "son auteur ne reprend"
    if status == "suspendu":
        return f"{subject} est en pause\u00a0: aucun rapprochement n'est proposé tant que {resumes} pas."
    if status == "retire":
        return f"{subject} est {withdrawn}\u00a0: aucun rapprochement n'est plus proposé."
    return None

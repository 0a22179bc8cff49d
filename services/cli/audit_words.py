"""What `essaim audit` finds, in French: what is wrong, what should be and is, and what to do about it."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from shared.words.french import count
from shared.words.states import STATES

if TYPE_CHECKING:
    from shared.auditing import Finding

WORDS = {
    "unsent": "ce qui a été dit n'est pas dans le sujet",
    "never-said": "le sujet tient ce que le service n'a jamais dit",
    "waiting": "un événement attend de partir depuis plus d'une minute",
    "sent-already": "un événement attend de partir, et le sujet l'a déjà",
    "unheard": "ce qui a été lu n'est pas tenu",
    "unknown-to-log": "le service tient ce que le sujet n'a pas",
    "view": "ce qui est tenu n'est pas ce qui a été dit",
    "body": "ce qui est montré n'est pas ce qui a été dit",
    "standstill": "la lecture n'avance plus",
    "offset": "la position lue n'est pas de ce journal",
    "project list": "la présélection du projet n'est pas celle que les fiches donnent",
    "offer list": "la présélection de l'offre n'est pas celle que les fiches donnent",
    "partition list": "la présélection de l'offre dans une partition n'est pas celle que les fiches donnent",
    "marks": "les présélections qui portent le rapprochement sont mal notées",
    "match": "le rapprochement sans réponse n'est pas dans l'état que les fiches donnent",
    "reasons": "la note ou les motifs du rapprochement ne sont pas ceux que les fiches donnent",
    "beside": "l'état noté à côté du rapprochement n'est pas le sien",
    "told": "le rapprochement n'est pas tel qu'il a été dit",
    "answer": "le rapprochement et les réponses données ne disent pas la même chose",
    "submission": "le dépôt n'est pas publié tel qu'il est gardé",
    "conclusion": "la conclusion n'a rien baissé",
    "untold": "quelqu'un aurait dû être averti",
    "told-twice": "quelqu'un a été averti deux fois",
    "told-of-nothing": "quelqu'un a été averti d'un rapprochement qui n'a jamais existé",
}
"""What is wrong, by the code of a finding."""

_AGAIN = "arrêtez {service}, lancez « essaim {again} {service} », puis démarrez-le"
_STATUS = "voyez essaim status : {service} ne tourne pas, ou dit ce qui l'arrête"
_MAILS = "aucune commande ne répare cela : prévenez ces personnes au besoin, et gardez le journal de {service}"
_REMEDIES = {
    **dict.fromkeys(("waiting", "sent-already", "standstill"), _STATUS),
    **dict.fromkeys(("untold", "told-twice", "told-of-nothing"), _MAILS),
}
_REBUILT = ("matcher", "console")


def remedy(finding: "Finding") -> str:
    """What to do about it."""
    again = "rebuild" if finding.service in _REBUILT and finding.what != "offset" else "restored"
    return _REMEDIES.get(finding.what, _AGAIN).format(service=finding.service, again=again)


_SIDES = {"project": "le projet", "offer": "l'offre", "coordinator": "un coordinateur"}
_PARTIES = {"project": "le projet", "commitment": "l'engagement", "fund": "le fonds", "territory": "le territoire"}
_VALUES = {
    **STATES,
    "none": "rien",
    "nothing": "rien",
    "absent": "absent",
    "live": "présent",
    "erased": "effacé",
    "sent": "envoyé",
    "kept": "gardée",
    "other": "autre chose",
    "once": "une fois",
    "twice": "deux fois",
    "told": "averti",
    "in the log": "dans le journal",
    "project": "celle du projet",
    "offer": "celle de l'offre",
    "project+offer": "les deux",
    "no introduction by a coordinator": "pas de mise en relation par un coordinateur",
    "introduced by a coordinator": "mis en relation par un coordinateur",
    **{f"no interest of {side}": f"pas d'intérêt dit par {words}" for side, words in _SIDES.items()},
    **{f"interest of {side}": f"intérêt dit par {words}" for side, words in _SIDES.items()},
    **{f"no decline by {side}": f"pas décliné par {words}" for side, words in _SIDES.items()},
    **{f"declined by {side}": f"décliné par {words}" for side, words in _SIDES.items()},
}
_PHRASES = (
    *((rf"told to {party} (.+)", rf"averti pour {words} \1") for party, words in _PARTIES.items()),
    *((rf"(\S+) by {side}", rf"\1 dit par {words}") for side, words in _SIDES.items()),
    (r"offset (\d+)", r"position \1"),
    (r"concluded with (.+) EUR, (.+) d", r"conclu pour \1 €, \2 j"),
)


MOST_SHOWN = 20
"""So many differences of one kind are shown where not all are asked for."""


def report(found: "Sequence[Finding]", *, whole: bool) -> Iterator[str]:
    """All that an audit found, for a person: how many of each kind, what to do, then the first ones of each kind."""
    if not found:
        yield "Aucune différence."
        return
    kinds: dict[str, list[Finding]] = {}
    for each in found:
        kinds.setdefault(f"{each.service} : {WORDS[each.what]}", []).append(each)
    yield f"{count(len(found), 'différence')} :"
    yield from (f"{len(some):>6} {kind}" for kind, some in kinds.items())
    yield from (f"À faire : {each}" for each in dict.fromkeys(map(remedy, found)))
    for some in kinds.values():
        shown = some if whole else some[:MOST_SHOWN]
        yield ""
        yield from map(sentence, shown)
        if more := len(some) - len(shown):
            yield f"… et {count(more, 'autre')} : --all les montre toutes, --json les donne en données"


def sentence(finding: "Finding") -> str:
    """One line for a person, with ids as they are kept."""
    expected, found = french(finding.expected), french(finding.found)
    return f"{finding.service} : {WORDS[finding.what]} : {finding.id} (attendu : {expected} ; trouvé : {found})"


def french(value: str) -> str:
    """A value in French where it is a phrase; an id, a version or a list as it is."""
    for pattern, words in _PHRASES:
        if value not in _VALUES and (match := re.fullmatch(pattern, value)):
            return match.expand(words)
    return _VALUES.get(value, value)

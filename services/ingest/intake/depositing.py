"""In whose name a fund is described: an operator's name is its own, and who described the fund is always said."""

from collections.abc import Mapping, Set
from typing import Any

from services.ingest.intake.outcome import Accepted, Fault
from services.ingest.intake.rights import Submitter
from shared.events.shapes import Fund
from shared.text.folding import fold

SOMEBODY = "une personne inscrite"
"""What is said of a person who describes a fund: names of people are never published."""


def operator_key(name: str) -> str:
    """Equal for spellings of one operator's name: case, accents, spaces and punctuation do not count."""
    return "".join(letter for letter in fold(name) if letter.isalnum())


def operator_overreach(who: Submitter, accepted: Accepted, taken: Set[str]) -> list[Fault]:
    """What is wrong with the operator that a fund names; `taken`: the keys of the names that are others'."""
    operator = accepted.entity.operator if isinstance(accepted.entity, Fund) else None
    if who.is_trusted or operator is None or operator_key(operator) not in taken:
        return []
    return [Fault("operator", "nom-d-un-autre-organisme", {"value": operator})]


def described(who: Submitter, accepted: Accepted, kept: Mapping[str, Any] | None, name: str | None) -> Accepted:
    """The submission, where it is a fund, with who described it: nobody is named when `who` is trusted.

    `kept`: the fund's content on record; saying it again leaves it as it was vouched for. `name`: the submitter's.
    """
    if not isinstance(accepted.entity, Fund):
        return accepted
    before = dict(kept or {})
    by = before.pop("deposited_by", None)
    if who.is_trusted:
        by = None
    elif before != accepted.content:
        by = by or name or SOMEBODY
    return accepted.with_entity(accepted.entity.model_copy(update={"deposited_by": by}))

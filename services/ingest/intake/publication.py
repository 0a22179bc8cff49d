"""What of a kept submission is said to others: no individual's name, amounts less what matches concluded."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.ingest.intake.known import Known
from shared.events.matches import MatchChanged
from shared.events.shapes import Commitment, Need, Project
from shared.events.vocabulary import INDIVIDUALS, EntityType
from shared.reference.geography import Unit
from shared.reference.taxonomy import load_taxonomy

_MONEY_NEEDS = frozenset({"mecenat-financier", "investissement-impact"})


@dataclass(frozen=True, slots=True)
class Concluded:
    """What one match concluded: `kinds` are those of its offer."""

    kinds: tuple[str, ...]
    eur: int
    days: int


def concluded_by(match: MatchChanged) -> Concluded:
    """What a concluded match says of it."""
    return Concluded(match.offer.kinds, match.concluded_eur or 0, match.concluded_days or 0)


def sides_of(match: MatchChanged) -> tuple[tuple[EntityType, str], ...]:
    """The project and the offer of a match, as (type, id)."""
    return ("project", match.project_id), (match.offer_type, match.offer_id)


def is_individual(project: Project) -> bool:
    """Whether the owner is a person, whose name is personal data."""
    return project.owner.legal_form in INDIVIDUALS


def published_project(project: Project, concluded: Iterable[Concluded], known: Known) -> Project:
    """The project as its event carries it: needs and the amount sought are what remains; a need served is gone."""
    project = _served(project, tuple(concluded))
    if not is_individual(project):
        return project
    place = known.geography.name(Unit("commune", project.commune))
    # A sole trader's SIREN leads to the name in public registers: it stays here too.
    owner = project.owner.model_copy(update={"name": f"Porteur individuel, {place}", "siren": None})
    return project.model_copy(update={"owner": owner})


def published_commitment(commitment: Commitment, concluded: Iterable[Concluded]) -> Commitment:
    """The commitment with what matches concluded added to what it says is committed, up to its total."""
    given = tuple(concluded)
    if not given:
        return commitment
    return commitment.model_copy(
        update={
            "committed_eur": _raised(commitment.committed_eur, sum(each.eur for each in given), commitment.total_eur),
            "committed_days": _raised(commitment.committed_days, sum(each.days for each in given), commitment.days),
        }
    )


def _raised(committed: int | None, concluded: int, total: int | None) -> int | None:
    if not concluded:
        return committed
    raised = (committed or 0) + concluded
    return raised if total is None else max(committed or 0, min(raised, total))


def _served(project: Project, concluded: tuple[Concluded, ...]) -> Project:
    if not concluded:
        return project
    left = (_lowered(need, concluded) for need in project.needs)
    money = sum(each.eur for each in concluded if brings_money(each.kinds))
    changes: dict[str, object] = {"needs": tuple(need for need in left if need is not None)}
    if money and project.amount_sought_eur is not None:
        changes["amount_sought_eur"] = max(0, project.amount_sought_eur - money)
    if money:
        changes["amount_secured_eur"] = (project.amount_secured_eur or 0) + money
    return project.model_copy(update=changes)


def _lowered(need: Need, concluded: tuple[Concluded, ...]) -> Need | None:
    mine = [each for each in concluded if need.kind in each.kinds]
    eur, days = sum(each.eur for each in mine), sum(each.days for each in mine)
    stated = need.amount_eur is not None or need.days is not None
    amount = None if need.amount_eur is None else max(0, need.amount_eur - eur)
    remaining_days = None if need.days is None else max(0, need.days - days)
    if stated and not amount and not remaining_days:
        return None
    return need.model_copy(update={"amount_eur": amount or None, "days": remaining_days or None})


def brings_money(kinds: tuple[str, ...]) -> bool:
    """Whether what an offer of these kinds brings is money."""
    fund_kinds = load_taxonomy().fund_kinds
    return any(kind in _MONEY_NEEDS or (kind in fund_kinds and fund_kinds[kind].money) for kind in kinds)

"""What a published entity tells of its submission: its amounts, and an individual's name where it is known."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.ingest.intake.outcome import Entity
from services.ingest.intake.publication import Concluded, brings_money, is_individual
from shared.events.shapes import Commitment, Need, Project
from shared.reference.taxonomy import load_taxonomy


def as_submitted(entity: Entity, concluded: Iterable[Concluded], before: Mapping[str, Any] | None) -> Entity:
    """The entity as it was submitted, when it was published with these conclusions counted.

    `before` is the content of an earlier submission, where one is known: what is never published comes from there.
    """
    given = tuple(concluded)
    if isinstance(entity, Project):
        return _named(_unserved(entity, given), before)
    return _uncommitted(entity, given) if isinstance(entity, Commitment) and given else entity


def _named(project: Project, before: Mapping[str, Any] | None) -> Project:
    owner = before["owner"] if before else {}
    if not is_individual(project) or owner.get("owner_id") != project.owner.owner_id:
        return project
    own = project.owner.model_copy(update={"name": owner["name"], "siren": owner.get("siren")})
    return project.model_copy(update={"owner": own})


def _uncommitted(commitment: Commitment, concluded: Sequence[Concluded]) -> Commitment:
    eur, days = sum(each.eur for each in concluded), sum(each.days for each in concluded)
    return commitment.model_copy(
        update={
            "committed_eur": _less(commitment.committed_eur, eur),
            "committed_days": _less(commitment.committed_days, days),
        }
    )


def _less(amount: int | None, concluded: int) -> int | None:
    return amount if amount is None else max(0, amount - concluded)


def _unserved(project: Project, concluded: Sequence[Concluded]) -> Project:
    if not concluded:
        return project
    left = {need.kind for need in project.needs}
    # A need that was served whole is not published any more.
    served = [
        Need.model_validate({"kind": kind, "amount_eur": each.eur or None, "days": each.days or None})
        for each in concluded
        for kind in each.kinds
        if kind in load_taxonomy().commitment_kinds and kind not in left
    ]
    money = sum(each.eur for each in concluded if brings_money(each.kinds))
    changes: dict[str, object] = {"needs": (*(_raised(need, concluded) for need in project.needs), *_merged(served))}
    if money and project.amount_sought_eur is not None:
        changes["amount_sought_eur"] = project.amount_sought_eur + money
    if money:
        changes["amount_secured_eur"] = _less(project.amount_secured_eur, money)
    return project.model_copy(update=changes)


def _merged(needs: Iterable[Need]) -> list[Need]:
    """One need per kind: several matches may have served it."""
    found: dict[str, Need] = {}
    for need in needs:
        held = found.get(need.kind)
        found[need.kind] = _sum(held, need) if held else need
    return list(found.values())


def _sum(one: Need, other: Need) -> Need:
    eur, days = (one.amount_eur or 0) + (other.amount_eur or 0), (one.days or 0) + (other.days or 0)
    return one.model_copy(update={"amount_eur": eur or None, "days": days or None})


def _raised(need: Need, concluded: Sequence[Concluded]) -> Need:
    mine = [each for each in concluded if need.kind in each.kinds]
    eur, days = sum(each.eur for each in mine), sum(each.days for each in mine)
    return need.model_copy(
        update={
            "amount_eur": None if need.amount_eur is None else need.amount_eur + eur,
            "days": None if need.days is None else need.days + days,
        }
    )

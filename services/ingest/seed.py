"""Publishes at the first start what ships with Essaim: the 20 territories with their défis, and the funds."""

from typing import Any

from services.ingest.announcing import TOPICS
from services.ingest.intake.known import Known, reference_known
from services.ingest.intake.outcome import Accepted
from services.ingest.intake.reading import KINDS, read
from services.ingest.intake.rights import Submitter
from services.ingest.store import entities, erasure
from services.ingest.store.entities import Party
from services.ingest.submissions import deposit
from shared.database import Connection, Pool, in_transaction
from shared.events.vocabulary import EntityType
from shared.reference import samples
from shared.reference.territories import Territory, load_territories

OPERATOR = Submitter(operator=True)
"""On whose behalf Essaim itself submits."""


async def load_reference(pool: Pool) -> int:
    """Submits the reference's territories and funds that are neither kept nor erased; returns how many."""
    data: list[tuple[EntityType, dict[str, Any]]] = [("territory", _submission(each)) for each in load_territories()]
    data += [("fund", fund) for fund in samples.funds()]
    known = reference_known()
    readings = [read(entity_type, each, known) for entity_type, each in data]
    submissions = [each for each in readings if isinstance(each, Accepted)]
    return await in_transaction(pool, lambda connection: _load(connection, submissions, known))


async def _load(connection: Connection, submissions: list[Accepted], known: Known) -> int:
    kept = await entities.kept_of(connection, [_party(each) for each in submissions])
    erased = await erasure.erased_keys(connection, [TOPICS["territory"], TOPICS["fund"]])
    missing = [
        each
        for each in submissions
        if _party(each) not in kept and (TOPICS[each.entity_type], each.entity_id) not in erased
    ]
    outcomes = await deposit(connection, OPERATOR, missing, known=known, expected=lambda version: version == 0)
    return sum(outcome.result == "accepted" for outcome in outcomes)


def _party(accepted: Accepted) -> Party:
    return accepted.entity_type, accepted.entity_id


def _submission(territory: Territory) -> dict[str, Any]:
    """The reference's territory as a submission: what pages alone show stays in the reference."""
    fields = set(KINDS["territory"].shape.model_fields) - {"coordinated"}
    whole = {name: getattr(territory, name) for name in fields}
    return {
        **whole,
        "perimeter": [_members(unit, "level", "code") for unit in territory.perimeter],
        "associated_perimeter": [_members(unit, "level", "code", "why") for unit in territory.associated_perimeter],
        "challenges": [
            {
                **_members(challenge, "challenge_id", "title", "description", "axis", "ends_on"),
                "categories": list(challenge.categories),
            }
            for challenge in territory.challenges
        ],
        "collective": [_members(member, "name", "type", "role") for member in territory.collective],
    }


def _members(value: object, *names: str) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}

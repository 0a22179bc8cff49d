"""Who may submit what: an organisation its own things, a person those they are the contact of, the operator all."""

from collections.abc import Set
from dataclasses import dataclass

from services.ingest.intake.outcome import Accepted, Entity, Fault
from services.ingest.intake.reading import KINDS
from shared.events.shapes import Commitment, Project, Territory
from shared.events.vocabulary import EntityType


@dataclass(frozen=True, slots=True)
class Submitter:
    """On whose behalf something is submitted: an organisation's key, or a signed-in person."""

    organisation_id: str | None = None
    operator: bool = False
    feed: bool = False
    """Whether it is what a funder publishes itself, read by Essaim."""
    person_id: str | None = None
    entities: frozenset[tuple[EntityType, str]] = frozenset()
    """What the person is the contact of, and the territories they coordinate."""
    party_ids: frozenset[str] = frozenset()
    """The owner and company ids of these entities."""

    @property
    def is_trusted(self) -> bool:
        """Whether what it says of funds is shown as checked."""
        return self.operator or self.feed

    @property
    def actor(self) -> str:
        """Tells submitters apart where their requests are remembered."""
        return f"person:{self.person_id}" if self.person_id else f"organisation:{self.organisation_id}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is on record of a submission's entity: who submits it, for which party, with which status."""

    organisation_id: str | None
    party_id: str | None
    status: str


def party_of(entity: Entity) -> str | None:
    """The owner's or company's id; funds and territories have none."""
    if isinstance(entity, Project):
        return entity.owner.owner_id
    return entity.company.company_id if isinstance(entity, Commitment) else None


def may_see(who: Submitter, entity_type: EntityType, entity_id: str, standing: Standing) -> bool:
    """Whether it is theirs: to read, change, withdraw or erase. Territories are public, to read."""
    if who.operator or (entity_type, entity_id) in who.entities:
        return True
    return who.organisation_id is not None and who.organisation_id in {standing.organisation_id, standing.party_id}


def overreach(
    who: Submitter, accepted: Accepted, standing: Standing | None, party_users: Set[str | None]
) -> list[Fault]:
    """What in a submission is not this submitter's to say; `party_users`: the organisations that use its party's id."""
    if who.operator:
        return []
    faults = []
    entity = accepted.entity
    if standing and not may_see(who, accepted.entity_type, accepted.entity_id, standing):
        id_field = KINDS[accepted.entity_type].id_field
        faults.append(Fault(id_field, "a-une-autre-organisation", {"value": accepted.entity_id}))
    party_id = party_of(entity)
    if party_id is not None and not _speaks_for(who, party_id, party_users):
        field = "owner.owner_id" if isinstance(entity, Project) else "company.company_id"
        faults.append(Fault(field, "a-une-autre-organisation", {"value": party_id}))
    if isinstance(entity, Territory):
        faults += _territory_overreach(who, entity, standing)
    return faults


def _speaks_for(who: Submitter, party_id: str, party_users: Set[str | None]) -> bool:
    if who.organisation_id is not None:
        return party_id == who.organisation_id or party_users <= {who.organisation_id}
    return party_id in who.party_ids or not party_users


def _territory_overreach(who: Submitter, territory: Territory, standing: Standing | None) -> list[Fault]:
    before = standing.status if standing else "candidat"
    if territory.status != before:
        return [Fault("status", "reserve-a-l-operateur", {"allowed": before})]
    animates = any(entity_type == "territory" for entity_type, _ in who.entities)
    if standing is None and who.organisation_id is None and not animates:
        return [Fault("territory_id", "reserve-aux-coordinateurs", {"value": territory.territory_id})]
    return []

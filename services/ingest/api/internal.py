"""The one internal read: whom to write to about what, for the notifier and the console."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from services.ingest.api.auth import require_service
from services.ingest.api.context import context_of
from services.ingest.intake.outcome import Contact
from services.ingest.intake.reading import valid_email
from services.ingest.people import described_person
from services.ingest.store import people
from services.ingest.store.people import Person
from shared.bodies import json_body
from shared.database import Pool, in_transaction
from shared.events.shapes import Identifier
from shared.events.vocabulary import EntityType

router = APIRouter(include_in_schema=False, dependencies=[Depends(require_service)])


class AskedParty(BaseModel):
    """An entity whose contact is asked."""

    type: EntityType
    id: Identifier


class Asked(BaseModel):
    """By parties, by address or by person."""

    model_config = ConfigDict(extra="forbid")

    parties: list[AskedParty] | None = Field(None, max_length=500)
    address: str | None = Field(None, max_length=254)
    person_id: Identifier | None = None
    create: bool = Field(False, description="With an address: makes the person known who was not.")
    name: str | None = Field(None, max_length=300)
    language: str | None = Field(None, pattern="^(fr|en)$")


@router.post("/internal/contacts")
async def contacts(request: Request, asked: Annotated[Asked, json_body(Asked)]) -> JSONResponse:
    """Contacts and owners' names of parties, or the person of an address or an id with what they answer for."""
    pool = context_of(request).pool
    headers = {"Cache-Control": "no-store"}
    if asked.parties is not None:
        return JSONResponse(await _of_parties(pool, asked.parties), headers=headers)
    if asked.create and asked.address and valid_email(asked.address):
        contact = Contact(asked.address, asked.name, asked.language)
        await in_transaction(pool, lambda c: described_person(c, contact))
    person = await people.person_by(pool, address=asked.address or "", person_id=asked.person_id or "")
    return JSONResponse({"person": await _described(pool, person) if person else None}, headers=headers)


async def _of_parties(pool: Pool, asked: list[AskedParty]) -> dict[str, Any]:
    parties = list(dict.fromkeys((party.type, party.id) for party in asked))
    contacts = await people.contacts_of(pool, parties)
    found = [_contact(*party, contacts[party], "contact") for party in parties if party in contacts]
    territories = [party_id for kind, party_id in parties if kind == "territory"]
    for territory_id, person in await people.coordinators_of(pool, territories):
        found.append(_contact("territory", territory_id, person, "coordinator"))
    names = await people.owner_names(pool, [party_id for kind, party_id in parties if kind == "project"])
    owners = [{"type": "project", "id": project_id, "name": name} for project_id, name in names.items()]
    return {"contacts": found, "owners": owners}


def _contact(entity_type: EntityType, entity_id: str, person: Person, role: str) -> dict[str, Any]:
    return {
        "type": entity_type,
        "id": entity_id,
        "person_id": person.person_id,
        "email": person.email,
        "name": person.name,
        "language": person.language,
        "role": role,
    }


async def _described(pool: Pool, person: Person) -> dict[str, Any]:
    holding = await people.holding_of(pool, person.person_id)
    ids = {
        plural: sorted(entity_id for kind, entity_id in holding.entities if kind == entity_type)
        for entity_type, plural in (
            ("project", "projects"),
            ("commitment", "commitments"),
            ("fund", "funds"),
            ("territory", "territories"),
        )
    }
    return {
        "person_id": person.person_id,
        "email": person.email,
        "name": person.name,
        "language": person.language,
        **ids,
        "organisations": sorted(holding.party_ids),
    }

"""Erasure, its own call: of an entity by who submitted it, of a person by themselves, of anything by the operator."""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from services.ingest import erasing
from services.ingest.api.answers import PLURALS
from services.ingest.api.auth import Operator, Reader, caller
from services.ingest.api.context import ANSWER_WITHIN_S, context_of, known_now
from services.ingest.api.problems import Problem
from services.ingest.api.writing import kept_for
from services.ingest.erasing import Subject
from services.ingest.intake.known import Known
from services.ingest.intake.outcome import Fault
from services.ingest.intake.reading import valid_id
from services.ingest.intake.rights import Submitter
from services.ingest.store.entities import Party
from shared.database import Connection, in_transaction
from shared.events.vocabulary import EntityType

Erase = Callable[[Connection, Known], Awaitable[bool]]

router = APIRouter(prefix="/v1")


def erasure_route_of(entity_type: EntityType) -> APIRouter:
    """The route that erases one type of entity."""
    plural = PLURALS[entity_type]
    own = APIRouter(prefix=f"/v1/{plural}", tags=[plural])
    writer = caller(f"{plural}:write")

    @own.post("/{entity_id}/erasure", name=f"erase_{entity_type}", status_code=202)
    async def erase(request: Request, entity_id: str, who: Submitter = Depends(writer)) -> JSONResponse:  # noqa: B008
        party: Party = (entity_type, entity_id)

        async def work(connection: Connection, known: Known) -> bool:
            if not await erasing.is_forgotten(connection, entity_type, entity_id):
                await kept_for(connection, who, party)
            return await erasing.erase_entity(connection, party, known)

        return await _erased(request, entity_type, entity_id, work)

    return own


@router.post("/organisations/{organisation_id}/erasure", tags=["organisations"], status_code=202)
async def erase_organisation(request: Request, organisation_id: str, who: Operator) -> JSONResponse:
    """The operator's alone: everything of an organisation goes, its keys first."""
    if not who.operator:
        raise Problem("portee-manquante", scope="admin")

    async def work(connection: Connection, known: Known) -> bool:
        return await erasing.erase_organisation(connection, organisation_id, known)

    return await _erased(request, "organisation", organisation_id, work)


@router.post("/persons/{person_id}/erasure", tags=["persons"], status_code=202)
async def erase_person(request: Request, person_id: str, who: Reader) -> JSONResponse:
    """By the operator, or by the console on behalf of that person."""
    if not who.operator and who.person_id != person_id:
        raise Problem("portee-manquante", scope="admin")

    async def work(connection: Connection, known: Known) -> bool:
        return await erasing.erase_person(connection, person_id, known)

    return await _erased(request, "person", person_id, work)


async def _erased(request: Request, subject: Subject, subject_id: str, erase: Erase) -> JSONResponse:
    async def work(connection: Connection) -> bool:
        if await erase(connection, await known_now(connection)):
            return True
        if await erasing.is_forgotten(connection, subject, subject_id):
            return False
        raise Problem("introuvable", value=subject_id[:80])

    if not valid_id(subject_id):
        fault = Fault(f"{subject}_id", "format-invalide", {"example": "mon-identifiant-01"})
        raise Problem("refuse", faults=[fault])
    async with asyncio.timeout(ANSWER_WITHIN_S):
        erased = await in_transaction(context_of(request).pool, work)
    body = {"subject": subject, "id": subject_id, "result": "accepted" if erased else "unchanged"}
    return JSONResponse(body, 202 if erased else 200)

"""Projects, commitments, funds and territories: put, change, withdraw, read one, list."""

import base64
import binascii
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from services.ingest.api.answers import PLURALS, entity_body
from services.ingest.api.auth import Caller, Reader, caller
from services.ingest.api.bodies import read_json
from services.ingest.api.conditions import etag, is_known_to
from services.ingest.api.context import context_of
from services.ingest.api.filters import asked_filters
from services.ingest.api.problems import Problem
from services.ingest.api.writing import change, kept_for, put
from services.ingest.intake.merging import merged, withdrawn
from services.ingest.intake.outcome import Fault
from services.ingest.intake.reading import KINDS, valid_id
from services.ingest.intake.rights import Submitter
from services.ingest.store import entities, listing, people
from services.ingest.store.entities import Party
from shared.events.vocabulary import EntityType

_MOST_ITEMS = 200
_ONE = "/{entity_id}"


def routes_of(entity_type: EntityType) -> APIRouter:
    """The routes of one type of entity."""
    plural = PLURALS[entity_type]
    router = APIRouter(prefix=f"/v1/{plural}", tags=[plural])
    _add_writing(router, entity_type, caller(f"{plural}:write"))
    _add_reading(router, entity_type)
    return router


def _add_writing(router: APIRouter, entity_type: EntityType, writer: Caller) -> None:
    async def put_one(request: Request, entity_id: str, who: Submitter = Depends(writer)) -> JSONResponse:  # noqa: B008
        data, body = await read_json(request)
        return await put(request, who, _party(entity_type, entity_id), data, body)

    async def change_one(request: Request, entity_id: str, who: Submitter = Depends(writer)) -> JSONResponse:  # noqa: B008
        patch, body = await read_json(request)
        party = _party(entity_type, entity_id)
        _check_patch(patch, party)
        return await change(request, who, party, body, lambda kept: merged(kept.content, patch))

    async def withdraw_one(request: Request, entity_id: str, who: Submitter = Depends(writer)) -> JSONResponse:  # noqa: B008
        party = _party(entity_type, entity_id)
        return await change(request, who, party, b"", lambda kept: withdrawn(kept.content))

    router.add_api_route(_ONE, put_one, methods=["PUT"], name=f"put_{entity_type}", status_code=202)
    router.add_api_route(_ONE, change_one, methods=["PATCH"], name=f"change_{entity_type}", status_code=202)
    if entity_type != "territory":
        router.add_api_route(_ONE, withdraw_one, methods=["DELETE"], name=f"withdraw_{entity_type}", status_code=202)


def _add_reading(router: APIRouter, entity_type: EntityType) -> None:
    async def read_one(request: Request, entity_id: str, who: Reader) -> Response:
        return await _read_one(request, who, _party(entity_type, entity_id))

    async def read_list(request: Request, who: Reader) -> JSONResponse:
        return await _read_list(request, who, entity_type)

    router.add_api_route(_ONE, read_one, methods=["GET"], name=f"read_{entity_type}")
    router.add_api_route("", read_list, methods=["GET"], name=f"list_{PLURALS[entity_type]}")


def _check_patch(patch: Any, party: Party) -> None:
    id_field = KINDS[party[0]].id_field
    if not isinstance(patch, dict):
        raise Problem("refuse", faults=[Fault("", "objet-attendu")])
    if patch.get(id_field, party[1]) != party[1]:
        raise Problem("refuse", faults=[Fault(id_field, "identifiant-immuable")])


def _party(entity_type: EntityType, entity_id: str) -> Party:
    if not valid_id(entity_id):
        field = KINDS[entity_type].id_field
        raise Problem("refuse", faults=[Fault(field, "format-invalide", {"example": "mon-identifiant-01"})])
    return entity_type, entity_id


async def _read_one(request: Request, who: Submitter, party: Party) -> Response:
    pool = context_of(request).pool
    kept = await kept_for(pool, who, party) if party[0] != "territory" else await _territory(request, party)
    headers = {"ETag": etag(kept.version), "Cache-Control": "private, no-cache"}
    if is_known_to(request, kept.version):
        return Response(status_code=304, headers=headers)
    async with pool.acquire(timeout=5) as connection:
        concluded = await entities.concluded_of(connection, *party)
        contacts = await people.contacts_of(connection, [party], as_said=True)
    return JSONResponse(entity_body(kept, concluded, contacts.get(party)), headers=headers)


async def _territory(request: Request, party: Party) -> entities.Kept:
    kept = (await entities.kept_of(context_of(request).pool, [party])).get(party)
    if kept is None:
        raise Problem("introuvable", value=party[1][:80])
    return kept


async def _read_list(request: Request, who: Submitter, entity_type: EntityType) -> JSONResponse:
    filters = asked_filters(request, entity_type)
    limit = _limit(request.query_params.get("limit", "50"))
    after = _decoded(request.query_params.get("after", ""))
    page = await listing.page(context_of(request).pool, entity_type, who, filters=filters, after=after, limit=limit)
    body: dict[str, Any] = {"items": [entity_body(kept) for kept in page.items], "next": None}
    headers = {}
    if page.next_after is not None:
        body["next"] = _encoded(page.next_after)
        following = request.url.include_query_params(after=body["next"])
        headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
    return JSONResponse(body, headers=headers)


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not text.strip("0"):
        raise Problem("refuse", faults=[Fault("limit", "nombre-trop-petit", {"limit": 1})])
    if len(text) > 9 or int(text) > _MOST_ITEMS:
        raise Problem("refuse", faults=[Fault("limit", "nombre-trop-grand", {"limit": _MOST_ITEMS})])
    return int(text)


def _encoded(after: str) -> str:
    return base64.urlsafe_b64encode(after.encode()).decode().rstrip("=")


def _decoded(cursor: str) -> str:
    try:
        after = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        after = ""
    if (after and not valid_id(after)) or _encoded(after) != cursor:
        raise Problem("refuse", faults=[Fault("after", "curseur-invalide")])
    return after

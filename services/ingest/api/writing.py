"""Answers the requests that change an entity: one transaction each, remembered under its Idempotency-Key."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse

from services.ingest.api.answers import address_of, outcome_body
from services.ingest.api.conditions import etag, expected, require
from services.ingest.api.context import ANSWER_WITHIN_S, context_of, known_now
from services.ingest.api.problems import Problem, language_for
from services.ingest.intake.known import Known
from services.ingest.intake.outcome import Accepted, Fault, Refused
from services.ingest.intake.reading import KINDS, read
from services.ingest.intake.rights import Submitter, may_see
from services.ingest.intake.wording import Language
from services.ingest.store import answers, entities
from services.ingest.store.answers import KeptAnswer
from services.ingest.store.entities import Kept, Party
from services.ingest.submissions import Outcome, deposit, hold, locked, standing_of
from shared.clock import today_in_paris
from shared.database import Connection, Pool, in_transaction

_LONGEST_KEY = 200

Work = Callable[[Connection], Awaitable[Outcome]]


async def put(request: Request, who: Submitter, party: Party, data: Any, body: bytes) -> JSONResponse:
    """Creates or replaces the entity at this address."""
    demand = expected(request)

    async def work(connection: Connection) -> Outcome:
        known = await known_now(connection)
        accepted = _read(party, _with_id(party, data), known)
        [outcome] = await deposit(connection, who, [accepted], known=known, expected=demand)
        return outcome

    return await _answer(request, who, party, body, work)


async def change(
    request: Request, who: Submitter, party: Party, body: bytes, merge: Callable[[Kept], Any]
) -> JSONResponse:
    """Replaces the entity at this address by what `merge` makes of it as it is kept."""

    async def work(connection: Connection) -> Outcome:
        # Locked before it is read: what is merged must be what is replaced.
        await locked(connection, [party])
        kept = await kept_for(connection, who, party)
        require(request, kept.version)
        known = await known_now(connection)
        accepted = _read(party, merge(kept), known)
        [outcome] = await deposit(connection, who, [accepted], known=known)
        return outcome

    return await _answer(request, who, party, body, work)


async def kept_for(connection: Connection | Pool, who: Submitter, party: Party) -> Kept:
    """The entity at this address; a problem when there is none, or when it is somebody else's."""
    kept = (await entities.kept_of(connection, [party])).get(party)
    if kept is None:
        raise Problem("introuvable", value=party[1][:80])
    standing = standing_of(kept)
    assert standing is not None
    if not may_see(who, *party, standing):
        id_field = KINDS[party[0]].id_field
        raise Problem("pas-a-vous", faults=[Fault(id_field, "a-une-autre-organisation", {"value": party[1]})])
    return kept


async def _answer(request: Request, who: Submitter, party: Party, body: bytes, work: Work) -> JSONResponse:
    key = request.headers.get("idempotency-key")
    language = language_for(request)
    digest = hashlib.sha256(b"\0".join((request.method.encode(), request.url.path.encode(), body))).digest()
    if key is not None and not 1 <= len(key) <= _LONGEST_KEY:
        raise Problem("refuse", faults=[Fault("Idempotency-Key", "trop-long", {"limit": _LONGEST_KEY})])

    async def remembered(connection: Connection) -> KeptAnswer:
        await hold(connection, who)
        if key is None:
            return _answer_of(await work(connection), digest, language)
        await entities.lock(connection, [f"answer:{who.actor}:{key}"])
        before = await answers.kept_answer(connection, who.actor, key)
        if before is not None:
            if before.request_digest != digest:
                raise Problem("cle-reutilisee")
            before.headers["Idempotency-Replayed"] = "true"
            return before
        answer = _answer_of(await work(connection), digest, language)
        await answers.keep_answer(connection, who.actor, key, party, answer)
        return answer

    async with asyncio.timeout(ANSWER_WITHIN_S):
        answer = await in_transaction(context_of(request).pool, remembered)
    return JSONResponse(answer.body, answer.status, answer.headers)


def _answer_of(outcome: Outcome, digest: bytes, language: Language) -> KeptAnswer:
    """202 once the submission and its event are committed together, 200 when nothing changed."""
    if outcome.result == "refused":
        raise Problem("pas-a-vous", faults=outcome.faults)
    if outcome.result == "moved":
        version = outcome.kept.version if outcome.kept else 0
        raise Problem("version-depassee", headers={"ETag": etag(version)} if version else None)
    assert outcome.kept is not None
    headers = {"ETag": etag(outcome.kept.version)}
    if outcome.created:
        headers["Location"] = address_of(outcome.kept.entity_type, outcome.kept.entity_id)
    status = 202 if outcome.result == "accepted" else 200
    return KeptAnswer(digest, status, headers, outcome_body(outcome, today_in_paris(), language))


def _read(party: Party, data: Any, known: Known) -> Accepted:
    reading = read(party[0], data, known)
    if isinstance(reading, Refused):
        raise Problem("refuse", faults=reading.faults)
    return reading


def _with_id(party: Party, data: Any) -> Any:
    """The data with the id of the address, which they may leave out but not contradict."""
    if not isinstance(data, dict):
        return data
    id_field = KINDS[party[0]].id_field
    said = data.get(id_field, party[1])
    if said != party[1]:
        facts = {"value": str(said)[:80], "expected": party[1]}
        raise Problem("refuse", faults=[Fault(id_field, "identifiant-different", facts)])
    return {**data, id_field: party[1]}

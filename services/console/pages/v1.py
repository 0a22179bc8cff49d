"""`/v1` for programs that act for someone signed in: their matches, and answers to them."""

from typing import Annotated, Any
from uuid import UUID, uuid5

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from services.console.pages.answering import give_answer
from services.console.pages.context import Console
from services.console.pages.visitors import CurrentConsole, CurrentVisitor, Visitor
from services.console.store import matches
from services.console.views.answers import Speaker
from services.console.views.rights import may_see
from services.console.views.speaking import AskedAnswer, speakers
from shared.bodies import json_body
from shared.events.matches import MatchChanged, MatchState
from shared.events.people import Answer
from shared.events.shapes import Days, Euros
from shared.events.vocabulary import DeclineReason

router = APIRouter(prefix="/v1")
_KEYS = UUID("8f7c9a44-5a0e-4d0b-9c1d-0c7b5f3a2e11")


class AnswerBody(BaseModel):
    """An answer to a match."""

    model_config = ConfigDict(extra="forbid")

    answer: Answer
    side: Speaker | None = Field(None, description="As whom; one's own side unless said.")
    reason: DeclineReason | None = None
    show_reason: bool = False
    amount_eur: Euros | None = None
    days: Days | None = None


def from_here(request: Request, sec_fetch_site: Annotated[str, Header()] = "") -> None:
    """Refuses what a page of another site would send with the reader's cookie."""
    is_json = request.headers.get("content-type", "").partition(";")[0].strip() == "application/json"
    if not is_json or sec_fetch_site not in {"", "same-origin", "none"}:
        raise HTTPException(403, "Envoyez du JSON depuis votre propre programme")


async def signed_in(visitor: CurrentVisitor) -> None:
    """Refuses who has no session, before anything that they sent is read."""
    visitor.known  # noqa: B018


@router.get("/matches")
async def list_matches(
    console: CurrentConsole,
    visitor: CurrentVisitor,
    *,
    state: MatchState | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str, Query(max_length=300)] = "",
) -> Response:
    """The matches that the reader may see, by id; `next` continues after the last one."""
    async with console.pool.acquire() as connection:
        found = await matches.seen_by(connection, visitor.known, state=state, after=after, limit=limit + 1)
    page = found[:limit]
    following = page[-1].match_id if len(found) > limit else None
    headers = {"Cache-Control": "no-store"}
    return JSONResponse({"items": [_body(one) for one in page], "next": following}, headers=headers)


@router.get("/matches/{match_id}")
async def read_match(match_id: str, console: CurrentConsole, visitor: CurrentVisitor) -> Response:
    """One match, as it stands."""
    return JSONResponse(_body(await _seen(console, visitor, match_id)), headers={"Cache-Control": "no-store"})


@router.post("/matches/{match_id}/answers", dependencies=[Depends(from_here), Depends(signed_in)])
async def answer_match(
    match_id: str,
    console: CurrentConsole,
    visitor: CurrentVisitor,
    body: Annotated[AnswerBody, json_body(AnswerBody)],
    idempotency_key: Annotated[str, Header(max_length=200)] = "",
) -> Response:
    """Answer a match; the same `Idempotency-Key` twice answers once."""
    match = await _seen(console, visitor, match_id)
    found = speakers(visitor.known, match)
    speaker = body.side or found[0]
    if speaker not in found:
        raise HTTPException(403, "Cette réponse n'est pas la vôtre")
    key = idempotency_key or console.new_id().hex
    asked = AskedAnswer(
        answer=body.answer,
        answer_id=uuid5(_KEYS, f"{visitor.known.person_id}:{match_id}:{key}"),
        reason=body.reason,
        show_reason=body.show_reason,
        amount_eur=body.amount_eur,
        days=body.days,
    )
    given = await give_answer(console, match_id, speaker, asked, person_id=visitor.known.person_id)
    said: dict[str, Any] = {"answer_id": str(given.answer_id), "answer": given.answer, "side": given.side}
    return JSONResponse({**said, "said_on": given.due_at.isoformat()}, 202)


async def _seen(console: Console, visitor: Visitor, match_id: str) -> MatchChanged:
    person = visitor.known
    async with console.pool.acquire() as connection:
        match = await matches.match(connection, match_id)
    if match is None:
        raise HTTPException(404, "Ce rapprochement n'existe pas")
    if not may_see(person, match):
        raise HTTPException(403, "Ce rapprochement n'est pas le vôtre")
    return match


def _body(match: MatchChanged) -> dict[str, Any]:
    return match.model_dump(mode="json", exclude_none=True, exclude={"event_id"})

"""Answers to one match are judged one after the other, kept, and said once they cannot be taken back."""

from datetime import timedelta

from fastapi import HTTPException

from services.console.pages.context import Console
from services.console.store import answers, matches
from services.console.views.answers import GivenAnswer, Speaker, may_answer
from services.console.views.speaking import AskedAnswer
from services.console.views.unheard import as_answered, unheard
from shared.database import Connection, in_transaction
from shared.events.matches import MatchChanged
from shared.outbox import announce, next_version

HELD = frozenset({"declined", "concluded"})
"""The answers that end a match for good: a slip of the hand can be taken back."""


async def give_answer(
    console: Console, match_id: str, speaker: Speaker, asked: AskedAnswer, *, person_id: str | None
) -> GivenAnswer:
    """Keep an answer and say it, at once or, where it ends the match, after the time to take it back.

    The same answer twice is kept once. Raises 409 when this speaker may not answer so now: the match moved or is gone,
    they already said otherwise, or it never was theirs to say. Answers to one match are judged one after the other.
    """

    async def keep(connection: Connection) -> GivenAnswer:
        match = await matches.lock(connection, match_id)
        if match is None:
            raise HTTPException(409, "match-gone")
        given = _given(console, match, speaker, asked, person_id)
        before = await answers.of_match(connection, match_id)
        if any(one.answer_id == given.answer_id for one in before):
            return given
        standing = as_answered(match, unheard(match, before, (speaker,)), console.today())
        if not may_answer(standing, speaker, given.answer, console.today()):
            raise HTTPException(409, "answer-not-open")
        await answers.insert(connection, given)
        if given.due_at <= given.given_at:
            await _say(connection, given, console)
        return given

    return await in_transaction(console.pool, keep)


def _given(
    console: Console, match: MatchChanged, speaker: Speaker, asked: AskedAnswer, person_id: str | None
) -> GivenAnswer:
    now = console.clock()
    is_decline, is_end = asked.answer == "declined", asked.answer in HELD
    return GivenAnswer(
        answer_id=asked.answer_id,
        match_id=match.match_id,
        project_id=match.project_id,
        side=speaker,
        answer=asked.answer,
        reason=asked.reason if is_decline else None,
        show_reason=asked.show_reason,
        amount_eur=asked.amount_eur,
        days=asked.days,
        person_id=person_id,
        given_at=now,
        due_at=now + timedelta(seconds=console.site.decline_grace_s if is_end else 0),
    )


async def say_due(console: Console, limit: int = 50) -> int:
    """Say the held answers whose time has come; returns how many. Several processes share the work."""

    async def say(connection: Connection) -> int:
        due = await answers.lock_due(connection, console.clock(), limit)
        for given in due:
            await _say(connection, given, console)
        return len(due)

    return await in_transaction(console.pool, say)


async def _say(connection: Connection, given: GivenAnswer, console: Console) -> None:
    now = console.clock()
    version = await next_version(connection, "answers", given.project_id)
    await announce(connection, given.event(version, now))
    await answers.mark_announced(connection, given.answer_id, now)

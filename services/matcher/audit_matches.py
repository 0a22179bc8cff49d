"""What an audit compares of the matcher: its lists, the topics it heard, its matches as told, and their answers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from services.matcher.audit import audit
from services.matcher.matching import answered
from services.matcher.matching.head import Head
from services.matcher.matching.heard import WHOLE_TOPICS
from services.matcher.matching.rows import HeadRow
from services.matcher.store import auditing, entities, heads
from shared.audit_reading import Topics, handled, said, set_aside, snapshot
from shared.audit_reading import held as held_of
from shared.auditing import Finding, Held
from shared.database import Connection, Pool
from shared.events.matches import HistoryEntry, MatchChanged
from shared.events.people import AnswerGiven
from shared.received import Place
from shared.text.vectors import MILLION

SERVICE = "matcher"
HEARD = ("projects", *WHOLE_TOPICS)
"""Topics whose keys the matcher holds; what answers did is seen in the matches."""
HANDLED = (*HEARD, AnswerGiven.topic)
AT_ONCE = 1_000


async def held(connection: Connection, topic: str) -> Held:
    """What the matcher holds of a topic."""
    if topic == "projects":
        return await held_of(connection, topic, entities.PROJECT_VERSIONS)
    return await held_of(connection, topic, entities.WHOLE_VERSIONS, given=[topic])


async def forgotten(connection: Connection, topic: str) -> frozenset[str]:
    """Nothing: all that the matcher said is in its log."""
    return frozenset()


async def findings(pool: Pool, topics: Topics) -> list[Finding]:
    """Lists and unanswered matches against the entities, matches against what was told, answers against matches."""
    lists_found = [Finding(SERVICE, each.what, each.id, each.expected, each.found) for each in await audit(pool)]
    return [*lists_found, *await _head_findings(pool), *await _told(pool, topics), *await _answers(pool, topics)]


async def _head_findings(pool: Pool) -> list[Finding]:
    async with snapshot(pool) as connection:
        miswritten = await auditing.miswritten_heads(connection)
        untold = await auditing.untold_heads(connection)
    return [
        *(Finding(SERVICE, "beside", match_id, state, beside) for match_id, state, beside in miswritten),
        *(Finding(SERVICE, "told", match_id, state, "none") for match_id, state in untold),
    ]


async def _told(pool: Pool, topics: Topics) -> list[Finding]:
    """Matches that stand otherwise than the last event that told them, where no later one was announced."""
    found: list[Finding] = []
    async for records in topics.last_events(await topics.view(MatchChanged.topic)):
        keys = [one.key for one in records]
        async with snapshot(pool) as connection:
            given = await said(connection, MatchChanged.topic, keys)
            now = await heads.heads_of(connection, keys)
        for one in records:
            last = given.get(one.key)
            if isinstance(one.event, MatchChanged) and last and last.version == one.version and not last.is_erased:
                head = now[one.key].read().head if one.key in now else None
                found += [Finding(SERVICE, "told", one.key, *wrong) for wrong in told_differences(head, one.event)]
    return found


def told_differences(head: Head | None, event: MatchChanged) -> Iterator[tuple[str, str]]:
    """What a match is, and what its last event told instead, where that differs: the first of what every step tells."""
    if head is None:
        yield "none", event.state
        return
    kept, told = _of_head(head), _of_event(event)
    if differing := [name for name in kept if kept[name] != told[name]]:
        yield kept[differing[0]], told[differing[0]]


def _of_head(head: Head) -> dict[str, str]:
    return {
        "state": head.state,
        "score": f"{head.score_ppm / MILLION:.6f}",
        "steps": _steps(head.history),
        "sides": _sides(head.interested_sides, head.declined_side),
        "amount": f"{head.concluded_eur} EUR, {head.concluded_days} d",
    }


def _of_event(event: MatchChanged) -> dict[str, str]:
    return {
        "state": event.state,
        "score": f"{event.score:.6f}",
        "steps": _steps(event.history),
        "sides": _sides(event.interested_sides, event.declined_side),
        "amount": f"{event.concluded_eur} EUR, {event.concluded_days} d",
    }


def _steps(history: Sequence[HistoryEntry]) -> str:
    return ", ".join(f"{step.at:%Y-%m-%d %H:%M:%S.%f} {step.change}" for step in history)


def _sides(interested: Iterable[str], declined: str | None) -> str:
    return ", ".join(
        [*(f"interest of {side}" for side in interested), *([f"declined by {declined}"] if declined else ())]
    )


@dataclass(frozen=True, slots=True)
class _Answers:
    """Every answer by match, with its place in the topic, and what the matcher has handled of them."""

    by_match: Mapping[str, Sequence[tuple[Place, AnswerGiven]]]
    handled: Mapping[int, int]
    set_aside: frozenset[Place]
    lost: frozenset[str]
    """Matches of which the log has lost answers."""

    def findings(self, rows: Iterable[HeadRow]) -> list[Finding]:
        """Where these matches and the answers that were handled differ."""
        return [
            Finding(SERVICE, "answer", row.pair.match_id, expected, found)
            for row in rows
            if row.head is not None
            for expected, found in answered.answer_differences(
                row.head, self._of(row.pair.match_id), answers_lost=row.pair.match_id in self.lost
            )
        ]

    def _of(self, match_id: str) -> list[AnswerGiven]:
        return [
            answer
            for place, answer in self.by_match.get(match_id, ())
            if place[1] < self.handled.get(place[0], 0) and place not in self.set_aside
        ]


async def _answers(pool: Pool, topics: Topics) -> list[Finding]:
    said_of: dict[str, list[tuple[Place, AnswerGiven]]] = defaultdict(list)
    async for records in topics.events(AnswerGiven.topic):
        for one in records:
            if isinstance(one.event, AnswerGiven):
                said_of[one.event.match_id].append((one.place, one.event))
    found: list[Finding] = []
    async with snapshot(pool) as connection:
        done, bad = await handled(connection, AnswerGiven.topic), await set_aside(connection, AnswerGiven.topic)
        answers = _Answers(said_of, done, bad, await auditing.with_answers_lost(connection))
        async for rows in heads.all_heads(connection, answered.ANSWERED):
            found += answers.findings(rows)
        for some in _batched(said_of, AT_ONCE):
            rows = [row.read() for row in (await heads.heads_of(connection, some)).values()]
            found += answers.findings(row for row in rows if row.head and row.head.state not in answered.ANSWERED)
    return found


def _batched(keys: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(keys)
    while some := list(islice(rest, size)):
        yield some

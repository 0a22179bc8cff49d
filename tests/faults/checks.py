"""What must hold once all is quiet, whatever was killed before: each check says in words what is wrong."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from services.matcher.audit import lists_from_scratch
from services.matcher.matching.head import Head
from services.matcher.matching.model import Pair
from shared.events.entities import CommitmentPublished, FundPublished, ProjectPublished, TerritoryPublished
from shared.events.event import GENERATION_SPAN, Event
from shared.events.matches import MatchChanged
from shared.events.people import AnswerGiven
from shared.events.registry import SAID_BY
from shared.text.vectors import MILLION
from tests.faults.load import Promises
from tests.faults.log import Key, Log, Record
from tests.faults.people import Kept
from tests.faults.stored import Judged, Published

ENTITY_TOPICS = ("projects", "commitments", "funds", "territories")
Versions = Mapping[Key, tuple[int, bool]]
"""The last version of each key, and whether it was a tombstone."""
Lists = Mapping[Any, tuple[Any, ...]]


def list_faults(published: Published, judged: Judged, log: Log) -> Iterator[str]:
    """The lists and unanswered matches are those that judging every pair of what ingest published gives."""
    heads = [event for event in _events(log, "matches") if isinstance(event, MatchChanged)]
    declined = {Pair(each.project_id, each.offer_type, each.offer_id) for each in heads if each.declined_side}
    expected = lists_from_scratch(published.projects, published.offers, declined, published.day)
    yield from _different("project", expected.projects, judged.project_lists)
    yield from _different("offer", expected.offers, judged.offer_lists)
    listed = expected.pairs()
    for each in heads:
        is_listed = Pair(each.project_id, each.offer_type, each.offer_id) in listed
        if (each.state in {"proposed", "revised"}) > is_listed or (each.state == "withdrawn" and is_listed):
            yield f"match {each.match_id} is {each.state}, listed: {is_listed}"


def _different(
    what: str, expected: Mapping[Any, tuple[Any, ...]], found: Mapping[Any, tuple[Any, ...]]
) -> Iterator[str]:
    for key in sorted(expected.keys() | found.keys()):
        if expected.get(key, ()) != found.get(key, ()):
            yield f"list of {what} {key}: {found.get(key)} instead of {expected.get(key)}"


def promise_faults(promises: Iterable[Promises], said: Versions) -> Iterator[str]:
    """What ingest answered for is kept: no version that it named is above its own, and what it erased is erased."""
    for each in promises:
        for key, version in each.versions.items():
            if said.get(key, (0, False))[0] < version:
                yield f"{key}: version {version} was promised, {said.get(key)} is kept"
        for key in each.erased:
            if not said[key][1]:
                yield f"{key} was to be erased, {said[key]} is kept"


def log_faults(service: str, said: Versions, log: Log) -> Iterator[str]:
    """All that a service said is in the log, each key's versions in order; what was erased before it left may lack.

    What a relay sent and could not delete comes again, whole: several versions of a key may, in their order.
    """
    by_key = log.by_key()
    for key, (version, is_erased) in said.items():
        records = by_key.get(key, [])
        is_last = bool(records) and records[-1].version == version and (records[-1].body is None) == is_erased
        if not is_last and not _is_answer_to_the_erased(key, by_key):
            yield f"{service}: {key} is said at {version}, the log ends with {records[-1:]}"
        versions = list(dict.fromkeys(each.version for each in records))
        if any(after < before for before, after in pairwise(versions)):
            yield f"{service}: {key} goes back in the log: {versions}"
        if not is_erased and any(not _follows(after, before) for before, after in pairwise([0, *versions])):
            yield f"{service}: {key} lacks versions up to {version} in the log: {versions}"
    for key in by_key:
        if key[0] in SAID_BY[service] and key not in said:
            yield f"{service} never said {key}, which the log holds"


def _is_answer_to_the_erased(key: Key, by_key: Mapping[Key, Sequence[Record]]) -> bool:
    """Whether a project's answers that had not left may have been forgotten with it."""
    topic, project_id = key
    published = by_key.get(("projects", project_id), ())
    return topic == "answers" and bool(published) and published[-1].body is None


def _follows(after: int, before: int) -> bool:
    """Whether no version lacks between; a service that was restored goes on in another generation."""
    is_restored = after // GENERATION_SPAN > before // GENERATION_SPAN
    return after == before + 1 or (is_restored and after % GENERATION_SPAN == 1)


def hearing_faults(service: str, said: Versions, heard: Versions, topics: Iterable[str]) -> Iterator[str]:
    """A service holds the last version of each key that another said on these topics."""
    for key, version in said.items():
        if key[0] in topics and heard.get(key) != version:
            yield f"{service} holds {key} at {heard.get(key)}, said at {version}"


def life_faults(log: Log) -> Iterator[str]:
    """In each life of a match each side says each thing once, and no step of its history is there twice."""
    for event in _events(log, "matches"):
        if not isinstance(event, MatchChanged):
            continue
        if len(set(event.history)) < len(event.history):
            yield f"match {event.match_id} has a step twice: {event.history}"
        said: set[tuple[str, str | None]] = set()
        for each in event.history:
            if each.change == "withdrawn":
                said.clear()
            if (each.change, each.side) in said:
                yield f"match {event.match_id} was told the same answer twice: {each}"
            if each.change in _SAID_ONCE:
                said.add((each.change, each.side))


_SAID_ONCE = {"interested", "declined", "introduced", "concluded"}


def answer_faults(kept: Iterable[Kept], erased: Container[Key], log: Log) -> Iterator[str]:
    """Each answer that the console took was said, unless its project or its offer was erased."""
    said = {Kept(each.match_id, each.side, each.answer) for each in log.said("answers", AnswerGiven)}
    for answer in set(kept) - said:
        project_id, offer_type, offer_id = answer.match_id.split("~")
        if ("projects", project_id) not in erased and (f"{offer_type}s", offer_id) not in erased:
            yield f"{answer} was taken, and never said"


def page_faults(shown: Mapping[Key, Any], log: Log) -> Iterator[str]:
    """The console's read model is what compaction would leave of the log."""
    for topic in (*ENTITY_TOPICS, "matches"):
        last = log.compacted(topic)
        for key in sorted(last.keys() | {key for kind, key in shown if kind == topic}):
            should = _body(last[key]) if key in last else None
            if shown.get((topic, key)) != should:
                yield f"the console shows {topic} {key} otherwise than the log's last record"


def head_faults(heads: Iterable[Head], log: Log) -> Iterator[str]:
    """Each match head was told as it stands, and the log tells of no other."""
    last = {event.key: event for event in _events(log, "matches") if isinstance(event, MatchChanged)}
    for head in heads:
        event = last.pop(head.pair.match_id, None)
        if event is None or _told(head) != _told_by(event):
            yield f"head {head.pair.match_id} is {_told(head)}, told: {event and _told_by(event)}"
    for match_id in last:
        yield f"match {match_id} stands in the log and has no head"


def _told(head: Head) -> tuple[Any, ...]:
    return head.state, head.score_ppm, head.interested_sides, head.declined_side, head.concluded_eur, head.history


def _told_by(event: MatchChanged) -> tuple[Any, ...]:
    score = round(event.score * MILLION)
    return event.state, score, event.interested_sides, event.declined_side, event.concluded_eur, event.history


def _events(log: Log, topic: str) -> list[Event]:
    return [event for event in (each.event for each in log.compacted(topic).values()) if event is not None]


def _body(record: Record) -> Any:
    """What the console keeps of a record; nothing of a tombstone."""
    match record.event:
        case ProjectPublished(project=shape):
            return shape.model_dump(mode="json", exclude_none=True)
        case CommitmentPublished(commitment=shape):
            return shape.model_dump(mode="json", exclude_none=True)
        case FundPublished(fund=shape):
            return shape.model_dump(mode="json", exclude_none=True)
        case TerritoryPublished(territory=shape):
            return shape.model_dump(mode="json", exclude_none=True)
        case MatchChanged() as event:
            return event.model_dump(mode="json", exclude_none=True)
    return None

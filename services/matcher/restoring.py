"""Brings the matcher on again from the log: entities and matches are read back, every list is to be judged anew."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import uuid4

from services.matcher.matching import answered
from services.matcher.matching.catalogue import Catalogue, preparation
from services.matcher.matching.facts import offer_facts, project_facts
from services.matcher.matching.head import Head, announcement
from services.matcher.matching.heard import WHOLE_TOPICS, objection, row_of
from services.matcher.matching.project_shelf import body_of as body_of_project
from services.matcher.matching.reading_back import Given, handled_by, head_of
from services.matcher.matching.rows import HeadRow, ProjectRow, StoredHead
from services.matcher.matching.shortlists import offer_of
from services.matcher.store import entities, heads
from services.matcher.store import restoring as store
from services.matcher.store.restoring import Found
from shared.database import Connection
from shared.events.entities import ProjectPublished
from shared.events.matches import MatchChanged
from shared.events.people import AnswerGiven, Erased
from shared.received import Batch, Received
from shared.reference.geography import load_geography
from shared.restoring import AT_ONCE, NothingToRestoreFrom, Restoration

HEARD = (*WHOLE_TOPICS, "projects")
TOPIC_OF = {"project": "projects", "territory": "territories", "commitment": "commitments", "fund": "funds"}


async def restore(work: Restoration, *, anew: bool) -> None:
    """Take over what the log knows and the database lacks; with `anew`, forget first what the log can tell.

    Matches keep their state and history; answers that they show are not handled again. Raises `NothingToRestoreFrom`
    where the log lacks what matches depend on: to go on would end them.
    """
    await work.give_way(MatchChanged.topic)
    held = await store.live_entities(work.connection)
    matches = await store.count_heads(work.connection)
    if anew:
        await store.forget_entities(work.connection)
        await store.forget_said_heads(work.connection)
    heard = await _hear_entities(work)
    if anew:
        _refuse_to_lose(held, heard, matches, await store.count_said(work.connection))
    await _end_erased(work, heard)
    await _read_back(work, anew=anew)
    await _end_orphans(work, heard)
    await _note_answers(work)
    await _list_as_told(work.connection)
    await work.raise_generation()
    await _state(work)


def _refuse_to_lose(held: Mapping[str, int], heard: Mapping[str, set[str]], matches: int, said: int) -> None:
    for topic, count in held.items():
        if count and not heard[topic]:
            raise NothingToRestoreFrom(topic)
    if matches and not said:
        raise NothingToRestoreFrom(MatchChanged.topic)


async def _hear_entities(work: Restoration) -> dict[str, set[str]]:
    """Hear projects and whole topics; returns the keys that the log of each tells of, erased ones too."""
    geography = load_geography()
    heard: dict[str, set[str]] = defaultdict(set)

    def good(batch: Batch) -> list[Received]:
        for record in batch.records:
            heard[batch.topic].add(record.key)
            found = objection(record.event, geography)
            if found:
                batch.reject(record, found)
        return [record for record in batch.records if record.offset not in batch.rejected]

    async def on_projects(connection: Connection, batch: Batch) -> None:
        for each in good(batch):
            project = each.event.project if isinstance(each.event, ProjectPublished) else None
            body = None if project is None else body_of_project(project)
            await entities.upsert_projects(connection, [ProjectRow(each.key, each.partition, each.version, body)])

    async def on_whole(connection: Connection, batch: Batch) -> None:
        await entities.upsert_whole_rows(connection, [row_of(record, 0) for record in good(batch)])

    await work.hear(HEARD, {"projects": on_projects, **dict.fromkeys(WHOLE_TOPICS, on_whole)})
    return heard


async def _end_erased(work: Restoration, heard: dict[str, set[str]]) -> None:
    """End what was erased so long ago that only `erasures` still tells of it."""
    gone: set[tuple[str, str]] = set()
    async for arrived in work.log.read([Erased.topic]):
        for record in arrived.batch().records:
            if isinstance(record.event, Erased):
                gone |= {(record.event.subject, record.event.subject_id), *record.event.entities}
    for subject, subject_id in sorted(gone):
        topic = TOPIC_OF.get(subject)
        # A topic without any record was made anew: it tells nothing of what is erased.
        if topic is None or not heard[topic] or subject_id in heard[topic]:
            continue
        if topic == "projects":
            await store.end_project(work.connection, subject_id)
        else:
            await store.end_whole_entity(work.connection, topic, subject_id)


async def _read_back(work: Restoration, *, anew: bool) -> None:
    """Take heads over from the log: where it is newer than the database or, with `anew`, wherever none is held."""
    found: list[Found] = []
    ended: list[str] = []
    async for said in work.said(MatchChanged.topic) if anew else work.news(MatchChanged.topic):
        if isinstance(said.event, MatchChanged):
            found.append(Found(said.partition, head_of(said.event)))
        elif not anew:
            ended.append(said.key)
        if len(found) + len(ended) >= AT_ONCE:
            await store.put_heads(work.connection, found, replace=not anew)
            await store.delete_heads(work.connection, ended)
            work.report.counts["matches"] += len(found)
            found, ended = [], []
    await store.put_heads(work.connection, found, replace=not anew)
    await store.delete_heads(work.connection, ended)
    work.report.counts["matches"] += len(found)


async def _end_orphans(work: Restoration, heard: dict[str, set[str]]) -> None:
    orphans = await store.end_orphans(work.connection)
    for topic in ("projects", "commitments", "funds"):
        if orphans and not heard[topic] and any(_depends(match_id, topic) for match_id in orphans):
            raise NothingToRestoreFrom(topic)
    work.report.counts["ended"] += len(orphans)


def _depends(match_id: str, topic: str) -> bool:
    return topic == "projects" or f"{match_id.split('~')[1]}s" == topic


async def _note_answers(work: Restoration) -> None:
    """Note which answers the heads already show, and those to matches that are gone; the others are to be heard."""
    given: dict[str, list[AnswerGiven]] = defaultdict(list)
    async for arrived in work.log.read([AnswerGiven.topic]):
        for record in arrived.batch().records:
            if isinstance(record.event, AnswerGiven):
                given[record.event.match_id].append(record.event)
    ids = sorted(given)
    for place in range(0, len(ids), AT_ONCE):
        some = ids[place : place + AT_ONCE]
        rows = await heads.heads_of(work.connection, some)
        handled = {match_id: handled_by(_head(rows.get(match_id)), _given(given[match_id])) for match_id in some}
        await store.note_handled(
            work.connection, {match_id: version for match_id, version in handled.items() if version}
        )
    await _mark_lost(work.connection, given)
    await work.forget_offsets(AnswerGiven.topic)


def _given(answers: Iterable[AnswerGiven]) -> list[Given]:
    return [Given(each.version, each.occurred_at, each.answer) for each in answers]


async def _mark_lost(connection: Connection, given: Mapping[str, Sequence[AnswerGiven]]) -> None:
    """Mark the heads that show an answer which the log does not hold any more."""
    lost: list[str] = []
    async for rows in heads.all_heads(connection):
        lost += [
            row.pair.match_id
            for row in rows
            if row.head is not None and any(answered.unsaid(row.head, given.get(row.pair.match_id, ())))
        ]
    await store.mark_answers_lost(connection, lost)


async def _list_as_told(connection: Connection) -> None:
    """Have lists hold what was said last: all is judged anew, and what differs from that alone is news."""
    await store.forget_lists(connection)
    await store.delete_empty_heads(connection)
    await store.mark_as_told(connection)
    await store.list_projects_as_told(connection)
    await store.list_offers_as_told(connection)
    await store.forget_reflected(connection)


async def _state(work: Restoration) -> None:
    """State every match again: as it waits to be said, else as the log said it, else from what is stored of it."""
    connection = work.connection
    await store.end_lost(connection)
    await work.say_waiting_again(MatchChanged.topic)
    said: list[MatchChanged] = []
    async for each in work.said(MatchChanged.topic):
        if isinstance(each.event, MatchChanged):
            # Nobody is told again whose lists it entered.
            said.append(each.event.model_copy(update={"entered": ()}))
        if len(said) >= AT_ONCE:
            await work.state(said)
            said = []
    await work.state(said)
    await _state_stored(work)
    await work.state_tombstones(MatchChanged.topic)


async def _state_stored(work: Restoration) -> None:
    """State the matches of which the log says nothing, with the facts of their parties as they now are."""
    connection, after = work.connection, ""
    catalogue = Catalogue(preparation())
    catalogue.restore(await entities.whole_rows(connection), {})
    while ids := await store.unsaid_matches(connection, after, AT_ONCE):
        rows = [row.read() for row in (await heads.heads_of(connection, ids)).values() if row.body is not None]
        await work.state(await _events(connection, catalogue, rows))
        after = ids[-1]


async def _events(connection: Connection, catalogue: Catalogue, rows: list[HeadRow]) -> list[MatchChanged]:
    projects = {
        each.project_id: catalogue.preparation.project(each.project)
        for each in await entities.projects_by_id(connection, [row.pair.project_id for row in rows])
        if each.project is not None
    }
    found = []
    for row in rows:
        assert row.head is not None
        project = project_facts(projects[row.pair.project_id])
        offer = offer_facts(catalogue.shown(offer_of(row.pair)))
        head = row.head.model_copy(update={"entered": ()})
        at = head.history[-1].at
        found.append(announcement(head, project, offer, version=1, event_id=uuid4(), occurred_at=at))
    return found


def _head(row: StoredHead | None) -> Head | None:
    return row.read().head if row else None

"""A start from packed rows: no JSON of a party is parsed, nothing is judged anew, and searches answer the same."""

import logging
from collections.abc import AsyncIterator, Callable
from unittest.mock import Mock

import numpy as np
import pytest

from services.matcher import loading
from services.matcher.matching import heard, project_shelf, shelf, streamed
from services.matcher.matching.index import PLAIN
from services.matcher.matching.index.packed import pack_offer, unpack
from services.matcher.matching.index.packed_projects import PROJECT, pack_project
from services.matcher.matching.shortlists import OfferKey
from services.matcher.store import lists
from services.matcher.store.entities import Packed, PackedProject, store_packed, store_packed_projects
from tests.compiled import compiled_indexes
from tests.factories import (
    a_commitment,
    a_fund,
    a_project,
    commitment_published,
    day_started,
    fund_published,
    project_published,
)
from tests.integration import matcher_stage
from tests.integration.engine_cases import DAY, GEOGRAPHY, Cases
from tests.integration.matcher_stage import Stage, stage

PACKED = "SELECT count(*) FROM whole_entities WHERE packed_as IS NOT NULL AND packed IS NOT NULL"
PACKED_PROJECTS = "SELECT count(*) FROM projects WHERE packed_as IS NOT NULL AND packed IS NOT NULL"


@pytest.fixture
async def matcher(database: Callable[[str], str]) -> AsyncIterator[Stage]:
    """A matcher that has heard some offers and projects."""
    async with stage(database("matcher")) as made:
        process = await made.process(0, 1)
        offers = [commitment_published(a_commitment(f"eng-{letter}")) for letter in "abcd"]
        funds = [a_fund("fds-a"), a_fund("fds-whole"), a_fund("fds-part", part_of="fds-whole")]
        await process.hears(*made.log.say(day_started(), *offers, *map(fund_published, funds)))
        await process.hears(made.log.erase("commitments", "eng-d", 2))
        await process.hears(*made.log.say(*(project_published(a_project(f"prj-{letter}")) for letter in "ab")))
        yield made


async def lists_in(matcher: Stage) -> list[tuple[object, ...]]:
    """All lists, as they are stored."""
    tables = ("project_lists", "offer_lists", "merged_lists")
    return [tuple(row) for table in tables for row in await matcher.pool.fetch(f"SELECT * FROM {table} ORDER BY 1, 2")]


def test_an_engine_loaded_at_once_answers_as_one_that_heard_each() -> None:
    """To the bit, also after some of what was loaded came again, went, or was joined by others."""
    cases = Cases(5)
    loaded, plain = compiled_indexes().of_offers(GEOGRAPHY), PLAIN.of_offers(GEOGRAPHY)
    offers = {(offer.id, offer.type): offer for offer in map(cases.offer, range(2_000))}
    for part in (list(offers)[:700], list(offers)[700:]):
        packed = [pack_offer(offers[key], 1, is_context=False) for key in part]
        loaded.load(part, unpack(packed), offers.__getitem__)
        plain.load(part, unpack(packed), offers.__getitem__)
    loaded.pack()
    for number in range(60):
        if number % 3 == 0:
            changed, gone = cases.offer(number), list(offers)[-number - 1]
            for index in (loaded, plain):
                index.upsert(changed)
                index.remove(*gone)
        asking = cases.project(number)
        assert loaded.search(asking, DAY).best == plain.search(asking, DAY).best
    assert sorted(loaded.keys()) == sorted(plain.keys())


def test_an_engine_that_loads_projects_at_once_answers_as_one_that_heard_each() -> None:
    """To the bit, also after some of what was loaded came again, went, or was joined by others."""
    cases = Cases(6)
    loaded, plain = compiled_indexes().of_projects(GEOGRAPHY), PLAIN.of_projects(GEOGRAPHY)
    projects = {project.id: project for project in map(cases.project, range(2_000))}
    for part in (list(projects)[:700], list(projects)[700:]):
        packed = unpack([pack_project(projects[key], 1) for key in part], PROJECT)
        labelled = np.array([bool(projects[key].labelled) for key in part])
        loaded.load(part, packed, labelled, projects.__getitem__)
        plain.load(part, packed, labelled, projects.__getitem__)
    loaded.pack()
    for number in range(60):
        if number % 3 == 0:
            changed, gone = cases.project(number), list(projects)[-number - 1]
            for index in (loaded, plain):
                index.upsert(changed)
                index.remove(gone)
        asking = cases.offer(number)
        assert loaded.search(asking, DAY).best == plain.search(asking, DAY).best


async def test_a_start_from_packed_rows_parses_no_json_and_judges_nothing(
    matcher: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue: « Cold start […] from packed rows, without re-ranking »."""
    before, said = await lists_in(matcher), len(await matcher.said())
    assert await matcher.pool.fetchval(PACKED) == 6
    assert await matcher.pool.fetchval(PACKED_PROJECTS) == 2
    parsed: list[object] = []
    shape_of, read = shelf.shape_of, project_shelf.read
    for module in (project_shelf, loading):
        monkeypatch.setattr(module, "read", lambda body: parsed.append(body) or read(body))
    for module in (shelf, heard):
        monkeypatch.setattr(module, "shape_of", lambda *args: parsed.append(args) or shape_of(*args))
    process = await matcher.process(0, 1)
    assert parsed == []
    assert await lists_in(matcher) == before
    assert len(await matcher.said()) == said
    await process.hears(*matcher.log.say(project_published(a_project("prj-c"))))
    assert parsed
    assert await matcher.differences() == []


@pytest.mark.parametrize("is_compiled", [True, False])
async def test_a_start_holds_the_lists_that_are_stored(
    matcher: Stage, monkeypatch: pytest.MonkeyPatch, is_compiled: bool
) -> None:
    """DESIGN §3: a new owner « loads projects and lists », and knows whose lists name whom; streamed, or in pieces.

    Operator's page: what « asks for » plain indexes compiles nothing.
    """
    if not is_compiled:
        monkeypatch.setattr(matcher_stage, "compiled_indexes", lambda: PLAIN)
        monkeypatch.setattr(streamed, "Streamed", Mock(side_effect=AssertionError("it would be compiled")))
    monkeypatch.setattr(lists, "AT_ONCE", 1)
    process = await matcher.process(0, 1)
    listed = 0
    for number in (0, 1):
        partition = process.owners.partition(number)
        async with matcher.pool.acquire() as connection:
            of_projects = await lists.project_lists(connection, number)
            of_offers = {each.offer: each.entries for each in await lists.offer_lists_of(connection, number)}
        assert dict(partition.project_lists) == of_projects
        assert dict(partition.offer_lists) == of_offers
        for offer in of_offers:
            naming = {key for key, ranks in of_projects.items() if offer in [rank.offer for rank in ranks]}
            assert partition.project_lists.naming(offer) == naming
        for project_id in of_projects:
            named = {key for key, ranks in of_offers.items() if project_id in [rank.project_id for rank in ranks]}
            assert partition.offer_lists.naming(project_id) == named
        listed += len(of_projects) + len(of_offers)
    assert listed > 2


@pytest.mark.parametrize("change", ["packed_as = 'of/before'", "packed = NULL, packed_as = NULL", "packed = 'x'"])
async def test_rows_packed_otherwise_are_read_as_json_and_packed_again(
    matcher: Stage, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An upgrade, another model or a damaged row: slower that once, and said; the next start is fast again."""
    before = await lists_in(matcher)
    await matcher.pool.execute(f"UPDATE whole_entities SET {change} WHERE topic = 'commitments' AND body IS NOT NULL")
    with caplog.at_level(logging.INFO, "services.matcher.whole"):
        process = await matcher.process(0, 1)
    assert [record.__dict__["offers"] for record in caplog.records if "as JSON" in record.message] == [3]
    assert await lists_in(matcher) == before
    caplog.clear()
    while await process.whole.repack():
        pass
    with caplog.at_level(logging.INFO, "services.matcher.whole"):
        again = await matcher.process(0, 1)
    assert not [record for record in caplog.records if "as JSON" in record.message]
    assert again.owners.catalogue.version_of(OfferKey("eng-a", "commitment")) == 1
    assert await matcher.differences() == []


@pytest.mark.parametrize("change", ["packed_as = 'of/before'", "packed = NULL, packed_as = NULL", "packed = 'x'"])
async def test_projects_packed_otherwise_are_read_as_json_and_packed_again(
    matcher: Stage, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As of offers; each by the owner of its partition, who alone writes there."""
    before, rows = await lists_in(matcher), await matcher.pool.fetch("SELECT * FROM projects ORDER BY 1")
    await matcher.pool.execute(f"UPDATE projects SET {change}")
    with caplog.at_level(logging.INFO, "services.matcher.owners"):
        process = await matcher.process(1)
        await matcher.process(0)
    said = [record.__dict__ for record in caplog.records if "as JSON" in record.message]
    assert [(each["partition"], each["projects"]) for each in said] == [(1, 1), (0, 1)]
    assert await lists_in(matcher) == before
    while await process.whole.repack():
        pass
    now = await matcher.pool.fetch("SELECT * FROM projects ORDER BY 1")
    assert now[1] == rows[1]
    assert now[0] != rows[0]
    assert await matcher.differences() == []


@pytest.mark.parametrize("body", ["NULL", "'{}'"])
async def test_what_an_older_release_replaces_or_erases_leaves_no_bytes(matcher: Stage, body: str) -> None:
    """DESIGN §2: erasing purges; a release that knows the JSON alone may do so while this one is at work."""
    await matcher.pool.execute(f"UPDATE whole_entities SET body = {body}, version = version + 1 WHERE key = 'eng-a'")
    assert await matcher.pool.fetchval(PACKED) == 5
    assert await matcher.pool.fetchval("SELECT packed FROM whole_entities WHERE key = 'eng-a'") is None
    await matcher.pool.execute(f"UPDATE projects SET body = {body}, version = version + 1 WHERE project_id = 'prj-a'")
    assert await matcher.pool.fetchval(PACKED_PROJECTS) == 1
    assert await matcher.pool.fetchval("SELECT packed FROM projects WHERE project_id = 'prj-a'") is None


async def test_what_is_erased_leaves_no_bytes_in_storage(matcher: Stage) -> None:
    """DESIGN §2: erasing purges, packed or not."""
    process = await matcher.process(0, 1)
    await process.hears(matcher.log.erase("projects", "prj-a", 2))
    row = await matcher.pool.fetchrow("SELECT body, packed, packed_as FROM projects WHERE project_id = 'prj-a'")
    assert tuple(row or ()) == (None, None, None)
    assert await matcher.pool.fetchval(PACKED_PROJECTS) == 1


async def test_what_was_erased_or_replaced_while_it_was_packed_gets_no_bytes(matcher: Stage) -> None:
    """DESIGN §2: erasing purges; what packs anew works beside whatever is heard."""
    await matcher.pool.execute("UPDATE whole_entities SET body = NULL WHERE key = 'eng-a'")
    await matcher.pool.execute("UPDATE whole_entities SET body = '{}', version = 2 WHERE key = 'eng-b'")
    async with matcher.pool.acquire() as connection:
        offers = [Packed("commitments", key, 1, b"packed", "of/before") for key in ("eng-a", "eng-b", "eng-c")]
        await store_packed(connection, offers)
    packed = await matcher.pool.fetch("SELECT key FROM whole_entities WHERE packed = 'packed'")
    assert [row["key"] for row in packed] == ["eng-c"]
    await matcher.pool.execute("UPDATE projects SET body = NULL WHERE project_id = 'prj-a'")
    async with matcher.pool.acquire() as connection:
        projects = [
            PackedProject(key, number, 1, b"packed", "of/before") for number, key in enumerate(("prj-a", "prj-b"))
        ]
        await store_packed_projects(connection, projects)
    packed = await matcher.pool.fetch("SELECT project_id FROM projects WHERE packed = 'packed'")
    assert [row["project_id"] for row in packed] == ["prj-b"]

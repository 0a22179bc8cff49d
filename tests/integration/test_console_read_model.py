"""What the console keeps of what it heard: the newest state, whatever comes again, nothing of who was erased."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.console.store import entities, feed, matches
from services.console.store.matches import Scope
from services.console.views.filters import Filters
from shared.events.people import Erased
from shared.events.shapes import Territory
from shared.reference.territories import load_territories
from tests.conftest import ServiceDsn
from tests.factories import (
    NOW,
    a_commitment,
    a_project,
    a_territory,
    commitment_published,
    erased,
    event_id,
    fund_published,
    mail_delivered,
    match_changed,
    project_published,
    territory_published,
)
from tests.integration.console_stage import OWNER, Stage, received, staged

MATCH = "prj-a~commitment~eng-a"
MARKER = "Ornithorynque"


@pytest.fixture
async def stage(database: ServiceDsn) -> AsyncIterator[Stage]:
    async with staged(database("console")) as made:
        yield made


async def feed_entries(stage: Stage) -> list[feed.FeedEntry]:
    async with stage.pool.acquire() as connection:
        return await feed.after(connection, 0, 100)


async def test_entity_delivered_twice_is_kept_once(stage: Stage) -> None:
    for event in (project_published(), commitment_published(), fund_published(), territory_published()):
        await stage.hear(event, event)
    async with stage.pool.acquire() as connection:
        assert (await entities.project(connection, "prj-a")) == a_project()
        assert (await entities.offer(connection, "commitment", "eng-a")) == a_commitment()
        assert [fund.fund_id for fund in await entities.active_funds(connection)] == ["fds-a"]
        assert [territory.territory_id for territory in await entities.territories(connection)] == ["ter-a"]


async def test_a_match_whose_names_alone_changed_is_shown_and_moves_nothing(stage: Stage) -> None:
    before = match_changed()
    facts = before.project.model_copy(update={"title": "Nouveau titre"})
    later = NOW + timedelta(days=1)
    renamed = match_changed(version=2, entered=()).model_copy(update={"project": facts, "occurred_at": later})
    await stage.hear(before)
    await stage.hear(renamed)
    async with stage.pool.acquire() as connection:
        shown = await matches.match(connection, MATCH)
        changed_at = await connection.fetchval("select changed_at from matches")
    assert shown is not None
    assert shown.project.title == "Nouveau titre"
    assert changed_at == before.history[-1].at
    assert len(await feed_entries(stage)) == 1


async def test_older_version_that_comes_late_changes_nothing(stage: Stage) -> None:
    await stage.hear(project_published(a_project(title="Nouveau titre"), version=5))
    await stage.hear(project_published(a_project(title="Ancien titre"), version=4))
    async with stage.pool.acquire() as connection:
        project = await entities.project(connection, "prj-a")
    assert project is not None
    assert project.title == "Nouveau titre"


@pytest.mark.parametrize(
    ("topic", "key", "table"),
    [
        ("projects", "prj-a", "projects"),
        ("commitments", "eng-a", "offers"),
        ("funds", "fds-a", "offers"),
        ("territories", "ter-a", "territories"),
    ],
)
async def test_tombstone_forgets_and_a_replay_does_not_bring_back(
    stage: Stage, topic: str, key: str, table: str
) -> None:
    event = {
        "projects": project_published(),
        "commitments": commitment_published(),
        "funds": fund_published(),
        "territories": territory_published(),
    }[topic]
    await stage.hear(event)
    await stage.erase(topic, key, version=2)
    await stage.hear(event)
    assert await stage.pool.fetchval(f"select count(*) from {table}") == 0


async def test_match_delivered_twice_is_one_match_and_one_entry_of_the_feed(stage: Stage) -> None:
    await stage.hear(match_changed(), match_changed())
    entries = await feed_entries(stage)
    assert [(entry.match_id, entry.change, entry.territories) for entry in entries] == [
        (MATCH, "proposed", ("nantes-metropole",))
    ]
    async with stage.pool.acquire() as connection:
        assert await matches.count(connection, Scope("nantes-metropole"), Filters()) == 1


async def test_batch_that_tells_a_match_twice_keeps_its_last_state(stage: Stage) -> None:
    first, second = match_changed(version=1), match_changed(version=2, change="interested", state="interested")
    await stage.deliver("matches", received(first), received(second))
    async with stage.pool.acquire() as connection:
        match = await matches.match(connection, MATCH)
    assert match is not None
    assert match.state == "interested"
    assert [entry.change for entry in await feed_entries(stage)] == ["interested"]


async def test_tombstone_of_a_match_forgets_it_everywhere(stage: Stage) -> None:
    await stage.hear(match_changed())
    await stage.erase("matches", MATCH, version=2)
    assert await feed_entries(stage) == []
    async with stage.pool.acquire() as connection:
        assert await matches.match(connection, MATCH) is None


async def test_delivery_told_twice_is_one_line_of_history(stage: Stage) -> None:
    await stage.hear(mail_delivered(), mail_delivered())
    assert await stage.pool.fetchval("select count(*) from deliveries") == 1


async def test_erased_project_leaves_no_trace(stage: Stage) -> None:
    project = a_project(title=f"Maison {MARKER}")
    match = match_changed()
    told = match.model_copy(update={"project": match.project.model_copy(update={"title": project.title})})
    await stage.hear(project_published(project), told, mail_delivered())
    async with stage.reader(OWNER) as reader:
        await reader.send(
            f"/rapprochements/{MATCH}", f"/rapprochements/{MATCH}/reponses", reponse="interested", qualite="project"
        )
    await stage.hear(erased(), erased())
    for table in ("projects", "matches", "feed", "answers", "deliveries"):
        assert await stage.pool.fetchval(f"select count(*) from {table}") == 0, table
    assert MARKER not in await everything(stage)
    assert await stage.said("answers") == []


async def test_what_came_anew_under_an_erased_id_outlives_an_erasure_heard_late(stage: Stage) -> None:
    since = {"occurred_at": NOW + timedelta(seconds=1)}
    anew = [
        one.model_copy(update=since)
        for one in (
            project_published(),
            commitment_published(),
            fund_published(),
            territory_published(),
            match_changed(),
        )
    ]
    await stage.hear(*anew)
    subjects = (("project", "prj-a"), ("commitment", "eng-a"), ("fund", "fds-a"), ("territory", "ter-a"))
    await stage.hear(*(erased(*subject) for subject in subjects))
    for table, count in {"projects": 1, "offers": 2, "territories": 1, "matches": 1, "feed": 1}.items():
        assert await stage.pool.fetchval(f"select count(*) from {table}") == count, table
    await stage.hear(*(erased(*subject, version=2).model_copy(update=since) for subject in subjects))
    for table in ("projects", "offers", "territories", "matches", "feed"):
        assert await stage.pool.fetchval(f"select count(*) from {table}") == 0, table


async def test_erased_person_leaves_no_trace_and_their_preference_ends_on_its_topic(stage: Stage) -> None:
    async with stage.reader(OWNER) as reader:
        await reader.send("/alertes", "/alertes", frequence="weekly", minimum="forte", langue="fr")
        await stage.hear(erasure_of_owner())
        assert (await reader.get("/mes-projets")).status_code == 303
    tombstones = await stage.pool.fetch("select key from outbox where topic = 'preferences' and body is null")
    assert [row["key"] for row in tombstones] == [OWNER.person_id]
    for table in ("sessions", "people", "preferences"):
        assert await stage.pool.fetchval(f"select count(*) from {table}") == 0, table


async def test_territory_of_the_reference_is_read_back_whole(stage: Stage) -> None:
    nantes = next(one for one in load_territories() if one.territory_id == "nantes-metropole")
    kept = Territory.model_validate(a_territory("nantes-metropole", name=nantes.name, status="labellise"))
    await stage.hear(territory_published(kept))
    async with stage.pool.acquire() as connection:
        assert await entities.territories(connection) == [kept]


def erasure_of_owner() -> Erased:
    return Erased(
        version=1, event_id=event_id("erased", "owner"), occurred_at=NOW, subject="person", subject_id=OWNER.person_id
    )


async def everything(stage: Stage) -> str:
    """Every row of every table of the schema, as text."""
    tables = await stage.pool.fetch(
        "select table_name from information_schema.tables where table_schema = current_schema()"
    )
    rows = [row for table in tables for row in await stage.pool.fetch(f"select * from {table['table_name']}")]
    return "\n".join(str(dict(row)) for row in rows)

"""An ingest whose database was restored or emptied, or whose topics were made anew, on real servers."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.ingest.days import say_days
from services.ingest.handlers import on_matches
from services.ingest.restoring import restore as restore_ingest
from shared.database import in_transaction
from shared.events.event import GENERATION_SPAN
from shared.events.matches import MatchChanged
from shared.events.registry import SAID_BY, decode
from shared.log_versions import LogIsAhead
from shared.received import Batch, Received
from shared.restoring import restoring
from tests.conftest import ServiceDsn
from tests.factories import a_commitment, a_project, match_changed
from tests.integration.ingest_house import House, open_house
from tests.integration.restored import Backups, generation, relay, remake_topics, restore, said_last, version_of
from tests.streams import put, raw, records_of

MARKER = "zyxomarqueur"
DAY = datetime(2026, 12, 1, 9, tzinfo=UTC)


class Place:
    """One ingest with its log."""

    def __init__(self, house: House, dsn: str, backups: Backups, servers: str, prefix: str) -> None:
        self.house, self.dsn, self.backups = house, dsn, backups
        self.servers, self.prefix = servers, prefix

    async def relays(self) -> None:
        """Send all that waits."""
        await relay(self.house.pool, "ingest", self.servers, self.prefix)

    async def restores(self) -> Any:
        """The command."""
        return await restore(self.dsn, "ingest", self.servers, self.prefix)

    async def ends_in_the_middle(self) -> None:
        """The command, ended before its end."""
        progress = lambda *_: None  # noqa: E731 - nothing is shown
        kafka = {"bootstrap_servers": self.servers, "topic_prefix": self.prefix}
        async with restoring(self.house.pool, service="ingest", **kafka, progress=progress) as work:
            await restore_ingest(work, anew=False)
            raise RuntimeError

    async def last(self, topic: str) -> dict[str, Any]:
        """The last record of each key of a topic."""
        return said_last(await records_of(self.servers, self.prefix + topic))

    async def project(self, project_id: str) -> Any:
        """What was said last of a project."""
        return decode("projects", (await self.last("projects"))[project_id].value).project  # type: ignore[attr-defined]

    async def concludes(self, match: MatchChanged) -> None:
        """Hear of a conclusion, which is in the log."""
        await put(self.servers, f"{self.prefix}matches", [raw(match)])
        record = Received("matches", 0, 0, match.key, match.version, match, 0)
        await in_transaction(self.house.pool, lambda c: on_matches(c, Batch("matches", 0, (record,))))


@pytest.fixture
async def place(
    database: ServiceDsn, postgres_dsn: str, bootstrap_servers: str, topic_prefix: str
) -> AsyncIterator[Place]:
    """An ingest of this test's own."""
    dsn = database("ingest")
    async with open_house(dsn) as house:
        yield Place(house, dsn, Backups(postgres_dsn, dsn, "ingest"), bootstrap_servers, topic_prefix)


def submission(project_id: str, **changes: Any) -> dict[str, Any]:
    """A project with a contact of its own."""
    data = a_project(project_id, **changes).model_dump(mode="json", exclude_none=True)
    return {**data, "contact": {"email": f"{project_id}@example.org"}}


async def deposits(place: Place) -> httpx.AsyncClient:
    """Two projects, one of an individual, a commitment, and a project that will be erased; a day."""
    partner = await place.house.partner("org-a")
    erased = submission("prj-e", title=f"Projet {MARKER}")
    erased["contact"]["name"] = MARKER
    alone = a_project("prj-i").owner.model_dump() | {"name": "Léa Martin", "legal_form": "entreprise-individuelle"}
    for data in (submission("prj-a"), erased, submission("prj-i", owner=alone)):
        assert (await partner.put(f"/v1/projects/{data['project_id']}", json=data)).status_code == 202
    await partner.put("/v1/commitments/eng-a", json=a_commitment().model_dump(mode="json"))
    await in_transaction(place.house.pool, lambda connection: say_days(connection, DAY))
    await place.relays()
    return partner


async def goes_on(place: Place, partner: httpx.AsyncClient) -> None:
    """What happens after the backup: changes, a new project, an erasure, a conclusion."""
    await partner.patch("/v1/projects/prj-a", json={"title": "Épicerie du port, agrandie"})
    await partner.patch("/v1/projects/prj-i", json={"title": "Atelier de la rive"})
    await partner.put("/v1/projects/prj-n", json=submission("prj-n"))
    assert (await partner.post("/v1/projects/prj-e/erasure")).status_code == 202
    kinds = {"change": "concluded", "state": "concluded", "concluded_eur": 5_000}
    await place.concludes(match_changed(version=3, **kinds, occurred_at=datetime.now(UTC)))
    await place.relays()


def dated(record: Any) -> datetime | None:
    """When what a record says occurred; nothing for a tombstone."""
    event = decode(record.topic.rpartition(".")[2], record.value) if record.value else None
    return event.occurred_at if event else None


async def holding(place: Place, marker: str) -> list[str]:
    """The tables with a row that holds the marker."""
    tables = await place.house.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'ingest'")
    found = []
    for (table,) in tables:
        rows = await place.house.pool.fetch(f'SELECT * FROM "{table}"')
        texts = (v.decode(errors="replace") if isinstance(v, bytes) else str(v) for row in rows for v in row.values())
        if any(marker in text for text in texts):
            found.append(table)
    return found


async def test_an_older_database_takes_over_what_was_published_and_erased_since(place: Place) -> None:
    partner = await deposits(place)
    saved = await place.backups.save()
    await goes_on(place, partner)
    before = {topic: await place.last(topic) for topic in ("projects", "commitments")}
    await place.backups.put_back(saved)
    assert "submissions" in await holding(place, MARKER)
    with pytest.raises(LogIsAhead, match="essaim restored ingest"):
        await place.relays()
    report = await place.restores()
    assert await holding(place, MARKER) == []
    assert report.lacking == {"contact": ["prj-n"], "organisation": ["prj-n"]}
    await place.relays()
    for topic, held in before.items():
        after = await place.last(topic)
        assert after.keys() == held.keys()
        assert all(version_of(record) > GENERATION_SPAN for record in after.values())
        assert {key: dated(record) for key, record in after.items()} == {
            key: dated(record) for key, record in held.items()
        }
    assert (await place.last("projects"))["prj-e"].value is None
    assert [await place.project(name) for name in ("prj-a", "prj-i", "prj-n")] == [
        decode("projects", before["projects"][name].value).project  # type: ignore[attr-defined]
        for name in ("prj-a", "prj-i", "prj-n")
    ]
    mine = (await partner.get("/v1/projects/prj-i")).json()
    assert (mine["title"], mine["owner"]["name"]) == ("Atelier de la rive", "Léa Martin")
    assert await place.house.contact("project", "prj-a")


async def test_a_conclusion_is_counted_once_by_a_restored_database(place: Place) -> None:
    partner = await deposits(place)
    saved = await place.backups.save()
    await goes_on(place, partner)
    await partner.patch("/v1/commitments/eng-a", json={"title": "Des quais libres la nuit"})
    await place.relays()
    offered = (await partner.get("/v1/commitments/eng-a")).json()
    await place.backups.put_back(saved)
    await place.restores()
    await place.relays()
    after = (await partner.get("/v1/commitments/eng-a")).json()
    for read in (offered, after):
        del read["version"]
    assert after == offered
    commitment = decode("commitments", (await place.last("commitments"))["eng-a"].value)
    assert commitment.commitment.committed_eur == 5_000  # type: ignore[attr-defined]
    assert [need.amount_eur for need in (await place.project("prj-a")).needs] == [7_000, 20_000]


async def test_an_emptied_database_is_filled_from_the_log_and_twice_is_as_once(place: Place) -> None:
    empty = await place.backups.save()
    partner = await deposits(place)
    await goes_on(place, partner)
    before = {name: await place.project(name) for name in ("prj-a", "prj-i", "prj-n")}
    await place.backups.put_back(empty)
    first = await place.restores()
    assert first.lacking["contact"] == ["eng-a", "prj-a", "prj-i", "prj-n"]
    assert first.lacking["name"] == ["prj-i"]
    await place.relays()
    second = await place.restores()
    await place.relays()
    assert second.lacking == {}
    assert await generation(place.dsn, "ingest") == 2
    assert {name: await place.project(name) for name in before} == before
    assert (await place.last("projects"))["prj-e"].value is None
    assert await in_transaction(place.house.pool, lambda connection: say_days(connection, DAY)) == []
    again = await place.house.partner("org-b")
    assert (await again.put("/v1/projects/prj-z", json=submission("prj-z"))).status_code == 202
    await place.relays()
    assert version_of((await place.last("projects"))["prj-z"]) == 2 * GENERATION_SPAN + 1


async def test_topics_made_anew_hear_of_every_entity_erasure_and_of_the_day(place: Place) -> None:
    partner = await deposits(place)
    await goes_on(place, partner)
    await partner.put("/v1/projects/prj-e", json=submission("prj-e"))
    await partner.post("/v1/projects/prj-n/erasure")
    await place.relays()
    before = await place.last("projects")
    await remake_topics(place.servers, place.prefix, partitions=4)
    await place.restores()
    await place.relays()
    after = await place.last("projects")
    assert {key: record.value is None for key, record in after.items()} == {
        key: record.value is None for key, record in before.items()
    }
    assert after["prj-n"].value is None
    erasures = await place.last("erasures")
    assert "project:prj-n" in erasures
    assert "project:prj-e" not in erasures
    assert [decode("days", record.value).day for record in (await place.last("days")).values()] == [DAY.date()]  # type: ignore[attr-defined]


async def test_a_log_that_is_older_for_some_and_newer_for_others_takes_nothing_back(place: Place) -> None:
    partner = await deposits(place)
    copied = {topic: await records_of(place.servers, place.prefix + topic) for topic in SAID_BY["ingest"]}
    await partner.patch("/v1/projects/prj-a", json={"title": "Épicerie du port, agrandie"})
    assert (await partner.post("/v1/projects/prj-e/erasure")).status_code == 202
    await in_transaction(place.house.pool, lambda connection: say_days(connection, DAY + timedelta(days=1)))
    await place.relays()
    saved = await place.backups.save()
    await partner.patch("/v1/projects/prj-i", json={"title": "Atelier de la rive"})
    await place.relays()
    before, erased = await place.last("projects"), sorted(await place.last("erasures"))
    await place.backups.put_back(saved)
    await remake_topics(place.servers, place.prefix, partitions=4)
    for topic, records in {**copied, "projects": [*copied["projects"], before["prj-i"]]}.items():
        again = [(each.key, each.value, each.headers) for each in records]
        await put(place.servers, place.prefix + topic, again)
    for _ in range(2):
        await place.restores()
        await place.relays()
        after = await place.last("projects")
        assert after.keys() == before.keys()
        assert after["prj-e"].value is None
        assert (await place.project("prj-a")).title == "Épicerie du port, agrandie"
        assert (await place.project("prj-i")).title == "Atelier de la rive"
    days = await records_of(place.servers, f"{place.prefix}days")
    assert [decode("days", each.value).day for each in days] == [DAY.date(), DAY.date() + timedelta(days=1)]  # type: ignore[attr-defined]
    erasures = await records_of(place.servers, f"{place.prefix}erasures")
    assert sorted(each.key.decode() for each in erasures) == erased


async def test_a_restoration_that_ends_in_the_middle_has_changed_nothing(place: Place) -> None:
    partner = await deposits(place)
    saved = await place.backups.save()
    await goes_on(place, partner)
    await place.backups.put_back(saved)
    before = await place.backups.save()
    with pytest.raises(RuntimeError):
        await place.ends_in_the_middle()
    assert await place.backups.save() == before
    await place.restores()
    await place.relays()
    assert (await place.last("projects"))["prj-e"].value is None

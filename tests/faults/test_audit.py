"""`essaim audit` finds nothing while events flow, and names each thing that is made wrong, alone."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from deploy.create_roles import SERVICES
from deploy.local.ports import any_free_port
from deploy.local.state import own_secrets
from services.cli.auditing import NoContacts, audited
from shared.auditing import Finding
from shared.database import Connection, Pool, in_transaction
from shared.events.people import AnswerGiven
from shared.log_identity import Log
from shared.outbox import announce, next_version
from tests.deadline import eventually
from tests.faults import stored
from tests.faults.audited import WRONGS, Wrong
from tests.faults.chance import seed
from tests.faults.installation import PREFIX, Installation
from tests.faults.load import Load
from tests.faults.quiet import settled
from tests.integration.restored import Backups, remake_topics, restore
from tests.integration.test_restored_command import essaim


async def differences(
    installation: Installation, patience: float = 0, services: Collection[str] = SERVICES
) -> list[Finding]:
    """What an audit of these services finds."""
    async with stored.pools_of(installation, services) as pools:
        return await audited(pools, installation.servers.bootstrap_servers, PREFIX, patience)


async def answer(console: Pool, match_id: str, *said: tuple[str, str]) -> None:
    """Have the console say these answers (side, answer) to a match."""
    project_id, offer_type, offer_id = match_id.split("~")

    async def work(connection: Connection) -> None:
        for side, what in said:
            event = AnswerGiven.model_validate(
                {
                    "version": await next_version(connection, "answers", project_id),
                    "event_id": uuid4(),
                    "occurred_at": datetime.now(UTC),
                    "match_id": match_id,
                    "project_id": project_id,
                    "offer_type": offer_type,
                    "offer_id": offer_id,
                    "side": side,
                    "answer": what,
                    "amount_eur": 100 if what == "concluded" else None,
                }
            )
            await announce(connection, event)

    await in_transaction(console, work)


async def in_state(matcher: Pool, state: str, offer_type: str = "commitment") -> list[str]:
    """The matches of commitments that are in a state."""
    rows = await matcher.fetch(
        "SELECT match_id FROM match_heads WHERE state = $1 AND offer_type = $2 ORDER BY match_id", state, offer_type
    )
    return [row["match_id"] for row in rows]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def quiet(installation: Installation) -> AsyncIterator[Installation]:
    """Audited while a load went on, then with one match concluded and one of interest, and all services ended."""
    load = Load(installation.url("ingest"), installation.key, seed=seed(), partners=2)
    async with asyncio.TaskGroup() as group:
        loading = group.create_task(load.run(first=12, steps=30, pause_s=0.3))
        await load.reaches(30)
        flowing = group.create_task(differences(installation, patience=60))
        await loading
    assert flowing.result() == []
    async with stored.pools_of(installation) as pools:
        first, second = (await in_state(pools["matcher"], "proposed"))[:2]
        await answer(pools["console"], first, ("project", "interested"), ("offer", "interested"))
        await answer(pools["console"], second, ("project", "interested"))

        async def introduced() -> bool:
            return first in await in_state(pools["matcher"], "introduced")

        await eventually(introduced, seconds=30)
        await answer(pools["console"], first, ("project", "concluded"))
    await settled(installation)
    for service in SERVICES:
        installation.stop_service(service)
    yield installation


async def test_a_clean_installation_has_no_difference_and_says_so_in_each_database(quiet: Installation) -> None:
    assert await differences(quiet) == []
    async with stored.pools_of(quiet) as pools:
        for pool in pools.values():
            await pool.execute("INSERT INTO audits VALUES (now() - interval '91 days', 7)")
        assert await differences(quiet) == []
        for pool in pools.values():
            rows = await pool.fetch("SELECT differences FROM audits")
            assert {row["differences"] for row in rows} == {0}, "the last audits, and none of long ago"


@pytest.mark.parametrize("wrong", WRONGS, ids=lambda wrong: wrong.name)
async def test_what_is_wrong_is_named_and_nothing_else(quiet: Installation, wrong: Wrong) -> None:
    backups = Backups(quiet.servers.dsn(), quiet.servers.service_dsn(wrong.schema), wrong.schema)
    before = await backups.save()
    connection = await asyncpg.connect(quiet.servers.dsn())
    try:
        ids = {str(row[0]) for row in await connection.fetch(wrong.statement)}
        assert ids, "nothing was made wrong"
        found = await differences(quiet, services={wrong.schema, "ingest"})
    finally:
        await connection.close()
        await backups.put_back(before)
    assert {(each.service, each.what, each.id) for each in found} == {
        (*what, key) for what in wrong.findings for key in ids
    }
    assert all(each.expected != each.found for each in found), found


async def test_the_notifier_alone_is_audited_with_those_whom_ingest_names(
    quiet: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    untold = next(wrong for wrong in WRONGS if wrong.findings == (("notifier", "untold"),))
    backups = Backups(quiet.servers.dsn(), quiet.servers.service_dsn("notifier"), "notifier")
    before = await backups.save()
    monkeypatch.setenv("NOTIFIER_INGEST_URL", quiet.url("ingest"))
    monkeypatch.setenv("NOTIFIER_SERVICE_TOKEN", own_secrets(quiet.state)["service_token"])
    with pytest.raises(NoContacts):
        await differences(quiet, services=["notifier"])
    quiet.start_service("ingest")
    await quiet.ready("ingest")
    connection = await asyncpg.connect(quiet.servers.dsn())
    try:
        assert await differences(quiet, services=["notifier"]) == []
        (key,) = [row[0] for row in await connection.fetch(untold.statement)]
        found = await differences(quiet, services=["notifier"])
        assert [(each.what, each.id) for each in found] == [("untold", key)]
    finally:
        await connection.close()
        quiet.stop_service("ingest")
        await backups.put_back(before)


async def test_the_command_tells_a_person_and_a_monitor(quiet: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    for service in SERVICES:
        monkeypatch.setenv(f"{service.upper()}_DATABASE_URL", quiet.servers.service_dsn(service))
        monkeypatch.setenv(f"{service.upper()}_KAFKA_BOOTSTRAP_SERVERS", quiet.servers.bootstrap_servers)
    well = await asyncio.to_thread(essaim, "audit")
    assert (well.exit_code, well.output) == (0, "Aucune différence.\n")
    backups = Backups(quiet.servers.dsn(), quiet.servers.service_dsn("console"), "console")
    before = await backups.save()
    async with stored.pools_of(quiet) as pools:
        project_id = await pools["console"].fetchval(
            "DELETE FROM projects WHERE project_id IN (SELECT min(project_id) FROM projects) RETURNING project_id"
        )
    told = await asyncio.to_thread(essaim, "audit", "console", "--patience", "0")
    data = await asyncio.to_thread(essaim, "audit", "console", "--patience", "0", "--json")
    await backups.put_back(before)
    assert told.exit_code == 1
    assert told.output.splitlines() == [
        "1\u00a0différence :",
        "     1 console : ce qui est tenu n'est pas ce qui a été dit",
        "À faire : arrêtez console, lancez « essaim rebuild console », puis démarrez-le",
        "",
        f"console : ce qui est tenu n'est pas ce qui a été dit : projects/{project_id}"
        " (attendu : présent ; trouvé : effacé)",
    ]
    (line,) = data.output.splitlines()
    assert data.exit_code == 1
    assert json.loads(line) == {
        "service": "console",
        "what": "view",
        "id": f"projects/{project_id}",
        "expected": "live",
        "found": "erased",
    }
    monkeypatch.setenv("INGEST_KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:{any_free_port()}")
    blind = await asyncio.to_thread(essaim, "audit")
    assert (blind.exit_code, blind.output.count("\n"), "Kafka ne répond pas" in blind.output) == (2, 1, True)
    monkeypatch.setenv("INGEST_DATABASE_URL", f"postgresql://nobody@127.0.0.1:{any_free_port()}/nowhere")
    blind = await asyncio.to_thread(essaim, "audit")
    assert (blind.exit_code, blind.output.count("\n"), "PostgreSQL ne répond pas" in blind.output) == (2, 1, True)


async def lose_answers(installation: Installation) -> None:
    """Have the log forget every answer."""
    admin = AIOKafkaAdminClient(bootstrap_servers=installation.servers.bootstrap_servers)
    await admin.start()
    try:
        (topic,) = await admin.describe_topics([f"{PREFIX}answers"])
        everything = {
            TopicPartition(f"{PREFIX}answers", each["partition"]): RecordsToDelete(before_offset=-1)
            for each in topic["partitions"]
        }
        await admin.delete_records(everything)
    finally:
        await admin.close()


async def test_an_answer_that_the_log_has_lost_is_named_with_its_match(quiet: Installation) -> None:
    """No test but the one below comes after it: nothing brings the log back."""
    async with stored.pools_of(quiet) as pools:
        (match_id,) = await in_state(pools["matcher"], "interested")
        (concluded,) = await in_state(pools["matcher"], "concluded")
    await lose_answers(quiet)
    found = await differences(quiet)
    lost = {f"answers/{each.split('~')[0]}" for each in (match_id, concluded)}
    assert {each.id for each in found if each.what == "unsent"} == lost
    assert {each.id for each in found if each.what == "answer"} == {match_id, concluded}
    # Nor does the log hold any more what the matcher has read.
    assert {(each.service, each.what) for each in found} == {
        ("console", "unsent"),
        ("matcher", "answer"),
        ("matcher", "offset"),
    }


async def test_after_a_recovery_by_the_book_nothing_differs_and_a_later_loss_is_named(quiet: Installation) -> None:
    """The last test of this module. Operator's page, Kafka lost: all four restored in that order, then started."""
    servers = quiet.servers.bootstrap_servers
    await remake_topics(servers, PREFIX, partitions=await partitions_of(servers, "projects"))
    for service in SERVICES:
        await restore(quiet.servers.service_dsn(service), service, servers, PREFIX)
    for service in SERVICES:
        quiet.start_service(service)
    await settled(quiet)
    assert await differences(quiet, patience=60) == []
    async with stored.pools_of(quiet) as pools:
        match_id = (await in_state(pools["matcher"], "proposed"))[0]
        await answer(pools["console"], match_id, ("project", "interested"))
        await settled(quiet)
    for service in SERVICES:
        quiet.stop_service(service)
    await lose_answers(quiet)
    found = await differences(quiet)
    assert {each.id for each in found if each.what == "unsent"} == {f"answers/{match_id.split('~')[0]}"}
    assert {each.id for each in found if each.what == "answer"} == {match_id}


async def partitions_of(servers: str, topic: str) -> int:
    """How many partitions a topic has."""
    return len((await Log.of(servers, [PREFIX + topic])).partitions[PREFIX + topic])

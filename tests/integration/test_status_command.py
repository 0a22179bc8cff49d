"""`essaim status` shows each service with its lag and what to do, on real servers; what is away is one sentence."""

import asyncio
import json
import socket
from collections.abc import Mapping

import pytest

from deploy.local.ports import any_free_port
from deploy.local.servers import run_apart
from shared.behind import behind
from shared.condition import condition
from shared.log_identity import ForeignLog
from shared.relay import Relay
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.integration.restored import relay
from tests.integration.test_restored_command import essaim
from tests.streams import opened, records_of, say_preference

SERVICES = ("console", "notifier")


@pytest.fixture
def dsns(
    database: ServiceDsn, bootstrap_servers: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> Mapping[str, str]:
    """A console that has said two preferences, and a notifier that has heard nothing; neither runs."""
    for service in SERVICES:
        monkeypatch.setenv(f"{service.upper()}_DATABASE_URL", database(service))
        monkeypatch.setenv(f"{service.upper()}_KAFKA_BOOTSTRAP_SERVERS", bootstrap_servers)
        monkeypatch.setenv(f"{service.upper()}_TOPIC_PREFIX", topic_prefix)
        monkeypatch.setenv(f"{service.upper()}_ADDRESS", f"http://127.0.0.1:{any_free_port()}")

    async def say() -> None:
        async with opened(database("console"), "console") as pool:
            for person_id in ("per-a", "per-b"):
                await say_preference(pool, person_id)
            await relay(pool, "console", bootstrap_servers, topic_prefix)

    run_apart(say())
    return {service: database(service) for service in SERVICES}


async def test_what_is_behind_is_counted_in_records_and_marks_of_transactions_are_none(
    dsns: Mapping[str, str], bootstrap_servers: str, topic_prefix: str
) -> None:
    found = await behind(bootstrap_servers, topic_prefix, ["preferences"], {})
    assert sum(found.values()) == 2
    stored = {place: 0 for place in found}
    for record in await records_of(bootstrap_servers, f"{topic_prefix}preferences"):
        stored["preferences", record.partition] = record.offset + 1
    assert set((await behind(bootstrap_servers, topic_prefix, ["preferences"], stored)).values()) == {0}
    with pytest.raises(ForeignLog):
        await behind(bootstrap_servers, topic_prefix, ["preferences"], stored, clusters=["another"])
    beyond = {place: offset + 100 for place, offset in stored.items()}
    assert max((await behind(bootstrap_servers, topic_prefix, ["preferences"], beyond)).values()) < 0


async def test_a_relay_at_work_is_seen_from_outside(
    dsns: Mapping[str, str], bootstrap_servers: str, topic_prefix: str
) -> None:
    async with opened(dsns["console"], "console") as pool, pool.acquire() as connection:
        assert not (await condition(connection, "console")).relays
        running = Relay(pool, service="console", bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)
        task = asyncio.create_task(running.run())

        async def leads() -> bool:
            return running.active

        await eventually(leads, seconds=30)
        assert (await condition(connection, "console")).relays
        assert not (await condition(connection, "notifier")).relays
        running.stop()
        await task


async def test_services_that_do_not_run_are_shown_with_their_lag_and_what_to_do(dsns: Mapping[str, str]) -> None:
    async with opened(dsns["notifier"], "notifier") as pool:
        await pool.execute(
            "INSERT INTO dead_letters (topic, partition, record_offset, record_timestamp, reason)"
            " VALUES ('matches', 0, 0, 0, 'test')"
        )
        await pool.execute("INSERT INTO audits (differences) VALUES (3)")
    shown = await asyncio.to_thread(essaim, "status", "notifier")
    assert shown.exit_code == 1
    for said in (
        "retard      preferences 2",
        "mis de côté matches 1",
        "notifier ne répond pas sur http://127.0.0.1:",
        "envois      aucun processus",
        "essaim replay notifier",
        "essaim audit notifier",
    ):
        assert said in shown.output, shown.output
    as_json = await asyncio.to_thread(essaim, "status", "notifier", "console", "--json")
    notifier, console = map(json.loads, as_json.output.splitlines())
    assert (notifier["service"], sum(notifier["lag"].values()), notifier["audit_differences"]) == ("notifier", 2, 3)
    assert (console["service"], console["relays"], console["outbox_events"]) == ("console", False, 0)
    assert len(console["to_do"]) == 1
    assert notifier["still"], "nobody reads"


async def test_a_database_without_its_tables_is_named_with_the_remedy(dsns: Mapping[str, str]) -> None:
    async with opened(dsns["notifier"], "notifier") as pool:
        await pool.execute("DROP TABLE audits")
    refused = await asyncio.to_thread(essaim, "status", "console", "notifier")
    assert refused.exit_code == 2
    assert (
        "le schéma « notifier » n'est pas prêt dans cette base : python -m shared.migrations notifier" in refused.output
    )


def test_a_server_that_is_away_is_one_sentence(dsns: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSOLE_KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:{any_free_port()}")
    shown = essaim("status", "console")
    assert shown.exit_code == 1
    # First, and once.
    assert shown.output.startswith("Kafka ne répond pas sur 127.0.0.1"), shown.output
    assert shown.output.count("Kafka ne répond pas") == 1
    monkeypatch.setenv("CONSOLE_DATABASE_URL", f"postgresql://nobody@127.0.0.1:{any_free_port()}/nowhere")
    shown = essaim("status", "console")
    first, then = shown.output.splitlines()
    assert (shown.exit_code, "PostgreSQL ne répond pas sur 127.0.0.1:" in first) == (2, True)
    assert then.startswith("console ")
    assert then.endswith("ne répond pas")
    wrong = essaim("status", "nobody")
    assert (wrong.exit_code, "« nobody » n'est pas un service" in wrong.output) == (2, True)


def test_a_database_that_takes_connections_and_says_nothing_is_not_a_stopped_one(
    dsns: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that is stopped by SIGSTOP: « make demo » would cure nothing."""
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        monkeypatch.setenv("CONSOLE_DATABASE_URL", f"postgresql://a:b@127.0.0.1:{frozen.getsockname()[1]}/essaim")
        shown = essaim("status", "console")
    assert shown.exit_code == 2
    assert "se tait" in shown.output
    assert "make demo" not in shown.output


def test_a_kafka_that_takes_connections_and_says_nothing_is_away(
    dsns: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        monkeypatch.setenv("CONSOLE_KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:{frozen.getsockname()[1]}")
        shown = essaim("status", "console")
    assert (shown.exit_code, "Kafka ne répond pas sur 127.0.0.1" in shown.output) == (1, True), shown.output

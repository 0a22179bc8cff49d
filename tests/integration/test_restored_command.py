"""`essaim restored` and `essaim rebuild` as typed: a summary, and one sentence for whatever is in the way."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from typer.testing import CliRunner, Result

from deploy.local.ports import any_free_port
from deploy.local.servers import run_apart
from services.cli import app
from shared.relay import Relay
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.factories import commitment_published, day_started, match_changed, project_published
from tests.integration.restored import relay, remake_topics
from tests.streams import opened, put, raw, say_preference


@pytest.fixture
def dsn(database: ServiceDsn, bootstrap_servers: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A console of this test's own, which has said two preferences."""
    for service in ("console", "matcher"):
        monkeypatch.setenv(f"{service.upper()}_DATABASE_URL", database(service))
        monkeypatch.setenv(f"{service.upper()}_KAFKA_BOOTSTRAP_SERVERS", bootstrap_servers)
        monkeypatch.setenv(f"{service.upper()}_TOPIC_PREFIX", topic_prefix)

    async def say() -> None:
        async with opened(database("console"), "console") as pool:
            for person_id in ("per-a", "per-b"):
                await say_preference(pool, person_id)
            await relay(pool, "console", bootstrap_servers, topic_prefix)
            await pool.execute("DELETE FROM key_versions")

    run_apart(say())
    return database("console")


def essaim(*arguments: str, typed: str = "") -> Result:
    """What the command does and says, on a thread and so with a loop of its own: the tests' one stays."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(CliRunner().invoke, app, arguments, input=typed).result()


def test_the_summary_says_what_was_read_back_and_what_to_do_next(dsn: str) -> None:
    done = essaim("restored", "console", "--yes")
    assert done.exit_code == 0, done.output
    assert "2 préférences reprises" in done.output
    assert "2 événements à redire" in done.output
    assert "console est repris : démarrez-le." in done.output
    again = essaim("restored", "console", typed="oui\n")
    assert again.exit_code == 0, again.output
    assert "préférences reprises" not in again.output


def test_nothing_is_done_without_a_yes(dsn: str) -> None:
    done = essaim("rebuild", "console", typed="non\n")
    assert (done.exit_code, "rien n'a été changé" in done.output) == (1, True)


def test_a_service_that_runs_must_be_stopped_first(dsn: str, bootstrap_servers: str, topic_prefix: str) -> None:
    async def meanwhile() -> Result:
        async with opened(dsn, "console") as pool:
            running = Relay(
                pool, service="console", bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix, says=()
            )
            task = asyncio.create_task(running.run())

            async def leads() -> bool:
                return running.active

            await eventually(leads, seconds=30)
            try:
                return await asyncio.to_thread(essaim, "restored", "console", "--yes")
            finally:
                running.stop()
                await task

    refused = run_apart(meanwhile())
    assert refused.exit_code == 1
    assert "console tourne encore, ou une autre reprise : arrêtez tous ses processus" in refused.output


def test_an_empty_topic_that_matches_depend_on_is_named_with_who_says_it(
    dsn: str, bootstrap_servers: str, topic_prefix: str
) -> None:
    async def say() -> None:
        await remake_topics(bootstrap_servers, topic_prefix, partitions=4)
        for event in (day_started(), commitment_published(), match_changed()):
            await put(bootstrap_servers, topic_prefix + event.topic, [raw(event)])

    run_apart(say())
    refused = essaim("restored", "matcher", "--yes")
    assert refused.exit_code == 1
    assert f"le sujet {topic_prefix}projects est vide" in refused.output
    assert "essaim restored ingest" in refused.output
    run_apart(put(bootstrap_servers, f"{topic_prefix}projects", [raw(project_published())]))
    assert essaim("restored", "matcher", "--yes").exit_code == 0


def test_a_server_that_is_away_is_named(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSOLE_KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:{any_free_port()}")
    refused = essaim("restored", "console", "--yes")
    assert (refused.exit_code, "Kafka ne répond pas" in refused.output) == (1, True)
    monkeypatch.setenv("CONSOLE_TOPIC_PREFIX", "elsewhere.")
    monkeypatch.setenv("CONSOLE_DATABASE_URL", f"postgresql://nobody@127.0.0.1:{any_free_port()}/nowhere")
    refused = essaim("restored", "console", "--yes")
    assert (refused.exit_code, "PostgreSQL ne répond pas" in refused.output) == (1, True)

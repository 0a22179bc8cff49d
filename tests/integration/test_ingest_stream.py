"""Ingest whole, on a real PostgreSQL and Kafka: what is submitted leaves, what is concluded comes back."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.ingest import accounts
from services.ingest.app import create_app
from shared.database import open_pool
from shared.events.event import VERSION_HEADER
from tests.deadline import eventually
from tests.factories import a_commitment, a_project, match_changed


@pytest.fixture
async def partner(
    database: Callable[[str], str], bootstrap_servers: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running ingest, with a key of an organisation."""
    monkeypatch.setenv("INGEST_DATABASE_URL", database("ingest"))
    monkeypatch.setenv("INGEST_KAFKA_BOOTSTRAP_SERVERS", bootstrap_servers)
    monkeypatch.setenv("INGEST_TOPIC_PREFIX", topic_prefix)
    monkeypatch.setenv("INGEST_SERVICE_TOKEN", "token")
    app = create_app()
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ingest.test") as client,
    ):
        await accounts.add_organisation(app.state.context.pool, "org-a", "Organisation A")
        key = await accounts.add_key(app.state.context.pool, "org-a", ["admin"])
        client.headers["Authorization"] = f"Bearer {key}"
        yield client


async def read_topic(bootstrap_servers: str, topic: str, enough: Callable[[list[Any]], bool]) -> list[Any]:
    """The bodies of a topic, from its beginning until there are enough."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap_servers, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    await consumer.start()
    bodies: list[Any] = []

    async def arrived() -> bool:
        for records in (await consumer.getmany(timeout_ms=200)).values():
            bodies.extend(json.loads(record.value) if record.value else None for record in records)
        return enough(bodies)

    try:
        await eventually(arrived, seconds=30)
    finally:
        await consumer.stop()
    return bodies


async def test_submitted_project_reaches_its_topic_and_concluded_match_comes_back(
    partner: httpx.AsyncClient, bootstrap_servers: str, topic_prefix: str
) -> None:
    assert (await partner.put("/v1/projects/prj-a", json=a_project().model_dump(mode="json"))).status_code == 202
    assert (await partner.put("/v1/commitments/eng-a", json=a_commitment().model_dump(mode="json"))).status_code == 202
    [project] = await read_topic(bootstrap_servers, f"{topic_prefix}projects", bool)
    assert project["project"]["title"] == "Épicerie du port"
    match = match_changed(change="concluded", state="concluded", concluded_eur=5_000)
    await publish(bootstrap_servers, f"{topic_prefix}matches", match.key, match.version, match.to_bytes())
    bodies = await read_topic(bootstrap_servers, f"{topic_prefix}commitments", lambda found: len(found) == 2)
    assert [body["commitment"].get("committed_eur") for body in bodies] == [0, 5_000]


async def test_reference_and_the_day_are_said_at_the_first_start(
    partner: httpx.AsyncClient, bootstrap_servers: str, topic_prefix: str
) -> None:
    territories = await read_topic(bootstrap_servers, f"{topic_prefix}territories", lambda found: len(found) == 20)
    assert {body["territory"]["status"] for body in territories} == {"labellise"}
    [day] = await read_topic(bootstrap_servers, f"{topic_prefix}days", bool)
    assert day["version"] == 1

    async def ready() -> bool:
        return (await partner.get("/health/ready")).status_code == 200

    await eventually(ready, seconds=30)
    metrics = await partner.get("/metrics")
    assert "essaim_problems 0" in metrics.text


async def publish(bootstrap_servers: str, topic: str, key: str, version: int, body: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers, acks="all")
    await producer.start()
    try:
        headers = [(VERSION_HEADER, str(version).encode())]
        await producer.send_and_wait(topic, body, key=key.encode(), headers=headers)
    finally:
        await producer.stop()


async def test_service_can_be_imported_and_described_without_servers() -> None:
    app = create_app()
    assert not hasattr(app.state, "context")
    with pytest.raises(ValueError, match="database_url"):
        async with app.router.lifespan_context(app):
            raise AssertionError("it starts without settings")


async def test_pool_of_a_service_waits_for_its_own_schema(database: Callable[[str], str]) -> None:
    pool = await open_pool(database("ingest"), service="ingest")
    tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'ingest'")
    await pool.close()
    assert {"submissions", "outbox", "conclusions", "kept_answers"} <= {row["tablename"] for row in tables}

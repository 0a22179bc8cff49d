"""One trace leads from the request that submits a project to the mail that it causes, through four hops of Kafka."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretStr

from services.ingest import accounts
from services.ingest.app import create_app
from services.matcher.app import running
from services.matcher.settings import Settings
from shared import tracing
from tests.deadline import eventually
from tests.factories import a_commitment, a_project
from tests.integration.notifier_stage import Sink
from tests.integration.test_notifier_service import TOKEN, ingest, notifier, served
from tests.streams import records_of

pytestmark = pytest.mark.partitions(1)

CAUSE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
HOPS = {"PUT /v1/projects/{entity_id}", "handle projects", "handle matches", "freeze mail", "send mail"}


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    taken = Sink()
    await taken.start()
    yield taken
    await taken.stop()


@pytest.fixture
async def partner(
    database: Callable[[str], str], bootstrap_servers: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running ingest, with a key."""
    monkeypatch.setenv("INGEST_DATABASE_URL", database("ingest"))
    monkeypatch.setenv("INGEST_KAFKA_BOOTSTRAP_SERVERS", bootstrap_servers)
    monkeypatch.setenv("INGEST_TOPIC_PREFIX", topic_prefix)
    monkeypatch.setenv("INGEST_SERVICE_TOKEN", TOKEN)
    app = create_app()
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ingest.test") as client,
    ):
        await accounts.add_organisation(app.state.context.pool, "org-a", "Organisation A")
        key = await accounts.add_key(app.state.context.pool, "org-a", ["admin"])
        client.headers["Authorization"] = f"Bearer {key}"
        yield client


async def test_one_trace_leads_from_the_request_to_the_mail(
    database: Callable[[str], str], bootstrap_servers: str, topic_prefix: str, sink: Sink, partner: httpx.AsyncClient
) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    matcher = Settings(
        database_url=database("matcher"),
        kafka_bootstrap_servers=bootstrap_servers,
        topic_prefix=topic_prefix,
        service_token=SecretStr(TOKEN),
    )

    async def all_hops_are_traced() -> bool:
        spans = exporter.get_finished_spans()
        return {each.name for each in spans if format(each.context.trace_id, "032x") == CAUSE.split("-")[1]} >= HOPS

    async with (
        served(ingest()) as ingest_url,
        running(matcher, give_up=lambda: None) as work,
        notifier(database("notifier"), bootstrap_servers, topic_prefix, ingest_url, sink),
    ):

        async def ready() -> bool:
            return not work.problems() and ("commitment", "eng-a") in {
                (key.offer_type, key.offer_id) for key in work.owners.catalogue.offers
            }

        await partner.put("/v1/commitments/eng-a", json=a_commitment().model_dump(mode="json"))
        await eventually(ready, seconds=60)
        with tracing.tracing(provider.get_tracer("test")):
            project = a_project().model_dump(mode="json")
            answer = await partner.put("/v1/projects/prj-a", json=project, headers={"traceparent": CAUSE})
            assert answer.status_code == 202
            await eventually(all_hops_are_traced, seconds=60)
    [record] = await records_of(bootstrap_servers, f"{topic_prefix}projects")
    assert dict(record.headers)["traceparent"].decode().split("-")[1] == CAUSE.split("-")[1]
    provider.shutdown()

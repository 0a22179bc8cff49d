"""What a process measures of itself, and the traces that it takes part in."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Response
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared import tracing
from shared.http import AnswerHead, health_routes
from shared.measures import handled
from shared.telemetry import AtWork, measure, metrics_route
from shared.watching import WatchRequests

CAUSE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OTHER = "00-0af7651916cd43dd8448eb211c80319d-b7ad6b7169203332-01"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """The spans of a process that traces."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with tracing.tracing(provider.get_tracer("test")):
        yield exporter
    provider.shutdown()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A service that says in which trace it answers."""
    app, router = FastAPI(), APIRouter(prefix="/v1")

    @router.get("/projects/{project_id}")
    async def project(project_id: str) -> str | None:
        return tracing.current_trace()

    @router.get("/fails")
    async def fails() -> Response:
        raise ValueError("prenom.nom@example.org")

    app.include_router(router)
    app.include_router(health_routes(list, lambda: None))
    app.include_router(metrics_route(lambda: None, lambda: AtWork({"matches/3": 7}, 2, relay_active=True)))
    app.add_middleware(WatchRequests)
    app.add_middleware(AnswerHead)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://essaim.test") as found:
        yield found


async def test_requests_are_timed_by_the_pattern_of_their_address(client: httpx.AsyncClient) -> None:
    await client.get("/v1/projects/secret-one")
    await client.head("/v1/projects/secret-two")
    await client.get("/v1/fails")
    await client.get("/made-up-by-anybody")
    found = (await client.get("/metrics")).text
    assert 'http_request_seconds_count{method="GET",route="/v1/projects/{project_id}",status="200"}' in found
    assert 'http_request_seconds_count{method="GET",route="/v1/fails",status="500"}' in found
    assert 'route="unknown",status="404"' in found
    assert "secret" not in found
    assert "made-up" not in found


async def test_a_process_tells_of_itself_while_postgresql_is_away(client: httpx.AsyncClient) -> None:
    found = (await client.get("/metrics")).text
    assert 'essaim_lag_records{partition="3",topic="matches"} 7.0' in found
    for line in ("essaim_problems 2.0", "essaim_relay_active 1.0", "essaim_stuck 0.0", "essaim_database_up 0.0"):
        assert line in found
    assert "essaim_outbox_events" not in found


async def test_a_batch_counts_once_it_has_ended_well() -> None:
    with pytest.raises(ValueError, match="refused"), handled("a-topic", 5):
        raise ValueError("refused")
    with handled("a-topic", 3):
        pass
    found = (await measure(None, AtWork())).decode()
    assert 'essaim_handled_records_total{topic="a-topic"} 3.0' in found
    assert 'essaim_handler_seconds_count{topic="a-topic"} 2.0' in found
    assert 'essaim_handled_timestamp_seconds{topic="a-topic"}' in found


async def test_nothing_is_traced_unless_asked_for(client: httpx.AsyncClient) -> None:
    async with tracing.exporting("ingest", None):
        assert not tracing.is_on()
        assert (await client.get("/v1/projects/one", headers={"traceparent": CAUSE})).json() is None


async def test_a_request_goes_on_with_its_caller_s_trace_and_names_no_address(
    client: httpx.AsyncClient, spans: InMemorySpanExporter
) -> None:
    said = (await client.get("/v1/projects/secret?q=secret", headers={"traceparent": CAUSE})).json()
    await client.get("/v1/fails")
    await client.get("/health/live")
    answered, failed = spans.get_finished_spans()
    assert answered.name == "GET /v1/projects/{project_id}"
    assert said.split("-")[1] == CAUSE.split("-")[1] == format(answered.context.trace_id, "032x")
    assert answered.attributes == {"http.route": "/v1/projects/{project_id}", "http.response.status_code": 200}
    assert not failed.status.is_ok
    assert "example.org" not in failed.to_json() + str(failed.status.description)


@pytest.mark.parametrize("causes", [[CAUSE], [CAUSE, CAUSE, None, "no trace", ""]])
def test_work_of_one_trace_goes_on_with_it(spans: InMemorySpanExporter, causes: list[str | None]) -> None:
    with tracing.span("work", causes):
        pass
    (work,) = spans.get_finished_spans()
    assert format(work.context.trace_id, "032x") == CAUSE.split("-")[1]
    assert work.links == ()


def test_work_of_several_traces_begins_one_with_a_link_to_each(spans: InMemorySpanExporter) -> None:
    with tracing.span("work", [CAUSE, OTHER]):
        pass
    (work,) = spans.get_finished_spans()
    assert work.parent is None
    assert [format(link.context.trace_id, "032x") for link in work.links] == [
        CAUSE.split("-")[1],
        OTHER.split("-")[1],
    ]

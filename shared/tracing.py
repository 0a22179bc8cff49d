"""Spans from a request to the mail that it causes: off unless an endpoint is named, and then without personal data."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

EXPORT_SECONDS = 5

_HEADER = "traceparent"
_PROPAGATOR = TraceContextTextMapPropagator()
_tracers: list[Tracer] = []
"""The tracer of this process, the last one; none while nothing is traced."""


@contextlib.contextmanager
def tracing(tracer: Tracer) -> Iterator[None]:
    """Trace with `tracer` while the context lasts."""
    _tracers.append(tracer)
    try:
        yield
    finally:
        _tracers.remove(tracer)


@contextlib.asynccontextmanager
async def exporting(service: str, endpoint: str | None) -> AsyncIterator[None]:
    """Send spans to `endpoint` (OTLP over HTTP, the whole address) while the context lasts; nothing without one.

    A collector that is away costs spans and nothing else: they are sent by a thread of their own, from a bounded queue.
    """
    if not endpoint:
        yield
        return
    # Imported here: whoever traces nothing pays nothing.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": f"essaim-{service}"}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_SECONDS)))
    try:
        with tracing(provider.get_tracer("essaim")):
            yield
    finally:
        await asyncio.to_thread(provider.shutdown)


def is_on() -> bool:
    """Whether this process traces."""
    return bool(_tracers)


def current_trace() -> str | None:
    """The span at work as a W3C traceparent, to be stored or sent; None while nothing is traced."""
    if not _tracers:
        return None
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get(_HEADER)


@contextlib.contextmanager
def span(
    name: str,
    causes: Iterable[str | None] = (),
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Mapping[str, str | int] | None = None,
) -> Iterator[Span]:
    """Trace what is done in this context, and say that it failed where it raises.

    `causes` are traceparents. Where they are of one trace it goes on; where they are of several the span begins a trace
    of its own, with a link to each. One that cannot be read does not count.
    """
    if not _tracers:
        yield trace.INVALID_SPAN
        return
    known = _contexts(causes)
    traces = {context.trace_id for context in known}
    parent = trace.set_span_in_context(trace.NonRecordingSpan(known[0])) if len(traces) == 1 else Context()
    links = [Link(context) for context in (known[1:] if len(traces) == 1 else known)]
    begun = _tracers[-1].start_span(name, parent, kind, attributes=dict(attributes or {}), links=links)
    # An exception's message may quote what people wrote: its kind alone is told.
    with trace.use_span(begun, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield begun
        except BaseException as error:
            begun.set_status(StatusCode.ERROR, type(error).__name__)
            raise


def _contexts(causes: Iterable[str | None]) -> list[SpanContext]:
    said = dict.fromkeys(cause for cause in causes if cause)
    read = (trace.get_current_span(_PROPAGATOR.extract({_HEADER: each}, Context())) for each in said)
    return [one.get_span_context() for one in read if one.get_span_context().is_valid]

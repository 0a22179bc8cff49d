"""What a service measures of itself is read in Prometheus's text format; it holds no personal data."""

from collections.abc import Callable, Mapping

from fastapi import APIRouter
from fastapi.responses import Response

from shared.database import CONNECTION_LOST, Pool

_MEASURES = """
SELECT (SELECT count(*) FROM outbox) AS outbox_events,
       (SELECT coalesce(extract(epoch FROM now() - min(announced_at)), 0) FROM outbox) AS outbox_oldest_seconds,
       (SELECT count(*) FROM outbox WHERE refused_because IS NOT NULL) AS outbox_refused_events,
       (SELECT count(*) FROM dead_letters) AS dead_letters
"""
_HELP = {
    "outbox_events": "Events committed and not yet known to be in Kafka.",
    "outbox_oldest_seconds": "Age of the oldest of them.",
    "outbox_refused_events": "Those of them that are too large to be sent.",
    "dead_letters": "Records set aside and not recovered.",
}


async def measure(pool: Pool, lag: Mapping[str, int], problems: int) -> str:
    """The service's measures as Prometheus reads them; those of PostgreSQL only while it answers."""
    lines = ["# HELP essaim_problems What keeps this process from being ready.", "# TYPE essaim_problems gauge"]
    lines.append(f"essaim_problems {problems}")
    lines += ["# HELP essaim_lag_records Records not handled yet.", "# TYPE essaim_lag_records gauge"]
    for place, records in sorted(lag.items()):
        topic, _, partition = place.partition("/")
        lines.append(f'essaim_lag_records{{topic="{topic}",partition="{partition}"}} {records}')
    try:
        row = await pool.fetchrow(_MEASURES, timeout=5)
    except CONNECTION_LOST:
        row = None
    if row is None:
        return "\n".join(lines) + "\n"
    for name, explained in _HELP.items():
        lines += [f"# HELP essaim_{name} {explained}", f"# TYPE essaim_{name} gauge"]
        lines.append(f"essaim_{name} {float(row[name]):g}")
    return "\n".join(lines) + "\n"


def metrics_route(
    pool: Callable[[], Pool], lag: Callable[[], Mapping[str, int]], problems: Callable[[], list[str]]
) -> APIRouter:
    """`/metrics`, for whoever the operator lets reach it."""
    router = APIRouter(include_in_schema=False)

    @router.get("/metrics")
    async def metrics() -> Response:
        text = await measure(pool(), lag(), len(problems()))
        return Response(text, media_type="text/plain; version=0.0.4")

    return router

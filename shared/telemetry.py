"""What a service measures of itself is read in Prometheus's text format; it holds no personal data."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Metric, generate_latest
from prometheus_client.registry import Collector

from shared.database import CONNECTION_LOST, Connection, Pool
from shared.measures import gauge

ANSWER_SECONDS = 5.0

Stored: TypeAlias = Callable[[Connection], Awaitable[Iterable[Metric]]]
"""What a service measures in tables of its own."""

_MEASURES = """
SELECT (SELECT count(*) FROM outbox) AS events,
       (SELECT coalesce(extract(epoch FROM now() - min(announced_at)), 0) FROM outbox) AS oldest_seconds,
       (SELECT count(*) FROM outbox WHERE refused_because IS NOT NULL) AS refused,
       audited.differences, extract(epoch FROM audited_at) AS audited_at
FROM (SELECT) AS one LEFT JOIN LATERAL (SELECT * FROM audits ORDER BY audited_at DESC LIMIT 1) AS audited ON true
"""
_DEAD_LETTERS = "SELECT topic, count(*) AS letters FROM dead_letters GROUP BY topic ORDER BY topic"


@dataclass(frozen=True, slots=True)
class AtWork:
    """What a process knows of itself without asking anybody; `lag` is by `topic/partition`."""

    lag: Mapping[str, int] = field(default_factory=dict)
    problems: int = 0
    stuck: bool = False
    relay_active: bool = False


def of_process(found: AtWork) -> list[Metric]:
    """The measures of the process itself."""
    places = ((place.partition("/"), records) for place, records in sorted(found.lag.items()))
    lag = [((topic, partition), float(records)) for (topic, _, partition), records in places]
    return [
        gauge("problems", "What keeps this process from being ready.", [((), found.problems)]),
        gauge("stuck", "1 where work makes no progress in a time that no outage explains.", [((), found.stuck)]),
        gauge("relay_active", "1 in the one process of a service that sends its events.", [((), found.relay_active)]),
        gauge("lag_records", "Records not handled yet.", lag, ("topic", "partition")),
    ]


def of_tables(row: Mapping[str, float | None], dead_letters: Mapping[str, int]) -> list[Metric]:
    """The measures of the tables that every service has; those of audits once there was one."""
    found: list[Metric] = [
        gauge("outbox_events", "Events committed and not yet known to be in Kafka.", [((), row["events"] or 0)]),
        gauge("outbox_oldest_seconds", "Age of the oldest of them.", [((), float(row["oldest_seconds"] or 0))]),
        gauge("outbox_refused_events", "Those of them that are too large to be sent.", [((), row["refused"] or 0)]),
        gauge(
            "dead_letters",
            "Records set aside and not recovered.",
            [((topic,), float(letters)) for topic, letters in dead_letters.items()],
            ("topic",),
        ),
    ]
    differences, audited_at = row["differences"], row["audited_at"]
    if differences is not None and audited_at is not None:
        found.append(gauge("audit_differences", "What the last audit found amiss.", [((), float(differences))]))
        found.append(gauge("audit_timestamp_seconds", "When the last audit ended.", [((), float(audited_at))]))
    return found


async def measure(pool: Pool | None, at_work: AtWork, stored: Stored | None = None) -> bytes:
    """The service's measures as Prometheus reads them; those of PostgreSQL only while it answers."""
    found = of_process(at_work)
    answers = False
    if pool is not None:
        try:
            found += await _of_tables(pool, stored)
            answers = True
        except CONNECTION_LOST:
            found = of_process(at_work)
    found.append(database_up(answers))
    return generate_latest(_Read(found)) + generate_latest(REGISTRY)


def database_up(answers: bool) -> Metric:
    """Whether PostgreSQL answers this process."""
    return gauge("database_up", "1 while PostgreSQL answers this process.", [((), answers)])


async def _of_tables(pool: Pool, stored: Stored | None) -> list[Metric]:
    async with pool.acquire(timeout=ANSWER_SECONDS) as connection:
        row = await connection.fetchrow(_MEASURES, timeout=ANSWER_SECONDS)
        letters = await connection.fetch(_DEAD_LETTERS, timeout=ANSWER_SECONDS)
        assert row is not None
        found = of_tables(dict(row), {each["topic"]: each["letters"] for each in letters})
        return [*found, *(await stored(connection) if stored else ())]


class _Read(Collector):
    """Measures that were read for one answer."""

    def __init__(self, found: Iterable[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        return self._found


def metrics_route(
    pool: Callable[[], Pool | None], at_work: Callable[[], AtWork], stored: Stored | None = None
) -> APIRouter:
    """`/metrics`, for whoever the operator lets reach it."""
    router = APIRouter(include_in_schema=False)

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(await measure(pool(), at_work(), stored), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return router

"""What this process counts and times as it works, for whoever reads `/metrics`; labels hold no personal data."""

import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

REQUEST_SECONDS = Histogram(
    "essaim_http_request_seconds",
    "Seconds until an answer began, by the pattern of its address.",
    ("method", "route", "status"),
    buckets=_SECONDS,
)
HANDLER_SECONDS = Histogram(
    "essaim_handler_seconds", "Seconds that one batch took, its transaction included.", ("topic",), buckets=_SECONDS
)
HANDLED_RECORDS = Counter("essaim_handled_records", "Records whose transaction has committed.", ("topic",))
HANDLED_AT = Gauge("essaim_handled_timestamp_seconds", "When this process last committed a batch.", ("topic",))


@contextlib.contextmanager
def handled(topic: str, records: int) -> Iterator[None]:
    """Time the handling of a batch; its records count once it has ended without an error."""
    with HANDLER_SECONDS.labels(topic).time():
        yield
    HANDLED_RECORDS.labels(topic).inc(records)
    HANDLED_AT.labels(topic).set(time.time())


def gauge(
    name: str, explained: str, values: Iterable[tuple[Sequence[str], float]], labels: Sequence[str] = ()
) -> GaugeMetricFamily:
    """A gauge `essaim_<name>` read once, with a value for each set of label values."""
    family = GaugeMetricFamily(f"essaim_{name}", explained, labels=labels)
    for label_values, value in values:
        family.add_metric(label_values, value)
    return family

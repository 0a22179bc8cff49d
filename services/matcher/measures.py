"""What the matcher measures beside what every service does: who owns each partition, since when, and whether alive."""

from collections.abc import Iterable

from prometheus_client import Metric

from services.matcher.store import leases
from services.matcher.store.leases import Age
from shared.database import Connection
from shared.measures import gauge

LABELS = ("partition", "owner")


async def of_leases(connection: Connection) -> list[Metric]:
    """The measures of the lease rows: any matcher tells those of all."""
    return of_ages(await leases.ages(connection))


def of_ages(ages: Iterable[Age]) -> list[Metric]:
    """The measures of these leases; owners are told by where they answer."""
    known = [((str(age.partition), age.address), age) for age in ages]
    return [
        gauge(
            "lease_age_seconds",
            "Since when its owner has owned each partition.",
            [(labels, age.held_seconds) for labels, age in known],
            LABELS,
        ),
        gauge(
            "lease_owner_silent_seconds",
            "Since when a partition's owner has not said that it is at work; infinite once it has left.",
            [(labels, age.silent_seconds) for labels, age in known],
            LABELS,
        ),
    ]

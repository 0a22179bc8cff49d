"""A service whose database was put back from an older one stops: it handles nothing that it hears."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.broker import Stream
from shared.database import Connection, Pool
from tests.conftest import ServiceDsn
from tests.deadline import eventually
from tests.factories import mail_delivered, preference_set
from tests.streams import GaveUp, effects, note, opened, prepare_effects, put, raw, started, wait_for_effects

LOCK = "SELECT pg_advisory_lock(hashtext('essaim-relay'), hashtext('notifier'))"
UNLOCK = "SELECT pg_advisory_unlock(hashtext('essaim-relay'), hashtext('notifier'))"


class Place:
    """A notifier beside another process whose relay is the active one, until it `ends`."""

    def __init__(self, pool: Pool, other: Connection, servers: str, prefix: str) -> None:
        self.pool, self._other, self._servers, self._prefix = pool, other, servers, prefix
        self.gave_up = GaveUp()
        self.stream = Stream(
            service="notifier", bootstrap_servers=servers, topic_prefix=prefix, pool=pool, give_up=self.gave_up
        )
        self.stream.hears(["preferences"], {"preferences": note})

    async def log_is_ahead(self) -> None:
        """The log has what this database never gave."""
        await put(self._servers, f"{self._prefix}deliveries", [raw(mail_delivered(version=9))])

    async def chosen(self, person_id: str) -> None:
        """The log has something to handle."""
        await put(self._servers, f"{self._prefix}preferences", [raw(preference_set(person_id))])

    async def ends(self) -> None:
        """The other process is gone."""
        await self._other.execute(UNLOCK)

    async def stops(self) -> str:
        """What this process says as it stops."""

        async def gave_up() -> bool:
            return self.gave_up.times > 0

        await eventually(gave_up, seconds=30)
        return "; ".join(self.stream.problems())


@asynccontextmanager
async def place(dsn: str, servers: str, prefix: str) -> AsyncIterator[Place]:
    """A notifier of this test's own."""
    async with opened(dsn, "notifier") as pool, pool.acquire() as other:
        await prepare_effects(pool)
        await other.execute(LOCK)
        yield Place(pool, other, servers, prefix)
        await other.execute("SELECT pg_advisory_unlock_all()")


async def test_a_process_handles_nothing_on_an_older_database_also_while_another_one_relays(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    """Its own relay does not look at the log before it is the active one: handlers would be at work by then."""
    async with place(service_dsn("notifier"), bootstrap_servers, topic_prefix) as here:
        await here.log_is_ahead()
        await here.chosen("per-a")
        async with started(here.stream, ready=False):
            assert "essaim restored notifier" in await here.stops()
        assert await effects(here.pool) == []


async def test_a_relay_that_becomes_active_later_looks_at_the_log_again(
    service_dsn: ServiceDsn, bootstrap_servers: str, topic_prefix: str
) -> None:
    async with place(service_dsn("notifier"), bootstrap_servers, topic_prefix) as here, started(here.stream):
        await here.chosen("per-a")
        await wait_for_effects(here.pool, 1)
        await here.log_is_ahead()
        await here.ends()
        assert "essaim restored notifier" in await here.stops()

"""Services killed, hung and poisoned, servers restarted, under load: nothing is lost, nothing is told twice.

`ESSAIM_FAULTS=long` (`make faults`) makes it longer, `ESSAIM_FAULTS_SEED` repeats a run.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest

from deploy.create_roles import SERVICES
from services.ingest.accounts import add_coordinator
from shared.database import open_pool
from tests.deadline import eventually
from tests.faults.chaos import Chaos
from tests.faults.installation import Installation, seed
from tests.faults.load import Load
from tests.faults.log import POISON
from tests.faults.people import People
from tests.faults.poison import KINDS, poison
from tests.faults.quiet import HEARS, settled
from tests.faults.scale import SCALE
from tests.faults.submissions import TERRITORIES
from tests.faults.verdict import judge

FIRST = 15
PARTNERS = 3
ANSWERS = 2 * SCALE.steps
HANGING_SECONDS = 40


async def test_kills_and_restarts_under_load_lose_and_double_nothing(
    installation: Installation, say: Callable[[str], None]
) -> None:
    drawn = seed()
    await installation.mend()
    await coordinated(installation, *TERRITORIES[:2])
    load = Load(installation.url("ingest"), installation.key, seed=drawn, partners=PARTNERS)
    people = People(installation.post, installation.url("console"), seed=drawn)
    chaos = Chaos(installation, load, SCALE, seed=drawn)
    faults = chaos.plan(steps=PARTNERS * (FIRST + SCALE.steps))
    done, over = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(people.read_until(over, most=ANSWERS))
        group.create_task(chaos.come_and_go(done))
        submitting = group.create_task(load.run(first=FIRST, steps=SCALE.steps, pause_s=0.5, until=done))
        await chaos.run(faults)
        done.set()
        await submitting
        # The last mails are read and answered, and what follows from that.
        await settled(installation, seconds=240)
        over.set()
    log = await settled(installation)
    verdict = await judge(installation, log, [load.promises])
    say(
        f"seed {drawn}: {verdict.summary(installation)}; rebalances {chaos.rebalances};"
        f" answers {dict(people.given)}, links shut for a while {dict(Counter(people.shut.values()))}"
    )
    wrong = [*verdict.faults, *await people.lost_links(log)]
    assert not wrong, f"seed {drawn}, {chaos.done}:\n" + "\n".join(wrong[:40])


async def coordinated(installation: Installation, *territories: str) -> None:
    """Have somebody coordinate each of these territories."""
    pool = await open_pool(installation.servers.service_dsn("ingest"), service="ingest")
    for territory_id in territories:
        await add_coordinator(pool, territory_id, f"coordination-{territory_id}@example.org")
    await pool.close()


@asynccontextmanager
async def loaded(installation: Installation, name: str, say: Callable[[str], None]) -> AsyncIterator[Load]:
    """A load that goes on meanwhile; after it, all becomes quiet and everything is checked."""
    drawn = seed()
    await installation.mend()
    load = Load(installation.url("ingest"), installation.key, seed=drawn, partners=2, named=name)
    async with asyncio.TaskGroup() as group:
        group.create_task(load.run(first=5, steps=12, pause_s=0.4))
        await load.reaches(10)
        yield load
    verdict = await judge(installation, await settled(installation), [load.promises])
    say(f"{name}, seed {drawn}: {verdict.summary(installation)}")
    assert not verdict.faults, f"seed {drawn}:\n" + "\n".join(verdict.faults[:40])


async def test_poisoned_topics_cost_nothing_but_the_poison(
    installation: Installation, say: Callable[[str], None]
) -> None:
    async with loaded(installation, "poison", say):
        await poison(installation.servers.bootstrap_servers)
    connection = await asyncpg.connect(installation.servers.dsn())
    try:
        for service, topics in HEARS.items():
            rows = await connection.fetch(
                f"SELECT topic, count(*) AS count FROM {service}.dead_letters"
                " WHERE starts_with(encode(key, 'escape'), $1) GROUP BY topic",
                POISON,
            )
            assert {row["topic"]: row["count"] for row in rows} == dict.fromkeys(topics, len(KINDS)), service
    finally:
        await connection.close()


@pytest.mark.parametrize("service", ["matcher", "notifier"])
async def test_a_process_that_hangs_while_another_takes_over_changes_nothing_when_it_wakes(
    installation: Installation, service: str, say: Callable[[str], None]
) -> None:
    async with loaded(installation, f"hanging-{service}", say) as load:
        relay = await installation.relay_of(service)

        async def is_replaced() -> bool:
            return await installation.relay_of(service) not in {0, relay}

        async with installation.hanging(service):
            installation.start_service(f"{service}-2")
            await eventually(is_replaced, seconds=HANGING_SECONDS)
            await installation.ready(f"{service}-2")
        await load.reaches(load.done + 4)
        await installation.ready(service)
        installation.stop_service(f"{service}-2")


async def test_everything_killed_at_once_goes_on_where_it_was(
    installation: Installation, say: Callable[[str], None]
) -> None:
    async with loaded(installation, "power-cut", say):
        for service in SERVICES:
            installation.kill(service)
        for number in range(SCALE.brokers):
            installation.end_broker(number, clean=False)
        installation.end_postgres(clean=False)
        for service in SERVICES:
            # Which find no server, then servers that are not ready.
            installation.start_service(service)
        installation.start_postgres()
        for number in range(SCALE.brokers):
            installation.start_broker(number)
        await installation.serving()
        await installation.ready(*SERVICES)

"""Services killed, hung and poisoned, servers restarted, under load: nothing is lost, nothing is told twice.

`ESSAIM_FAULTS=long` (`make faults`) makes it longer, `ESSAIM_FAULTS_SEED` repeats a run.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest

from deploy.create_roles import SERVICES
from tests.deadline import eventually
from tests.faults.chance import seed
from tests.faults.installation import Installation
from tests.faults.load import Load
from tests.faults.log import POISON
from tests.faults.poison import KINDS, poison
from tests.faults.quiet import HEARS, settled
from tests.faults.running import under_faults
from tests.faults.scale import PLAN
from tests.faults.table import STATES
from tests.faults.verdict import judge

HANGING_SECONDS = 40
STATES_MET = frozenset(STATES)
"""Each state of a match's life is met under faults."""


async def test_kills_and_restarts_under_load_lose_and_double_nothing(
    installation: Installation, say: Callable[[str], None], watch: Callable[[str], None]
) -> None:
    run = await under_faults(installation, PLAN.whole, watch)
    say(f"behind one broker, seed {run.seed}:\n{run.table}")
    assert not run.wrong, f"seed {run.seed}, {run.done}:\n" + "\n".join(run.wrong[:40])
    assert run.most_matchers == PLAN.whole.matchers
    assert run.erased_at_work >= PLAN.whole.erasures // 2
    assert run.states.keys() == STATES_MET


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
        for number in range(PLAN.whole.brokers):
            installation.end_broker(number, clean=False)
        installation.end_postgres(clean=False)
        for service in SERVICES:
            # Which find no server, then servers that are not ready.
            installation.start_service(service)
        installation.start_postgres()
        for number in range(PLAN.whole.brokers):
            installation.start_broker(number)
        await installation.serving()
        await installation.ready(*SERVICES)

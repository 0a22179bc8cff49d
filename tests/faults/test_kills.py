"""Services killed and servers restarted at random moments under load: nothing is lost, nothing is told twice."""

import asyncio
import os
from collections.abc import Callable

from services.ingest.accounts import add_coordinator
from shared.database import open_pool
from tests.faults.chaos import Chaos
from tests.faults.installation import Installation, seed
from tests.faults.load import Load
from tests.faults.people import People
from tests.faults.quiet import settled
from tests.faults.submissions import TERRITORIES
from tests.faults.verdict import judge

KILLS = int(os.environ.get("ESSAIM_FAULTS_KILLS", "8"))
STEPS = int(os.environ.get("ESSAIM_FAULTS_STEPS", "70"))
FIRST = 20
PARTNERS = 3
ANSWERS = 80


async def test_kills_and_restarts_under_load_lose_and_double_nothing(
    installation: Installation, say: Callable[[str], None]
) -> None:
    drawn = seed()
    await coordinated(installation, *TERRITORIES[:2])
    load = Load(installation.url("ingest"), installation.key, seed=drawn, partners=PARTNERS)
    people = People(installation.post, installation.url("console"), seed=drawn)
    chaos = Chaos(installation, load, seed=drawn)
    faults = chaos.plan(steps=PARTNERS * (FIRST + STEPS), kills=KILLS)
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(people.read_until(over, most=ANSWERS))
        submitting = group.create_task(load.run(first=FIRST, steps=STEPS, pause_s=0.5))
        await chaos.run(faults)
        await submitting
        over.set()
    log = await settled(installation)
    verdict = await judge(installation, log, [load.promises])
    say(f"seed {drawn}: {verdict.summary(installation)}; answers {dict(people.given)}")
    assert not verdict.faults, f"seed {drawn}, {chaos.done}:\n" + "\n".join(verdict.faults[:40])


async def coordinated(installation: Installation, *territories: str) -> None:
    """Have somebody coordinate each of these territories."""
    pool = await open_pool(installation.servers.service_dsn("ingest"), service="ingest")
    for territory_id in territories:
        await add_coordinator(pool, territory_id, f"coordination-{territory_id}@example.org")
    await pool.close()

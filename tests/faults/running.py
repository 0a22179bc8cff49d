"""One run: partners submit, people answer, faults happen; then all becomes quiet and is judged."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from services.ingest.accounts import add_coordinator
from shared.database import open_pool
from tests.faults.chance import seed
from tests.faults.chaos import Chaos
from tests.faults.installation import Installation
from tests.faults.load import Load
from tests.faults.pace import Pace
from tests.faults.people import People
from tests.faults.quiet import settled
from tests.faults.scale import Scale
from tests.faults.submissions import TERRITORIES
from tests.faults.table import table
from tests.faults.verdict import judge

FIRST = 15
PARTNERS = 3
MOST_ENTITIES = 50
"""Of each partner: the work of a matcher, and of who checks its lists, grows with the pairs."""
MOST_ON_THE_WAY = 400
READERS = 2
QUIET_SECONDS = 300


@dataclass(frozen=True)
class Run:
    """What a run came to; `wrong` says in words what must not be, `done` which faults there were."""

    seed: int
    table: str
    wrong: list[str]
    done: list[str]
    states: Counter[str]
    erased_at_work: int
    most_matchers: int


async def under_faults(installation: Installation, scale: Scale, watch: Callable[[str], None]) -> Run:
    """Let all that the scale asks for happen under load; `watch` is told of it meanwhile."""
    drawn = seed()
    await installation.mend()
    await coordinated(installation, *TERRITORIES[:2])
    pace = Pace(installation.servers.dsn(), most=MOST_ON_THE_WAY)
    load = Load(
        installation.url("ingest"), installation.key, seed=drawn, partners=PARTNERS, most=MOST_ENTITIES, pace=pace
    )
    people = People(installation.post, installation.url("console"), seed=drawn)
    chaos = Chaos(installation, load, people, scale, watch, seed=drawn)
    faults = chaos.plan(steps=PARTNERS * (FIRST + scale.steps))
    done, ended, over = asyncio.Event(), asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(pace.watch(over))
        for _ in range(READERS):
            group.create_task(people.read_until(over, most=lambda: 0 if ended.is_set() else load.done // 3))
        coming = group.create_task(chaos.matchers.come_and_go(done))
        submitting = group.create_task(load.run(first=FIRST, steps=scale.steps, pause_s=scale.pause_s, until=ended))
        await chaos.run(faults)
        done.set()
        await coming
        ended.set()
        await submitting
        chaos.note(f"faults and load are over; {pace.on_the_way} on the way, steps waited {pace.held_s:.0f} s in all")
        # The last mails are read and answered, and what follows from that.
        await settled(installation, seconds=QUIET_SECONDS)
        over.set()
    log = await settled(installation, seconds=QUIET_SECONDS)
    chaos.note("all is quiet and is judged")
    verdict = await judge(installation, log, [load.promises], people.kept)
    return Run(
        seed=drawn,
        table=table(installation, load, people, chaos, verdict),
        wrong=[*verdict.faults, *await people.lost_links(log)],
        done=chaos.done,
        states=verdict.states,
        erased_at_work=load.promises.erased_at_work,
        most_matchers=chaos.matchers.most,
    )


async def coordinated(installation: Installation, *territories: str) -> None:
    """Have somebody coordinate each of these territories."""
    pool = await open_pool(installation.servers.service_dsn("ingest"), service="ingest")
    for territory_id in territories:
        await add_coordinator(pool, territory_id, f"coordination-{territory_id}@example.org")
    await pool.close()

"""A whole matcher in the simulation: all of its own code, but for its network, its clock and its thread."""

import asyncio
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any

from services.matcher.app import Work
from services.matcher.epochs import ModelEpochs
from services.matcher.judging import Judge
from services.matcher.matching.catalogue import Catalogue, preparation
from services.matcher.owners import Owners
from services.matcher.settings import Settings
from shared.text.model import load_text_model
from tests.compiled import compiled_indexes
from tests.simulation.connections import open_gated_pool

if TYPE_CHECKING:
    from tests.simulation.actors import Actor

SETTINGS = Settings(database_url="simulated", kafka_bootstrap_servers="simulated", service_token="simulated")  # type: ignore[arg-type]


class AtOnce(Executor):
    """Computes what it is given before it returns, so that an example is the same each time."""

    def submit(self, work: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


async def run_matcher(actor: "Actor") -> None:
    """As `services.matcher.app.running` composes it."""
    loop = asyncio.get_running_loop()
    pool = await open_gated_pool(actor.world.dsn, actor)
    model = load_text_model()
    judge = Judge(Catalogue(preparation(model), compiled_indexes()), now=actor.world.now)
    judge.close()
    judge._thread = AtOnce()  # type: ignore[assignment]
    owners = Owners(pool, judge, owner=actor.name, address=f"http://{actor.name}", clock=loop.time)
    actor.pool, actor.owners = pool, owners
    actor.work = work = Work(SETTINGS, pool, owners, ModelEpochs(owners, model, clock=loop.time), actor.give_up)
    work._whole._now = actor.world.now
    actor.main = asyncio.create_task(work.run())
    await asyncio.wait([actor.main])
    if not actor.main.cancelled() and actor.main.exception() is not None:
        actor.give_up(actor.main.exception())


async def stop_matcher(actor: "Actor") -> None:
    """As SIGTERM does; the world then ends what connections are left, as closing the pool would."""
    if actor.work is not None and actor.main is not None:
        actor.main.cancel()
        await asyncio.wait([actor.main])
        await actor.work.stop()
    actor.ended = True

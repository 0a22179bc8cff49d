"""A new model is a new epoch: its lists are built aside, slice by slice, and one transaction switches when all are."""

import asyncio
import logging
import time
from collections.abc import Callable

from services.matcher.judging import LeaseLost, StaleMemory
from services.matcher.matching.catalogue import AT_ONCE, Catalogue, preparation
from services.matcher.matching.criteria import RULES
from services.matcher.matching.rows import Positions
from services.matcher.owners import Owners
from services.matcher.store import leases, models
from services.matcher.store.models import Epochs, Model
from shared.database import RETRIED, backoff, in_transaction
from shared.logs import describe, is_worth_saying
from shared.text.vectors import TextModel

logger = logging.getLogger(__name__)
NOT_NOW: tuple[type[BaseException], ...] = (LeaseLost, StaleMemory, *RETRIED)
IDLE_SECONDS = 1.0
LONGEST_PAUSE = 60.0
"""Between two times that a model is told all that was heard, the disk having had no room for it."""


class OtherBytes(Exception):
    """Another model goes by the name of the one that this process carries: it must not score by either."""


class ModelEpochs:
    """Has the judge score by the model at work, and builds and switches to the next where there is one.

    Any process does so, whichever model it carries itself: models are stored whole.
    """

    def __init__(self, owners: Owners, carried: TextModel, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._owners, self._judge, self._carried = owners, owners.judge, carried
        self._clock = clock
        self._tellings, self._not_before = 0, 0.0
        """How often a model was told all that was heard since models changed, and when one may be again."""
        self._built = 0
        self._known = Epochs()

    async def bring(self) -> None:
        """Store the model that this process carries, to be built aside if it is new, and load the one at work.

        To be done once this process may be at work, and before it restores what was heard. Raises `OtherBytes`.
        """
        model = Model(self._carried.epoch, self._carried.to_bytes(), RULES)
        self._known = await in_transaction(self._owners.pool, lambda connection: models.bring(connection, model))
        assert self._known.current is not None
        async with self._owners.pool.acquire() as connection:
            stored = await models.artefact_of(connection, model.name)
        # Compressed, the same model may be other bytes elsewhere.
        if stored != model.artefact and TextModel.from_bytes(stored).to_bytes() != model.artefact:
            raise OtherBytes(f"another model is already named {model.name}: name the one of this matcher otherwise")
        self._judge.catalogue = self._made(await self._load(self._known.current))

    async def run(self) -> None:
        """For ever: one step after the other while there is something to do, else once a second."""
        waited = 0
        while True:
            try:
                is_idle, waited = not await self.step(), 0
            except NOT_NOW as problem:
                is_idle, waited = True, waited + 1
                if is_worth_saying(waited):
                    logger.warning("the next model waits", exc_info=problem, extra={"turns": waited})
            await asyncio.sleep(IDLE_SECONDS if is_idle else 0)

    async def step(self) -> bool:
        """Take one step towards the model at work, and the next; whether there was one to take."""
        async with self._owners.pool.acquire() as connection:
            known = await models.epochs(connection)
        if known != self._known:
            self._known, self._tellings, self._not_before = known, 0, 0.0
        if self._known.current not in {None, self._judge.catalogue.model}:
            return await self._turn_to(self._known.current)
        following = self._judge.next
        if self._known.next != (following and following.model):
            return await self._retell(self._known.next)
        return following is not None and following.day is not None and (await self._build() or await self._switch())

    async def _build(self) -> bool:
        """Judge one slice of an owned partition whose next lists are not whole; one lost here is let go of."""
        model = self._known.next
        async with self._owners.pool.acquire() as connection:
            held = await leases.all_leases(connection)
        self._built = sum(each.is_built_for(str(model)) for each in held)
        for lease in held:
            if lease.is_built_for(str(model)) or lease.partition not in self._owners.owned:
                continue
            try:
                await self._owners.build_slice(lease.partition)
            except (LeaseLost, StaleMemory) as problem:
                logger.info("nothing is built of a partition", exc_info=problem, extra={"partition": lease.partition})
            else:
                return True
        return False

    async def _switch(self) -> bool:
        """Switch, where the next lists of every partition are whole; whichever process comes first does it."""
        if not self._judge.partitions or self._built < self._judge.partitions:
            return False
        switched = await in_transaction(
            self._owners.pool, lambda connection: models.switch(connection, self._judge.partitions)
        )
        if switched:
            logger.info("lists are of another model from now on", extra={"model": self._known.next})
        return switched

    async def _turn_to(self, model: str) -> bool:
        """Score by `model` from now on; what is in memory of partitions is of the one before, and is loaded again."""
        following = self._judge.next
        if (following is None or following.model != model) and not await self._retell(model):
            return False
        if not await self._judge.compute(self._swap, model):
            return False
        await self._owners.load_again()
        return True

    def _swap(self, model: str) -> bool:
        """On the judge's thread, so that whatever is heard is told either before or after, to all catalogues there.

        Nothing happens where the catalogue of `model` has met a full disk since, and was let go of.
        """
        following = self._judge.next
        if following is None or following.model != model:
            return False
        self._judge.catalogue, self._judge.next = following, None
        return True

    async def _retell(self, model: str | None) -> bool:
        """Have `model`, or none, in the place of what is beside the one at work, and tell it all that was heard.

        One for which the disk has no room is let go of, and told again after a pause that grows: whether it is there.
        """
        self._judge.next = None
        for partition in self._owners.held:
            partition.aside = None
        if model is None:
            return True
        if self._clock() < self._not_before:
            return False
        text_model, is_told = await self._load(model), False
        try:
            await self._tell(text_model)
            is_told = True
        except OSError as problem:
            if is_worth_saying(self._tellings + 1):
                said = {"model": model, "problem": describe(problem)}
                logger.warning("the next model waits for room", extra=said)
        self._tellings += 1
        self._not_before = self._clock() + backoff(self._tellings, first=1.0, highest=LONGEST_PAUSE)
        return is_told

    async def _tell(self, model: TextModel) -> None:
        """Tell all that was heard beside the judging, and bring it to its end within it."""
        made, at_work = self._made(model), self._judge.catalogue
        begun, keys = await self._judge.compute(lambda: (at_work.told(()), at_work.keys()))
        for place in range(0, len(keys), AT_ONCE):
            told = await self._judge.compute(at_work.told, keys[place : place + AT_ONCE])
            await asyncio.to_thread(made.follow, told)
        await self._judge.compute(self._attach, made, begun.positions)

    def _attach(self, made: Catalogue, begun: Positions) -> None:
        at_work = self._judge.catalogue
        made.follow(at_work.told(at_work.keys(begun)))
        self._judge.next = made

    def _made(self, model: TextModel) -> Catalogue:
        """Nothing heard yet; its indexes are made as those of the one at work."""
        at_work = self._judge.catalogue
        return Catalogue(preparation(model), at_work.indexes, at_work.bodies)

    async def _load(self, model: str) -> TextModel:
        if model == self._carried.epoch:
            return self._carried
        async with self._owners.pool.acquire() as connection:
            return TextModel.from_bytes(await models.artefact_of(connection, model))

    def notes(self) -> list[str]:
        """What an operator should know while all goes well: lists are being built, or this model is not used."""
        current, following, carried = self._judge.catalogue.model, self._judge.next, self._carried.epoch
        found = []
        if following is not None:
            owned = [each for each in self._owners.held if each.number in self._owners.owned]
            done = sum(len(each.aside.partition.projects) for each in owned if each.aside)
            of = sum(len(each.projects) for each in owned)
            found.append(
                f"lists of model {following.model} are being built aside: {self._built} of {self._judge.partitions}"
                f" partitions are ready, {done} of {of} projects here; model {current} scores until all are"
            )
        else:
            waiting = self._known.next if self._known.current in {None, current} else self._known.current
            if waiting is not None and self._tellings:
                found.append(f"model {waiting} is told again what was heard: the disk had no room for it")
        if carried not in {current, following and following.model}:
            found.append(f"this matcher carries model {carried}, which is past: it scores by {current}, as all do")
        return found

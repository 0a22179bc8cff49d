"""The event loop runs on while a partition is judged: the group hears of this process, PostgreSQL and probes too."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from services.matcher.judging import Judge
from services.matcher.matching.catalogue import Catalogue
from services.matcher.matching.index.kernels.finding import CANDIDATES, Found
from services.matcher.matching.index.offer_engine import OfferEngine
from services.matcher.matching.index.search import Floors
from tests.compiled import compiled_indexes
from tests.factories import a_commitment, a_project
from tests.integration.engine_cases import DAY, PREPARATION

OFFERS, SEARCHES = 20_000, 20
WORDS = " ".join(f"mot{number}" for number in range(400))


@pytest.fixture
def engine() -> OfferEngine:
    """Many offers that all fit the project of the factories."""
    made = compiled_indexes().of_offers(PREPARATION.geography)
    assert isinstance(made, OfferEngine)
    ready = PREPARATION.offer(a_commitment(description=WORDS))
    for number in range(OFFERS):
        made.upsert(replace(ready, offer=ready.offer.model_copy(update={"commitment_id": f"eng-{number}"})))
    return made


async def test_the_loop_runs_on_while_the_judge_searches(engine: OfferEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """DESIGN §6.7: « A blocked event loop expels the consumer from its group: scoring runs in a thread (numba kernels

    release the GIL) ». Seen from the loop: a search has found some offers and not yet all, which nobody could see who
    waits for it to end.
    """
    judge = Judge(Catalogue(PREPARATION))
    project = PREPARATION.project(a_project(summary=WORDS))
    room: list[Found] = []
    make_room = engine._found

    def noted(k: int, floors: Floors | None) -> Found:
        room.append(make_room(k, floors))
        return room[-1]

    monkeypatch.setattr(engine, "_found", noted)

    def search() -> None:
        for _ in range(SEARCHES):
            assert len(engine.search(project, DAY, floors=np.zeros(engine.used, np.int32)).rows) == OFFERS

    searching = asyncio.ensure_future(judge.compute(search))
    seen = set()
    while not searching.done():
        await asyncio.sleep(0)
        seen |= {int(each.counts[CANDIDATES]) for each in room[-1:]}
    await searching
    judge.close()
    assert len(room) == SEARCHES
    assert seen - {0, OFFERS}

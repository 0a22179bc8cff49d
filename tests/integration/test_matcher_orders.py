"""Same inputs, in any order and batching, over one process or two: the lists that judging every pair gives."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from datetime import date

import pytest

from shared.events.event import Event
from shared.events.shapes import Commitment, Fund, Project
from tests.factories import (
    a_commitment,
    a_fund,
    a_project,
    a_territory,
    commitment_published,
    day_started,
    fund_published,
    project_published,
    territory_published,
)
from tests.integration.matcher_stage import Record, Stage, stage

FRANCE = {"level": "national", "code": "FR"}
PLACES = (
    FRANCE,
    {"level": "region", "code": "52"},
    {"level": "departement", "code": "44"},
    {"level": "epci", "code": "244400404"},
)
STAGES = ("idee", "amorcage", "experimentation", "developpement")
CATEGORIES = ("alimentation", "numerique", "seniors", "environnement")
DAYS = (date(2026, 12, 1), date(2027, 7, 2))


@pytest.fixture
async def matcher(database: Callable[[str], str]) -> AsyncIterator[Stage]:
    """An empty matcher."""
    async with stage(database("matcher")) as made:
        yield made


def some_project(number: int, dice: random.Random) -> Project:
    """A project that differs from others in what is scored and gated."""
    return a_project(
        f"prj-{number}",
        title=f"Projet {number}",
        commune=dice.choice(("44143", "44109", "44109", "49007")),
        challenge_id=dice.choice((None, "nantes-metropole-d2")),
        categories=dice.sample(CATEGORIES, dice.randint(1, 2)),
        stage=dice.choice(STAGES),
        amount_sought_eur=dice.choice((0, 4_000, 20_000, None)),
        deadline=dice.choice((None, None, None, date(2027, 6, 30))),
        status=dice.choice(("actif", "actif", "actif", "suspendu")),
    )


def some_offer(number: int, dice: random.Random) -> Commitment | Fund:
    """A commitment or a fund that differs from others in what is scored and gated."""
    shared = {
        "title": f"Offre {number}",
        "perimeter": [dice.choice(PLACES)],
        "categories": dice.choice(((), (), dice.sample(CATEGORIES, 2))),
        "stages": dice.choice(((), (), dice.sample(STAGES, 2))),
        "opens_on": dice.choice((None, None, date(2027, 1, 1), date(2028, 1, 1))),
        "closes_on": dice.choice((None, None, None, date(2027, 3, 1))),
    }
    if number % 3:
        return a_commitment(f"eng-{number}", kind=dice.choice(("mecenat-nature", "mecenat-financier")), **shared)
    return a_fund(f"fds-{number}", labelled_territories_only=dice.random() < 0.2, **shared)


def history(dice: random.Random) -> list[Event]:
    """What ingest might say of sixty projects and sixty offers: each two or three times, and two days."""
    said: list[Event] = [day_started(day, version=version) for version, day in enumerate(DAYS, 1)]
    for version, status in enumerate(("candidat", "labellise"), 1):
        said.append(territory_published(a_territory(status=status), version=version))
    for number in range(60):
        for version in range(1, dice.randint(2, 4)):
            said.append(project_published(some_project(number, dice), version=version))
            offer = some_offer(number, dice)
            said.append(
                commitment_published(offer, version=version)
                if isinstance(offer, Commitment)
                else fund_published(offer, version=version)
            )
    return said


def in_some_order(matcher: Stage, said: list[Event], dice: random.Random) -> list[Record]:
    """Any order between keys, that of versions within one; some tombstones at the end."""
    waiting: dict[tuple[str, str], list[Event]] = {}
    for event in said:
        waiting.setdefault((event.topic, event.key), []).append(event)
    records = []
    while waiting:
        key = dice.choice(list(waiting))
        records += matcher.log.say(waiting[key].pop(0))
        if not waiting[key]:
            del waiting[key]
    records.append(matcher.log.erase("projects", "prj-3", 9))
    records.append(matcher.log.erase("commitments", "eng-4", 9))
    return records


@pytest.mark.parametrize("seed", range(4))
async def test_any_order_and_batching_gives_the_lists_of_the_oracle(matcher: Stage, seed: int) -> None:
    dice = random.Random(seed)
    process = await matcher.process(0, 1)
    await process.hears(*in_some_order(matcher, history(random.Random(0)), dice))
    assert await matcher.differences() == []


def for_process(records: list[Record], partition: int, dice: random.Random) -> list[Record]:
    """What the owner of one partition reads: its projects and the whole topics, mixed anew, each in its order."""
    mine = [record for record in records if record.topic == "projects" and record.partition == partition]
    whole = [record for record in records if record.topic != "projects"]
    mixed = []
    while mine or whole:
        source = mine if mine and (not whole or dice.random() < len(mine) / (len(mine) + len(whole))) else whole
        mixed.append(source.pop(0))
    return mixed


@pytest.mark.parametrize("seed", range(3))
async def test_two_processes_at_once_give_the_lists_of_the_oracle(matcher: Stage, seed: int) -> None:
    dice = random.Random(seed)
    first, second = await matcher.process(0), await matcher.process(1)
    records = in_some_order(matcher, history(random.Random(0)), dice)
    await asyncio.gather(
        first.hears(*for_process(records, 0, dice)),
        second.hears(*for_process(records, 1, dice)),
    )
    assert await matcher.differences() == []


async def test_the_orders_reach_full_lists(matcher: Stage) -> None:
    process = await matcher.process(0, 1)
    await process.hears(*in_some_order(matcher, history(random.Random(0)), random.Random(0)))
    lengths = [len(ranks) for number in (0, 1) for ranks in process.owners.partition(number).project_lists.values()]
    merged = await matcher.pool.fetch("SELECT cardinality(project_ids) AS length FROM merged_lists")
    assert max(lengths) == 20
    assert max(row["length"] for row in merged) == 20


@pytest.mark.parametrize("seed", range(3))
async def test_a_process_that_ends_anywhere_and_starts_again_loses_and_doubles_nothing(
    matcher: Stage, seed: int
) -> None:
    dice = random.Random(seed)
    records = in_some_order(matcher, history(random.Random(0)), dice)
    process, done = await matcher.process(0, 1), 0
    while done < len(records):
        until = min(len(records), done + dice.randint(1, 60))
        await process.hears(*records[done:until])
        done = max(0, until - dice.randint(0, 30))
        process.close()
        process = await matcher.process(0, 1)
        if until == len(records):
            break
    assert await matcher.differences() == []
    for match_id, versions in (await versions_said(matcher)).items():
        assert versions == list(range(versions[0], versions[0] + len(versions))), match_id


async def versions_said(matcher: Stage) -> dict[str, list[int]]:
    """The versions of each match that were said since it was last erased, in order."""
    rows = await matcher.pool.fetch("SELECT key, version FROM outbox WHERE topic = 'matches' ORDER BY id")
    found: dict[str, list[int]] = {}
    for row in rows:
        found.setdefault(row["key"], []).append(row["version"])
    return found

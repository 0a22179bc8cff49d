"""Shortlists and matches follow what is heard: any order and batching give what judging every pair gives."""

from collections.abc import AsyncIterator, Callable

import pytest

from shared.events.matches import match_id_of
from tests.factories import (
    a_commitment,
    a_project,
    commitment_published,
    day_started,
    project_published,
)
from tests.integration.matcher_stage import Stage, stage

MATCH = match_id_of("prj-a", "commitment", "eng-a")


@pytest.fixture
async def matcher(database: Callable[[str], str]) -> AsyncIterator[Stage]:
    """An empty matcher."""
    async with stage(database("matcher")) as made:
        yield made


async def test_a_project_and_an_offer_are_proposed_to_both_sides(matcher: Stage) -> None:
    process = await matcher.process(0, 1)
    await process.hears(*matcher.log.say(day_started(), commitment_published(), project_published()))
    (match,) = await matcher.said()
    assert (match.match_id, match.change, match.state) == (MATCH, "proposed", "proposed")
    assert match.entered == ("project", "offer")
    assert match.project.title == a_project().title
    assert match.offer.title == a_commitment().title
    assert sum(round(reason.share * 1_000_000) for reason in match.reasons) == round(match.score * 1_000_000)
    assert await matcher.differences() == []

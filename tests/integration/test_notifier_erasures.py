"""An erasure purges what was said before it, whenever it is heard: an erased id may be submitted anew."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest

from shared.events.matches import MatchChanged
from shared.received import Received
from tests.factories import NOW, erased, match_changed
from tests.integration.notifier_stage import WINDOW, Stage, on_stage

HOUR = timedelta(hours=1)
MATCH = "prj-a~commitment~eng-a"


def of(event: MatchChanged) -> Received:
    return Received("matches", 0, 0, event.key, event.version, event, 0)


def gone(version: int) -> Received:
    return Received("matches", 0, 0, MATCH, version, None, 0)


@pytest.fixture
async def stage(database: Callable[[str], str]) -> AsyncIterator[Stage]:
    async with on_stage(database("notifier")) as ready:
        ready.ingest.knows("project", "prj-a", "per-p")
        ready.ingest.knows("commitment", "eng-a", "per-o")
        yield ready


@pytest.mark.parametrize("dated", [True, False], ids=["says when it began", "does not say"])
async def test_an_erasure_heard_late_leaves_what_began_after_it(stage: Stage, dated: bool) -> None:
    """`matches` ran ahead of `erasures`: what is to be told of the new life is told, once."""
    later = NOW + HOUR
    await stage.hear(match_changed(occurred_at=later, began_at=later if dated else None))
    await stage.hear(erased("project", "prj-a"))
    assert await stage.rows("notices") == 2
    await stage.go()
    assert len(stage.sink.mails) == 2


async def test_an_erasure_heard_late_leaves_what_was_told_of_the_new_life(stage: Stage) -> None:
    """Told already, it would be told again were the ledger forgotten."""
    later = NOW + HOUR
    await stage.hear(match_changed(occurred_at=later, began_at=later))
    await stage.go()
    await stage.hear(erased("project", "prj-a"))
    await stage.hear(match_changed(version=2, occurred_at=later, began_at=later))
    await stage.go()
    assert len(stage.sink.mails) == 2


async def test_an_erasure_heard_late_stops_the_mails_of_the_former_life(stage: Stage) -> None:
    """A mail frozen before holds what was erased, though the match lives anew."""
    await stage.hear(match_changed(began_at=NOW, entered=("project",)))
    await stage.assign()
    stage.now += WINDOW
    await stage.freeze()
    later = NOW + HOUR
    again = match_changed(version=3, occurred_at=later, began_at=later, entered=())
    renamed = again.model_copy(update={"project": again.project.model_copy(update={"title": "Épicerie neuve"})})
    await stage.hear(renamed, erased("project", "prj-a"))
    assert await stage.rows("ledger") == 0
    await stage.go()
    (mail,) = stage.sink.mails
    assert "Épicerie neuve" in str(mail["Subject"])


async def test_an_erasure_told_again_purges_nothing(stage: Stage) -> None:
    """Submitted anew in between; when the match began is not held, as of those heard before it was kept."""
    await stage.hear(erased("project", "prj-a"))
    await stage.hear(match_changed(version=2, occurred_at=NOW + HOUR))
    await stage.pool.execute("UPDATE matches SET began_at = NULL")
    await stage.hear(erased("project", "prj-a"))
    assert await stage.rows("notices") == 2


async def test_what_an_older_erasure_alone_names_is_purged(stage: Stage) -> None:
    """Replayed after a later erasure of the same subject, it still reaches entities that the later did not name."""
    await stage.hear(match_changed())
    person = {"subject": "person", "subject_id": "per-x"}
    late = erased().model_copy(update=person | {"occurred_at": NOW + HOUR, "entities": ()})
    await stage.hear(late)
    await stage.hear(erased().model_copy(update=person | {"entities": (("project", "prj-a"),)}))
    assert await stage.rows("notices") == 0
    assert await stage.pool.fetchval("SELECT body FROM matches WHERE match_id = $1", MATCH) is None


async def test_what_the_matcher_says_before_it_hears_of_an_erasure_is_told_to_nobody_again(stage: Stage) -> None:
    """The ledger forgot what they were told; more may be said of it until the tombstone, and then of a new life."""
    await stage.hear(match_changed(occurred_at=NOW - HOUR, began_at=NOW - HOUR))
    await stage.go()
    await stage.hear(erased("project", "prj-a"))
    soon = NOW + timedelta(seconds=1)
    await stage.hear(match_changed(version=2, occurred_at=soon, began_at=NOW - HOUR))
    await stage.hear(match_changed(version=3, occurred_at=soon, began_at=soon))
    assert await stage.rows("notices") == 0
    await stage.take(gone(4))
    await stage.hear(match_changed(version=5, occurred_at=soon, began_at=soon))
    await stage.go()
    assert len(stage.sink.mails) == 4


async def test_an_end_and_a_new_life_heard_at_once_are_told_apart(stage: Stage) -> None:
    await stage.hear(match_changed(occurred_at=NOW - HOUR, began_at=NOW - HOUR))
    await stage.hear(erased("project", "prj-a"))
    soon = NOW + timedelta(seconds=1)
    late, new = (match_changed(version=each, occurred_at=soon, began_at=soon) for each in (2, 4))
    await stage.take(of(late), gone(3), of(new))
    await stage.go()
    assert len(stage.sink.mails) == 2


async def test_a_match_that_its_writer_never_ended_is_told_again_after_an_hour(stage: Stage) -> None:
    """Erased and submitted anew at once, parties come to the matcher as changed: their match goes on."""
    await stage.hear(match_changed(occurred_at=NOW - HOUR, began_at=NOW - HOUR))
    await stage.hear(erased("project", "prj-a"))
    await stage.hear(match_changed(version=2, occurred_at=NOW + HOUR, began_at=NOW - HOUR))
    await stage.go()
    assert len(stage.sink.mails) == 2

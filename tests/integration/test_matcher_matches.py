"""The life of a match: answers, refusals, days, erasure, each heard twice."""

import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.matcher.judging import NoDay
from services.matcher.matching.rows import HeadRow, StoredHead
from services.matcher.store import heads
from shared.database import Connection
from shared.events.matches import match_id_of
from shared.events.people import AnswerGiven
from tests.factories import (
    a_commitment,
    a_fund,
    a_project,
    a_territory,
    answer_given,
    commitment_published,
    day_started,
    fund_published,
    project_published,
    territory_published,
)
from tests.integration.matcher_stage import Process, Stage, stage

MATCH = match_id_of("prj-a", "commitment", "eng-a")
FIRST_DAY = date(2026, 12, 1)


@pytest.fixture
async def matcher(database: Callable[[str], str]) -> AsyncIterator[Stage]:
    """An empty matcher."""
    async with stage(database("matcher")) as made:
        yield made


@pytest.fixture
async def proposed(matcher: Stage) -> Process:
    """A process that has proposed the match of `a_project` and `a_commitment`."""
    process = await matcher.process(0, 1)
    await process.hears(*matcher.log.say(day_started(FIRST_DAY), commitment_published(), project_published()))
    return process


async def last(matcher: Stage) -> tuple[str, str]:
    """The last change announced and the state it left the match in."""
    match = await matcher.match(MATCH)
    return match.change, match.state


def day(number: int) -> AnswerGiven:
    """The day that many days after the first."""
    return day_started(FIRST_DAY + timedelta(days=number), version=number + 1)


async def test_interest_of_both_sides_introduces_where_nobody_coordinates(matcher: Stage, proposed: Process) -> None:
    await proposed.hears(*matcher.log.say(answer_given("interested", "project", version=1)))
    assert await last(matcher) == ("interested", "interested")
    await proposed.hears(*matcher.log.say(answer_given("interested", "offer", version=2)))
    assert [change for _, change in await matcher.changes()][-3:] == ["interested", "mutual", "introduced"]
    assert (await matcher.match(MATCH)).cause == "no-coordinator"


async def test_an_answer_waits_for_the_day(matcher: Stage, proposed: Process) -> None:
    """Nothing moves without a day: an answer noted as handled then would be lost."""
    proposed.close()
    await matcher.pool.execute("DELETE FROM whole_entities WHERE topic = 'days'")
    process = await matcher.process(0, 1)
    (answer,) = matcher.log.say(answer_given("interested", "project", version=1))
    with pytest.raises(NoDay):
        await process.hears(answer)
    await process.hears(*matcher.log.say(day(1)), answer)
    assert await last(matcher) == ("interested", "interested")


async def test_a_coordinator_has_five_working_days(matcher: Stage, proposed: Process) -> None:
    territory = territory_published(a_territory(coordinated=True))
    answers = [answer_given("interested", side, version=n) for n, side in enumerate(("project", "offer"), 1)]
    await proposed.hears(*matcher.log.say(territory, *answers))
    match = await matcher.match(MATCH)
    assert (match.state, match.introduce_on) == ("mutual", date(2026, 12, 8))
    await proposed.hears(*matcher.log.say(day(6)))
    assert (await matcher.match(MATCH)).state == "mutual"
    await proposed.hears(*matcher.log.say(day(7)))
    match = await matcher.match(MATCH)
    assert (match.change, match.cause) == ("introduced", "five-days")


async def test_a_coordinator_introduces(matcher: Stage, proposed: Process) -> None:
    territory = territory_published(a_territory(coordinated=True))
    answers = [answer_given("interested", side, version=n) for n, side in enumerate(("project", "offer"), 1)]
    introduce = answer_given("introduce", "coordinator", version=3)
    await proposed.hears(*matcher.log.say(territory, *answers, introduce))
    match = await matcher.match(MATCH)
    assert (match.state, match.cause) == ("introduced", "coordinator")


async def test_an_answer_heard_twice_changes_nothing_the_second_time(matcher: Stage, proposed: Process) -> None:
    records = matcher.log.say(answer_given("later", "project", version=1), answer_given("interested", version=2))
    await proposed.hears(*records)
    before = await matcher.changes()
    await proposed.hears(*records)
    assert await matcher.changes() == before
    assert [change for _, change in before] == ["proposed", "postponed", "interested"]


async def test_a_decline_ends_the_pair_for_good(matcher: Stage, proposed: Process) -> None:
    declined = answer_given("declined", "offer", reason="trop-loin", show_reason=True)
    await proposed.hears(*matcher.log.say(declined))
    match = await matcher.match(MATCH)
    assert (match.state, match.listed_by, match.decline_reason) == ("declined", (), "trop-loin")
    again = project_published(a_project(title="Épicerie du port, suite"), version=2)
    await proposed.hears(*matcher.log.say(again, commitment_published(version=2)))
    assert await last(matcher) == ("declined", "declined")
    assert await matcher.differences() == []


async def test_a_match_that_moved_before_it_was_locked_is_planned_again(
    matcher: Stage, proposed: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another partition moves it by an offer's list: what declines it would leave the lists, or not, by an old head."""
    now, reads = heads.heads_of, 0

    async def as_it_was(connection: Connection, match_ids: Sequence[str]) -> dict[str, StoredHead]:
        nonlocal reads
        reads += 1
        found = await now(connection, match_ids)
        return {key: replace(row, body=None) for key, row in found.items()} if reads == 1 else found

    monkeypatch.setattr(heads, "heads_of", as_it_was)
    await proposed.hears(*matcher.log.say(answer_given("declined", "offer")))
    assert (reads, await last(matcher)) == (2, ("declined", "declined"))
    assert await matcher.differences() == []


async def test_heads_are_read_on_the_thread_that_judges(
    matcher: Stage, proposed: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of them on the event loop would hold up signs of life."""
    readers: set[str] = set()
    read = StoredHead.read

    def read_and_tell(stored: StoredHead) -> HeadRow:
        readers.add(threading.current_thread().name)
        return read(stored)

    monkeypatch.setattr(StoredHead, "read", read_and_tell)
    await proposed.hears(*matcher.log.say(answer_given("interested"), day(1)))
    assert await last(matcher) == ("interested", "interested")
    assert readers == {"judge_0"}


async def test_what_is_declined_where_a_coordinator_must_introduce_leaves_the_lists(
    matcher: Stage, proposed: Process
) -> None:
    """Without a coordinator the interest of both would introduce, and « concluded » would end the match."""
    territory = territory_published(a_territory(coordinated=True))
    await proposed.hears(*matcher.log.say(territory, answer_given("interested", "project", version=1)))
    said = [("interested", "offer"), ("concluded", "offer"), ("declined", "offer")]
    await proposed.hears(*matcher.log.say(*(answer_given(*each, version=n) for n, each in enumerate(said, 2))))
    assert await last(matcher) == ("declined", "declined")
    assert await matcher.differences() == []


async def test_a_territory_counts_for_a_project_that_declines_in_the_same_transaction(
    matcher: Stage, proposed: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    fund = fund_published(a_fund(labelled_territories_only=True))
    await proposed.hears(*matcher.log.say(fund))

    async def not_now() -> None:
        """As when PostgreSQL is away."""

    with monkeypatch.context() as away:
        away.setattr(proposed.whole, "judge_all", not_now)
        await proposed.hears(*matcher.log.say(territory_published(a_territory(status="labellise"))))
    await proposed.hears(*matcher.log.say(answer_given("declined", "offer")))
    said = (await matcher.changes())[1:]
    assert sorted(said) == [(MATCH, "declined"), (match_id_of("prj-a", "fund", "fds-a"), "proposed")]
    assert await matcher.differences() == []


async def test_the_next_in_line_takes_the_place_of_a_declined_one(matcher: Stage) -> None:
    process = await matcher.process(0, 1)
    offers = [commitment_published(a_commitment(f"eng-{n:02}")) for n in range(21)]
    await process.hears(*matcher.log.say(day_started(), *offers, project_published()))
    by_project = [each.offer_id for each in await matcher.said() if "project" in each.entered]
    assert sorted(by_project) == [f"eng-{n:02}" for n in range(20)]
    match_id = match_id_of("prj-a", "commitment", "eng-07")
    await process.hears(*matcher.log.say(answer_given("declined", match_id=match_id, offer_id="eng-07")))
    match = (await matcher.said())[-1]
    assert (match.offer_id, match.entered) == ("eng-20", ("project",))
    assert await matcher.differences() == []


async def test_facts_that_change_neither_score_nor_reasons_are_told_without_a_step(
    matcher: Stage, proposed: Process
) -> None:
    fund = {"kinds": ["amorcage"], "apply_url": "https://example.org/un", "last_checked_on": date(2026, 11, 1)}
    renamed = a_commitment(company={"company_id": "cie-a", "name": "Nouveau nom"})
    await proposed.hears(*matcher.log.say(fund_published(a_fund(**fund))))
    said = await matcher.said()
    before = {each.match_id: each for each in said}
    fund |= {"apply_url": "https://example.org/deux", "last_checked_on": date(2026, 12, 1), "managed": True}
    records = matcher.log.say(
        fund_published(a_fund(**fund), version=2),
        commitment_published(renamed, version=2),
        commitment_published(renamed, version=3),
    )
    await proposed.hears(*records)
    await proposed.hears(*records)
    match, with_fund = await matcher.match(MATCH), await matcher.match(match_id_of("prj-a", "fund", "fds-a"))
    assert (match.offer.organisation_name, match.offer_version) == ("Nouveau nom", 3)
    assert (with_fund.offer.apply_url, with_fund.offer.managed) == ("https://example.org/deux", True)
    assert with_fund.offer.last_checked_on == date(2026, 12, 1)
    for each in (match, with_fund):
        assert (each.entered, each.history) == ((), before[each.match_id].history)
    assert len(await matcher.said()) == len(said) + 2
    assert await matcher.differences() == []


async def test_the_name_of_an_owner_follows_into_introduced_matches_alone(matcher: Stage, proposed: Process) -> None:
    owner = {"owner_id": "org-a", "name": "Autre nom", "legal_form": "association"}
    answers = [answer_given("interested", side, version=n) for n, side in enumerate(("project", "offer"), 1)]
    await proposed.hears(*matcher.log.say(*answers))
    await proposed.hears(*matcher.log.say(project_published(a_project(owner=owner), version=2)))
    match = await matcher.match(MATCH)
    assert (match.state, match.project.owner_name, match.project_version) == ("introduced", "Autre nom", 2)
    await proposed.hears(*matcher.log.say(answer_given("concluded", version=3, amount_eur=1_000)))
    renamed = a_project(owner=owner | {"name": "Encore un autre"})
    await proposed.hears(*matcher.log.say(project_published(renamed, version=3)))
    assert (await matcher.match(MATCH)).project.owner_name == "Autre nom"


async def test_a_territory_that_is_declared_renamed_moved_or_erased_is_followed_by_facts(
    matcher: Stage, proposed: Process
) -> None:
    lille = [{"level": "commune", "code": "59350"}]
    steps = [
        territory_published(a_territory(name="Estuaire")),
        territory_published(a_territory(name="Grand Estuaire"), version=2),
        territory_published(a_territory(name="Grand Estuaire", perimeter=lille), version=3),
        territory_published(a_territory(name="Estuaire"), version=4),
    ]
    shown = []
    for step in steps:
        await proposed.hears(*matcher.log.say(step))
        match = await matcher.match(MATCH)
        shown.append((match.project.territories, match.project.territory_names))
    await proposed.hears(matcher.log.erase("territories", "ter-a", 5))
    assert shown == [
        (("ter-a",), ("Estuaire",)),
        (("ter-a",), ("Grand Estuaire",)),
        ((), ()),
        (("ter-a",), ("Estuaire",)),
    ]
    match = await matcher.match(MATCH)
    assert (match.project.territories, match.change, len(match.history)) == ((), "proposed", 1)


async def test_the_title_of_a_challenge_declared_later_is_told(matcher: Stage, proposed: Process) -> None:
    challenge = {
        "challenge_id": "ter-a-d1",
        "title": "Livrer la nuit",
        "description": "Sans moteur.",
        "axis": "environnement",
        "categories": ["alimentation"],
    }
    answering = a_project("prj-c", challenge_id="ter-a-d1")
    await proposed.hears(*matcher.log.say(project_published(answering)))
    match_id = match_id_of("prj-c", "commitment", "eng-a")
    assert (await matcher.match(match_id)).project.challenge_title is None
    await proposed.hears(*matcher.log.say(territory_published(a_territory(challenges=[challenge]))))
    assert (await matcher.match(match_id)).project.challenge_title == "Livrer la nuit"


async def test_a_closed_offer_withdraws_its_matches(matcher: Stage, proposed: Process) -> None:
    records = matcher.log.say(commitment_published(a_commitment(status="clos"), version=2))
    await proposed.hears(*records)
    match = await matcher.match(MATCH)
    assert (match.state, match.cause, match.refusals) == ("withdrawn", "refused", ("clos",))
    await proposed.hears(*records)
    assert (await matcher.match(MATCH)).version == match.version
    await proposed.hears(*matcher.log.say(commitment_published(version=3)))
    assert await last(matcher) == ("proposed", "proposed")


async def test_a_withdrawn_project_ends_an_interest_too(matcher: Stage, proposed: Process) -> None:
    await proposed.hears(*matcher.log.say(answer_given("interested")))
    await proposed.hears(*matcher.log.say(project_published(a_project(status="retire"), version=2)))
    match = await matcher.match(MATCH)
    assert (match.state, match.refusals) == ("withdrawn", ("retire",))


async def test_a_day_opens_and_closes_offers(matcher: Stage) -> None:
    process = await matcher.process(0, 1)
    offer = a_commitment(opens_on=FIRST_DAY + timedelta(days=2), closes_on=FIRST_DAY + timedelta(days=3))
    await process.hears(*matcher.log.say(day(0), commitment_published(offer), project_published()))
    assert await matcher.changes() == []
    await process.hears(*matcher.log.say(day(1), day(2)))
    assert await last(matcher) == ("proposed", "proposed")
    await process.hears(*matcher.log.say(day(3)))
    assert await last(matcher) == ("proposed", "proposed")
    await process.hears(*matcher.log.say(day(4)))
    assert (await matcher.match(MATCH)).refusals == ("clos",)
    assert await matcher.differences() == []


async def test_a_withdrawn_match_that_nobody_answered_is_forgotten_after_thirty_days(
    matcher: Stage, proposed: Process
) -> None:
    await proposed.hears(*matcher.log.say(project_published(a_project(status="suspendu"), version=2), day(29)))
    assert await last(matcher) == ("withdrawn", "withdrawn")
    await proposed.hears(*matcher.log.say(day(30)))
    assert (await matcher.changes())[-1] == (MATCH, "erased")
    await proposed.hears(*matcher.log.say(project_published(version=3)))
    match = await matcher.match(MATCH)
    assert match.change == "proposed"
    assert match.version == 4


async def test_an_erased_offer_leaves_tombstones(matcher: Stage, proposed: Process) -> None:
    await proposed.hears(*matcher.log.say(answer_given("interested")))
    tombstone = matcher.log.erase("commitments", "eng-a", 2)
    await proposed.hears(tombstone)
    assert (await matcher.changes())[-1] == (MATCH, "erased")
    await proposed.hears(tombstone)
    assert [change for _, change in await matcher.changes()].count("erased") == 1
    assert await matcher.pool.fetchval("SELECT count(*) FROM match_heads") == 0
    assert await matcher.differences() == []


async def test_an_erased_project_leaves_nothing_but_its_version(matcher: Stage, proposed: Process) -> None:
    await proposed.hears(matcher.log.erase("projects", "prj-a", 2))
    assert (await matcher.changes())[-1] == (MATCH, "erased")
    late = project_published(a_project(title="Une vieille version"), version=1)
    await proposed.hears(*matcher.log.say(late))
    assert (await matcher.changes())[-1] == (MATCH, "erased")
    kept = await matcher.pool.fetchrow("SELECT version, body FROM projects")
    assert (kept["version"], kept["body"]) == (2, None)
    assert await matcher.differences() == []


async def test_an_answer_to_no_match_is_set_aside_by_name(matcher: Stage, proposed: Process) -> None:
    unknown = answer_given("interested", match_id=match_id_of("prj-a", "commitment", "eng-z"), offer_id="eng-z")
    assert await proposed.hears(*matcher.log.say(unknown)) == {0: "unknown-match"}
    assert [change for _, change in await matcher.changes()] == ["proposed"]


async def test_a_project_of_an_unknown_commune_is_set_aside(matcher: Stage, proposed: Process) -> None:
    nowhere = project_published(a_project("prj-c", commune="99999"))
    other = project_published(a_project("prj-e"))
    assert await proposed.hears(*matcher.log.say(nowhere, other)) == {1: "unknown unit: commune 99999"}
    assert match_id_of("prj-e", "commitment", "eng-a") in {match_id for match_id, _ in await matcher.changes()}


async def test_a_fund_nobody_manages_is_concluded_by_the_project_alone(matcher: Stage) -> None:
    process = await matcher.process(0, 1)
    match_id = match_id_of("prj-a", "fund", "fds-a")
    told = {"match_id": match_id, "offer_type": "fund", "offer_id": "fds-a"}
    answers = [
        answer_given("interested", version=1, **told),
        answer_given("applied", version=2, **told),
        answer_given("concluded", version=3, amount_eur=15_000, **told),
    ]
    await process.hears(*matcher.log.say(day_started(), fund_published(a_fund()), project_published(), *answers))
    match = await matcher.match(match_id)
    assert [entry.change for entry in match.history] == ["proposed", "interested", "applied", "concluded"]
    assert match.concluded_eur == 15_000


async def test_a_fund_that_others_are_part_of_is_matched_no_more(matcher: Stage) -> None:
    process = await matcher.process(0, 1)
    await process.hears(*matcher.log.say(day_started(), fund_published(), project_published()))
    await process.hears(*matcher.log.say(fund_published(a_fund("fds-b", part_of="fds-a"))))
    assert (await matcher.match(match_id_of("prj-a", "fund", "fds-a"))).cause == "left-lists"
    assert (await matcher.match(match_id_of("prj-a", "fund", "fds-b"))).state == "proposed"
    assert await matcher.differences() == []


async def test_a_territory_that_gets_the_label_opens_labelled_offers(matcher: Stage) -> None:
    process = await matcher.process(0, 1)
    fund = fund_published(a_fund(labelled_territories_only=True))
    territory = territory_published(a_territory(status="candidat"))
    await process.hears(*matcher.log.say(day_started(), territory, fund, project_published()))
    assert await matcher.changes() == []
    await process.hears(*matcher.log.say(territory_published(a_territory(status="labellise"), version=2)))
    match = await matcher.match(match_id_of("prj-a", "fund", "fds-a"))
    assert match.state == "proposed"
    assert "territoire-labellise" in {reason.code for reason in match.reasons}
    await process.hears(matcher.log.erase("territories", "ter-a", 3))
    assert (await matcher.match(match.match_id)).refusals == ("label-requis",)
    assert await matcher.differences() == []

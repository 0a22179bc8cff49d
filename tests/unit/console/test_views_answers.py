"""Who may answer what, when, and what a form of answer says."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from services.console.views.answers import GivenAnswer, Speaker, actions, hidden_until, may_answer, waiting_words
from services.console.views.cards import quick_answer
from services.console.views.lists import awaiting, party_matches
from services.console.views.match_page import history_lines
from services.console.views.rights import Person, may_see, may_see_project, side_of
from services.console.views.speaking import AskedAnswer, read_answer, speakers
from shared.events.matches import HistoryEntry, MatchChanged
from tests.factories import NOW, match_changed

TODAY = date(2026, 12, 1)
OWNER = Person("per-o", projects=frozenset({"prj-a"}))
COMPANY = Person("per-c", commitments=frozenset({"eng-a"}))
COORDINATOR = Person("per-t", territories=frozenset({"nantes-metropole"}))


def fund_match(**changes: object) -> MatchChanged:
    match = match_changed("prj-a", "fds-a", offer_type="fund", **changes)
    return match.model_copy(update={"offer": match.offer.model_copy(update={"managed": False})})


def offered(match: MatchChanged, speaker: Speaker) -> list[str]:
    return [action.answer for action in actions(match, speaker, TODAY)]


def test_parties_may_say_yes_later_or_no_until_they_said_yes() -> None:
    assert offered(match_changed(), "project") == ["interested", "later", "declined"]
    assert offered(match_changed(state="interested", interested_sides=["offer"]), "project")[0] == "interested"
    assert offered(match_changed(state="interested", interested_sides=["project"]), "project") == ["declined"]


def test_coordinator_introduces_what_is_mutual_and_concludes_what_was_introduced() -> None:
    assert offered(match_changed(), "coordinator") == []
    assert offered(match_changed(state="mutual"), "coordinator") == ["introduce"]
    assert offered(match_changed(state="introduced"), "coordinator") == ["concluded"]
    assert offered(match_changed(state="introduced"), "project") == ["concluded", "declined"]


@pytest.mark.parametrize("state", ["withdrawn", "declined", "concluded"])
@pytest.mark.parametrize("speaker", ["project", "offer", "coordinator"])
def test_nothing_is_offered_once_it_is_over(state: str, speaker: Speaker) -> None:
    assert offered(match_changed(state=state), speaker) == []
    assert not may_answer(match_changed(state=state), speaker, "interested", TODAY)


def test_fund_that_nobody_manages_is_followed_by_its_applicant_step_by_step() -> None:
    def after(*changes: str) -> list[str]:
        history = [HistoryEntry(at=NOW, change=change, side="project") for change in changes]  # type: ignore[arg-type]
        sides = ["project"] if changes else []
        return offered(fund_match(state="interested", interested_sides=sides, history=history), "project")

    assert offered(fund_match(), "project") == ["interested", "later", "declined"]
    assert after("interested") == ["applied", "declined"]
    assert after("interested", "applied") == ["granted", "rejected", "declined"]
    assert after("interested", "applied", "granted") == ["concluded"]
    assert after("interested", "applied", "rejected") == ["applied", "declined"]


def test_exactly_one_answer_stands_out_where_there_is_a_yes() -> None:
    for match in (match_changed(), match_changed(state="introduced"), fund_match()):
        assert sum(action.is_main for action in actions(match, "project", TODAY)) == 1


def test_waiting_is_said_to_who_waits_and_to_who_is_waited_for() -> None:
    match = match_changed(state="interested", interested_sides=["offer"])
    assert "attend votre réponse" in (waiting_words(match, "project") or "")
    assert "nous attendons" in (waiting_words(match, "offer") or "")
    assert waiting_words(match, "coordinator") is None
    assert waiting_words(match_changed(), "project") is None


def test_put_aside_hides_from_that_side_alone_until_the_day() -> None:
    match = match_changed(project_hidden_until=TODAY + timedelta(days=30))
    assert hidden_until(match, "project", TODAY) == TODAY + timedelta(days=30)
    assert hidden_until(match, "project", TODAY + timedelta(days=30)) is None
    assert hidden_until(match, "offer", TODAY) is None


def test_lists_part_what_stands_from_what_is_aside_and_over() -> None:
    standing, aside, over = (
        match_changed(),
        match_changed("prj-b", project_hidden_until=TODAY + timedelta(days=1)),
        match_changed("prj-c", state="declined"),
    )
    found = party_matches([standing, aside, over], "project", TODAY)
    assert (found.open, found.aside, found.over) == ((standing,), (aside,), (over,))
    assert party_matches([aside], "offer", TODAY).open == (aside,)


def test_waiting_answers_are_counted_for_the_side_that_has_not_spoken() -> None:
    match = match_changed(state="interested", interested_sides=["offer"])
    assert awaiting([match, match_changed()], "project", TODAY) == 1
    assert awaiting([match, match_changed()], "offer", TODAY) == 0


def test_sides_and_coordinators_see_a_match_and_nobody_else() -> None:
    match = match_changed()
    assert [side_of(one, match) for one in (OWNER, COMPANY, COORDINATOR)] == ["project", "offer", None]
    assert all(may_see(one, match) for one in (OWNER, COMPANY, COORDINATOR))
    for stranger in (
        Person("x"),
        Person("x", projects=frozenset({"prj-b"})),
        Person("x", funds=frozenset({"eng-a"})),
        Person("x", territories=frozenset({"figeac"})),
    ):
        assert not may_see(stranger, match)


def test_project_is_its_owners_and_its_territories() -> None:
    assert may_see_project(OWNER, "prj-a", frozenset())
    assert may_see_project(COORDINATOR, "prj-a", frozenset({"nantes-metropole"}))
    assert not may_see_project(COMPANY, "prj-a", frozenset({"nantes-metropole"}))


def test_who_is_a_party_and_coordinates_may_speak_as_both_their_side_first() -> None:
    both = Person("per-b", projects=frozenset({"prj-a"}), territories=frozenset({"nantes-metropole"}))
    assert speakers(both, match_changed()) == ("project", "coordinator")


def test_quick_answer_names_what_it_is_about_and_asks_nothing_more() -> None:
    offer_side = quick_answer(match_changed(), "offer", TODAY)
    assert offer_side is not None
    assert offer_side.label == "Intéressé\u00a0: Épicerie du port"
    introduction = quick_answer(match_changed(state="mutual"), "coordinator", TODAY)
    assert introduction is not None
    assert introduction.label == "Mettre en relation\u00a0: Épicerie du port"
    assert quick_answer(match_changed(state="introduced"), "project", TODAY) is None


def read(sent: dict[str, str], **changes: str) -> tuple[AskedAnswer, dict[str, str]]:
    about = {"match_id": "prj-a~commitment~eng-a", "speaker": "project", "person_id": "per-a"} | changes
    return read_answer(sent, **about)  # type: ignore[arg-type]  # the sides of the tests below


def test_same_form_is_the_same_answer_and_another_form_another() -> None:
    sent = {"reponse": "interested", "identifiant": "a"}
    answer_id = read(sent)[0].answer_id
    assert read(sent)[0].answer_id == answer_id
    assert read(sent | {"identifiant": "b"})[0].answer_id != answer_id
    assert read(sent | {"reponse": "later"})[0].answer_id != answer_id


@pytest.mark.parametrize("change", [{"match_id": "prj-b~fund~fds-a"}, {"speaker": "offer"}, {"person_id": "per-b"}])
def test_same_form_about_another_match_or_by_another_is_another_answer(change: dict[str, str]) -> None:
    sent = {"reponse": "interested", "identifiant": "a"}
    assert read(sent, **change)[0].answer_id != read(sent)[0].answer_id


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"reponse": "concluded"}, "montant"),
        ({"reponse": "concluded", "montant": "beaucoup"}, "montant"),
        ({"reponse": "concluded", "montant": "12,5"}, "montant"),
        ({"reponse": "concluded", "jours": "-3"}, "jours"),
        ({"reponse": "declined", "motif": "inconnu"}, "motif"),
    ],
)
def test_faults_of_a_form_name_their_field(sent: dict[str, str], field: str) -> None:
    assert list(read(sent)[1]) == [field]


def given_answer(at: datetime, *, announced: bool) -> GivenAnswer:
    return GivenAnswer(
        uuid4(), "prj-a~commitment~eng-a", "prj-a", "project", "declined", "trop-loin", True, None, None, None, at, at,
        at if announced else None,
    )  # fmt: skip


def test_answer_given_here_shows_until_the_match_tells_it_and_only_to_its_side() -> None:
    later = NOW + timedelta(minutes=1)
    held = given_answer(later, announced=False)
    lines = history_lines(match_changed(), [], [held], reader="project", speaker="project")
    assert (lines[0].can_be_taken_back, "motif\u00a0: trop loin" in lines[0].words) == (True, True)
    assert len(history_lines(match_changed(), [], [held], reader="offer", speaker="offer")) == 1
    told = match_changed(history=[HistoryEntry(at=later, change="declined", side="project")])
    assert len(history_lines(told, [], [given_answer(NOW, announced=True)], reader="project", speaker="project")) == 1


def test_event_of_an_answer_carries_its_own_id_and_the_projects_key() -> None:
    given = given_answer(NOW, announced=False)
    event = given.event(7, datetime(2026, 12, 1, 10, tzinfo=UTC))
    assert (event.event_id, event.key, event.version, event.offer_id) == (given.answer_id, "prj-a", 7, "eng-a")

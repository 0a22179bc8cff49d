"""Who may answer what, when, and what a form of answer says."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.console.views.alerts import Delivery
from services.console.views.answers import GivenAnswer, Speaker, actions, hidden_until, may_answer, quantities
from services.console.views.cards import quick_answer
from services.console.views.history import HistoryLine, history_lines
from services.console.views.lists import awaiting, party_matches
from services.console.views.rights import Person, may_see, may_see_project, side_of
from services.console.views.speaking import AskedAnswer, read_answer, speakers
from services.console.views.unheard import as_answered, unheard
from services.console.views.waiting import ending, thanks_words, waiting_words
from shared.events.matches import Change, HistoryEntry, MatchChanged
from shared.reference.taxonomy import load_taxonomy
from shared.words.names import reference_names
from tests.factories import NOW, match_changed

TODAY = date(2026, 12, 1)
OWNER = Person("per-o", projects=frozenset({"prj-a"}))
COMPANY = Person("per-c", commitments=frozenset({"eng-a"}))
COORDINATOR = Person("per-t", territories=frozenset({"nantes-metropole"}))


def fund_match(*, managed: bool = False, **changes: Any) -> MatchChanged:
    match = match_changed("prj-a", "fds-a", offer_type="fund", **changes)
    return match.model_copy(update={"offer": match.offer.model_copy(update={"managed": managed})})


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
    def after(*changes: Change) -> list[str]:
        history = [HistoryEntry(at=NOW, change=change, side="project") for change in changes]
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
    assert "n'a pas encore répondu" in (waiting_words(match, "offer") or "")
    assert waiting_words(match, "coordinator") == (
        "L'auteur de l'offre a dit oui\u00a0: le porteur du projet n'a pas encore répondu"
    )
    assert waiting_words(match_changed(), "project") is None
    mutual = match_changed(state="mutual", introduce_on="2026-12-08")
    assert "que vous les mettiez en relation, au plus tard le 8" in (waiting_words(mutual, "coordinator") or "")
    assert "la coordination du territoire vous met en relation" in (waiting_words(mutual, "offer") or "")


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


def given_answer(
    at: datetime, *, announced: bool, answer: str = "declined", side: Speaker = "project", **more: Any
) -> GivenAnswer:
    fields: dict[str, Any] = {"reason": "trop-loin", "amount_eur": None, "days": None, "person_id": None} | more
    return GivenAnswer(
        uuid4(), "prj-a~commitment~eng-a", "prj-a", side, answer, show_reason=True, given_at=at, due_at=at,
        announced_at=at if announced else None, **fields,
    )  # fmt: skip


LATER = NOW + timedelta(minutes=1)


def lines_of(match: MatchChanged, *given: GivenAnswer, voice: Speaker = "project") -> tuple[HistoryLine, ...]:
    side = None if voice == "coordinator" else voice
    return history_lines(match, [], unheard(match, given, (voice,)), reader=side, roles={})


def test_answer_given_here_shows_until_the_match_tells_it_and_only_to_its_side() -> None:
    held = given_answer(LATER, announced=False)
    lines = lines_of(match_changed(), held)
    assert (lines[0].can_be_taken_back, "motif\u00a0: trop loin" in lines[0].words) == (True, True)
    assert len(lines_of(match_changed(), held, voice="offer")) == 1
    told = match_changed(history=[HistoryEntry(at=LATER, change="declined", side="project")])
    assert len(lines_of(told, given_answer(NOW, announced=True))) == 1


def test_own_answer_counts_at_once_with_the_buttons_that_still_apply() -> None:
    match = match_changed()
    yes = as_answered(match, [given_answer(LATER, announced=True, answer="interested")], TODAY)
    assert (yes.state, offered(yes, "project")) == ("interested", ["declined"])
    assert "n'a pas encore répondu" in (waiting_words(yes, "project") or "")
    no = as_answered(match, [given_answer(LATER, announced=False)], TODAY)
    assert (no.state, offered(no, "project")) == ("declined", [])
    aside = as_answered(match, [given_answer(LATER, announced=True, answer="later")], TODAY)
    assert (hidden_until(aside, "project", TODAY), offered(aside, "project")) == (
        date(2026, 12, 31),
        ["interested", "declined"],
    )


def test_second_yes_is_mutual_and_an_introduction_opens_the_conclusion() -> None:
    match = match_changed(state="interested", interested_sides=["offer"])
    yes = given_answer(LATER, announced=True, answer="interested")
    assert as_answered(match, [yes], TODAY).state == "mutual"
    introduced = given_answer(LATER, announced=True, answer="introduce", side="coordinator")
    assert offered(as_answered(match_changed(state="mutual"), [introduced], TODAY), "coordinator") == ["concluded"]
    concluded = given_answer(LATER, announced=True, answer="concluded", amount_eur=5_000)
    over = as_answered(match_changed(state="introduced"), [concluded], TODAY)
    assert (over.state, over.concluded_eur, offered(over, "project")) == ("concluded", 5_000, [])


def test_answer_that_the_match_no_longer_takes_changes_nothing() -> None:
    withdrawn = match_changed(state="withdrawn")
    assert as_answered(withdrawn, [given_answer(LATER, announced=True, answer="interested")], TODAY) == withdrawn
    afresh = match_changed(began_at=LATER + timedelta(days=40))
    assert len(lines_of(afresh, given_answer(LATER, announced=True, answer="interested"))) == 1


def test_mails_are_told_once_for_each_side_and_never_by_name() -> None:
    def mail(minutes: int, person: str) -> Delivery:
        return Delivery("interest", "sent", NOW + timedelta(minutes=minutes), person)

    match = match_changed()
    mails = [mail(1, "per-o"), mail(2, "per-o2"), mail(3, "per-c"), mail(300, "per-c"), mail(301, "per-x")]
    lines = history_lines(
        match, mails, (), reader="project", roles={"per-o": "project", "per-o2": "project", "per-c": "offer"}
    )
    assert [line.words for line in lines] == [
        "Mail\u00a0: une marque d'intérêt",
        "Mail à l'auteur de l'offre\u00a0: une marque d'intérêt",
        "Mail à l'auteur de l'offre\u00a0: une marque d'intérêt",
        "Mail qui vous a été envoyé\u00a0: une marque d'intérêt",
        "Proposé",
    ]


def test_history_is_newest_first_and_says_a_repeated_step_once() -> None:
    def entry(minutes: int, change: Change) -> HistoryEntry:
        return HistoryEntry(at=NOW + timedelta(minutes=minutes), change=change, score=minutes / 10)

    history = [
        entry(0, "proposed"),
        entry(1, "revised"),
        entry(2, "revised"),
        entry(3, "interested"),
        entry(3, "mutual"),
    ]
    lines = lines_of(match_changed(history=history))
    assert [(line.words, line.at) for line in lines] == [
        ("Intérêt réciproque", NOW + timedelta(minutes=3)),
        ("Intéressé", NOW + timedelta(minutes=3)),
        ("Mis à jour", NOW + timedelta(minutes=2)),
        ("Proposé", NOW),
    ]


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["mecenat-nature"], ["montant"]),
        (["mecenat-competences"], ["jours"]),
        (["partenariat"], []),
        (["rse"], []),
        (["accompagnement"], []),
    ],
)
def test_conclusion_is_counted_in_what_fits_its_kind(kinds: list[str], expected: list[str]) -> None:
    match = match_changed()
    bare = dict.fromkeys(("min_eur", "max_eur", "remaining_eur", "min_days", "max_days", "remaining_days"))
    offer = match.offer.model_copy(update={"kinds": tuple(kinds), **bare})
    assert list(quantities(match.model_copy(update={"offer": offer}))) == expected


def test_every_kind_of_money_is_counted_in_euros() -> None:
    match, taxonomy = match_changed(), load_taxonomy()
    for kind in [one.id for one in taxonomy.fund_kinds.values() if one.money]:
        offer = match.offer.model_copy(
            update={"kinds": (kind,), "min_eur": None, "max_eur": None, "remaining_eur": None}
        )
        assert "montant" in quantities(match.model_copy(update={"offer": offer})), kind


def test_conclusion_without_anything_to_count_asks_for_nothing() -> None:
    sent = {"reponse": "concluded", "montant": "abc"}
    about: dict[str, Any] = {"match_id": "prj-a~commitment~eng-a", "speaker": "project", "person_id": "per-a"}
    match = match_changed()
    bare = {"kinds": ("mecenat-competences",), "min_eur": None, "max_eur": None, "remaining_eur": None}
    days = match.model_copy(update={"offer": match.offer.model_copy(update=bare)})
    assert read_answer(sent, **about, counted_in=())[1] == {}
    assert list(read_answer({"reponse": "concluded"}, **about, counted_in=quantities(days))[1]) == ["jours"]


def test_file_sent_to_a_managed_fund_can_be_followed_by_its_applicant_alone() -> None:
    waiting = fund_match(managed=True, state="interested", interested_sides=["project"])
    assert offered(waiting, "project") == ["applied", "declined"]
    assert offered(waiting, "offer") == ["interested", "later", "declined"]
    met = fund_match(managed=True, state="introduced", interested_sides=["project", "offer"])
    assert offered(met, "project") == ["concluded", "applied", "declined"]
    assert offered(met, "offer") == ["concluded", "declined"]


def test_thanks_say_what_really_happens() -> None:
    yes = match_changed(state="interested", interested_sides=["project"])
    assert "est prévenue" not in (thanks_words("interested", yes, "project") or "")
    assert "c'est à vous de candidater" in (thanks_words("interested", fund_match(state="interested"), "project") or "")
    aside = match_changed(project_hidden_until="2026-12-31")
    assert "jusqu'au 31" in (thanks_words("later", aside, "project") or "")
    assert thanks_words("<script>", yes, "project") is None


def test_ended_match_says_how_it_ended_to_each_reader() -> None:
    names = reference_names()
    history = [HistoryEntry(at=NOW, change="declined", side="offer", cause="declined", reason="trop-loin")]
    declined = match_changed(state="declined", history=history)
    assert "l'auteur de l'offre" in ending(declined, names, TODAY, reader="project")[0]
    assert "vous" in ending(declined, names, TODAY, reader="offer")[0]
    assert ending(match_changed(), names, TODAY, reader=None) == ()
    left = match_changed(state="withdrawn", cause="left-lists")
    assert ending(left, names, TODAY, reader=None) == ("Ne tient plus\u00a0: d'autres correspondent mieux",)


def test_event_of_an_answer_carries_its_own_id_and_the_projects_key() -> None:
    given = given_answer(NOW, announced=False)
    event = given.event(7, datetime(2026, 12, 1, 10, tzinfo=UTC))
    assert (event.event_id, event.key, event.version, event.offer_id) == (given.answer_id, "prj-a", 7, "eng-a")

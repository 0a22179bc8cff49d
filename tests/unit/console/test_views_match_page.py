"""A match in full and in short: verdicts follow the match's own reasons, shares add up, words have no codes."""

from datetime import date
from itertools import pairwise

import pytest

from services.console.views.cards import card, fit_badge
from services.console.views.export import COLUMNS, safe_cell, stream_table
from services.console.views.match_page import conditions, fact_rows, shares
from services.console.views.refusals import MOST_SHOWN, Refusals, RefusedPair, refused_groups, refused_list
from shared.events.matches import MatchChanged, Reason
from shared.words.names import reference_names
from tests.factories import NOW, a_fund, match_changed

TODAY = date(2026, 12, 1)
NAMES = reference_names()


def verdicts(match: MatchChanged) -> dict[str, str]:
    return {row.label: row.verdict for row in fact_rows(match, NAMES, TODAY)}


def test_verdict_of_each_fact_follows_reasons_and_refusals() -> None:
    found = verdicts(match_changed())
    assert found["Lieu"] == found["Thème"] == found["Défi"] == found["Objet"] == found["Stade"] == "fits"
    assert found["Forme juridique"] == "open"
    refused = verdicts(match_changed(state="withdrawn", refusals=["hors-perimetre", "clos"]))
    assert (refused["Lieu"], refused["Dates"], refused["Thème"]) == ("refused", "refused", "fits")


def test_partial_cover_is_said_to_be_partial() -> None:
    reason = Reason(code="montant-partiel", share=0.03, covers_eur=8_000, need_eur=20_000)
    assert verdicts(match_changed(reasons=[reason]))["Montant"] == "partly"


def test_facts_are_in_words_on_both_sides() -> None:
    rows = {row.label: (row.project, row.offer) for row in fact_rows(match_changed(), NAMES, TODAY)}
    assert rows["Lieu"] == ("Rezé", "Nantes Métropole")
    assert rows["Stade"] == ("Amorçage (émergence)", "Amorçage, expérimentation")
    assert rows["Nature"][1] == "Mécénat en nature"
    assert rows["Forme juridique"] == ("Association", "Toutes les formes")


def test_fund_is_not_asked_for_an_object() -> None:
    offer = match_changed().offer.model_copy(update={"nature": "fonds", "kinds": ("amorcage",), "objects": ()})
    assert "Objet" not in verdicts(match_changed(offer_type="fund").model_copy(update={"offer": offer}))


def test_france_has_no_neighbours() -> None:
    match = match_changed()
    national = match.offer.model_copy(update={"perimeter": a_fund().perimeter, "accepts_neighbours": True})
    rows = {row.label: row.offer for row in fact_rows(match.model_copy(update={"offer": national}), NAMES, TODAY)}
    assert rows["Lieu"] == "Toute la France"
    near = match.offer.model_copy(update={"accepts_neighbours": True})
    rows = {row.label: row.offer for row in fact_rows(match.model_copy(update={"offer": near}), NAMES, TODAY)}
    assert rows["Lieu"] == "Nantes Métropole et les territoires voisins"


def test_shares_stand_end_to_end_and_add_up_to_the_score() -> None:
    match = match_changed()
    rows = shares(match, NAMES, reader=None)
    assert [row.points for row in rows] == sorted((row.points for row in rows), reverse=True)
    assert sum(row.points for row in rows) == pytest.approx(match.score * 100)
    for before, after in pairwise(rows):
        assert after.start == pytest.approx(before.start + before.points)
    assert rows[0].points_words == "25\u00a0points"
    assert conditions(match, NAMES, reader="project") == ("Votre stade est accepté\u00a0: amorçage",)


@pytest.mark.parametrize(
    ("points", "words"), [(0.01, "1\u00a0point"), (0.125, "12,5\u00a0points"), (0.004, "0,4\u00a0point")]
)
def test_points_are_said_as_french_says_them(points: float, words: str) -> None:
    [row] = shares(
        match_changed(reasons=[Reason(code="texte-proche", share=points, terms=("port",))]), NAMES, reader=None
    )
    assert row.points_words == words


def test_card_says_the_same_fact_to_each_reader_in_their_own_words() -> None:
    match = match_changed()
    assert "Votre périmètre\u00a0: Nantes Métropole" in card(match, NAMES, NOW, reader="offer").reasons
    nobody = card(match, NAMES, NOW)
    assert "Périmètre de l'offre\u00a0: Nantes Métropole" in nobody.reasons
    assert (nobody.fit.word, nobody.state.word, nobody.when) == ("adéquation forte", "proposé", "à l'instant")
    assert len(nobody.reasons) == 3


@pytest.mark.parametrize(
    ("score", "tone"), [(0.75, "forte"), (0.749999, "bonne"), (0.5, "bonne"), (0.499999, "possible")]
)
def test_fit_is_a_word_from_its_floor_on(score: float, tone: str) -> None:
    assert fit_badge(score).tone == tone


def test_old_fund_says_that_its_opening_is_to_be_checked() -> None:
    match = match_changed("prj-a", "fds-a", offer_type="fund")
    old = match.model_copy(update={"offer": match.offer.model_copy(update={"last_checked_on": date(2019, 2, 25)})})
    assert "Cité en février 2019" in (card(old, NAMES, NOW).warning or "")
    assert card(match, NAMES, NOW).warning is None
    assert card(old, NAMES, NOW, reader="offer").warning is None


def test_withdrawn_match_says_why_it_holds_no_more() -> None:
    over = card(match_changed(state="withdrawn", refusals=["capacite-epuisee"]), NAMES, NOW, reader="project")
    assert over.ending[0].startswith("Non, car ")
    assert over.reasons == ()


def pair(*codes: str, title: str = "Fonds", id: str = "fds-a") -> RefusedPair:
    match = match_changed()
    offer = match.offer.model_copy(update={"title": title})
    return RefusedPair(id, "fund", codes, match.project, offer)  # type: ignore[arg-type]  # codes of the contract


def test_refused_candidates_stand_once_under_what_is_furthest_from_the_readers_hands() -> None:
    refusals = Refusals(
        (pair("stade-non-admis", title="Un pas"), pair("stade-non-admis", "hors-perimetre", title="Loin")),
        {"stade-non-admis": 2, "hors-perimetre": 1},
    )
    groups = refused_groups(refusals, TODAY, NAMES, reader="project")
    assert [(group.heading, group.count) for group in groups] == [("Stade non accepté", 2), ("Hors du périmètre", 1)]
    assert [line.title for group in groups for line in group.lines] == ["Un pas", "Loin"]
    assert len(groups[1].lines[0].words) == 2
    whole = refused_list(refusals, TODAY, NAMES, reader="project")
    assert (whole.total_words, whole.shown_words) == ("2", "tous montrés")


def test_totals_of_refusals_reconcile_with_what_is_shown() -> None:
    many = tuple(pair("clos", "stade-non-admis", title=f"Fonds {n:02}", id=f"fds-{n}") for n in range(20))
    counts = {"clos": 30, "stade-non-admis": 25}
    whole = refused_list(Refusals(many, counts, total=41), TODAY, NAMES, reader="project")
    assert (whole.total_words, whole.shown_words) == ("41", f"{MOST_SHOWN} montrés sur 41")
    assert [(group.count, len(group.lines)) for group in whole.groups] == [(30, MOST_SHOWN)]
    older = refused_list(Refusals(many, counts), TODAY, NAMES, reader="project")
    assert (older.total_words, older.shown_words) == ("au moins 30", f"{MOST_SHOWN} montrés sur au moins 30")
    nothing = refused_list(Refusals(), TODAY, NAMES, reader="project")
    assert (nothing.total_words, nothing.groups) == ("0", ())


def test_nearest_come_first_in_their_group() -> None:
    refusals = Refusals((pair("clos", "stade-non-admis", title="A"), pair("clos", title="B")), {"clos": 2})
    [group] = refused_groups(refusals, TODAY, NAMES, reader="project")
    assert [line.title for line in group.lines] == ["B", "A"]


@pytest.mark.parametrize("text", ["=1+1", "+33", "-2", "@cmd", "\t=1", "\r=1"])
def test_cell_that_a_spreadsheet_would_compute_is_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


def test_table_has_a_cell_for_each_column() -> None:
    table = stream_table([match_changed()], NAMES, TODAY, "https://essaim.example/")
    assert {len(row) for row in table.rows} == {len(COLUMNS)}
    assert table.rows[0][-1] == "https://essaim.example/rapprochements/prj-a~commitment~eng-a"

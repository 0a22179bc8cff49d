"""Territories, projects and offers in words; menus; what someone may be told."""

from datetime import date

from services.console.views.alerts import Delivery, Preference
from services.console.views.atlas import make_atlas
from services.console.views.menu import main_menu
from services.console.views.offer_page import offer_facts_rows, offer_summary
from services.console.views.project_page import need_words, project_facts_rows, recent_history, summary_of
from services.console.views.rights import Person
from services.console.views.search import public_hits, search_terms
from services.console.views.territory_page import funding_of
from shared.words.names import reference_names
from tests.factories import NOW, a_commitment, a_fund, a_project, a_territory, match_changed

TODAY = date(2026, 12, 1)
NAMES = reference_names()


def test_territories_are_in_french_order_and_name_their_own_challenges() -> None:
    atlas = make_atlas([a_territory("ter-b", name="Étampes"), a_territory("ter-a", name="Zuydcoote")], NAMES)
    assert [one.name for one in atlas.territories] == ["Étampes", "Zuydcoote"]
    assert atlas.names.challenges["ter-a-d1"] == "Nourrir la ville"
    found = atlas.challenge("ter-b-d1")
    assert found is not None
    assert found[0].name == "Étampes"


def test_funds_for_owners_are_apart_from_those_that_are_context() -> None:
    funds = [
        a_fund("fds-a"),
        a_fund("fds-whole"),
        a_fund("fds-part", part_of="fds-whole"),
        a_fund("fds-public", recipients=["collectivite"]),
        a_fund("fds-elsewhere", territories=["figeac"]),
        a_fund("fds-label", labelled_territories_only=True),
    ]
    found = funding_of(a_territory(), funds, ["France Active"])
    assert [fund.fund_id for fund in found.matched] == ["fds-a", "fds-part"]
    assert [fund.fund_id for fund in found.context] == ["fds-whole", "fds-public"]
    assert found.near == ("France Active",)
    labelled = funding_of(a_territory(status="labellise"), funds, [])
    assert "fds-label" in [fund.fund_id for fund in labelled.matched]


def test_project_in_short_and_in_facts() -> None:
    summary = summary_of(a_project(), NAMES, TODAY)
    assert (summary.place, summary.sought, summary.is_active) == ("Rezé (44)", "20\u202f000\u00a0€ à trouver", True)
    facts = dict(project_facts_rows(a_project(categories=None, suggested_categories=["alimentation"]), NAMES, TODAY))
    assert facts["Thèmes"] == "Alimentation (déduits du texte)"
    assert "Agit aussi sur" not in facts


def test_need_says_how_much_and_of_what() -> None:
    words = need_words(a_project().needs[0], NAMES)
    assert words.startswith("Mécénat en nature\u00a0: 12\u202f000\u00a0€")
    assert "logistique et transport" in words


def test_history_of_a_project_names_each_offer_newest_first() -> None:
    items = recent_history([match_changed(), match_changed("prj-a", "eng-b")], NAMES, reader="project")
    assert {item.about for item in items} == {"Des quais vides la nuit"}
    assert [item.at for item in items] == [NOW, NOW]


def test_offer_says_what_is_left_of_it() -> None:
    summary = offer_summary(a_commitment(committed_eur=6_000), NAMES, TODAY)
    assert (summary.left, summary.spent) == ("18\u202f000\u00a0€ sur 24\u202f000\u00a0€", 25)
    assert offer_summary(a_commitment(committed_eur=99_000), NAMES, TODAY).spent == 100
    facts = dict(offer_facts_rows(a_commitment(), NAMES, TODAY))
    assert facts["Périmètre"] == "Nantes Métropole"
    assert facts["Formes admises"] == "Toutes"


def test_fund_checked_long_ago_says_so() -> None:
    assert offer_summary(a_fund(), NAMES, TODAY).warning is None
    warning = offer_summary(a_fund(last_checked_on="2019-02-25"), NAMES, TODAY).warning
    assert warning is not None
    assert warning.startswith("Cité en février 2019")


def test_menu_leads_each_to_what_is_theirs() -> None:
    def labels(person: Person | None) -> list[str]:
        return [item.label for item in main_menu(person, NAMES, "/")]

    assert labels(None) == ["Territoires", "Comment ça marche"]
    assert labels(Person("x")) == [
        "Déposer un projet",
        "Proposer un engagement",
        "Décrire un fonds",
        "Mes alertes",
    ]
    assert labels(Person("x", projects=frozenset({"prj-a"}))) == ["Mes projets", "Mes alertes"]
    assert labels(Person("x", territories=frozenset({"nantes-metropole"}))) == ["Nantes Métropole", "Mes alertes"]
    [here] = [item for item in main_menu(Person("x", funds=frozenset({"f"})), NAMES, "/mes-offres") if item.is_here]
    assert here.label == "Mes offres"


def test_preference_is_one_of_those_offered() -> None:
    assert Preference().is_valid
    assert not Preference(frequency="hourly").is_valid
    assert Delivery("introduction", "given-up", NOW).words == "Une mise en relation (message non remis)"


def test_search_of_nothing_finds_nothing() -> None:
    atlas = make_atlas([a_territory()], NAMES)
    assert public_hits(atlas, ()) == []
    assert [hit.href for hit in public_hits(atlas, search_terms("nourrir"))] == ["/defis/ter-a-d1"]

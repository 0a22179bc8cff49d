"""Territories, projects and offers in words; menus; what someone may be told."""

from datetime import date, timedelta

from services.console.views.alerts import Delivery, Preference
from services.console.views.atlas import make_atlas
from services.console.views.lists import PartyTally, party_tally
from services.console.views.menu import main_menu
from services.console.views.offer_page import offer_facts_rows, offer_summary
from services.console.views.project_history import recent_history
from services.console.views.project_page import need_words, project_facts_rows, summary_of
from services.console.views.rights import Person
from services.console.views.search import Place, challenges_bearing, public_hits, search_terms
from services.console.views.sections import sections
from services.console.views.territory_page import funding_of
from services.console.views.words import offer_words, project_words
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
    found = funding_of(a_territory(), funds, ["France Active"], NAMES, TODAY)
    assert [line.fund.fund_id for line in found.matched] == ["fds-a", "fds-part"]
    assert [line.fund.fund_id for line in found.context] == ["fds-whole", "fds-public"]
    assert found.near == ("France Active",)
    labelled = funding_of(a_territory(status="labellise"), funds, [], NAMES, TODAY)
    assert "fds-label" in [line.fund.fund_id for line in labelled.matched]


def test_funds_near_are_open_first_and_closed_ones_apart() -> None:
    funds = [
        a_fund("fds-closed", closes_on="2019-06-30", last_checked_on="2019-02-25"),
        a_fund("fds-later", opens_on="2027-03-01"),
        a_fund("fds-open"),
        a_fund("fds-stale", last_checked_on="2019-02-25"),
    ]
    found = funding_of(a_territory(), funds, [], NAMES, TODAY)
    assert [line.fund.fund_id for line in found.matched] == ["fds-open", "fds-stale", "fds-later"]
    assert [line.fund.fund_id for line in found.closed] == ["fds-closed"]
    assert [bool(line.warning) for line in found.matched] == [False, True, False]
    assert found.closed[0].warning is None


def test_status_of_an_offer_follows_its_dates() -> None:
    closed = offer_summary(a_fund(closes_on="2019-06-30"), NAMES, TODAY)
    assert (closed.status, closed.is_active, closed.is_over) == ("Clos", False, True)
    assert offer_summary(a_fund(closes_on="2026-12-01"), NAMES, TODAY).status == "Ouvert"
    assert offer_summary(a_commitment(opens_on="2026-12-02"), NAMES, TODAY).status == "Pas encore ouvert"
    assert offer_summary(a_commitment(duplicate_of="eng-b"), NAMES, TODAY).status == "Dépôt en double"
    assert summary_of(a_project(deadline="2026-11-30"), NAMES, TODAY).status == "Échéance passée"
    assert summary_of(a_project(deadline="2026-12-01"), NAMES, TODAY).is_active


def test_counts_of_a_party_are_worded_by_state_and_keep_what_was_concluded() -> None:
    some = [
        match_changed(),
        match_changed("prj-b", state="revised"),
        match_changed("prj-c", state="concluded"),
        match_changed("prj-d", state="declined"),
        match_changed("prj-e", state="interested", interested_sides=["project"]),
        match_changed("prj-f", offer_hidden_until="2026-12-20"),
    ]
    tally = party_tally(some, "offer", TODAY)
    assert tally.words("projet").replace("\u00a0", " ") == (
        "5 projets : 3 proposés, 1 avec un premier oui, 1 conclu, dont 1 mis de côté"
    )
    assert (tally.total, tally.over, tally.waiting) == (5, 1, 1)
    assert PartyTally().words("projet") == "0\u00a0projet"


def test_each_list_of_a_page_has_its_own_page_in_the_address() -> None:
    many = [match_changed(f"prj-{n:02}") for n in range(25)]
    found = sections({"a": many, "b": many[:3]}, {"a": "3", "b": "deux"})
    assert (len(found["a"].items), found["a"].total, found["a"].pages.page) == (5, 25, 3)
    assert (found["b"].pages.page, found["b"].address(1)) == (1, "?a=3#b")
    assert found["a"].address(2) == "?a=2#a"
    assert found["a"].is_asked


def test_project_is_found_by_what_it_says_by_id() -> None:
    words = project_words(a_project(), NAMES)
    for word in (
        "amorcage",
        "reze",
        "44400",
        "loire",
        "atlantique",
        "alimentation",
        "association",
        "nantes",
        "paniers",
    ):
        assert word in words.split(), word
    offer = offer_words(a_fund(), NAMES)
    assert {"banque", "solidaire", "france", "amorcage", "fonds"} <= set(offer.split())


def test_search_ignores_number_case_and_accents_and_finds_a_commune() -> None:
    assert search_terms("Les JARDINS partagés de Rezé") == ("jardin", "partage", "reze")
    atlas = make_atlas([a_territory(name="Nantes")], NAMES)
    [hit] = public_hits(atlas, search_terms("Rezé"), [Place("Rezé", "ter-a")])
    assert (hit.href, hit.about) == ("/territoires/ter-a", "Il comprend\u00a0: Rezé")
    assert challenges_bearing(atlas, search_terms("nourrir rien")) == (("ter-a-d1",), ())


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


def test_change_of_many_matches_at_one_moment_is_one_line_of_history() -> None:
    gone = {"at": NOW + timedelta(days=1), "change": "withdrawn", "cause": "refused", "refusals": ["suspendu"]}
    history = [{"at": NOW, "change": "proposed"}, gone]
    many = [match_changed("prj-a", f"eng-{number}", state="withdrawn", history=history) for number in range(19)]
    paused, proposed = recent_history(many, NAMES, reader="project")
    assert paused.words == "Mis en pause\u00a0: 19\u00a0rapprochements ne tiennent plus"
    assert proposed.words == "Proposé, 19\u00a0rapprochements"
    assert proposed.about.endswith("et 16\u00a0autres")
    assert not paused.href


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


def test_fund_that_nobody_vouches_for_names_who_described_it() -> None:
    assert dict(offer_facts_rows(a_fund(), NAMES, TODAY))["Vérifié en"] == "novembre 2026"
    unchecked = a_fund(deposited_by="Les Paniers")
    facts = dict(offer_facts_rows(unchecked, NAMES, TODAY))
    assert "Vérifié en" not in facts
    assert (facts["Décrit par"], facts["Organisme annoncé"]) == ("Les Paniers, non vérifié", "Banque solidaire")
    assert offer_summary(unchecked, NAMES, TODAY).who == "Les Paniers"


def test_menu_leads_each_to_what_is_theirs() -> None:
    def labels(person: Person | None) -> list[str]:
        return [item.label for item in main_menu(person, NAMES, "/")]

    assert labels(None) == ["Territoires", "Comment ça marche"]
    assert labels(Person("x")) == [
        "Déposer un projet",
        "S'engager",
        "Décrire un fonds",
        "Mes alertes",
    ]
    assert labels(Person("x", projects=frozenset({"prj-a"}))) == ["Mes projets", "Mes alertes"]
    assert labels(Person("x", territories=frozenset({"nantes-metropole"}))) == [
        "Nantes Métropole",
        "Suivi",
        "Mes alertes",
    ]
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

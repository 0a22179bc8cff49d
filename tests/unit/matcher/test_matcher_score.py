"""The score: what each criterion earns, shares that add up, and the rules that hold for any pair."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matcher.matching.criteria import WEIGHTS, closeness
from services.matcher.matching.eligibility import refusals
from services.matcher.matching.model import PreparedOffer, PreparedProject
from services.matcher.matching.score import fit, score, shares
from shared.events.matches import Reason
from shared.events.shapes import Commitment
from shared.text.vectors import MILLION
from tests.unit.matcher.judged import (
    DAY,
    FRANCE,
    GEOGRAPHY,
    LOIRE_ATLANTIQUE,
    NANTES_METROPOLE,
    OFFERS,
    PAYS_DE_LA_LOIRE,
    PREPARATION,
    REZE_UNIT,
    RULE,
    VENDEE,
    commitment,
    commitments,
    fund,
    project,
    projects,
)


def reason(one: PreparedProject, other: PreparedOffer, code: str) -> Reason:
    return next(each for each in fit(one, other).reasons if each.code == code)


def codes(one: PreparedProject, other: PreparedOffer) -> list[str]:
    return [each.code for each in fit(one, other).reasons]


def test_weights_add_up_to_one() -> None:
    assert sum(WEIGHTS.values()) == MILLION


@RULE
@given(projects(), OFFERS)
def test_shares_add_up_to_the_score_exactly(one: PreparedProject, other: PreparedOffer) -> None:
    found = fit(one, other)
    in_six_digits = [Decimal(str(each.share)) for each in found.reasons]
    assert sum(in_six_digits) == Decimal(str(found.score)) == Decimal(score(one, other)) / MILLION
    assert 0 <= found.score_ppm <= MILLION


@RULE
@given(projects(), OFFERS)
def test_reasons_come_best_first_and_gates_last(one: PreparedProject, other: PreparedOffer) -> None:
    given_shares = [each.share for each in fit(one, other).reasons]
    assert given_shares == sorted(given_shares, reverse=True)


def test_a_criterion_on_which_a_side_is_silent_earns_nothing() -> None:
    silent = commitment(
        challenges=[], categories=[], objects=[], stages=[], per_project_eur=None, total_eur=None, committed_eur=None
    )
    assert set(shares(project(), silent)) == {"proximity", "text"}
    assert "challenge" not in shares(project(challenge_id=None), commitment())


def test_what_each_criterion_earns_in_full() -> None:
    found = shares(project(), commitment())
    assert {name: found[name] for name in ("challenge", "category", "objects", "cover", "stage")} == {
        name: WEIGHTS[name] for name in ("challenge", "category", "objects", "cover", "stage")
    }
    assert reason(project(), commitment(), "defi-identique").challenge_id == "nantes-metropole-d2"
    assert reason(project(), commitment(), "theme-principal").categories == ("alimentation",)
    assert reason(project(), commitment(), "objet-commun").objects == ("logistique-transport",)
    assert reason(project(), commitment(), "stade-admis").stage == "amorcage"
    assert "nuit" in reason(project(), commitment(), "texte-proche").terms


def test_themes_rank_main_before_secondary_before_near_by_nearness() -> None:
    def earned(own: list[str], named: str) -> int:
        return shares(project(categories=own), commitment(categories=[named])).get("category", 0)

    main, secondary = earned(["environnement"], "environnement"), earned(["seniors", "environnement"], "environnement")
    near, less_near = earned(["environnement"], "economie-circulaire"), earned(["emploi-insertion"], "inegalites")
    assert main > secondary > near > less_near > 0
    near_reason = reason(
        project(categories=["environnement"]), commitment(categories=["economie-circulaire"]), "theme-proche"
    )
    assert near_reason.categories == ("environnement", "economie-circulaire")


def test_deduced_themes_are_said_to_be() -> None:
    one = project(categories=[], suggested_categories=["alimentation"])
    assert reason(one, commitment(), "theme-principal").deduced
    assert not reason(project(), commitment(), "theme-principal").deduced


GEOGRAPHY_REASONS: list[tuple[list[dict[str, str]], dict[str, Any], str, str]] = [
    ([], {"perimeter": [REZE_UNIT]}, "geo-identique", "44143"),
    ([NANTES_METROPOLE], {"perimeter": [NANTES_METROPOLE]}, "geo-identique", "244400404"),
    ([NANTES_METROPOLE], {"perimeter": [REZE_UNIT]}, "geo-identique", "44143"),
    ([NANTES_METROPOLE], {"perimeter": [{"level": "commune", "code": "44109"}]}, "geo-contient", "44109"),
    ([], {"perimeter": [NANTES_METROPOLE]}, "geo-contenu", "244400404"),
    ([], {"perimeter": [FRANCE, LOIRE_ATLANTIQUE]}, "geo-contenu", "44"),
    ([], {"perimeter": [FRANCE]}, "geo-national", "FR"),
    ([FRANCE], {"perimeter": [FRANCE]}, "geo-national", "FR"),
    ([], {"perimeter": [VENDEE], "accepts_neighbours": True}, "geo-voisin", "85"),
    ([VENDEE, REZE_UNIT], {"perimeter": [VENDEE], "accepts_neighbours": True}, "geo-identique", "85"),
]


@pytest.mark.parametrize(("acts_in", "of_offer", "code", "unit"), GEOGRAPHY_REASONS)
def test_geographic_reasons_name_the_unit(
    acts_in: list[dict[str, str]], of_offer: dict[str, Any], code: str, unit: str
) -> None:
    found = reason(project(perimeter=acts_in), commitment(**of_offer), code)
    assert found.unit is not None
    assert found.unit.code == unit


def test_proximity_falls_with_population_and_neighbours_come_after_all_of_france() -> None:
    perimeters = [[REZE_UNIT], [NANTES_METROPOLE], [LOIRE_ATLANTIQUE], [PAYS_DE_LA_LOIRE], [FRANCE]]
    earned = [shares(project(), commitment(perimeter=perimeter))["proximity"] for perimeter in perimeters]
    beside = shares(project(), commitment(perimeter=[VENDEE], accepts_neighbours=True))["proximity"]
    assert earned == sorted(set(earned), reverse=True)
    assert 0 < beside < earned[-1]


def test_inside_the_projects_perimeter_the_wider_of_the_two_counts() -> None:
    one = project(perimeter=[PAYS_DE_LA_LOIRE])
    assert (
        shares(one, commitment(perimeter=[REZE_UNIT]))["proximity"]
        == shares(one, commitment(perimeter=[LOIRE_ATLANTIQUE]))["proximity"]
        == shares(one, commitment(perimeter=[PAYS_DE_LA_LOIRE]))["proximity"]
    )


@given(st.integers(0, 70_000_000), st.integers(0, 70_000_000))
def test_more_people_never_make_a_place_nearer(a: int, b: int) -> None:
    assert closeness(min(a, b)) >= closeness(max(a, b))


def test_a_village_is_nearer_than_a_million_and_a_departement_of_a_million_than_a_metropolis_of_seven() -> None:
    assert closeness(5_000) > closeness(1_000_000) > closeness(7_000_000) > closeness(68_000_000)


COVERS: list[tuple[dict[str, Any], dict[str, Any], str, float]] = [
    ({"amount_eur": 10_000}, {"per_project_eur": {"max": 10_000}}, "montant-compatible", 1.0),
    ({"amount_eur": 10_000}, {"per_project_eur": {"max": 9_999}}, "montant-partiel", 0.79992),
    ({"amount_eur": 10_000}, {"per_project_eur": {"max": 10_000}, "committed_eur": 19_000}, "montant-partiel", 0.4),
    ({"days": 10}, {"kind": "mecenat-competences", "days": 30, "committed_days": 20}, "montant-compatible", 1.0),
    ({"days": 10}, {"kind": "mecenat-competences", "days": 30, "committed_days": 25}, "montant-partiel", 0.4),
    ({"days": 10, "amount_eur": 100}, {"days": 5}, "montant-partiel", 0.4),
]


@pytest.mark.parametrize(("need", "of_offer", "code", "part"), COVERS)
def test_cover_is_what_the_offer_can_give_of_the_need(
    need: dict[str, Any], of_offer: dict[str, Any], code: str, part: float
) -> None:
    kind = of_offer.get("kind", "mecenat-nature")
    one = project(needs=[{"kind": kind, **need}])
    assert reason(one, commitment(**of_offer), code).share == pytest.approx(part * WEIGHTS["cover"] / MILLION, abs=1e-6)


def test_cover_says_its_amounts() -> None:
    one = project(needs=[{"kind": "mecenat-nature", "amount_eur": 20_000}])
    part = reason(one, commitment(per_project_eur={"max": 8_000}), "montant-partiel")
    assert (part.covers_eur, part.need_eur, part.covers_days, part.need_days) == (8_000, 20_000, None, None)


def test_the_envelope_of_a_fund_says_nothing_of_what_one_project_gets() -> None:
    assert "cover" not in shares(project(), fund(ticket_eur=None, envelope_eur=21_000_000))
    assert shares(project(), fund(envelope_eur=10_000))["cover"] == WEIGHTS["cover"] * 4 // 10


def test_gates_passed_are_said_with_a_share_of_zero() -> None:
    one = project(stage="essaimage", commune="46102", challenge_id=None)
    other = fund(stages=["changement-echelle"], legal_forms=["association"], labelled_territories_only=True)
    gates = [each for each in fit(one, other).reasons if each.share == 0]
    assert [each.code for each in gates] == [
        "engagement-recherche",
        "stade-admis",
        "forme-admise",
        "territoire-labellise",
    ]
    assert [gates[0].kind, gates[1].stage, gates[2].legal_form, gates[3].territory_id] == [
        "amorcage",
        "essaimage",
        "association",
        "figeac",
    ]


def test_the_calendar_names_the_last_day_open_to_both() -> None:
    assert str(reason(project(deadline="2027-01-31"), commitment(), "calendrier-ouvert").until) == "2027-01-31"
    assert str(reason(project(deadline=None), commitment(), "calendrier-ouvert").until) == "2028-08-31"
    assert "calendrier-ouvert" not in codes(project(), commitment(opens_on=None, closes_on=None))


def more_alike(one: PreparedProject, other: PreparedOffer, what: str) -> PreparedOffer | None:
    """The same commitment with one more thing in common with the project; none where that adds nothing."""
    shape, asked = other.offer, other.need_of(one)
    assert isinstance(shape, Commitment)
    added: dict[str, Any] = {}
    if what == "challenge" and one.project.challenge_id:
        added = {"challenges": (*shape.challenges, one.project.challenge_id)}
    if what == "category" and one.themes.own:
        added = {"categories": (*shape.categories, one.themes.own[0])}
    if what == "stage":
        added = {"stages": (*shape.stages, one.project.stage)}
    if what == "objects" and asked and asked.objects:
        added = {"objects": (*shape.objects, min(asked.objects))}
    if what == "total" and shape.total_eur is not None:
        added = {"total_eur": shape.total_eur + 1_000}
    return PREPARATION.commitment(shape.model_copy(update=added)) if added else None


@RULE
@given(projects(), commitments(), st.sampled_from(["challenge", "category", "stage", "objects", "total"]))
def test_more_affinity_never_lowers_a_score(one: PreparedProject, other: PreparedOffer, what: str) -> None:
    closer = more_alike(one, other, what)
    assert closer is None or score(one, closer) >= score(one, other)


@RULE
@given(projects(), OFFERS, st.data())
def test_a_tighter_perimeter_never_ranks_below_a_wider_one(
    one: PreparedProject, other: PreparedOffer, data: st.DataObject
) -> None:
    unit = data.draw(st.sampled_from(other.units))
    level = data.draw(st.sampled_from(["departement", "region", "national"]))
    around = [wider for wider in GEOGRAPHY.raise_to(unit, level) if GEOGRAPHY.contains(wider, unit)]
    if not around:
        return
    tight, wide = ({"perimeter": [{"level": each.level, "code": each.code}]} for each in (unit, around[0]))
    offers = [
        PREPARATION.offer(other.offer.model_validate({**other.offer.model_dump(), **each})) for each in (tight, wide)
    ]
    if refusals(one, offers[0], DAY) == refusals(one, offers[1], DAY) == ():
        within = one.place.meeting(offers[0].units, accepts_neighbours=False)
        assert within is None or score(one, offers[0]) >= score(one, offers[1])

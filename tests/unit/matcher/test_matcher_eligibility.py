"""Each row of the table of refusals, in both directions and at its edges."""

from datetime import timedelta
from typing import Any

import pytest

from services.matcher.matching.eligibility import refusals
from services.matcher.matching.model import PreparedOffer, PreparedProject
from shared.events.vocabulary import RefusalCode
from tests.unit.matcher.judged import (
    DAY,
    FIGEAC,
    FRANCE,
    LILLE,
    LOIRE_ATLANTIQUE,
    NANTES_METROPOLE,
    PAYS_DE_LA_LOIRE,
    REZE_UNIT,
    VENDEE,
    commitment,
    fund,
    project,
)

YESTERDAY, TOMORROW = DAY - timedelta(days=1), DAY + timedelta(days=1)
OWNER = {"owner_id": "org-a", "name": "Porteur", "legal_form": "association"}
COMPANY = {"company_id": "org-b", "name": "Entreprise"}


def said(one: PreparedProject, other: PreparedOffer) -> tuple[RefusalCode, ...]:
    return refusals(one, other, DAY)


def test_the_pair_of_the_factories_is_eligible() -> None:
    assert said(project(), commitment()) == ()
    assert said(project(), fund()) == ()


@pytest.mark.parametrize("status", ["suspendu", "clos", "retire"])
def test_a_side_that_is_out_refuses(status: RefusalCode) -> None:
    assert said(project(status=status), commitment()) == (status,)
    assert said(project(), commitment(status=status)) == (status,)
    assert said(project(), fund(status=status)) == (status,)
    assert said(project(status=status), commitment(status=status)) == (status,)


def test_first_and_last_days_are_open() -> None:
    assert said(project(deadline=DAY), commitment(opens_on=DAY, closes_on=DAY)) == ()
    assert said(project(), commitment(opens_on=TOMORROW)) == ("pas-encore-ouvert",)
    assert said(project(), commitment(opens_on=None, closes_on=YESTERDAY)) == ("clos",)
    assert said(project(deadline=YESTERDAY), commitment()) == ("clos",)
    assert said(project(deadline=None), commitment(opens_on=None, closes_on=None)) == ()


PLACES: list[tuple[dict[str, Any], dict[str, Any], tuple[RefusalCode, ...]]] = [
    ({}, {"perimeter": [REZE_UNIT]}, ()),
    ({}, {"perimeter": [{"level": "commune", "code": "44109"}]}, ("hors-perimetre",)),
    ({}, {"perimeter": [{"level": "commune", "code": "44109"}], "accepts_neighbours": True}, ()),
    ({}, {"perimeter": [{"level": "commune", "code": LILLE}], "accepts_neighbours": True}, ("hors-perimetre",)),
    ({}, {"perimeter": [LOIRE_ATLANTIQUE]}, ()),
    ({}, {"perimeter": [FRANCE]}, ()),
    ({}, {"perimeter": [VENDEE]}, ("hors-perimetre",)),
    ({}, {"perimeter": [VENDEE], "accepts_neighbours": True}, ()),
    ({}, {"perimeter": [VENDEE, NANTES_METROPOLE]}, ()),
    (
        {"commune": LILLE, "challenge_id": None},
        {"perimeter": [VENDEE], "accepts_neighbours": True},
        ("hors-perimetre",),
    ),
    ({"perimeter": [PAYS_DE_LA_LOIRE]}, {"perimeter": [VENDEE]}, ()),
    ({"perimeter": [VENDEE]}, {"perimeter": [NANTES_METROPOLE]}, ("hors-perimetre",)),
    ({"perimeter": [VENDEE, REZE_UNIT]}, {"perimeter": [NANTES_METROPOLE]}, ()),
    ({"perimeter": [FRANCE]}, {"perimeter": [{"level": "commune", "code": LILLE}]}, ()),
]


@pytest.mark.parametrize(("of_project", "of_offer", "expected"), PLACES)
def test_perimeters_must_share_a_commune_or_touch(
    of_project: dict[str, Any], of_offer: dict[str, Any], expected: tuple[RefusalCode, ...]
) -> None:
    assert said(project(**of_project), commitment(**of_offer)) == expected


def test_the_label_is_required_where_the_offer_says_so() -> None:
    labelled = fund(labelled_territories_only=True)
    assert said(project(commune=FIGEAC, challenge_id=None), labelled) == ()
    assert said(project(commune=LILLE, challenge_id=None), labelled) == ("label-requis",)
    assert said(project(commune=LILLE, challenge_id=None), fund()) == ()


def test_a_challenge_answered_from_the_associated_perimeter_counts_as_the_territory() -> None:
    labelled = fund(labelled_territories_only=True)
    there = {"commune": "75056"}
    assert said(project(**there, challenge_id="territoire-olympique-2024-d1"), labelled) == ()
    assert said(project(**there, challenge_id="roubaix-d1"), labelled) == ("label-requis",)


THEMES: list[tuple[list[str], list[str], list[str], bool]] = [
    (["alimentation"], [], ["alimentation"], True),
    (["seniors", "alimentation"], [], ["alimentation"], True),
    (["alimentation"], [], [], True),
    ([], [], ["alimentation"], True),
    ([], ["alimentation"], ["alimentation"], True),
    ([], ["seniors"], ["alimentation"], False),
    (["alimentation"], ["seniors"], ["seniors"], False),
    (["environnement"], [], ["economie-circulaire"], True),  # 0.6
    (["emploi-insertion"], [], ["inegalites"], True),  # 0.5
    (["environnement"], [], ["alimentation"], False),  # 0.4
    (["autres"], [], ["autres"], True),
    (["autres"], [], ["inegalites"], False),
    (["inegalites"], [], ["autres"], False),
]


@pytest.mark.parametrize(("own", "suggested", "named", "meets"), THEMES)
def test_themes_must_meet(own: list[str], suggested: list[str], named: list[str], meets: bool) -> None:
    one = project(categories=own, suggested_categories=suggested)
    assert said(one, commitment(categories=named)) == (() if meets else ("theme-eloigne",))


def test_a_kind_of_commitment_must_be_needed() -> None:
    one = project(needs=[{"kind": "mecenat-financier", "amount_eur": 20_000}])
    assert said(one, commitment(kind="mecenat-financier", objects=None)) == ()
    assert said(one, commitment(kind="mecenat-nature")) == ("engagement-non-recherche",)
    assert said(project(needs=[]), commitment()) == ("engagement-non-recherche",)


def test_money_alone_is_refused_to_who_seeks_none() -> None:
    free = fund(ticket_eur=None)
    assert said(project(amount_sought_eur=0), free) == ("engagement-non-recherche",)
    assert said(project(amount_sought_eur=1), free) == ()
    assert said(project(amount_sought_eur=None), free) == ()
    assert said(project(amount_sought_eur=0), fund(ticket_eur=None, kinds=["amorcage", "accompagnement"])) == ()
    assert said(project(amount_sought_eur=0), fund(ticket_eur=None, kinds=["competences"])) == ()


def test_objects_named_by_both_must_be_shared() -> None:
    def need(*objects: str) -> PreparedProject:
        return project(needs=[{"kind": "mecenat-nature", "amount_eur": 12_000, "objects": objects}])

    assert said(need("locaux"), commitment(objects=["velos"])) == ("objet-different",)
    assert said(need("locaux", "velos"), commitment(objects=["velos"])) == ()
    assert said(need(), commitment(objects=["velos"])) == ()
    assert said(need("locaux"), commitment(objects=[])) == ()


def test_objects_are_those_of_the_need_served() -> None:
    needs = [
        {"kind": "mecenat-nature", "amount_eur": 12_000, "objects": ["locaux"]},
        {"kind": "partenariat", "objects": ["velos"]},
    ]
    assert said(project(needs=needs), commitment(objects=["velos"])) == ("objet-different",)


def test_a_desk_for_barriers_needs_one() -> None:
    desk = fund(needs_barrier=True)
    assert said(project(), desk) == ("frein-absent",)
    assert said(project(barrier={"kind": "norme-nationale", "text": "Une norme bloque."}), desk) == ()


STAGES = [("idee", False), ("amorcage", True), ("essaimage", False)]


@pytest.mark.parametrize(("stage", "admitted"), STAGES)
def test_the_stage_must_be_named(stage: str, admitted: bool) -> None:
    expected = () if admitted else ("stade-non-admis",)
    assert said(project(stage=stage), commitment(stages=["amorcage", "experimentation"])) == expected
    assert said(project(stage=stage), commitment(stages=[])) == ()


def test_scaling_up_also_admits_scaling_out_and_not_the_reverse() -> None:
    assert said(project(stage="essaimage"), commitment(stages=["changement-echelle"])) == ()
    assert said(project(stage="changement-echelle"), commitment(stages=["essaimage"])) == ("stade-non-admis",)


FORMS: list[tuple[str, list[str], list[str], bool]] = [
    ("association", [], ["association"], True),
    ("association-droit-local", [], ["association"], True),
    ("association", [], ["association-droit-local"], False),
    ("societe", [], ["association"], False),
    ("societe", ["esus"], ["association", "esus"], True),
    ("societe", ["societe-mission"], ["esus"], False),
    ("societe", [], [], True),
]


@pytest.mark.parametrize(("form", "accreditations", "named", "admitted"), FORMS)
def test_the_legal_form_or_an_accreditation_must_be_named(
    form: str, accreditations: list[str], named: list[str], admitted: bool
) -> None:
    one = project(owner={**OWNER, "legal_form": form, "accreditations": accreditations})
    assert said(one, commitment(legal_forms=named)) == (() if admitted else ("forme-non-admise",))


def test_the_minimum_must_not_exceed_the_need_in_euros() -> None:
    one = project(needs=[{"kind": "mecenat-nature", "amount_eur": 5_000}])
    assert said(one, commitment(per_project_eur={"min": 5_000})) == ()
    assert said(one, commitment(per_project_eur={"min": 5_001})) == ("montant-hors-fourchette",)
    assert said(project(needs=[{"kind": "mecenat-nature"}]), commitment(per_project_eur={"min": 5_001})) == ()
    assert said(one, commitment(per_project_eur={"max": 10})) == ()


def test_the_minimum_must_not_exceed_the_need_in_days() -> None:
    one = project(needs=[{"kind": "mecenat-competences", "days": 10}])
    lent = {"kind": "mecenat-competences", "objects": [], "total_eur": None, "per_project_eur": None}
    assert said(one, commitment(**lent, per_project_days={"min": 10})) == ()
    assert said(one, commitment(**lent, per_project_days={"min": 11})) == ("montant-hors-fourchette",)


def test_a_fund_serves_the_amount_sought() -> None:
    assert said(project(amount_sought_eur=5_000), fund(ticket_eur={"min": 5_000})) == ()
    assert said(project(amount_sought_eur=4_999), fund(ticket_eur={"min": 5_000})) == ("montant-hors-fourchette",)
    assert said(project(amount_sought_eur=None), fund(ticket_eur={"min": 5_000})) == ()


CAPACITIES: list[tuple[dict[str, Any], bool]] = [
    ({"total_eur": 1_000, "committed_eur": 999}, True),
    ({"total_eur": 1_000, "committed_eur": 1_000}, False),
    ({"total_eur": 1_000, "committed_eur": 1_001}, False),
    ({"total_eur": 0, "committed_eur": None}, False),
    ({"total_eur": 3_000, "committed_eur": 1_000, "per_project_eur": {"min": 2_000}}, True),
    ({"total_eur": 3_000, "committed_eur": 1_001, "per_project_eur": {"min": 2_000}}, False),
    ({"total_eur": None, "committed_eur": 1_000, "per_project_eur": {"min": 2_000}}, True),
    ({"total_eur": None, "committed_eur": None, "days": 20, "committed_days": 19}, True),
    ({"total_eur": None, "committed_eur": None, "days": 20, "committed_days": 20}, False),
    ({"total_eur": None, "days": 20, "committed_days": 16, "per_project_days": {"min": 5}}, False),
    ({"total_eur": None, "days": 20, "committed_days": 15, "per_project_days": {"min": 5}}, True),
]


@pytest.mark.parametrize(("amounts", "enough"), CAPACITIES)
def test_something_must_remain(amounts: dict[str, Any], enough: bool) -> None:
    one = project(needs=[{"kind": "mecenat-nature"}])
    offer = commitment(**{"per_project_eur": None, **amounts})
    assert said(one, offer) == (() if enough else ("capacite-epuisee",))


def test_an_organisation_is_not_matched_with_itself() -> None:
    mine = {**OWNER, "owner_id": "same"}
    its = {**COMPANY, "company_id": "same"}
    same: tuple[RefusalCode, ...] = ("meme-organisation",)
    assert said(project(owner=mine), commitment(company=its)) == same
    assert said(project(owner=OWNER), commitment(company=COMPANY)) == ()
    assert said(project(owner={**mine, "siren": "123456789"}), commitment(company=its)) == same
    other = {**its, "siren": "987654321"}
    assert said(project(owner={**mine, "siren": "123456789"}), commitment(company=other)) == ()
    assert said(project(owner={**OWNER, "siren": "987654321"}), commitment(company=other)) == same


def test_a_duplicate_is_refused_on_either_side() -> None:
    assert said(project(duplicate_of="prj-0"), commitment()) == ("doublon",)
    assert said(project(), commitment(duplicate_of="eng-0")) == ("doublon",)


def test_a_decline_comes_last() -> None:
    assert refusals(project(), commitment(), DAY, declined=True) == ("decline",)
    assert refusals(project(status="clos"), commitment(), DAY, declined=True) == ("clos", "decline")


def test_every_refusal_is_said_once_in_the_order_of_the_table() -> None:
    one = project(
        status="clos",
        deadline=YESTERDAY,
        commune=LILLE,
        challenge_id=None,
        categories=["numerique"],
        stage="idee",
        owner={**OWNER, "legal_form": "societe"},
        amount_sought_eur=0,
        duplicate_of="prj-0",
    )
    other = fund(
        status="suspendu",
        opens_on=TOMORROW,
        perimeter=[NANTES_METROPOLE],
        labelled_territories_only=True,
        categories=["alimentation"],
        needs_barrier=True,
        stages=["amorcage"],
        legal_forms=["association"],
        envelope_eur=0,
    )
    assert said(one, other) == (
        "suspendu",
        "clos",
        "pas-encore-ouvert",
        "hors-perimetre",
        "label-requis",
        "theme-eloigne",
        "engagement-non-recherche",
        "frein-absent",
        "stade-non-admis",
        "forme-non-admise",
        "montant-hors-fourchette",
        "capacite-epuisee",
        "doublon",
    )

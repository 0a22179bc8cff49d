"""Every reason and every refusal has a sentence, for every reader, that no fact can break."""

from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.matches import Cause, Change, HistoryEntry, MatchState, OfferFacts, ProjectFacts, Reason
from shared.events.vocabulary import DeclineReason, ReasonCode, RefusalCode, Side
from shared.words import bands, facts, states
from shared.words.names import reference_names
from shared.words.reasons import best_reasons, reason_sentence
from shared.words.refusals import refusal_words
from tests.factories import NOW, match_changed

TODAY = date(2026, 12, 1)
NAMES = reference_names()
MATCH = match_changed()
PLAIN = str.maketrans({"\u00a0": " ", "\u202f": " "})


def unit(level: str, code: str) -> dict[str, Any]:
    return {"unit": {"level": level, "code": code}}


def said(code: str, reader: Side | None = None, offer: dict[str, Any] | None = None, **fact: Any) -> str:
    reason = Reason.model_validate({"code": code, "share": 0.1, **fact})
    changed = MATCH.offer.model_copy(update=offer or {})
    return reason_sentence(reason, MATCH.project, changed, NAMES, reader=reader).translate(PLAIN)


@pytest.mark.parametrize(
    ("code", "fact", "expected"),
    [
        ("geo-identique", unit("commune", "44143"), "Même commune : Rezé"),
        ("geo-identique", unit("epci", "244400404"), "Même intercommunalité : Nantes Métropole"),
        ("geo-identique", unit("departement", "44"), "Même département : Loire-Atlantique"),
        ("geo-contenu", unit("epci", "244400404"), "Périmètre de l'offre : Nantes Métropole"),
        ("geo-contient", unit("commune", "44143"), "L'offre couvre une partie du territoire du projet : Rezé"),
        ("geo-national", unit("national", "FR"), "Ouvert à toute la France"),
        ("geo-voisin", unit("departement", "44"), "Territoire voisin, accepté : Loire-Atlantique (département)"),
        ("territoire-labellise", {"territory_id": "figeac"}, "Territoire French Impact : Figeac"),
        (
            "defi-identique",
            {"challenge_id": "aix-marseille-provence-d1"},
            "Répond au même défi : « Cultiver Marseille »",
        ),
        ("defi-identique", {"challenge_id": "unknown-d1"}, "Répond au même défi"),
        ("theme-principal", {"categories": ["alimentation"]}, "Même thème : Alimentation"),
        (
            "theme-principal",
            {"categories": ["alimentation"], "deduced": True},
            "Même thème : Alimentation (thème déduit du texte)",
        ),
        ("theme-secondaire", {"categories": ["numerique"]}, "Un thème en commun : Numérique"),
        (
            "theme-proche",
            {"categories": ["environnement", "economie-circulaire"]},
            "Thèmes proches : Environnement, Économie circulaire",
        ),
        ("engagement-recherche", {"kind": "mecenat-competences"}, "Besoin recherché : mécénat de compétences"),
        ("objet-commun", {"objects": ["denrees-epicerie"]}, "Même objet : farine et épicerie"),
        ("texte-proche", {"terms": ["maraîchage", "cantine"]}, "Mots communs : maraîchage, cantine"),
        ("stade-admis", {"stage": "amorcage"}, "Stade accepté : amorçage"),
        ("forme-admise", {"legal_form": "association"}, "Forme admise : association"),
        ("calendrier-ouvert", {"until": "2027-12-31"}, "Ouvert jusqu'au 31 décembre 2027"),
        (
            "montant-compatible",
            {"covers_eur": 20_000, "need_eur": 20_000},
            "Peut couvrir tout le besoin : 20 000 €",
        ),
        ("montant-partiel", {"covers_eur": 80_000, "need_eur": 200_000}, "Peut couvrir 80 000 € sur 200 000 €"),
        ("montant-partiel", {"covers_days": 5, "need_days": 20}, "Peut couvrir 5 jours sur 20 jours"),
    ],
)
def test_a_reason_says_its_fact(code: str, fact: dict[str, Any], expected: str) -> None:
    assert said(code, **fact) == expected


def test_purchases_are_said_as_possible_orders() -> None:
    orders = {"kinds": ("achats-responsables",), "min_eur": 5_000, "max_eur": 80_000}
    said_so = said("montant-compatible", offer=orders, covers_eur=80_000, need_eur=90_000)
    assert said_so == "Commandes possibles : 5 000 à 80 000 €"


def test_the_reader_whose_fact_it_is_reads_vous() -> None:
    stage = {"stage": "amorcage"}
    assert said("stade-admis", "project", **stage) == "Votre stade est accepté : amorçage"
    assert said("stade-admis", "offer", **stage) == "Stade que vous acceptez : amorçage"
    assert said("montant-compatible", "project", need_eur=9, covers_eur=9) == "Peut couvrir tout votre besoin : 9 €"
    assert said("geo-contenu", "offer", **unit("epci", "244400404")) == "Votre périmètre : Nantes Métropole"


@pytest.mark.parametrize("reader", [None, "project", "offer"])
@pytest.mark.parametrize("code", get_args(ReasonCode))
def test_every_reason_has_a_sentence_without_any_fact(code: ReasonCode, reader: Side | None) -> None:
    sentence = said(code, reader)
    assert sentence[0].isupper()
    assert code not in sentence
    assert "None" not in sentence


def test_the_best_reasons_come_first_and_can_leave_some_out() -> None:
    best = best_reasons(reversed(MATCH.reasons), 2, leave=["defi-identique"])
    assert [reason.code for reason in best] == ["theme-principal", "geo-contenu"]


def refused(code: RefusalCode, reader: Side | None = None, **changes: Any) -> tuple[str, str | None]:
    project = MATCH.project.model_copy(update=changes.get("project", {}))
    offer = OfferFacts.model_validate(MATCH.offer.model_dump() | changes.get("offer", {}))
    words = refusal_words(
        code,
        project,
        offer,
        TODAY,
        NAMES,
        reader=reader,
        declined_on=changes.get("declined_on"),
        twin_title=changes.get("twin_title"),
    )
    return words.because.translate(PLAIN), words.unless.translate(PLAIN) if words.unless else None


LOIRE_ATLANTIQUE = {"perimeter": [{"level": "departement", "code": "44"}]}
FUND = {"nature": "fonds", "kinds": ["pret", "subvention"]}


@pytest.mark.parametrize(
    ("code", "changes", "because", "unless"),
    [
        (
            "hors-perimetre",
            {"project": {"commune": "59350", "commune_name": "Lille"}, "offer": LOIRE_ATLANTIQUE},
            "lieu du projet : Lille ; périmètre de l'offre : Loire-Atlantique (département)",
            "oui si le projet se déroule aussi dans ce périmètre",
        ),
        (
            "hors-perimetre",
            {
                "project": {"commune": "97411", "commune_name": "Saint-Denis"},
                "offer": {"perimeter": [{"level": "commune", "code": "93066"}]},
            },
            "lieu du projet : Saint-Denis (974) ; périmètre de l'offre : Saint-Denis (93)",
            "oui si le projet se déroule aussi dans ce périmètre",
        ),
        (
            "label-requis",
            {"project": {"commune_name": "Dunkerque"}},
            "l'offre est réservée aux Territoires French Impact ; Dunkerque n'en est pas",
            "oui si le projet se déroule dans un territoire labellisé",
        ),
        (
            "theme-eloigne",
            {"project": {"categories": ("alimentation",)}, "offer": {"categories": ["numerique", "seniors"]}},
            "thèmes de l'offre : Numérique, Séniors ; du projet : Alimentation",
            "oui si l'un de ces thèmes est aussi le sien",
        ),
        (
            "engagement-non-recherche",
            {"offer": {"kinds": ["mecenat-competences"]}},
            "offre : mécénat de compétences ; besoins du projet : mécénat en nature, mécénat financier",
            "oui si c'est aussi un besoin réel du projet",
        ),
        (
            "engagement-non-recherche",
            {"project": {"amount_sought_eur": 0}, "offer": FUND},
            "offre : prêt, subvention ; besoins du projet : aucun financement à trouver",
            "oui si c'est aussi un besoin réel du projet",
        ),
        (
            "objet-different",
            {"offer": {"objects": ["denrees-epicerie"]}},
            "l'offre porte sur : farine et épicerie ; le besoin sur : logistique et transport de marchandises",
            None,
        ),
        (
            "stade-non-admis",
            {"project": {"stage": "idee"}, "offer": {"stages": ["developpement"]}},
            "stades acceptés : développement ; stade du projet : idée",
            "oui si le projet atteint ce stade",
        ),
        (
            "stade-non-admis",
            {"project": {"stage": "idee"}, "offer": {"stages": ["developpement", "amorcage"]}},
            "stades acceptés : amorçage, développement ; stade du projet : idée",
            "oui si le projet atteint ce stade : amorçage",
        ),
        (
            "stade-non-admis",
            {"project": {"stage": "developpement"}, "offer": {"stages": ["idee", "amorcage"]}},
            "stades acceptés : idée, amorçage ; stade du projet : développement ; le projet est déjà plus avancé",
            None,
        ),
        (
            "forme-non-admise",
            {"offer": {"legal_forms": ["scop", "scic"]}},
            "formes admises : SCOP, SCIC ; porteur : association",
            "oui si une structure admise porte le projet",
        ),
        (
            "montant-hors-fourchette",
            {"project": {"amount_sought_eur": 200_000}, "offer": FUND | {"min_eur": 300_000}},
            "minimum par projet : 300 000 € ; besoin : 200 000 €",
            "oui si un projet commun à plusieurs structures atteint ce montant",
        ),
        (
            "capacite-epuisee",
            {"offer": {"remaining_eur": 0}},
            "tout le budget est engagé",
            "oui si l'entreprise ajoute du budget",
        ),
        (
            "capacite-epuisee",
            {"offer": {"remaining_eur": 1_500}},
            "il ne reste que 1 500 € ; minimum par projet : 2 000 €",
            "oui si l'entreprise ajoute du budget",
        ),
        (
            "capacite-epuisee",
            {"offer": {"remaining_eur": None, "remaining_days": 0}},
            "tous les jours sont engagés",
            "oui si l'entreprise ajoute des jours",
        ),
        (
            "pas-encore-ouvert",
            {"offer": {"opens_on": "2027-03-01"}},
            "l'offre ouvre le 1er mars 2027",
            "oui à partir de cette date",
        ),
        (
            "clos",
            {"offer": {"closes_on": "2019-06-30"}},
            "l'offre est close depuis le 1er juillet 2019",
            "oui si une nouvelle édition est annoncée",
        ),
        (
            "clos",
            {"project": {"deadline": date(2026, 11, 30)}},
            "l'échéance du projet était le 30 novembre 2026",
            "oui si le projet reporte son échéance",
        ),
        ("decline", {"declined_on": date(2027, 3, 3)}, "l'une des parties a décliné le 3 mars 2027", None),
        ("frein-absent", {}, "c'est un guichet pour les freins réglementaires", "oui si le projet décrit son frein"),
        ("suspendu", {}, "l'offre ou le projet est en pause", "oui si son auteur reprend"),
        ("retire", {}, "l'offre ou le projet a été retiré", None),
        ("doublon", {"twin_title": "Épicerie"}, "c'est déjà déposé sous le titre « Épicerie »", None),
    ],
)
def test_a_refusal_says_both_facts_and_what_would_lift_it(
    code: RefusalCode, changes: dict[str, Any], because: str, unless: str | None
) -> None:
    assert refused(code, **changes) == (because, unless)


def test_a_refusal_speaks_to_its_reader() -> None:
    assert refused("meme-organisation", "project")[0] == "cette offre est celle de votre organisation"
    assert refused("meme-organisation", "offer")[0] == "ce projet est celui de votre organisation"
    assert refused("capacite-epuisee", "offer", offer={"remaining_eur": 0})[1] == "oui si vous ajoutez du budget"
    assert refused("hors-perimetre", "project")[0].startswith("lieu de votre projet : Rezé ;")


bare_projects = st.builds(
    lambda stage, needs: MATCH.project.model_copy(
        update={"stage": stage, "needs": needs, "categories": (), "amount_sought_eur": None, "deadline": None}
    ),
    st.sampled_from(["idee", "essaimage"]),
    st.sampled_from([(), MATCH.project.needs]),
)
bare_offers = st.builds(
    lambda nature, stages: OfferFacts(
        title="Offre",
        organisation_id="o",
        organisation_name="Organisation",
        kinds=(),
        nature=nature,
        perimeter=(),
        stages=stages,
    ),
    st.sampled_from([None, "fonds"]),
    st.sampled_from([(), ("amorcage",), ("essaimage", "idee")]),
)


@given(
    st.sampled_from(get_args(RefusalCode)),
    bare_projects,
    bare_offers,
    st.sampled_from([None, "project", "offer"]),
)
def test_every_refusal_has_a_sentence_whatever_is_unknown(
    code: RefusalCode, project: ProjectFacts, offer: OfferFacts, reader: Side | None
) -> None:
    sentence = refusal_words(code, project, offer, TODAY, NAMES, reader=reader).sentence
    assert sentence.startswith("Non, car ")
    assert sentence.endswith(".")
    assert "None" not in sentence


def test_every_state_change_cause_and_reason_to_decline_has_a_word() -> None:
    assert set(states.STATES) == set(get_args(MatchState))
    assert set(states.CHANGES) == set(get_args(Change))
    assert set(states.CAUSES) == set(get_args(Cause))
    assert set(states.DECLINE_REASONS) == set(get_args(DeclineReason))


def test_a_step_of_the_history_says_who_why_and_how_much() -> None:
    declined = HistoryEntry(at=NOW, change="declined", side="offer", reason="trop-loin", cause="answer")
    assert states.history_words(declined).translate(PLAIN) == "Décliné : l'auteur de l'offre, motif : trop loin"
    concluded = HistoryEntry(at=NOW, change="concluded", side="project", amount_eur=20_000)
    assert states.history_words(concluded, reader="project").translate(PLAIN) == "Conclu : vous, 20 000 €"
    assert states.history_words(HistoryEntry(at=NOW, change="proposed")) == "Proposé"


def test_a_score_by_another_model_names_both() -> None:
    entry = HistoryEntry(at=NOW, change="revised", cause="model", model="m-2", previous_model="m-1")
    said = "Mis à jour : le calcul a été amélioré (modèle m-2, auparavant m-1)"
    assert states.history_words(entry).translate(PLAIN) == said


@given(st.floats(min_value=0, max_value=1))
def test_a_band_reaches_itself_and_every_lower_one(score: float) -> None:
    word = bands.band(score)
    assert bands.reaches(score, word)
    assert bands.reaches(score, "possible")
    assert bands.reaches(score, "forte") == (word == "forte")


def test_bands_begin_at_their_floor() -> None:
    assert [bands.band(score) for score in (1.0, 0.75, 0.749999, 0.5, 0.499999, 0.0)] == [
        "forte",
        "forte",
        "bonne",
        "bonne",
        "possible",
        "possible",
    ]
    assert bands.fit(0.8) == "adéquation forte"


def test_a_fund_checked_more_than_a_year_ago_says_so() -> None:
    old = MATCH.offer.model_copy(update={"last_checked_on": date(2019, 2, 25), "organisation_name": "Bpifrance"})
    expected = "Cité en février 2019 ; ouverture à vérifier auprès de : Bpifrance"
    assert (facts.staleness(old, TODAY) or "").translate(PLAIN) == expected
    assert not facts.is_stale(old.model_copy(update={"last_checked_on": date(2025, 12, 1)}), TODAY)
    assert facts.is_stale(old.model_copy(update={"last_checked_on": date(2025, 11, 30)}), TODAY)


def test_facts_say_how_much_and_until_when() -> None:
    offer = MATCH.offer
    assert (facts.offer_amount(offer) or "").translate(PLAIN) == "2 000 à 24 000 €"
    assert (facts.offer_left(offer) or "").translate(PLAIN) == "reste 24 000 €"
    spent = offer.model_copy(update={"min_eur": None, "remaining_eur": 9_000})
    assert (facts.offer_amount(spent) or "").translate(PLAIN) == "jusqu'à 9 000 €"
    in_days = offer.model_copy(
        update={"min_eur": None, "max_eur": None, "remaining_eur": None, "min_days": 2, "max_days": 5}
    )
    assert (facts.offer_amount(in_days) or "").translate(PLAIN) == "2 à 5 jours"
    assert (facts.project_need(MATCH.project, offer, NAMES) or "").translate(PLAIN) == "mécénat en nature, 12 000 €"
    fund = offer.model_copy(update={"nature": "fonds", "kinds": ("amorcage",)})
    assert (facts.project_need(MATCH.project, fund, NAMES) or "").translate(PLAIN) == "20 000 € à trouver"
    assert (facts.project_dates(MATCH.project, TODAY) or "").startswith("échéance le ")
    assert (facts.offer_dates(offer, TODAY) or "").startswith("ferme le ")


def test_match_that_enters_the_second_list_is_said_to_be_proposed_there_too() -> None:
    entry = HistoryEntry(at=NOW, change="proposed", side="offer")
    assert states.history_words(entry) == "Proposé aussi à l'auteur de l'offre"
    assert states.history_words(entry, reader="offer") == "Proposé aussi à vous"

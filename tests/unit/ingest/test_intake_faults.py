"""Each bad input is refused by its field, with a code, words and a remedy in both languages."""

from string import Formatter
from typing import Any

import pytest

from services.ingest.intake import Accepted, Refused, read, say
from services.ingest.intake.wording import Language
from services.ingest.intake.words import WORDS
from shared.events.vocabulary import EntityType
from tests.unit.ingest.submissions import commitment, fund, project, territory

NEED = {"kind": "mecenat-financier", "amount_eur": 1_000}
OWNER = {"owner_id": "por-a", "name": "Les Paniers", "legal_form": "association"}
COMPANY = {"company_id": "ent-a", "name": "Entreprise A"}
CHALLENGE = {
    "challenge_id": "ter-a-d1",
    "title": "Nourrir la ville",
    "description": "Rapprocher les producteurs.",
    "axis": "social",
    "categories": ["alimentation"],
}
LONG = "a" * 5_001

PROJECTS: list[tuple[dict[str, Any], str, str]] = [
    ({"project_id": "prj a"}, "project_id", "format-invalide"),
    ({"project_id": 12}, "project_id", "texte-attendu"),
    ({"title": None}, "title", "obligatoire"),
    ({"title": "ab"}, "title", "trop-court"),
    ({"title": "   "}, "title", "trop-court"),
    ({"title": "a" * 201}, "title", "trop-long"),
    ({"title": ["a"]}, "title", "texte-attendu"),
    ({"title": "Écrivez à lea.martin@example.org"}, "title", "adresse-dans-le-texte"),
    ({"title": "Appelez le 06 12 34 56 78"}, "title", "telephone-dans-le-texte"),
    ({"title": "Titre\u0000caché"}, "title", "caractere-interdit"),
    ({"title": "Titre \ud800"}, "title", "caractere-interdit"),
    ({"summary": ""}, "summary", "trop-court"),
    ({"summary": LONG}, "summary", "trop-long"),
    ({"summary": "Contact : lea (at) example . org"}, "summary", "adresse-dans-le-texte"),
    ({"summary": "Tél. +33 (0)6.12.34.56.78"}, "summary", "telephone-dans-le-texte"),
    ({"owner": None}, "owner", "obligatoire"),
    ({"owner": "Les Paniers"}, "owner", "objet-attendu"),
    ({"owner": {**OWNER, "legal_form": "asso"}}, "owner.legal_form", "valeur-inconnue"),
    ({"owner": {**OWNER, "legal_form": "esus"}}, "owner.legal_form", "agrement-pas-forme"),
    ({"owner": {**OWNER, "accreditations": ["scop"]}}, "owner.accreditations[0]", "forme-pas-agrement"),
    ({"owner": {**OWNER, "siren": "123456789"}}, "owner.siren", "siren-invalide"),
    ({"owner": {**OWNER, "siren": "12345"}}, "owner.siren", "format-invalide"),
    ({"owner": {**OWNER, "actor_type": "mairie"}}, "owner.actor_type", "valeur-inconnue"),
    ({"owner": {**OWNER, "adresse": "x"}}, "owner.adresse", "champ-inconnu"),
    ({"owner": {**OWNER, "name": "Appeler 0240123456"}}, "owner.name", "telephone-dans-le-texte"),
    ({"commune": None}, "commune", "lieu-absent"),
    ({"commune": "44999"}, "commune", "commune-inconnue"),
    ({"commune": 44143}, "commune", "texte-attendu"),
    ({"commune": None, "place": {"name": "Saint-Denis"}}, "place", "lieu-ambigu"),
    ({"commune": None, "place": {"name": "Zzyxville"}}, "place", "lieu-inconnu"),
    ({"commune": None, "place": {}}, "place.name", "obligatoire"),
    ({"commune": None, "place": "Rezé"}, "place", "obligatoire"),
    ({"commune": None, "place": {"name": "Rezé", "pays": "FR"}}, "place.pays", "champ-inconnu"),
    ({"commune": "44109", "place": {"name": "Rezé"}}, "place", "lieu-contradictoire"),
    ({"perimeter": [{"level": "epci", "code": "44"}]}, "perimeter[0].code", "code-inconnu"),
    ({"perimeter": [{"level": "commune", "code": "00000"}]}, "perimeter[0].code", "commune-inconnue"),
    ({"perimeter": [{"level": "canton", "code": "44"}]}, "perimeter[0].level", "valeur-inconnue"),
    ({"perimeter": {"level": "epci", "code": "44"}}, "perimeter", "liste-attendue"),
    ({"territory_id": "nantes"}, "territory_id", "territoire-inconnu"),
    ({"challenge_id": "nantes-metropole-d9"}, "challenge_id", "defi-inconnu"),
    ({"categories": ["alimentation", "numerique", "seniors", "autres"]}, "categories", "liste-trop-longue"),
    ({"categories": ["cuisine"]}, "categories[0]", "valeur-inconnue"),
    ({"stage": "projet"}, "stage", "valeur-inconnue"),
    ({"stage": None}, "stage", "obligatoire"),
    ({"needs": None}, "needs", "obligatoire"),
    ({"needs": NEED}, "needs", "liste-attendue"),
    ({"needs": [NEED, NEED]}, "needs[1].kind", "besoin-en-double"),
    ({"needs": [{"kind": "argent"}]}, "needs[0].kind", "valeur-inconnue"),
    ({"needs": [{**NEED, "amount_eur": 0}]}, "needs[0].amount_eur", "nombre-trop-petit"),
    ({"needs": [{**NEED, "amount_eur": -5}]}, "needs[0].amount_eur", "nombre-trop-petit"),
    ({"needs": [{**NEED, "amount_eur": 10**13}]}, "needs[0].amount_eur", "nombre-trop-grand"),
    ({"needs": [{**NEED, "amount_eur": 10.5}]}, "needs[0].amount_eur", "entier-attendu"),
    ({"needs": [{**NEED, "amount_eur": "1000"}]}, "needs[0].amount_eur", "entier-attendu"),
    ({"needs": [{**NEED, "amount_eur": True}]}, "needs[0].amount_eur", "entier-attendu"),
    ({"needs": [{"kind": "mecenat-competences", "days": 0}]}, "needs[0].days", "nombre-trop-petit"),
    ({"needs": [{**NEED, "objects": ["or"]}]}, "needs[0].objects[0]", "valeur-inconnue"),
    ({"needs": [{**NEED, "label": "Écrire à a@b.fr"}]}, "needs[0].label", "adresse-dans-le-texte"),
    ({"needs": [{**NEED, "montant": 5}]}, "needs[0].montant", "champ-inconnu"),
    ({"amount_sought_eur": -1}, "amount_sought_eur", "nombre-trop-petit"),
    ({"beneficiaries": {"count": 10**30, "label": "habitants"}}, "beneficiaries.count", "nombre-trop-grand"),
    ({"beneficiaries": {"count": -1, "label": "habitants"}}, "beneficiaries.count", "nombre-trop-petit"),
    ({"deadline": "31/12/2027"}, "deadline", "date-invalide"),
    ({"deadline": "2027-02-30"}, "deadline", "date-invalide"),
    ({"deadline": "0027-02-01"}, "deadline", "date-hors-limites"),
    ({"starts_on": "2027-02-01", "ends_on": "2027-01-31"}, "ends_on", "dates-inversees"),
    ({"barrier": {"kind": "loi", "text": "Une règle."}}, "barrier.kind", "valeur-inconnue"),
    ({"status": "ouvert"}, "status", "valeur-inconnue"),
    ({"illustrative": "oui"}, "illustrative", "booleen-attendu"),
    ({"notes": ["a"] * 201}, "notes", "liste-trop-longue"),
    ({"titre": "x"}, "titre", "champ-inconnu"),
    ({"\ud800": "x"}, "?", "champ-inconnu"),
    ({"contact": "a@b.fr"}, "contact", "objet-attendu"),
    ({"contact": {}}, "contact.email", "obligatoire"),
    ({"contact": {"email": "a@b"}}, "contact.email", "courriel-invalide"),
    ({"contact": {"email": "=?utf-8?q?=0A?=@example.org"}}, "contact.email", "courriel-invalide"),
    ({"contact": {"email": "a@b.fr", "language": "de"}}, "contact.language", "valeur-inconnue"),
    ({"contact": {"email": "a@b.fr", "phone": "1"}}, "contact.phone", "champ-inconnu"),
]

PERSON = {**OWNER, "name": "Mme Léa Martin-Roy", "legal_form": "entreprise-individuelle"}
BARRIER = {"kind": "norme-nationale"}
NAMED = "particulier-nomme"
ZOE = {"email": "a@example.org", "name": "Zoé Petit"}
PROJECTS += [
    ({"owner": PERSON, "title": "Le potager de LEA MARTIN ROY"}, "title", "particulier-nomme"),
    ({"owner": PERSON, "summary": "Petit Zoe ouvre un atelier.", "contact": ZOE}, "summary", "particulier-nomme"),
    ({"owner": PERSON, "needs": [{**NEED, "label": "Aider léa\nMartin-Roy"}]}, "needs[0].label", "particulier-nomme"),
    ({"owner": PERSON, "barrier": {**BARRIER, "text": "Léa Martin-Roy n'a pas l'agrément."}}, "barrier.text", NAMED),
    ({"owner": PERSON, "beneficiaries": {"count": 1, "label": "léa martin roy"}}, "beneficiaries.label", NAMED),
    ({"owner": PERSON, "notes": ["Rien.", "Vu avec LÉA MARTIN-ROY."]}, "notes[1]", NAMED),
    ({"owner": {**PERSON, "owner_id": "por-lea-martin-roy"}}, "owner.owner_id", NAMED),
    ({"owner": {**PERSON, "legal_form": []}}, "owner.legal_form", "valeur-inconnue"),
]

COMMITMENTS: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "don"}, "kind", "valeur-inconnue"),
    ({"company": {**COMPANY, "commune": "99999"}}, "company.commune", "commune-inconnue"),
    ({"company": {**COMPANY, "size": "grande"}}, "company.size", "valeur-inconnue"),
    ({"company": {**COMPANY, "siren": "732829321"}}, "company.siren", "siren-invalide"),
    ({"total_eur": 0, "per_project_eur": None}, "total_eur", "nombre-trop-petit"),
    ({"committed_eur": 25_000}, "committed_eur", "depasse-le-total"),
    ({"per_project_eur": {"min": 5, "max": 4}}, "per_project_eur.min", "minimum-superieur"),
    ({"per_project_eur": {"min": 24_001}}, "per_project_eur.min", "depasse-le-total"),
    ({"per_project_eur": {"max": 0}}, "per_project_eur.max", "nombre-trop-petit"),
    ({"per_project_eur": [1, 2]}, "per_project_eur", "objet-attendu"),
    ({"days": 10, "committed_days": 11}, "committed_days", "depasse-le-total"),
    ({"days": 10, "per_project_days": {"min": 11}}, "per_project_days.min", "depasse-le-total"),
    ({"perimeter": []}, "perimeter", "liste-trop-courte"),
    ({"perimeter": None}, "perimeter", "obligatoire"),
    ({"accepts_neighbours": None}, "accepts_neighbours", "obligatoire"),
    ({"accepts_neighbours": 1}, "accepts_neighbours", "booleen-attendu"),
    ({"categories": None}, "categories", "obligatoire"),
    ({"challenges": ["nantes-metropole-d2", "x"]}, "challenges[1]", "defi-inconnu"),
    ({"stages": ["debut"]}, "stages[0]", "valeur-inconnue"),
    ({"legal_forms": ["sarl"]}, "legal_forms[0]", "valeur-inconnue"),
    ({"opens_on": "2027-01-02", "closes_on": "2027-01-01"}, "closes_on", "dates-inversees"),
    ({"place": {"name": "Rezé"}}, "place", "champ-inconnu"),
]

FUNDS: list[tuple[dict[str, Any], str, str]] = [
    ({"nature": "caisse"}, "nature", "valeur-inconnue"),
    ({"kinds": ["don"]}, "kinds[0]", "valeur-inconnue"),
    ({"recipients": ["entreprise"]}, "recipients[0]", "valeur-inconnue"),
    ({"envelope_eur": 0}, "envelope_eur", "nombre-trop-petit"),
    ({"ticket_eur": {"min": 2, "max": 1}}, "ticket_eur.min", "minimum-superieur"),
    ({"apply_url": "www.example.org"}, "apply_url", "format-invalide"),
    ({"apply_url": 'https://x"onclick=1'}, "apply_url", "adresse-web-invalide"),
    ({"apply_url": "https://localhost/a"}, "apply_url", "adresse-web-invalide"),
    ({"apply_url": "http://127.0.0.1:8080/admin"}, "apply_url", "adresse-web-privee"),
    ({"apply_url": "http://127.1/"}, "apply_url", "adresse-web-privee"),
    ({"apply_url": "https://10.0.0.0x7f/a"}, "apply_url", "adresse-web-privee"),
    ({"apply_url": "https://192.168.1.1"}, "apply_url", "adresse-web-privee"),
    ({"apply_url": "https://API.LocalHost/a"}, "apply_url", "adresse-web-privee"),
    ({"apply_url": "https://wiki.intranet.local?x"}, "apply_url", "adresse-web-privee"),
    ({"beneficiaries": 10**9}, "beneficiaries", "nombre-trop-grand"),
    ({"apply_url": "https://a.example/<b>"}, "apply_url", "adresse-web-invalide"),
    ({"apply_url": "https://a.example/b c"}, "apply_url", "adresse-web-invalide"),
    ({"part_of": "fds-a"}, "part_of", "fait-partie-de-soi"),
    ({"territories": ["atlantide"]}, "territories[0]", "territoire-inconnu"),
    ({"description": "Tél : 01.23.45.67.89"}, "description", "telephone-dans-le-texte"),
    ({"operator": "Banque, a@b.fr"}, "operator", "adresse-dans-le-texte"),
]

TERRITORIES: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "Nantes Métropole"}, "name", "nom-d-un-autre-territoire"),
    ({"name": "NANTES-METROPOLE"}, "name", "nom-d-un-autre-territoire"),
    ({"perimeter": []}, "perimeter", "liste-trop-courte"),
    ({"challenges": [CHALLENGE, CHALLENGE]}, "challenges[1].challenge_id", "defi-en-double"),
    (
        {"challenges": [{**CHALLENGE, "challenge_id": "nantes-metropole-d1"}]},
        "challenges[0].challenge_id",
        "defi-d-un-autre-territoire",
    ),
    ({"challenges": [{**CHALLENGE, "axis": "vert"}]}, "challenges[0].axis", "valeur-inconnue"),
    ({"collective": [{"name": "X", "type": "club"}]}, "collective[0].type", "valeur-inconnue"),
    ({"summary": "Un texte"}, "summary", "champ-inconnu"),
    ({"contact": {"email": "a@b.fr"}}, "contact", "champ-inconnu"),
    ({"status": "actif"}, "status", "valeur-inconnue"),
]

BUILDERS = {"project": project, "commitment": commitment, "fund": fund, "territory": territory}
CASES = [
    (entity_type, *case)
    for entity_type, cases in (
        ("project", PROJECTS),
        ("commitment", COMMITMENTS),
        ("fund", FUNDS),
        ("territory", TERRITORIES),
    )
    for case in cases
]


@pytest.mark.parametrize("entity_type", BUILDERS)
def test_submission_without_fault_is_accepted(entity_type: EntityType) -> None:
    assert isinstance(read(entity_type, BUILDERS[entity_type]()), Accepted)


@pytest.mark.parametrize(("entity_type", "changes", "field", "code"), CASES)
def test_fault_is_told_by_its_field(entity_type: EntityType, changes: dict[str, Any], field: str, code: str) -> None:
    reading = read(entity_type, BUILDERS[entity_type](**changes))
    assert isinstance(reading, Refused)
    assert [(fault.field, fault.code) for fault in reading.faults] == [(field, code)]
    for language in ("fr", "en"):
        said = say(reading.faults[0], language)
        assert said.message
        assert said.remedy
        assert "{" not in said.message + said.remedy.replace("{ }", "")


@pytest.mark.parametrize(
    "changes",
    [
        {"owner": OWNER, "title": "Les Paniers du port"},
        {"owner": PERSON, "title": "Le potager de Léa"},
        {"owner": {**PERSON, "name": "Martin"}, "title": "Rue Martin"},
    ],
)
def test_names_of_organisations_and_single_words_may_stand_in_texts(changes: dict[str, Any]) -> None:
    assert isinstance(read("project", project(**changes)), Accepted)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_remedy_of_a_missing_commune_names_the_place_too(language: Language) -> None:
    reading = read("project", project(commune=None))
    assert isinstance(reading, Refused)
    remedy = say(reading.faults[0], language).remedy
    assert all(name in remedy for name in ("commune", "place", "postal_code", "departement"))


@pytest.mark.parametrize("data", [None, [], "x", 3, {1: 2}])
def test_what_is_no_object_is_refused(data: object) -> None:
    assert [fault.code for fault in read("project", data).faults] == ["objet-attendu"]  # type: ignore[union-attr]


def test_all_faults_are_told_in_the_order_of_fields() -> None:
    data = project(status="x", title="", summary=None, needs=[], stage="y", deadline="z", nom="?")
    reading = read("project", data)
    assert isinstance(reading, Refused)
    assert [fault.field for fault in reading.faults] == ["title", "summary", "stage", "deadline", "status", "nom"]
    assert reading.entity_id == "prj-a"


def test_every_code_has_words_in_both_languages() -> None:
    for code, sentences in WORDS.items():
        assert all(sentences[language][part] for language in ("fr", "en") for part in (0, 1)), code


def test_both_languages_tell_the_same_facts() -> None:
    for code, sentences in WORDS.items():
        told = {
            language: " ".join(clause for part in sentences[language] for clause in part) for language in ("fr", "en")
        }
        french = {name.removesuffix("_fr") for _, name, _, _ in Formatter().parse(told["fr"]) if name}
        english = {name.removesuffix("_en") for _, name, _, _ in Formatter().parse(told["en"]) if name}
        assert french == english, code


@pytest.mark.parametrize(
    ("name", "suggestion"), [("titre", "title"), ("sumary", "summary"), ("besoins", "needs"), ("Défi", "challenge_id")]
)
def test_unknown_field_comes_with_the_one_that_was_meant(name: str, suggestion: str) -> None:
    reading = read("project", project() | {name: "x"})
    assert isinstance(reading, Refused)
    assert suggestion in say(reading.faults[-1]).remedy


def test_ambiguous_place_lists_its_candidates() -> None:
    reading = read("project", project(commune=None, place={"name": "saint denis"}))
    assert isinstance(reading, Refused)
    candidates = say(reading.faults[0]).as_json()["candidates"]
    assert {candidate["departement"] for candidate in candidates} == {"93", "974", "11", "30"}
    assert {"commune", "name", "departement", "postal_codes"} == candidates[0].keys()


def test_post_code_given_as_commune_is_explained() -> None:
    reading = read("project", project(commune="44400"))
    assert isinstance(reading, Refused)
    assert "Rezé (44)" in say(reading.faults[0]).remedy


@pytest.mark.parametrize(
    "text",
    [
        "20 000 000 €",
        "Du 01/02/2027 15 h",
        "SIREN 732 829 320",
        "Article 238 bis",
        "06 12 34",
        "@essaim",
        "2027-01-02 12 34 56",
    ],
)
def test_numbers_that_are_no_phone_are_left_alone(text: str) -> None:
    assert isinstance(read("project", project(summary=text)), Accepted)

"""What people type: numbers and days as they write them, faults beside their fields, submissions ingest can read."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from services.console.pages.forms import form_token, is_form_token
from services.console.views import fund_form, offer_form, project_form
from services.console.views.atlas import make_atlas
from services.console.views.contact_form import changed_contact, contact_values
from services.console.views.deposit import Reader, Typed, changes, typed_of
from services.console.views.deposit_faults import page_words, placed_faults
from services.console.views.deposit_kinds import KINDS, Kind
from services.console.views.perimeter_form import perimeter_values, read_perimeter
from services.console.views.reading import day_of, whole_number
from services.console.views.search import search_terms
from services.console.views.sign_in import looks_like_address, safe_path
from services.ingest.intake.outcome import Fault
from services.ingest.intake.wording import say
from services.ingest.intake.words import WORDS
from shared.events.shapes import Commitment, Fund, Project
from shared.words.french import money
from shared.words.names import reference_names
from tests.factories import a_commitment, a_fund, a_project

SHAPES: dict[str, type[BaseModel]] = {"project": Project, "commitment": Commitment, "fund": Fund}
SHOWN = {"project": project_form.SHOWN, "commitment": offer_form.SHOWN, "fund": fund_form.SHOWN}


@given(st.integers(0, 999_999_999_999))
def test_amount_written_as_we_write_it_is_read_back(euros: int) -> None:
    assert whole_number(money(euros)) == euros
    assert whole_number(str(euros)) == euros


@pytest.mark.parametrize("text", ["", "douze", "12,5", "-3", "1e6", "²", "12 000 000 000 000", "10 k€"])
def test_what_is_no_whole_number_is_nothing(text: str) -> None:
    assert whole_number(text) is None


@pytest.mark.parametrize("text", ["2027-06-30", "30/06/2027", "30-6-2027"])
def test_day_is_read_in_both_orders(text: str) -> None:
    assert day_of(text) == date(2027, 6, 30)


@given(st.text(max_size=12))
def test_any_text_is_a_day_or_nothing(text: str) -> None:
    assert day_of(text) is None or isinstance(day_of(text), date)


@pytest.mark.parametrize("text", ["", "30/13/2027", "31/02/2027", "2027", "demain"])
def test_what_is_no_day_is_nothing(text: str) -> None:
    assert day_of(text) is None


@given(st.text())
def test_place_to_go_after_signing_in_is_always_ours(asked: str) -> None:
    path = safe_path(asked)
    assert path.startswith("/")
    assert not path.startswith(("//", "/connexion"))
    assert not any(character == "\\" or character.isspace() or ord(character) < 32 for character in path)


@pytest.mark.parametrize("between", ["\t", "\r", "\n", "\0", "\x1f", "\x7f", "\x85", "\\", " ", "\xa0", "\u2028"])
def test_place_to_go_holds_nothing_that_a_browser_drops_or_turns(between: str) -> None:
    for asked in (f"/{between}/evil.example", f"/projets{between}/prj-a", f"/{between}evil.example"):
        assert safe_path(asked) == "/"
    assert safe_path("/projets/prj-a?tri=note&page=2") == "/projets/prj-a?tri=note&page=2"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("lea@example.org", True),
        ("lea+essaim@mail.example.org", True),
        ("lea@", False),
        ("a@b@c.fr", False),
        ("lea", False),
        ("a@[.c", False),
        (":;@b.cc", False),
        (".:a@b.cc", False),
        ("=?utf-8?q?=0A?=@b.cc", False),
        ("a" * 64 + "@" + "b." * 100 + "fr", False),
    ],
)
def test_address_needs_a_domain_with_a_dot(text: str, answer: bool) -> None:
    assert looks_like_address(text) is answer


def test_search_leaves_small_words_out_unless_alone() -> None:
    assert search_terms("L'épicerie du Port") == ("epicerie", "port")
    assert search_terms("le la") == ("le", "la")
    assert search_terms("' | & !") == ()


def test_form_token_serves_its_own_browser_and_session_alone() -> None:
    token = form_token("key", "secret", "session")
    assert is_form_token("key", token, "secret", "session")
    assert token != form_token("key", "secret", "session")
    for key, secret, session in (("other", "secret", "session"), ("key", "other", "session"), ("key", "secret", None)):
        assert not is_form_token(key, token, secret, session)
    assert not is_form_token("key", token, "", "session")
    assert not is_form_token("key", "", "secret", "session")


PROJECT = [
    ("titre", "Épicerie du port"),
    ("resume", "Une épicerie solidaire."),
    ("commune", "Rezé"),
    ("code_postal", "44 400"),
    ("stade", "amorcage"),
    ("besoin", "mecenat-nature"),
    ("montant-mecenat-nature", "12 000 €"),
    ("objets-mecenat-nature", "velos"),
    ("objets-mecenat-nature", "locaux"),
    ("porteur", "Les Paniers"),
    ("forme", "association"),
    ("echeance", "30/06/2027"),
]


def test_project_form_becomes_a_submission() -> None:
    submission, faults = project_form.read_project(typed_of(PROJECT), {})
    assert faults == {}
    assert submission == {
        "title": "Épicerie du port",
        "summary": "Une épicerie solidaire.",
        "owner": {"name": "Les Paniers", "legal_form": "association"},
        "place": {"name": "Rezé", "postal_code": "44400"},
        "stage": "amorcage",
        "needs": [{"kind": "mecenat-nature", "amount_eur": 12_000, "objects": ["velos", "locaux"]}],
        "deadline": "2027-06-30",
    }


@pytest.mark.parametrize(
    ("typed", "themes", "fault"),
    [
        ([("theme", "numerique"), ("themes", "alimentation")], ["numerique", "alimentation"], None),
        (
            [("theme", "numerique"), ("themes", "alimentation"), ("themes", "numerique")],
            ["numerique", "alimentation"],
            None,
        ),
        ([("themes", "alimentation")], ["alimentation"], None),
        ([], None, None),
        ([("themes", "alimentation"), ("themes", "numerique")], ["alimentation", "numerique"], "theme"),
        ([("theme", "mobilite"), *(("themes", one) for one in ("a", "b", "c"))], None, "themes"),
    ],
)
def test_main_theme_comes_first(typed: list[tuple[str, str]], themes: list[str] | None, fault: str | None) -> None:
    submission, faults = project_form.read_project(typed_of(PROJECT + typed), {})
    assert submission.get("categories") == themes
    assert set(faults) == ({fault} if fault else set())


def test_main_theme_is_changed_and_the_order_of_the_others_stays() -> None:
    made = a_project(categories=("seniors", "numerique", "alimentation"))
    kept = made.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    said, _ = project_form.read_project(Typed(project_form.project_values(kept, {})), {})
    for themes, patch in (
        (["seniors", "alimentation", "numerique"], {}),
        (["numerique", "alimentation", "seniors"], {"categories": ["numerique", "seniors", "alimentation"]}),
        (["seniors", "alimentation"], {"categories": ["seniors", "alimentation"]}),
        (None, {"categories": None}),
    ):
        assert project_form.change_project(kept, {**said, "categories": themes}) == patch


def test_who_benefits_and_who_could_lift_a_barrier_are_said() -> None:
    more = [
        ("combien", "environ"),
        ("frein", "norme-nationale"),
        ("frein_texte", "Une règle."),
        ("frein_voie", "france-experimentation"),
    ]
    submission, faults = project_form.read_project(typed_of(PROJECT + more), {})
    assert submission["barrier"] == {
        "kind": "norme-nationale",
        "channel": "france-experimentation",
        "text": "Une règle.",
    }
    assert set(faults) == {"combien"}
    for typed, fault in (
        ([("combien", "120")], "beneficiaires"),
        ([("beneficiaires", "familles")], "combien"),
        ([("combien", "120"), ("beneficiaires", "familles")], None),
    ):
        submission, faults = project_form.read_project(typed_of(PROJECT + typed), {})
        assert set(faults) == ({fault} if fault else set())
    assert submission["beneficiaries"] == {"count": 120, "label": "familles"}


def test_empty_project_form_says_everything_at_once() -> None:
    _, faults = project_form.read_project(typed_of([]), {})
    assert set(faults) == {"titre", "resume", "commune", "stade", "besoin", "porteur", "forme"}


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("title", "titre"),
        ("place", "commune"),
        ("place.postal_code", "code_postal"),
        ("owner.siren", "siren"),
        ("needs.0.amount_eur", "montant-mecenat-nature"),
        ("needs[0].objects[1]", "objets-mecenat-nature"),
        ("needs[7].kind", "besoin"),
        ("needs", "besoin"),
        ("barrier.text", "frein_texte"),
        ("contact.email", "contact_nom"),
        ("nothing.known", ""),
    ],
)
def test_fault_of_a_submission_stands_beside_its_field(path: str, field: str) -> None:
    assert project_form.project_field_of(path, typed_of(PROJECT)) == field


def test_faults_of_one_field_are_joined_and_those_of_none_are_kept() -> None:
    errors = [
        {"field": "title", "message": "Trop court.", "remedy": "Écrivez trois lettres."},
        {"field": "title", "message": "Sans adresse.", "remedy": ""},
        {"field": "elsewhere", "message": "Autre chose."},
    ]
    found = placed_faults(errors, lambda path: project_form.project_field_of(path, typed_of(PROJECT)), {})
    assert found["titre"] == "Trop court. Écrivez trois lettres. Sans adresse."
    assert found[""].endswith(" : Autre chose.")


API_WORDS = re.compile(r"[a-z]+_[a-z]+|[a-z]+\.[a-z]+|\btrue\b|crochets|« (commune|place|type|name) »")


def test_page_never_names_a_field_of_the_api() -> None:
    for code, sentences in WORDS.items():
        named = {name for clauses in sentences["fr"] for clause in clauses for name in re.findall(r"{(\w+)}", clause)}
        said = say(Fault("owner.legal_form", code, dict.fromkeys(named, "X")))
        words = page_words(said.as_json(), "Rezé").replace("\xa0", " ").replace("owner.legal_form", "")
        assert not API_WORDS.search(_bare(words)), (code, words)


def _bare(words: str) -> str:
    """Without the addresses given as examples."""
    return re.sub(r"https?://\S+|\S+@\S+", "", words)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: str(kind.entity_type))
def test_every_fault_of_a_field_that_a_form_shows_stands_beside_a_labelled_field(kind: Kind) -> None:
    atlas = make_atlas([], reference_names())
    labels = kind.labels(atlas)
    for name, field in SHAPES[kind.entity_type].model_fields.items():
        place = kind.field_of(name, typed_of([]))
        assert place in labels or name not in SHOWN[kind.entity_type], (name, field)
    assert set(kind.examples) <= set(labels)
    assert set(kind.options(atlas, {})) <= set(labels)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: str(kind.entity_type))
def test_form_of_a_kept_deposit_sent_as_it_is_changes_nothing(kind: Kind) -> None:
    made = {"project": a_project(), "commitment": a_commitment(), "fund": a_fund()}[kind.entity_type]
    kept = made.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    atlas = make_atlas([], reference_names())
    typed = Typed(kind.values(kept, {}))
    for name, choices in kind.options(atlas, kept).items():
        assert set(typed.all(name)) <= {value for value, _ in choices}, name
    said, faults = kind.read(typed, {})
    assert faults == {}
    assert kind.change(kept, said) == {}


@given(st.lists(st.sampled_from(("nantes-metropole", "53", "49", "44143", "244400404")), unique=True))
def test_any_kept_perimeter_is_given_back_by_its_form(codes: list[str]) -> None:
    levels = {"53": "region", "49": "departement", "44143": "commune"}
    units = {code: [{"level": levels.get(code, "epci"), "code": code}] for code in codes}
    units["nantes-metropole"] = [{"level": "epci", "code": "200000172"}, {"level": "commune", "code": "44109"}]
    perimeter = [unit for code in codes for unit in units[code]] or [{"level": "national", "code": "FR"}]
    perimeters = {"nantes-metropole": (("epci", "200000172"), ("commune", "44109")), "empty": ()}
    found = read_perimeter(Reader(Typed(perimeter_values({"perimeter": perimeter}, perimeters))), perimeters)
    assert sorted(found, key=str) == sorted(perimeter, key=str)


def test_change_leaves_alone_what_the_form_does_not_show_and_removes_what_it_empties() -> None:
    kept = {"a": 1, "b": {"x": 1, "y": 2}, "c": ["second", "first"], "d": {"x": 1}, "hidden": True}
    said = {"a": 2, "b": {"x": 3}, "c": ["first", "new", "second"]}
    shown: dict[str, tuple[str, ...]] = {"a": (), "b": ("x",), "c": (), "d": ("x",), "e": ()}
    assert changes(kept, said, shown) == {"a": 2, "b": {"x": 3}, "c": ["second", "first", "new"], "d": None}


def test_contact_is_sent_only_when_the_form_says_something_new_of_it() -> None:
    known = {"email": "lea@example.org", "name": "Léa", "language": "fr"}
    assert changed_contact(Typed(contact_values(known)), known) is None
    assert changed_contact(typed_of([]), known) is None
    assert changed_contact(typed_of([("contact_nom", ""), ("contact_langue", "en")]), known) == known | {
        "language": "en"
    }


def test_offer_form_without_a_place_is_for_all_of_france() -> None:
    typed = typed_of(
        [
            ("titre", "Vingt jours"),
            ("description", "Un comptable."),
            ("nature", "mecenat-competences"),
            ("entreprise", "A"),
        ]
    )
    submission, faults = offer_form.read_commitment(typed, {})
    assert faults == {}
    assert submission["perimeter"] == [{"level": "national", "code": "FR"}]
    assert submission["categories"] == submission["stages"] == submission["legal_forms"] == []


def test_places_of_an_offer_add_up() -> None:
    nantes = (("epci", "244400404"),)
    typed = typed_of(
        [("territoires", "nantes-metropole"), ("regions", "53"), ("departements", "49"), ("montant_min", "500")]
    )
    submission, _ = offer_form.read_commitment(typed, {"nantes-metropole": nantes})
    assert [unit["code"] for unit in submission["perimeter"]] == ["244400404", "53", "49"]
    assert submission["per_project_eur"] == {"min": 500}


def test_new_form_knows_the_structure_of_the_last_one() -> None:
    typed = Typed(project_form.next_project(a_project().model_dump(mode="json"), "nantes-metropole-d2"))
    assert (typed.one("porteur"), typed.one("forme"), typed.one("defi")) == (
        "Les Paniers de Rezé",
        "association",
        "nantes-metropole-d2",
    )
    typed = Typed(offer_form.next_commitment(a_commitment().model_dump(mode="json"), ""))
    assert typed.one("entreprise") == "Entreprise engagée A"

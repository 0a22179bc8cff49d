"""Small rules of ingest: rights, languages, limits, days, keys, chunks, texts of feeds."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.accounts import new_key, split_key
from services.ingest.api.limits import Limiter
from services.ingest.bulk import CHUNK, chunks
from services.ingest.connectors.html_text import clipped, text_of
from services.ingest.connectors.mapping import day_of, identifier, opening, web_address
from services.ingest.days import PARIS, days_due, seconds_to_midnight
from services.ingest.intake import language_of
from services.ingest.intake.files import Row
from services.ingest.intake.personal import found_in, without_contacts
from shared.reference import samples
from shared.words.french import typeset


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "fr"),
        ("", "fr"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("fr-FR, en;q=0.8", "fr"),
        ("de, en;q=0.3, fr;q=0.2", "en"),
        ("de", "fr"),
        ("en;q=0", "fr"),
        ("en;q=x", "fr"),
        ("*", "fr"),
    ],
)
def test_language_is_french_unless_english_is_preferred(header: str | None, language: str) -> None:
    assert language_of(header) == language


def test_french_is_set_with_its_spaces() -> None:
    assert typeset("Reçu : « x » ? Oui ; 20 %") == "Reçu\u00a0: «\u00a0x\u00a0»\u202f? Oui\u202f; 20\u00a0%"


def test_bucket_refills_evenly_and_forgets_the_oldest() -> None:
    now = 0.0
    limiter = Limiter(60, lambda: now)
    assert [limiter.take("a").left for _ in range(3)] == [59, 58, 57]
    for _ in range(57):
        limiter.take("a")
    assert limiter.take("a").wait_s == 1
    assert limiter.take("b").wait_s == 0
    now = 2.0
    assert limiter.take("a").left == 1
    now = 10_000.0
    assert limiter.take("a").left == 59


def test_keys_are_distinct_and_split_back() -> None:
    keys = {new_key() for _ in range(50)}
    assert len(keys) == 50
    for key in keys:
        prefix, secret = split_key(key) or ("", "")
        assert f"essaim_{prefix}_{secret}" == key
    assert [split_key(key) for key in ("", "essaim", "essaim_ab_", "other_ab_" + "x" * 30, "essaim__" + "x" * 30)] == [
        None
    ] * 5


@pytest.mark.parametrize(
    ("last", "today", "due"),
    [
        (None, 5, [5]),
        (5, 5, []),
        (4, 5, [5]),
        (2, 5, [3, 4, 5]),
        (6, 5, []),
    ],
)
def test_days_due(last: int | None, today: int, due: list[int]) -> None:
    said = date(2026, 12, last) if last else None
    assert days_due(said, date(2026, 12, today)) == [date(2026, 12, day) for day in due]


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_next_midnight_is_a_midnight_in_paris(now: datetime) -> None:
    seconds = seconds_to_midnight(now)
    then = (now + timedelta(seconds=seconds)).astimezone(PARIS)
    assert 0 < seconds <= 25 * 3600
    assert (then.hour, then.minute, then.second) == (0, 0, 0)
    assert then.date() == now.astimezone(PARIS).date() + timedelta(days=1)


@given(st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f", None, "territory"]), max_size=200))
def test_chunks_keep_the_order_and_hold_no_entity_twice(ids: list[str | None]) -> None:
    rows = [
        Row(
            line,
            "territory" if entity_id == "territory" else "project",
            None if entity_id is None else {"project_id": entity_id, "territory_id": line},
        )
        for line, entity_id in enumerate(ids, 1)
    ]
    cut = list(chunks(rows))
    assert [row for chunk in cut for row in chunk] == rows
    for chunk in cut:
        named = [row.data["project_id"] for row in chunk if row.data is not None and row.entity_type == "project"]
        assert len(named) == len(set(named))
        assert len({row.entity_type == "territory" for row in chunk}) == 1
        assert 1 <= len(chunk) <= CHUNK


PHONES = (
    "06 - 12 - 34 - 56 - 78", "06 – 12 – 34 – 56 – 78", "06—12—34—56—78", "06\u201112\u201134\u201156\u201178",
    "06\u221212\u221234\u221256\u221278", "06.12.34.5678", "06,12,34,56,78", "06:12:34:56:78", "06|12|34|56|78",
    "06 | 12 | 34 | 56 | 78", "06•12•34•56•78", "06*12*34*56*78", "06 (12) 34 56 78", "06 12 34 - 56 78",
    "06 12 34 56 7 8", "٠٦ ١٢ ٣٤ ٥٦ ٧٨", "+33 (0)6 12 34 56 78", "+33 - 6 12 34 56 78", "+33 – 6 – 12 – 34 – 56 – 78",
)  # fmt: skip
ADDRESSES = (
    "marie%40perso.fr", "marie&#64;perso.fr", "marie&amp;#64;perso.fr", "marie@перso.рф", "marie chez perso.fr",
)  # fmt: skip
NUMBERS = (
    "Budget de 12 000 €, 1 500 000 € ou 05 %", "Le 06/12/2026, du 06/12 au 07/12", "06/12 - 13/12 - 20/12",
    "Du 01 – 02 – 2027 15 h", "SIREN 542 051 180", "Communes 06000, 06100 et 06200", "10, 20, 30, 40, 50",
    "Départements 01, 02, 03, 04, 05", "Lots 01|02|03|04|05|06", "De 08:30 12:00 13:30 17:45",
    "Ouvert 08 – 12 14 – 18 h",
    "Une équipe chez nous, un stage chez une association", "Programme (12) de 2026 – 2027", "x² + 10⁶",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a@b.fr", "adresse-dans-le-texte"),
        ("prenom.nom＠exemple.fr", "adresse-dans-le-texte"),
        ("prenom arobase exemple point fr", "adresse-dans-le-texte"),
        ("prenom [at] exemple [dot] org", "adresse-dans-le-texte"),
        ("jean@free。fr", "adresse-dans-le-texte"),
        ("jean&#64;free.fr", "adresse-dans-le-texte"),
        ("jean (arobase) free point fr", "adresse-dans-le-texte"),
        ("jean at free dot fr", "adresse-dans-le-texte"),
        ("jean@\u200bfree.fr", "adresse-dans-le-texte"),
        ("06·12·34·56·78", "telephone-dans-le-texte"),
        ("0 6 1 2 3 4 5 6 7 8", "telephone-dans-le-texte"),
        ("+33 6 1 2 3 4 5 6 7 8", "telephone-dans-le-texte"),
        ("06 123 456 78", "telephone-dans-le-texte"),
        ("06 1234 5678", "telephone-dans-le-texte"),
        ("0612 34 56 78", "telephone-dans-le-texte"),
        ("Les habitant·e·s à 14 h 30, 1 000 000 000 €", None),
        ("De 0 1 2 3 4 5 6 7 8 9 étoiles", None),
        ("Communes 01004 01033, SIRET 732 829 320 00074", None),
        ("Du 01.02.2027 15 h au 03.04.2027 16 h", None),
        ("10 0 6 1 2 3 4 5 6 7 8", None),
        ("0612345678", "telephone-dans-le-texte"),
        ("06\u00a012\u00a034\u00a056\u00a078", "telephone-dans-le-texte"),
        ("0033 6 12 34 56 78", "telephone-dans-le-texte"),
        ("+32 475 12 34 56", "telephone-dans-le-texte"),
        ("Rendez-vous @ la mairie", None),
        ("rapport 2019-2020", None),
        *((text, "telephone-dans-le-texte") for text in PHONES),
        *((text, "adresse-dans-le-texte") for text in ADDRESSES),
        *((text, None) for text in NUMBERS),
    ],
)
def test_contacts_in_texts(text: str, found: str | None) -> None:
    assert found_in(text) == found
    assert found_in(without_contacts(text)) is None


def test_no_text_of_the_samples_is_taken_for_a_contact() -> None:
    records = (*samples.sample_projects(), *samples.sample_commitments(), *samples.funds())
    texts = [text for record in records for text in texts_in(record)]
    assert len(texts) > 1_000
    assert [text for text in texts if found_in(text)] == []


def texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from () if name == "contact" else texts_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts_in(item)


def test_html_becomes_paragraphs() -> None:
    html = (
        "<p>Un <b>fonds</b>&nbsp;:</p><ul><li>un</li>\n<li>deux&eacute;</li></ul><script>x</script><p> </p>fin<br>suite"
    )
    assert text_of(html) == "Un fonds :\n- un\n- deuxé\nfin\nsuite"
    assert text_of(None) == ""
    assert clipped("un deux trois", 9) == "un…"
    assert len(text_of("<p>" + "mot " * 5_000 + "</p>")) <= 5_000


@given(st.text())
def test_any_html_becomes_text(html: str) -> None:
    assert "\n\n" not in text_of(html)


def test_facts_of_feeds_are_believed_only_when_they_hold() -> None:
    assert day_of("2019-06-02T22:00:00.000Z") == date(2019, 6, 3)
    assert day_of("hier") is day_of(None) is None
    assert opening(date(2027, 1, 2), date(2027, 1, 1)) == {"opens_on": "2027-01-02"}
    assert web_address("https: //a.example/x y") == {"apply_url": "https://a.example/xy"}
    assert web_address("javascript:alert(1)") == web_address(None) == {}
    assert identifier("ademe", "a b/ç") == "ademe-a-b"

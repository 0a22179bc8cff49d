"""Gates and exact score as one SQL query, in the words that DuckDB and PostgreSQL share, or nearly."""

from typing import NamedTuple

from benchmarks.question import Question
from services.matcher.matching.criteria import PART, WEIGHTS
from services.matcher.matching.index.layout import CATEGORIES
from shared.text.vectors import MILLION

_TYPES = {
    **dict.fromkeys(("units", "shares", "objects", "themes", "weights"), "integer[]"),
    **dict.fromkeys(("eur", "days", "terms"), "bigint[]"),
    **dict.fromkeys(("slots",), "smallint[]"),
    **dict.fromkeys(("beside",), "boolean[]"),
    **dict.fromkeys(("labelled", "barrier", "seeks_nothing", "has_theme"), "boolean"),
    **dict.fromkeys(("organisation", "siren", "norm"), "bigint"),
}


class Dialect(NamedTuple):
    """How one of them says what the other says otherwise."""

    divide: str
    ones: str
    numbers: str


PLACED = "FROM filed AS w JOIN near AS n ON w.unit = n.unit JOIN asked AS a ON w.slot = a.slot"
"""Offers stand under each unit and slot of theirs."""


def query(said: Dialect) -> str:
    """Rows of (score, id, type): the twenty best.

    `filed` has all that gates and score read of an offer but its text, once per unit; `offers` the rest. What the text
    may add at most is known, so that texts are read of those offers alone that may still be among the best.
    """
    similarity = _share(said, MILLION, "inner_product", "product")
    root = f"CAST(floor(sqrt(CAST(similarity AS double precision) * {MILLION})) AS bigint)"
    return f"""
WITH near AS (
    SELECT unnest({_is("units")}) AS unit, unnest({_is("shares")}) AS share, unnest({_is("beside")}) AS beside
),
asked AS (
    SELECT unnest({_is("slots")}) AS slot, unnest({_is("eur")}) AS eur, unnest({_is("days")}) AS days,
           unnest({_is("objects")}) AS objects
),
words AS (SELECT unnest({_is("terms")}) AS term, unnest({_is("weights")}) AS weight),
known AS (
    SELECT w.number, max(n.share + {_told(said)}) AS known
    {PLACED}
    WHERE {_gates()}
    GROUP BY w.number
),
kept AS (
    SELECT * FROM known WHERE known + {WEIGHTS["text"]} >= (
        SELECT coalesce(min(known), 0) FROM (SELECT known FROM known ORDER BY known DESC LIMIT 20) AS best
    )
),
compared AS (
    SELECT k.known, o.id, o.type, greatest(1, o.norm * {_is("norm")}) AS product, coalesce((
        SELECT sum(t.weight * q.weight) FROM ({said.numbers}) AS t JOIN words AS q ON q.term = t.term
    ), 0) AS inner_product
    FROM kept AS k JOIN offers AS o ON o.number = k.number
),
alike AS (SELECT *, least({MILLION}, {similarity}) AS similarity FROM compared)
SELECT CAST(known + {_share(said, WEIGHTS["text"], root, str(MILLION))} AS bigint) AS score, id, type
FROM alike ORDER BY score DESC, id, type LIMIT 20
"""  # noqa: S608 - made of constants and numbers of placeholders


def _gates() -> str:
    return f"""(w.open OR NOT n.beside)
        AND {_is("day")} BETWEEN w.first_day AND w.last_day
        AND NOT (w.only_money AND {_is("seeks_nothing")})
        AND ({_is("labelled")} OR NOT w.labelled_only)
        AND ({_is("barrier")} OR NOT w.needs_barrier)
        AND (w.admitted = 0 OR w.admitted & {_is("stage")} <> 0)
        AND (w.forms = 0 OR w.forms & {_is("forms")} <> 0)
        AND (w.objects = 0 OR a.objects = 0 OR w.objects & a.objects <> 0)
        AND (a.eur < 0 OR w.least_eur <= a.eur)
        AND (a.days < 0 OR w.least_days <= a.days)
        AND (w.categories = 0 OR NOT {_is("has_theme")} OR w.categories & {_is("met")} <> 0)
        AND NOT CASE WHEN {_is("siren")} >= 0 AND w.siren >= 0 THEN w.siren = {_is("siren")}
                     ELSE w.organisation = {_is("organisation")} END"""


def _told(said: Dialect) -> str:
    """What a pair earns on all but place and text."""
    themes = ", ".join(
        f"CASE WHEN w.categories & {1 << place} <> 0 THEN ({_is('themes')})[{place + 1}] ELSE 0 END"
        for place in range(len(CATEGORIES))
    )
    common, asked = said.ones.format("w.objects & a.objects"), said.ones.format("a.objects")
    objects = _share(said, WEIGHTS["objects"], common, asked)
    return f"""greatest({themes})
        + CASE WHEN w.stages & {_is("stage")} <> 0 THEN {WEIGHTS["stage"]} ELSE 0 END
        + CASE WHEN w.objects & a.objects <> 0 THEN {objects} ELSE 0 END
        + coalesce(least({_cover(said, "eur")}, {_cover(said, "days")}), 0)
        + CASE WHEN w.challenge = {_is("challenge")} THEN {WEIGHTS["challenge"]} ELSE 0 END"""


def _cover(said: Dialect, unit: str) -> str:
    asked, cap, weight = f"a.{unit}", f"w.cap_{unit}", WEIGHTS["cover"]
    part = _share(said, weight, f"{PART[0]} * {cap}", f"{PART[1]} * {asked}")
    return f"CASE WHEN {asked} <= 0 OR {cap} < 0 THEN NULL WHEN {cap} >= {asked} THEN {weight} ELSE {part} END"


def _share(said: Dialect, weight: int, numerator: str, denominator: str) -> str:
    """The part of a weight, rounded once, halves up."""
    doubled = f"2 * CAST({weight} AS bigint) * ({numerator})"
    return f"(({doubled} + ({denominator})) {said.divide} (2 * ({denominator})))"


def _is(name: str) -> str:
    """A field of the question, as the placeholder of its number."""
    return f"CAST(${Question._fields.index(name) + 1} AS {_TYPES.get(name, 'integer')})"

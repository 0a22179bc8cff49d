"""Resolves the typed name of a place to one commune, to the list of those it may be, or to near spellings."""

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property

from shared.reference.geography import Commune, Geography, Unit, load_geography
from shared.reference.place_names import TypedPlace, edit_distance, letters, read_typed, run_together, spelled

__all__ = ["Candidates", "NotFound", "Place", "Places", "Resolved", "load_places", "resolve_place"]

_SUGGESTIONS = 5
_ARTICLES = ("", "l", "la", "le", "les")


@dataclass(frozen=True, slots=True)
class Resolved:
    """One commune alone answers to what was typed."""

    commune: Commune


@dataclass(frozen=True, slots=True)
class Candidates:
    """Several communes bear the name, or what else was typed contradicts it; the most populous first."""

    communes: tuple[Commune, ...]


@dataclass(frozen=True, slots=True)
class NotFound:
    """No commune bears this name; `suggestions` have one that is near, the nearest first (perhaps none)."""

    suggestions: tuple[Commune, ...]


Place = Resolved | Candidates | NotFound


class Places:
    """An index of the names of communes, today's and former ones, by their letters alone."""

    def __init__(self, geography: Geography) -> None:
        self._geography = geography
        before = {code: former.name for code, former in geography.former_communes.items() if former.name}
        self._today, self._before = _index(geography.commune_names()), _index(before)
        self._departements = {spelled(geography.name(unit)): unit.code for unit in geography.units("departement")}

    def resolve(self, name: str, postal_code: str | None = None, departement: str | None = None) -> Place:
        """One commune if it alone answers, else candidates, else suggestions; never a guess and never raises.

        A post code or a département (code or name) parts homonyms, also when written inside the name. A post code
        that no bearer of the name has (CEDEX) counts for its département.
        """
        typed = read_typed(name, postal_code, departement)
        if not typed.words:
            return self._answer(self._geography.communes_of_postal_code(typed.postal_code)) or NotFound(())
        bearers = self._bearers(typed.words)
        for agrees in self._filters(typed):
            for codes in bearers:
                found = self._answer(code for code in codes if agrees(code))
                if found:
                    return found
        contradicted = next((codes for codes in bearers if codes), None)
        if contradicted:
            return Candidates(self._sorted({*contradicted, *self._near(typed, misspelled=False)}))
        near = self._near(typed, misspelled=True)
        return NotFound(tuple(self._geography.commune(code) for code in near[:_SUGGESTIONS]))

    def _bearers(self, words: str) -> list[list[str]]:
        """Communes that bear exactly this name today, that bore it, then both again with typography forgotten."""
        together = words.replace(" ", "")
        keys = {together.removeprefix(article) for article in _ARTICLES}
        exact, loose = [], []
        for index in (self._today, self._before):
            borne = [
                (code, spelling) for key in keys for code in _codes(index, key) for spelling in self._spellings(code)
            ]
            exact.append([self._current(code) for code, spelling in borne if spelling == words])
            loose.append([self._current(code) for code, spelling in borne if _loosely(spelling, words, together)])
        return exact + loose

    def _spellings(self, code: str) -> set[str]:
        former = self._geography.former_communes.get(code)
        return _spellings(former.name if former else self._geography.name(Unit("commune", code)))

    def _current(self, code: str) -> str:
        return self._geography.current_commune(code) or code

    def _filters(self, typed: TypedPlace) -> list[Callable[[str], bool]]:
        """What the hints demand of a commune, the narrowest first."""
        area = self._departement(typed.departement) if typed.departement else None

        def in_area(code: str) -> bool:
            return area is None or self._geography.commune(code).departement == area

        if not typed.postal_code:
            return [in_area]
        return [
            lambda code: in_area(code) and typed.postal_code in self._geography.commune(code).postal_codes,
            lambda code: in_area(code) and _same_departement(typed.postal_code, self._geography.commune(code)),
        ]

    def _departement(self, typed: str) -> str:
        """Its code; empty when there is none, which then agrees with no commune."""
        code = typed.upper().zfill(2)
        if self._geography.exists(Unit("departement", code)):
            return code
        return self._departements.get(spelled(typed), "")

    def _answer(self, codes: Iterable[str]) -> Resolved | Candidates | None:
        communes = self._sorted(set(codes))
        if len(communes) > 1:
            return Candidates(communes)
        return Resolved(communes[0]) if communes else None

    def _sorted(self, codes: set[str]) -> tuple[Commune, ...]:
        communes = (self._geography.commune(code) for code in codes)
        return tuple(sorted(communes, key=lambda commune: (-commune.population, commune.code)))

    def _near(self, typed: TypedPlace, *, misspelled: bool) -> list[str]:
        """Communes whose name begins or is begun by what was typed, or is a letter or two away, near the hints."""
        wanted = run_together(typed.words)
        ranked = self._near_spellings(wanted) if misspelled else {}
        words = typed.words.split()
        telling = [word for word in words if len(word) > 4 and not word.startswith("saint")]
        told = telling if typed.postal_code or typed.departement else []  # a word in common says too little of France
        for key in self._today:
            if len(wanted) >= 4 and key.startswith(wanted):
                ranked[key] = 1
            elif any(word in key for word in told):
                ranked.setdefault(key, 3)
        for end in range(1, len(words)):
            ranked[run_together(" ".join(words[:end]))] = 2
        agrees = self._filters(typed)[-1]
        found = {code: rank for key, rank in ranked.items() for code in _codes(self._today, key) if agrees(code)}
        return sorted(found, key=lambda code: (found[code], -self._geography.population(Unit("commune", code)), code))

    @cached_property
    def _letters(self) -> "array[int]":
        return array("l", map(letters, self._today))

    def _near_spellings(self, wanted: str) -> dict[str, int]:
        limit = 1 if len(wanted) < 5 else 2
        mine, shortest, longest = letters(wanted), len(wanted) - limit, len(wanted) + limit
        ranked = {}
        for key, others in zip(self._today, self._letters, strict=True):
            if shortest <= len(key) <= longest and (mine ^ others).bit_count() <= 2 * limit:
                distance = edit_distance(wanted, key, limit)
                if distance <= limit:
                    ranked[key] = distance
        return ranked


def _index(names: dict[str, str]) -> dict[str, str]:
    """The codes that bear a name, one space between them, by the letters of that name run together."""
    index: dict[str, str] = {}
    keys = run_together(spelled("\n".join(names.values()))).split("\n")
    for key, code in zip(keys, names, strict=True):
        index[key] = f"{index[key]} {code}" if key in index else code
    for code, name in names.items():
        if "(" in name:
            key = run_together(spelled(name.partition("(")[0]))
            index[key] = f"{index[key]} {code}" if key in index else code
    return index


def _codes(index: dict[str, str], key: str) -> list[str]:
    return index.get(key, "").split()


def _spellings(name: str) -> set[str]:
    """« Bors (Canton de Charente-Sud) » answers to « Bors » too."""
    return {spelled(name), spelled(name.partition("(")[0])}


def _loosely(spelling: str, words: str, together: str) -> bool:
    return run_together(spelling) == run_together(words) or spelling.replace(" ", "") == together


def _same_departement(postal_code: str, commune: Commune) -> bool:
    prefixes = {code[:3] if code.startswith(("97", "98")) else code[:2] for code in commune.postal_codes}
    return any(postal_code.startswith(prefix) for prefix in prefixes)


@cache
def load_places() -> Places:
    """The index over today's geography, built once per process at the first question."""
    return Places(load_geography())


def resolve_place(name: str, postal_code: str | None = None, departement: str | None = None) -> Place:
    """`Places.resolve` on the geography of the data files."""
    return load_places().resolve(name, postal_code, departement)

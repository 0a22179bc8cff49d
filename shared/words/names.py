"""Names of what events say by id: labels of the taxonomy, places, territories and défis."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Literal

from shared.events.shapes import PerimeterUnit
from shared.reference.files import read_json
from shared.reference.geography import Unit, load_geography
from shared.words.french import lowered

TaxonomyList = Literal[
    "categories",
    "axes",
    "commitment_kinds",
    "fund_kinds",
    "fund_natures",
    "stages",
    "legal_forms",
    "objects",
    "levels",
    "statuses",
    "barrier_kinds",
    "barrier_channels",
]

_SHORT = {
    "stages": {"amorcage": "amorçage"},
    "legal_forms": {
        "association": "association",
        "association-droit-local": "association de droit local",
        "scop": "SCOP",
        "scic": "SCIC",
        "cae": "CAE",
        "esus": "entreprise agréée ESUS",
        "societe-ess": "société commerciale de l'ESS",
    },
}
"""How a sentence says a label that is too long, or whose capital is not an acronym's."""


@dataclass(frozen=True)
class Names:
    """Names by id. What is unknown keeps its id for labels and is `None` for territories and défis.

    A service that hears territories makes its own with `dataclasses.replace(reference_names(), territories=...)`.
    """

    labels: Mapping[str, Mapping[str, str]]
    places: Callable[[PerimeterUnit], str]
    """Unmistakable: « Rezé (44) », « Loire-Atlantique (département) »."""
    plain_places: Callable[[PerimeterUnit], str]
    """As people say it: « Rezé », « Loire-Atlantique »."""
    territories: Mapping[str, str]
    challenges: Mapping[str, str]
    stage_order: tuple[str, ...]

    def label(self, of: TaxonomyList, key: str) -> str:
        """The label as a title: « Mécénat de compétences »."""
        return self.labels.get(of, {}).get(key, key)

    def word(self, of: TaxonomyList, key: str) -> str:
        """The label inside a sentence: « mécénat de compétences », « SCOP »."""
        return _SHORT.get(of, {}).get(key) or lowered(self.label(of, key))

    def kind(self, key: str) -> str:
        """A kind of commitment or of fund inside a sentence."""
        return self.word("commitment_kinds" if key in self.labels["commitment_kinds"] else "fund_kinds", key)

    def labels_of(self, of: TaxonomyList, keys: Iterable[str]) -> str:
        """Labels in a row: « Numérique, Séniors »."""
        return ", ".join(self.label(of, key) for key in keys)

    def words_of(self, of: TaxonomyList, keys: Iterable[str]) -> str:
        """Words in a row: « amorçage, développement »."""
        return ", ".join(self.word(of, key) for key in keys)

    def kinds(self, keys: Iterable[str]) -> str:
        """Kinds in a row."""
        return ", ".join(self.kind(key) for key in keys)

    def perimeter(self, units: Iterable[PerimeterUnit]) -> str:
        """Units in a row: « Nantes Métropole, Loire-Atlantique (département) »."""
        return ", ".join(self.places(unit) for unit in units)


def _place(unit: PerimeterUnit, *, plain: bool = False) -> str:
    if unit.level == "national":
        return "toute la France"
    geography = load_geography()
    key = Unit(unit.level, unit.code)
    if not geography.exists(key):
        return unit.name or unit.code
    return geography.name(key) if plain else geography.label(key)


@cache
def reference_names() -> Names:
    """The names of the reference data, read once; the geography is read at the first place asked for."""
    taxonomy = read_json("taxonomy.json")
    labels = {
        name: {entry["id"]: str(entry["label_fr"]) for entry in entries}
        for name, entries in taxonomy.items()
        if isinstance(entries, list) and entries and "label_fr" in entries[0] and "id" in entries[0]
    }
    territories = read_json("territories.json")["territories"]
    return Names(
        labels=labels,
        places=_place,
        plain_places=partial(_place, plain=True),
        territories={territory["territory_id"]: territory["name"] for territory in territories},
        challenges={
            challenge["challenge_id"]: challenge["title"]
            for territory in territories
            for challenge in territory["challenges"]
        },
        stage_order=tuple(labels["stages"]),
    )

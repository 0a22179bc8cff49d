"""The taxonomy: categories with their nearness, and every enumeration that events, files and pages use."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from types import MappingProxyType
from typing import Any

from shared.reference.files import read_json

__all__ = [
    "ActorType",
    "BarrierChannel",
    "BarrierKind",
    "Category",
    "CommitmentKind",
    "Entry",
    "FundKind",
    "LegalForm",
    "ObjectKind",
    "Ranked",
    "SustainableGoal",
    "Taxonomy",
    "load_taxonomy",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One value of an enumeration; `label_en` falls back on French where the source has none."""

    id: str
    label_fr: str
    label_en: str
    definition_fr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Category(Entry):
    """One of the 11 themes; `near_categories` maps other ids to a nearness in 0..1."""

    definition_en: str
    includes: tuple[str, ...]
    excludes: tuple[str, ...]
    keywords: tuple[str, ...]
    sdgs: tuple[int, ...]
    near_categories: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentKind(Entry):
    """What a company can offer; `unit` is what its amounts count, in French words."""

    unit: str
    counterpart: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FundKind(Entry):
    """What a fund brings; `money` tells whether it is money for the project."""

    money: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked(Entry):
    """A value with an order: stages from the idea on, levels from the commune up."""

    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalForm(Entry):
    """A legal form, or an accreditation held beside one; `counts_as` names the wider form it is a case of."""

    ess: bool
    family: str
    counts_as: str | None = None
    accreditation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorType(Entry):
    """What an actor of a collective is, and the families it belongs to."""

    families: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BarrierKind(Entry):
    """A kind of regulatory obstacle, and the channels that can lift it."""

    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BarrierChannel(Entry):
    """A desk that lifts regulatory obstacles; days as ISO dates, absent where none is stated."""

    labelled_territories_only: bool
    opens_on: str | None = None
    closes_on: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectKind(Entry):
    """What is given, lent, taught or bought; `family` is bien, competence or service."""

    family: str


@dataclass(frozen=True, slots=True)
class SustainableGoal:
    """One of the 17 goals of the United Nations."""

    number: int
    title_fr: str


_CLASSES: dict[str, type[Entry]] = {
    "categories": Category,
    "axes": Entry,
    "commitment_kinds": CommitmentKind,
    "fund_kinds": FundKind,
    "fund_natures": Entry,
    "stages": Ranked,
    "legal_forms": LegalForm,
    "actor_families": Entry,
    "actor_types": ActorType,
    "barrier_kinds": BarrierKind,
    "barrier_channels": BarrierChannel,
    "levels": Ranked,
    "statuses": Entry,
    "company_sizes": Entry,
    "reasons": Entry,
    "refusals": Entry,
    "objects": ObjectKind,
}


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Each enumeration maps its ids to its entries, in the order in which people should read them."""

    categories: Mapping[str, Category]
    axes: Mapping[str, Entry]
    commitment_kinds: Mapping[str, CommitmentKind]
    fund_kinds: Mapping[str, FundKind]
    fund_natures: Mapping[str, Entry]
    stages: Mapping[str, Ranked]
    legal_forms: Mapping[str, LegalForm]
    actor_families: Mapping[str, Entry]
    actor_types: Mapping[str, ActorType]
    barrier_kinds: Mapping[str, BarrierKind]
    barrier_channels: Mapping[str, BarrierChannel]
    levels: Mapping[str, Ranked]
    statuses: Mapping[str, Entry]
    company_sizes: Mapping[str, Entry]
    reasons: Mapping[str, Entry]
    refusals: Mapping[str, Entry]
    objects: Mapping[str, ObjectKind]
    sdgs: tuple[SustainableGoal, ...]

    def enumeration(self, name: str) -> Mapping[str, Entry]:
        """The enumeration of that name (`stages`, `objects`, ...); raises `KeyError` when there is none."""
        if name not in _CLASSES:
            raise KeyError(name)
        found: Mapping[str, Entry] = getattr(self, name)
        return found

    def label(self, enumeration: str, id: str, language: str = "fr") -> str:
        """The words people read for a value: `label("stages", "idee")` is « Idée »; raises `KeyError` when unknown."""
        entry = self.enumeration(enumeration)[id]
        return entry.label_en if language == "en" else entry.label_fr

    def nearness(self, a: str, b: str) -> float:
        """How near two categories are, 0..1 and symmetric: 1 for the same; raises `KeyError` when one is unknown."""
        near_a, near_b = self.categories[a].near_categories, self.categories[b].near_categories
        return 1.0 if a == b else max(near_a.get(b, 0.0), near_b.get(a, 0.0))

    def form_counts_as(self, legal_form: str) -> tuple[str, ...]:
        """The forms as which an owner of this form is admitted: its own, then the one it is a case of."""
        wider = self.legal_forms[legal_form].counts_as
        return (legal_form, wider) if wider else (legal_form,)

    def forms(self, *, accreditation: bool) -> tuple[str, ...]:
        """The ids a `legal_form` may take, or, with `accreditation`, those `accreditations` may list."""
        return tuple(id for id, form in self.legal_forms.items() if form.accreditation is accreditation)


@cache
def load_taxonomy() -> Taxonomy:
    """The taxonomy from its data file, read once per process."""
    data = read_json("taxonomy.json")
    enumerations: dict[str, Any] = {
        name: MappingProxyType({entry["id"]: _entry(kind, entry) for entry in data[name]})
        for name, kind in _CLASSES.items()
    }
    goals = tuple(SustainableGoal(goal["number"], goal["title_fr"]) for goal in data["sdgs"])
    return Taxonomy(**enumerations, sdgs=goals)


def _entry(kind: type[Entry], data: dict[str, Any]) -> Entry:
    known = {"label_en": data["label_fr"], **data}
    return kind(**{field.name: _frozen(known[field.name]) for field in fields(kind) if field.name in known})


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return MappingProxyType(value) if isinstance(value, dict) else value

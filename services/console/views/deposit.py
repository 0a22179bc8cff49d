"""What deposit forms share: what was typed, how it is read, and what of a kept deposit it changes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from services.console.views.reading import day_of, whole_number
from shared.words.names import Names

T = TypeVar("T")
Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Typed:
    """A form as it was sent; each value as a tuple, since a name may come several times."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def one(self, name: str, default: str = "") -> str:
        """The first value of a field."""
        return next(iter(self.values.get(name, ())), default)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field."""
        return tuple(value for value in self.values.get(name, ()) if value)


def typed_of(pairs: Iterable[tuple[str, str]]) -> Typed:
    """The form of these fields, in order."""
    values: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        values[name] = (*values.get(name, ()), value)
    return Typed(values)


class Reader:
    """Turns what was typed into values of a submission, gathering what is wrong by field."""

    def __init__(self, typed: Typed) -> None:
        self.typed = typed
        self.faults: dict[str, str] = {}

    def number(self, name: str, example: str = "20 000") -> int | None:
        """A whole number, or nothing when the field is empty."""
        return self._read(name, whole_number, f"Écrivez un nombre entier, par exemple {example}.")

    def day(self, name: str) -> str | None:
        """A day as ISO text, or nothing when the field is empty."""
        return self._read(name, _iso, "Écrivez une date, par exemple 30/06/2027 pour le 30 juin 2027.")

    def span(self, least: str, most: str) -> dict[str, int] | None:
        """A range of two numbers, or nothing when both are empty."""
        return pruned({"min": self.number(least), "max": self.number(most)}) or None

    def required(self, name: str, what: str) -> str | None:
        """A text that must be there."""
        value = self.typed.one(name)
        if not value:
            self.faults[name] = what
        return value or None

    def _read(self, name: str, read: Callable[[str], T | None], fault: str) -> T | None:
        text = self.typed.one(name)
        if not text:
            return None
        value = read(text)
        if value is None:
            self.faults[name] = fault
        return value


def pruned(data: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is absent."""
    return {name: value for name, value in data.items() if value is not None}


def inside(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object of a kept deposit; an empty one where it has none."""
    found = data.get(name)
    return found if isinstance(found, Mapping) else {}


def written(value: object) -> tuple[str, ...]:
    """A value of a kept deposit as the fields of a form hold it."""
    if isinstance(value, list | tuple):
        return tuple(str(one) for one in value)
    return () if value is None else (str(value),)


def changes(kept: Mapping[str, Any], said: Mapping[str, Any], shown: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """The merge patch that makes `kept` say what a form says, and leaves alone what the form does not show.

    `shown`: each field of the form, with the fields inside it where it is an object; null removes.
    """
    patch: dict[str, Any] = {}
    for name, inner in shown.items():
        before: Any = kept.get(name)
        after: Any = said.get(name)
        if isinstance(before, list) and isinstance(after, list):
            after = in_kept_order(before, after)
        if inner and before is not None and after is not None:
            after = changes(before, after, dict.fromkeys(inner, ())) or before
        if after != before:
            patch[name] = after
    return patch


def in_kept_order(before: Sequence[T], after: Sequence[T]) -> list[T]:
    """A choice of several in the order it was kept in, new ones last."""
    return [one for one in before if one in after] + [one for one in after if one not in before]


def field_in(fields: Mapping[str, str], path: str) -> str:
    """The form's field for a path of a submission, or for what holds it; empty when there is none."""
    bare = path.split("[", maxsplit=1)[0]
    while bare and bare not in fields:
        bare = bare.rpartition(".")[0]
    return fields.get(bare, "")


def options(names: Names, of: str, first: str | None = None, leave: Iterable[str] = ()) -> Options:
    """An enumeration to choose from, with an empty first choice where one is given."""
    left = set(leave)
    entries = tuple((key, label) for key, label in names.labels[of].items() if key not in left)
    return ((("", first),) if first is not None else ()) + entries


def with_kept(listed: Options, kept: Iterable[str], names: Mapping[str, str]) -> Options:
    """The choices, and after them what is kept and not listed any more: a form must not lose it unsaid."""
    known = {value for value, _ in listed}
    return (*listed, *((one, names.get(one, one)) for one in kept if one not in known))


def _iso(text: str) -> str | None:
    found = day_of(text)
    return found.isoformat() if found else None

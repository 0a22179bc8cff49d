"""What the mappings of feeds share: an item becomes a fund's submission, or the reason why it does not."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.ingest.intake.rules import is_public, is_web_address
from shared.words.french import PARIS

Item = Mapping[str, Any]


class Unusable(ValueError):
    """An item that cannot become a fund; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """The submissions of a feed, and the reasons of the items left out."""

    funds: tuple[dict[str, Any], ...]
    left_out: tuple[str, ...]


def map_items(items: Iterable[object], map_item: Callable[[Item], dict[str, Any] | None]) -> Mapped:
    """Maps each item apart: a bad one is left out with its reason, `None` without."""
    funds, left_out = [], []
    for place, item in enumerate(items, 1):
        try:
            fund = map_item(item) if isinstance(item, Mapping) else None
        except Unusable as error:
            left_out.append(f"item {place}: {error}")
            continue
        if fund is not None:
            funds.append(fund)
    return Mapped(tuple(funds), tuple(left_out))


def identifier(prefix: str, value: object) -> str:
    """The feed's own id under our prefix."""
    clean = re.sub(r"[^A-Za-z0-9_.-]", "-", str(value or "")).strip("-.")[:60]
    if not clean:
        raise Unusable("no id")
    return f"{prefix}-{clean}"


def required_text(item: Item, name: str) -> str:
    """A text that must be there."""
    value = item.get(name)
    if not isinstance(value, str) or len(value.strip()) < 3:
        raise Unusable(f"no {name}")
    return " ".join(value.split())


def day_of(value: object) -> date | None:
    """The day in Paris of an ISO moment; nothing when it is none."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if moment is None:
        return None
    return moment.astimezone(PARIS).date() if moment.tzinfo else moment.date()


def opening(opens: date | None, closes: date | None) -> dict[str, str]:
    """`opens_on` and `closes_on` as known; an end before the beginning is not believed."""
    days = {}
    if opens is not None:
        days["opens_on"] = opens.isoformat()
    if closes is not None and (opens is None or closes >= opens):
        days["closes_on"] = closes.isoformat()
    return days


def web_address(value: object) -> dict[str, str]:
    """`apply_url` when the value is an address once its stray spaces are gone."""
    address = re.sub(r"\s", "", value) if isinstance(value, str) else ""
    return {"apply_url": address} if len(address) <= 490 and is_web_address(address) and is_public(address) else {}


def checked_on(day: date) -> str:
    """The day a fund counts as checked when read on `day`: the first of its month, so that polls change little."""
    return day.replace(day=1).isoformat()

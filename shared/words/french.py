"""Numbers, money, days, dates and quotations as French writes them, with its non-breaking spaces."""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

NBSP = "\u00a0"
"""Before a colon, inside « », between a number and its unit."""
THIN = "\u202f"
"""Between thousands; before ; ? and !"""

PARIS = ZoneInfo("Europe/Paris")

_WIDE = re.compile(r" ([:»€%])")
_THIN = re.compile(r" ([;?!])")

_MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)


def number(value: int) -> str:
    """« 20 000 »."""
    return f"{value:,}".replace(",", THIN)


def money(euros: int) -> str:
    """« 20 000 € »."""
    return f"{number(euros)}{NBSP}€"


def count(value: int, singular: str, plural: str | None = None) -> str:
    """« 1 projet », « 2 projets », « 0 projet »: French is plural from two on; `plural` defaults to an s."""
    return f"{number(value)}{NBSP}{singular if abs(value) < 2 else plural or singular + 's'}"


def days(value: int) -> str:
    """Working days: « 1 jour », « 20 jours »."""
    return count(value, "jour")


def day(value: date) -> str:
    """« 3 décembre 2026 », « 1er mars 2027 »."""
    first = "1er" if value.day == 1 else str(value.day)
    return f"{first}{NBSP}{_MONTHS[value.month - 1]} {value.year}"


def month(value: date) -> str:
    """« février 2019 »."""
    return f"{_MONTHS[value.month - 1]} {value.year}"


_COUNTED_DAYS = 90
"""Further ahead a date says more than a number of days."""


def _ahead(value: date, today: date) -> str:
    """« dans 12 jours (3 décembre 2026) », or « le 31 août 2028 » when it is far."""
    ahead = (value - today).days
    if ahead > _COUNTED_DAYS:
        return f"le {day(value)}"
    return {0: "aujourd'hui", 1: "demain"}.get(ahead, f"dans {days(ahead)}") + f" ({day(value)})"


def closes(last_day: date, today: date) -> str:
    """« ferme dans 12 jours (3 décembre 2026) », or « clos depuis le 4 décembre 2026 » once the last day is past."""
    if last_day < today:
        return f"clos depuis le {day(last_day + timedelta(days=1))}"
    return f"ferme {_ahead(last_day, today)}"


def opens(first_day: date, today: date) -> str:
    """« ouvre dans 12 jours (3 décembre 2026) », or « ouvert depuis le 3 décembre 2026 »."""
    if first_day <= today:
        return f"ouvert depuis le {day(first_day)}"
    return f"ouvre {_ahead(first_day, today)}"


def due(deadline: date, today: date) -> str:
    """« échéance dans 12 jours (3 décembre 2026) », or « échéance passée (3 décembre 2026) »."""
    if deadline < today:
        return f"échéance passée ({day(deadline)})"
    return f"échéance {_ahead(deadline, today)}"


def dated(value: date, today: date) -> str:
    """After a label: « 3 décembre 2026 (dans 12 jours) », « 3 décembre 2026 (passée) », or the day alone when far."""
    ahead = (value - today).days
    if ahead > _COUNTED_DAYS:
        return day(value)
    near = {0: "aujourd'hui", 1: "demain"}.get(ahead, f"dans {days(ahead)}")
    return f"{day(value)} ({near if ahead >= 0 else 'passée'})"


def ago(at: datetime, now: datetime) -> str:
    """« à l'instant », « il y a 2 min », « il y a 3 h », « hier », « il y a 6 jours », then « le 3 décembre 2026 ».

    Both times are aware; days are those of Paris. A time ahead of `now` (another machine's clock) is « à l'instant ».
    """
    minutes = int((now - at).total_seconds() // 60)
    if minutes < 1:
        return "à l'instant"
    if minutes < 60:
        return f"il y a {minutes}{NBSP}min"
    nights = (now.astimezone(PARIS).date() - at.astimezone(PARIS).date()).days
    if nights == 0 or minutes < 12 * 60:
        return f"il y a {minutes // 60}{NBSP}h"
    if nights == 1:
        return "hier"
    return f"il y a {days(nights)}" if nights < 7 else f"le {day(at.astimezone(PARIS).date())}"


def day_and_time(at: datetime) -> str:
    """« 3 décembre 2026 à 14 h 05 », Paris time."""
    local = at.astimezone(PARIS)
    return f"{day(local.date())} à {local.hour}{NBSP}h{NBSP}{local.minute:02d}"


def typeset(french: str) -> str:
    """The text with the spaces that French does not break."""
    return _THIN.sub(f"{THIN}\\1", _WIDE.sub(f"{NBSP}\\1", french)).replace("« ", f"«{NBSP}")


def quoted(text: str) -> str:
    """« text »; guillemets within become “ ”."""
    inner = text.replace(f"«{NBSP}", "“").replace("« ", "“").replace(f"{NBSP}»", "”").replace(" »", "”")
    return f"«{NBSP}{inner.replace('«', '“').replace('»', '”')}{NBSP}»"


def labelled(label: str, value: str) -> str:
    """« label : value ». The colon keeps any value grammatical."""
    return f"{label}{NBSP}: {value}"


def clauses(*parts: str) -> str:
    """« part ; part »."""
    return f"{THIN}; ".join(parts)


def listed(items: Iterable[str]) -> str:
    """« a », « a et b », « a, b et c »."""
    *first, last = items
    return f"{', '.join(first)} et {last}" if first else last


def at_place(name: str) -> str:
    """« à Rezé », « au Mans », « aux Sables-d'Olonne », « à La Rochelle »."""
    for article, contracted in (("Le ", "au "), ("Les ", "aux ")):
        if name.startswith(article):
            return contracted + name.removeprefix(article)
    return f"à {name}"


def lowered(label: str) -> str:
    """A label inside a sentence: its first letter small, but for acronyms and « État »."""
    if label[1:2].isupper() or label.startswith("État"):
        return label
    return label[:1].lower() + label[1:]


def one_line(text: str) -> str:
    """The text without line breaks, tabs or repeated spaces; non-breaking spaces stay."""
    return " ".join(part for part in re.split(r"[ \t\r\n\f\v\x85\u2028\u2029]+", text) if part)


def capitalised(sentence: str) -> str:
    """The sentence with its first letter tall; the rest untouched."""
    return sentence[:1].upper() + sentence[1:]

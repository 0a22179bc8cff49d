"""Reads what people type in fields: amounts, days, dates; the words for what is wrong say what to do."""

from datetime import date

_SPACES = str.maketrans("", "", " \u00a0\u202f\t")


def whole_number(text: str) -> int | None:
    """« 20 000 € », « 20000 », « 12 jours » as a number; nothing when it is none, or not whole."""
    bare = text.translate(_SPACES).lower()
    for unit in ("euros", "euro", "eur", "€", "jours", "jour", "j"):
        bare = bare.removesuffix(unit)
    if bare.endswith((",00", ".00")):
        bare = bare[:-3]
    return int(bare) if bare.isascii() and bare.isdigit() and len(bare) <= 12 else None


def day_of(text: str) -> date | None:
    """« 2027-06-30 » or « 30/06/2027 » as a day; nothing when it is none."""
    parts = text.replace("/", "-").split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    year, month, day = parts if len(parts[0]) == 4 else reversed(parts)
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None

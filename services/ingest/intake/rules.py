"""Rules that tie fields together: orders, sums, uniqueness, ids that must exist. Each skips what is unsound."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from services.ingest.intake.known import Known
from services.ingest.intake.outcome import Fault
from services.ingest.intake.structure import nearest
from services.ingest.intake.texts import joined
from shared.events.vocabulary import INDIVIDUALS
from shared.text.folding import fold

Data = Mapping[str, Any]
Rule = Callable[[Data, Known], Iterator[Fault]]

_WEB_ADDRESS = re.compile(
    r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::[0-9]{1,5})?(?:[/?#][^\s\"'<>`\\]*)?", re.IGNORECASE | re.ASCII
)
_CIVILITIES = frozenset({"m", "mr", "mme", "mlle", "monsieur", "madame", "mademoiselle"})
_PRIVATE_DOMAINS = ("local", "localhost", "localdomain", "internal", "intranet", "lan", "corp", "home", "home.arpa")
_MOST_BENEFICIARIES = 100_000_000
_EARLIEST, _LATEST = date(1990, 1, 1), date(2100, 12, 31)
_DATES = ("deadline", "starts_on", "ends_on", "opens_on", "closes_on", "last_checked_on")
_POSITIVE = ("total_eur", "days", "envelope_eur", "per_project_eur.max", "per_project_days.max", "ticket_eur.max")


def dates(data: Data, _known: Known) -> Iterator[Fault]:
    """Days lie in our time, beginnings before ends."""
    for name in _DATES:
        day = _day(data, name)
        if day and not _EARLIEST <= day <= _LATEST:
            yield Fault(name, "date-hors-limites")
    for first, last in (("starts_on", "ends_on"), ("opens_on", "closes_on")):
        begins, ends = _day(data, first), _day(data, last)
        if begins and ends and ends < begins:
            yield Fault(last, "dates-inversees", {"value": ends, "other": first, "earlier": begins})


def amounts(data: Data, _known: Known) -> Iterator[Fault]:
    """Stated amounts are positive, minima under maxima, parts under totals."""
    for name in _POSITIVE:
        if _number(data, name) == 0:
            yield Fault(name, "nombre-trop-petit", {"limit": 1})
    for name in ("per_project_eur", "per_project_days", "ticket_eur"):
        low, high = _number(data, f"{name}.min"), _number(data, f"{name}.max")
        if low is not None and high is not None and low > high:
            yield Fault(f"{name}.min", "minimum-superieur", {"minimum": low, "maximum": high})
    for name, whole in (
        ("committed_eur", "total_eur"),
        ("per_project_eur.min", "total_eur"),
        ("committed_days", "days"),
        ("per_project_days.min", "days"),
    ):
        part, total = _number(data, name), _number(data, whole)
        if part is not None and total is not None and part > total:
            yield Fault(name, "depasse-le-total", {"value": part, "other": whole, "total": total})


def beneficiaries(data: Data, _known: Known) -> Iterator[Fault]:
    """No more people benefit than there can be."""
    for name in ("beneficiaries", "beneficiaries.count"):
        if (_number(data, name) or 0) > _MOST_BENEFICIARIES:
            yield Fault(name, "nombre-trop-grand", {"limit": _MOST_BENEFICIARIES})


def needs(data: Data, _known: Known) -> Iterator[Fault]:
    """One need per kind of commitment; its amounts, when stated, are positive."""
    seen: list[object] = []
    for index, need in enumerate(_items(data, "needs")):
        kind = need.get("kind")
        if isinstance(kind, str) and kind in seen:
            yield Fault(f"needs[{index}].kind", "besoin-en-double", {"value": kind[:80]})
        seen.append(kind)
        for name in ("amount_eur", "days"):
            if _number(need, name) == 0:
                yield Fault(f"needs[{index}].{name}", "nombre-trop-petit", {"limit": 1})


def sirens(data: Data, _known: Known) -> Iterator[Fault]:
    """The check digit of each SIREN number is right."""
    for name in ("owner", "company"):
        siren = _inside(data, f"{name}.siren")
        if isinstance(siren, str) and siren.isdecimal() and len(siren) == 9 and not _luhn(siren):
            yield Fault(f"{name}.siren", "siren-invalide")


def published_ids(data: Data, known: Known) -> Iterator[Fault]:
    """Challenges, territories and actor types exist."""
    challenges = list(known.challenges)
    yield from _exists(data.get("challenge_id"), "challenge_id", challenges, "defi-inconnu")
    for index, value in enumerate(_list(data, "challenges")):
        yield from _exists(value, f"challenges[{index}]", challenges, "defi-inconnu")
    territories = sorted(known.territories)
    yield from _exists(data.get("territory_id"), "territory_id", territories, "territoire-inconnu")
    for index, value in enumerate(_list(data, "territories")):
        yield from _exists(value, f"territories[{index}]", territories, "territoire-inconnu")
    yield from _actor_type(_inside(data, "owner.actor_type"), "owner.actor_type", known)


def membership(data: Data, _known: Known) -> Iterator[Fault]:
    """A fund is not part of itself."""
    if data.get("part_of") is not None and data.get("part_of") == data.get("fund_id"):
        yield Fault("part_of", "fait-partie-de-soi")


def web_addresses(data: Data, _known: Known) -> Iterator[Fault]:
    """Where to apply is an address that a page can carry as it is."""
    address = data.get("apply_url")
    if isinstance(address, str) and not is_web_address(address):
        yield Fault("apply_url", "adresse-web-invalide")
    elif isinstance(address, str) and not is_public(address):
        yield Fault("apply_url", "adresse-web-privee")


def is_web_address(text: str) -> bool:
    """Whether it has a scheme, a host with a dot, and neither spaces, quotes nor angle brackets."""
    return _WEB_ADDRESS.fullmatch(text) is not None


def is_public(web_address: str) -> bool:
    """Whether its host is a name that everyone can reach: no number in any spelling, no domain of private networks."""
    host = (urlsplit(web_address).hostname or "").lower()
    return host.rpartition(".")[2][:1].isalpha() and not f".{host}".endswith(tuple(f".{d}" for d in _PRIVATE_DOMAINS))


def someone_served(data: Data, _known: Known) -> Iterator[Fault]:
    """An offer's perimeter names at least one unit."""
    if data.get("perimeter") == []:
        yield Fault("perimeter", "liste-trop-courte", {"limit": 1})


def territory_challenges(data: Data, known: Known) -> Iterator[Fault]:
    """Each challenge has an id of its own, that no other territory has taken; members have known types."""
    own, seen = data.get("territory_id"), list[object]()
    for index, challenge in enumerate(_items(data, "challenges")):
        challenge_id = challenge.get("challenge_id")
        path = f"challenges[{index}].challenge_id"
        taken_by = known.challenges.get(challenge_id) if isinstance(challenge_id, str) else None
        if isinstance(challenge_id, str) and challenge_id in seen:
            yield Fault(path, "defi-en-double", {"value": challenge_id[:80]})
        elif taken_by not in (None, own):
            facts = {"value": str(challenge_id)[:80], "territory": taken_by, "example": f"{own}-d{index + 1}"}
            yield Fault(path, "defi-d-un-autre-territoire", facts)
        seen.append(challenge_id)
    for index, member in enumerate(_items(data, "collective")):
        yield from _actor_type(member.get("type"), f"collective[{index}].type", known)


def territory_name(data: Data, known: Known) -> Iterator[Fault]:
    """No other territory has its name, whatever the case, accents, spaces and marks."""
    name, own = data.get("name"), data.get("territory_id")
    letters = _letters(name) if isinstance(name, str) else ""
    for territory_id, taken in sorted(known.territory_names.items()):
        if letters and territory_id != own and _letters(taken) == letters:
            yield Fault("name", "nom-d-un-autre-territoire", {"value": taken, "territory": territory_id})
            return


PROJECT: tuple[Rule, ...] = (dates, amounts, beneficiaries, needs, sirens, published_ids)
COMMITMENT: tuple[Rule, ...] = (dates, amounts, sirens, published_ids, someone_served)
FUND: tuple[Rule, ...] = (dates, amounts, beneficiaries, published_ids, membership, web_addresses, someone_served)
TERRITORY: tuple[Rule, ...] = (territory_name, territory_challenges)


def broken(rules: Sequence[Rule], data: Data, known: Known) -> list[Fault]:
    """All faults of all rules."""
    return [fault for rule in rules for fault in rule(data, known)]


def individuals_named(data: Data, contact_name: str | None) -> Iterator[Fault]:
    """A person who bears a project is not named in what is published: one fault for each text that does."""
    legal_form = _inside(data, "owner.legal_form")
    if not isinstance(legal_form, str) or legal_form not in INDIVIDUALS:
        return
    names = [_words(name) for name in (_inside(data, "owner.name"), contact_name)]
    names = [name for name in names if len(name) >= 2]
    names += [name[::-1] for name in names if len(name) == 2]
    for path, text in _published_texts(data):
        said = f" {' '.join(_words(text))} "
        if any(f" {' '.join(name)} " in said for name in names):
            yield Fault(path, "particulier-nomme")


def _published_texts(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text within, ids too, with where it stands, but the owner's own name, which its event replaces."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            if (path, name) != ("owner", "name"):
                yield from _published_texts(item, joined(path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _published_texts(item, f"{path}[{index}]")


def _words(text: object) -> list[str]:
    found = re.findall(r"[^\W_]+", fold(text)) if isinstance(text, str) else []
    return [word for word in found if word not in _CIVILITIES]


def _letters(text: str) -> str:
    return "".join(re.findall(r"[^\W_]+", fold(text)))


def _exists(value: object, path: str, known: Sequence[str], code: str) -> Iterator[Fault]:
    if isinstance(value, str) and value not in known:
        yield Fault(path, code, {"value": value[:80], **nearest(value, known)})


def _actor_type(value: object, path: str, known: Known) -> Iterator[Fault]:
    allowed = list(known.taxonomy.actor_types)
    if isinstance(value, str) and value not in allowed:
        facts = {"value": value[:80], "allowed": ", ".join(allowed), **nearest(value, allowed)}
        yield Fault(path, "valeur-inconnue", facts)


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _inside(data: Data, path: str) -> object:
    value: object = data
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _number(data: Data, path: str) -> int | None:
    value = _inside(data, path)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _day(data: Data, name: str) -> date | None:
    value = data.get(name)
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _list(data: Data, name: str) -> list[Any]:
    value = data.get(name)
    return value if isinstance(value, list) else []


def _items(data: Data, name: str) -> list[Mapping[str, Any]]:
    return [item if isinstance(item, Mapping) else {} for item in _list(data, name)]

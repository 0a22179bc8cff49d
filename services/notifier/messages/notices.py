"""Who is told of a match: what its state gives reason to say, and whether that still stands when the mail is made."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from shared.events.matches import MatchChanged
from shared.events.people import MailKind
from shared.events.vocabulary import EntityType, Side
from shared.words.facts import is_stale

SIDES: tuple[Side, Side] = ("project", "offer")
SUGGESTED_AGAIN_AFTER = timedelta(days=30)
"""A match that came back is suggested again where it began anew so long after the last mail that suggested it."""
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Party:
    """An entity whose contacts are told: a project, a commitment, a fund, or a territory for its coordinators."""

    type: EntityType
    id: str


@dataclass(frozen=True)
class Notice:
    """One thing to tell one party."""

    party: Party
    match_id: str
    kind: MailKind


@dataclass(frozen=True)
class Telling:
    """One thing told of a match: in which of its lives, and when the mail was made."""

    began_at: datetime
    told_at: datetime


def life_of(match: MatchChanged) -> datetime:
    """What names the present life of a match: when it began; the same always for events that do not say it."""
    return match.began_at or _ALWAYS


def is_told(kind: MailKind, life: datetime, tellings: Iterable[Telling]) -> bool:
    """Whether `tellings`, what somebody was told of this kind and match, leave nothing to tell of its present life.

    Each thing is told once in each life. A suggestion is also not told of a match that left the lists and came back
    soon: pairs at the end of a list do so all the time.
    """
    return any(
        each.began_at == life or (kind == "suggestions" and life < each.told_at + SUGGESTED_AGAIN_AFTER)
        for each in tellings
    )


def party_of(match: MatchChanged, side: Side) -> Party | None:
    """Who answers for a side; nobody for a fund that is not managed here."""
    if side == "project":
        return Party("project", match.project_id)
    return Party(match.offer_type, match.offer_id) if match.offer.managed else None


def side_of(party: Party) -> Side | None:
    """The side that a party holds in its matches; `None` for a coordinator."""
    if party.type == "territory":
        return None
    return "project" if party.type == "project" else "offer"


def notices_of(match: MatchChanged, today: date) -> list[Notice]:
    """Whom this event gives reason to tell, and what; the same again for the same event.

    Suggestions go to the side whose own shortlist the match entered, unless only the model changed. What concerns an
    answered match follows its state, so that an event compacted away hides nothing; the ledger keeps each from being
    told twice.
    """
    kind = _KIND_BY_STATE.get(match.state)
    if kind == "suggestions":
        sides = [] if match.cause == "model" else list(match.entered)
        told = [party_of(match, side) for side in sides if suggests(match, side, today)]
    elif kind == "mutual":
        told = [Party("territory", territory) for territory in match.project.territories]
    else:
        told = [party_of(match, side) for side in SIDES if kind and _is_told(match, side, kind)]
    return [Notice(party, match.match_id, kind) for party in told if party and kind]


def suggests(match: MatchChanged, side: Side, today: date) -> bool:
    """Whether a suggestion may be pushed to a side today: not one put off, nor a fund long unchecked."""
    hidden = match.project_hidden_until if side == "project" else match.offer_hidden_until
    return not (hidden and today < hidden) and not is_stale(match.offer, today)


def stands(match: MatchChanged, party: Party, kind: MailKind, today: date) -> bool:
    """Whether a notice still says something true: what does not is left out of the mail."""
    side = side_of(party)
    if kind == "suggestions":
        current = match.state in {"proposed", "revised"}
        return current and side is not None and side in match.listed_by and suggests(match, side, today)
    if kind == "mutual":
        return match.state == "mutual" and side is None
    return side is not None and _is_told(match, side, kind)


def _is_told(match: MatchChanged, side: Side, kind: MailKind) -> bool:
    if kind == "interest":
        return match.state == "interested" and bool(match.interested_sides) and side not in match.interested_sides
    if kind == "introduction":
        return match.state in {"introduced", "concluded"}
    return match.state == "concluded" and _said_by(match) != side


def _said_by(match: MatchChanged) -> Side | None:
    """The side that said the match concluded; nobody for a coordinator."""
    return next((step.side for step in reversed(match.history) if step.change == "concluded"), None)


_KIND_BY_STATE: dict[str, MailKind] = {
    "proposed": "suggestions",
    "revised": "suggestions",
    "interested": "interest",
    "mutual": "mutual",
    "introduced": "introduction",
    "concluded": "concluded",
}

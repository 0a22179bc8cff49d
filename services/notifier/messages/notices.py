"""Who is told of a match: what its state gives reason to say, and whether that still stands when the mail is made."""

from dataclasses import dataclass
from datetime import date

from shared.events.matches import MatchChanged
from shared.events.people import MailKind
from shared.events.vocabulary import EntityType, Side
from shared.words.facts import is_stale

SIDES: tuple[Side, Side] = ("project", "offer")


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

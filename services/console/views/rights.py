"""Who may see and answer what: decided from ids alone."""

from dataclasses import dataclass

from shared.events.matches import MatchChanged
from shared.events.vocabulary import OfferType, Side


@dataclass(frozen=True, slots=True)
class Person:
    """Someone signed in: the ids of what is theirs, and of the territories they animate."""

    person_id: str
    projects: frozenset[str] = frozenset()
    commitments: frozenset[str] = frozenset()
    funds: frozenset[str] = frozenset()
    territories: frozenset[str] = frozenset()
    organisations: frozenset[str] = frozenset()
    name: str | None = None

    @property
    def has_offers(self) -> bool:
        """Whether an offer, or an organisation that may make one, is theirs."""
        return bool(self.commitments or self.funds)

    @property
    def holds_one(self) -> bool:
        """Whether one thing alone ties them to this place: without it nobody would know them here."""
        return sum(map(len, (self.projects, self.commitments, self.funds, self.territories))) == 1

    def holds_offer(self, offer_type: OfferType, offer_id: str) -> bool:
        """Whether this offer is theirs."""
        return offer_id in (self.commitments if offer_type == "commitment" else self.funds)

    def animates(self, match: MatchChanged) -> bool:
        """Whether they coordinate a territory that the match's project is in."""
        return not self.territories.isdisjoint(match.project.territories)


def side_of(person: Person, match: MatchChanged) -> Side | None:
    """The side of the match that is theirs; a person on both sides speaks for the project."""
    if match.project_id in person.projects:
        return "project"
    return "offer" if person.holds_offer(match.offer_type, match.offer_id) else None


def may_see(person: Person, match: MatchChanged) -> bool:
    """Both sides and the coordinators of the project's territories see a match; nobody else does."""
    return side_of(person, match) is not None or person.animates(match)


def may_see_project(person: Person, project_id: str, territories: frozenset[str]) -> bool:
    """Its owner and the coordinators of its territories read a project with all that concerns it."""
    return project_id in person.projects or not person.territories.isdisjoint(territories)

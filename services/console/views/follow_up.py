"""What a coordinator has to do: whom to chase, which défis and projects nothing answers yet; as a table too."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from services.console.views.cards import match_href
from services.console.views.export import Table, safe_cell
from services.console.views.waiting import waiting_words
from shared.events.matches import MatchChanged
from shared.events.shapes import Challenge, Project, Territory
from shared.reference.geography import UnknownUnitError
from shared.reference.territory_index import TerritoryIndex
from shared.words.french import PARIS, count

EXPORTED = (
    "Rubrique",
    "Défi",
    "Projet",
    "Porteur",
    "Offre",
    "Organisation",
    "Depuis le",
    "Euros conclus",
    "Jours conclus",
    "Adresse",
)


@dataclass(frozen=True, slots=True)
class Chase:
    """A match where one side waits for the other, since when, and who."""

    match: MatchChanged
    href: str
    days: int
    since: datetime
    words: str

    @property
    def days_words(self) -> str:
        """« depuis 12 jours »."""
        return f"depuis {count(self.days, 'jour')}" if self.days else "depuis aujourd'hui"


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A défi without any match that stands, and the active projects that answer it."""

    challenge: Challenge
    projects: tuple[Project, ...]


def chases(matches: Iterable[MatchChanged], today: date) -> tuple[Chase, ...]:
    """Who waits for an answer, the longest first."""
    found = [_chase(match, today) for match in matches]
    return tuple(sorted(found, key=lambda one: (one.since, one.match.match_id)))


def _chase(match: MatchChanged, today: date) -> Chase:
    since = next((entry.at for entry in match.history if entry.change == "interested"), match.occurred_at)
    waited = max(0, (today - since.astimezone(PARIS).date()).days)
    return Chase(match, match_href(match.match_id), waited, since, waiting_words(match, "coordinator") or "")


def unanswered(
    challenges: Iterable[Challenge], matched: Mapping[str, int], projects: Iterable[Project]
) -> tuple[Unanswered, ...]:
    """The défis without any of the matches counted by défi, in their order, with those of `projects` that name them."""
    unmatched = tuple(projects)
    return tuple(
        Unanswered(one, tuple(project for project in unmatched if project.challenge_id == one.challenge_id))
        for one in challenges
        if not matched.get(one.challenge_id)
    )


def by_territory(projects: Iterable[Project], index: TerritoryIndex[Territory]) -> dict[str, tuple[Project, ...]]:
    """Projects by the territories they are in, in their order; one whose place is unknown is in none."""
    found: dict[str, tuple[Project, ...]] = {}
    for project in projects:
        try:
            places = index.territories_of(project.commune, project.perimeter, project.challenge_id)
        except UnknownUnitError:
            continue
        for territory_id in places:
            found[territory_id] = (*found.get(territory_id, ()), project)
    return found


@dataclass(frozen=True, slots=True)
class FollowUp:
    """All that a coordinator's page lists."""

    to_introduce: tuple[MatchChanged, ...]
    to_chase: tuple[Chase, ...]
    met: tuple[MatchChanged, ...]
    unanswered: tuple[Unanswered, ...]
    unmatched: tuple[Project, ...]
    concluded: tuple[MatchChanged, ...]


def follow_up_table(found: FollowUp, titles: Mapping[str, str], public_url: str) -> Table:
    """The page as rows: what to do first, then what nothing answers, then what was concluded."""
    site = public_url.rstrip("/")
    rows = [_of_match("À mettre en relation", one, titles, site) for one in found.to_introduce]
    rows += [_of_match("À relancer", one.match, titles, site, since=one.since) for one in found.to_chase]
    rows += [_of_match("Mis en relation, à conclure", one, titles, site) for one in found.met]
    rows += [("Défi sans réponse", one.challenge.title, *[""] * 8) for one in found.unanswered]
    rows += [
        (
            "Projet sans rapprochement",
            titles.get(one.challenge_id or "", ""),
            one.title,
            one.owner.name,
            *[""] * 5,
            f"{site}/projets/{one.project_id}",
        )
        for one in found.unmatched
    ]
    rows += [_of_match("Conclu", one, titles, site) for one in found.concluded]
    return Table(EXPORTED, tuple(tuple(safe_cell(cell) for cell in row) for row in rows))


def _of_match(
    heading: str, match: MatchChanged, titles: Mapping[str, str], site: str, *, since: datetime | None = None
) -> tuple[str, ...]:
    last = since or (match.history[-1].at if match.history else match.occurred_at)
    return (
        heading,
        titles.get(match.project.challenge_id or "", ""),
        match.project.title,
        match.project.owner_name,
        match.offer.title,
        match.offer.organisation_name,
        last.astimezone(PARIS).date().isoformat(),
        str(match.concluded_eur or ""),
        str(match.concluded_days or ""),
        f"{site}{match_href(match.match_id)}",
    )

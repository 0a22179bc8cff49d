"""Lists as tables that leave: the columns of the screen, safe to open in a spreadsheet."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.console.views.cards import match_href, top_reasons
from services.console.views.waiting import ending
from shared.events.matches import MatchChanged
from shared.events.vocabulary import Side
from shared.words.bands import fit
from shared.words.facts import offer_amount, offer_dates, project_dates, project_need
from shared.words.french import PARIS
from shared.words.names import Names
from shared.words.states import STATES

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

COLUMNS = (
    "Mis à jour le",
    "Avancement",
    "Adéquation",
    "Projet",
    "Porteur",
    "Commune",
    "Offre",
    "Organisation",
    "Type d'offre",
    "Besoin",
    "Montant possible",
    "Échéance du projet",
    "Dates de l'offre",
    "Raisons",
    "Comment il s'est terminé",
    "Adresse",
)


@dataclass(frozen=True, slots=True)
class Table:
    """A heading and rows of the same length."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def stream_table(
    matches: Iterable[MatchChanged], names: Names, today: date, public_url: str, *, reader: Side | None = None
) -> Table:
    """Matches as rows, in their order."""
    return Table(COLUMNS, tuple(_row(match, names, today, public_url, reader) for match in matches))


def safe_cell(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would compute."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _row(match: MatchChanged, names: Names, today: date, public_url: str, reader: Side | None) -> tuple[str, ...]:
    project, offer = match.project, match.offer
    over = ending(match, names, today, reader=reader)
    reasons = () if over else top_reasons(match, names, 5, reader=reader)
    cells = (
        match.occurred_at.astimezone(PARIS).strftime("%Y-%m-%d %H:%M"),
        STATES[match.state],
        fit(match.score),
        project.title,
        project.owner_name,
        project.commune_name,
        offer.title,
        offer.organisation_name,
        names.kinds(offer.kinds),
        project_need(project, offer, names) or "",
        offer_amount(offer) or "",
        project_dates(project, today) or "",
        offer_dates(offer, today) or "",
        " / ".join(reasons),
        " / ".join(over),
        f"{public_url.rstrip('/')}{match_href(match.match_id)}",
    )
    return tuple(safe_cell(cell) for cell in cells)

"""What each party of a match says of itself: its own text, and every public fact of it."""

from dataclasses import dataclass
from datetime import date

from services.console.views.offer_page import offer_facts_rows
from services.console.views.project_page import need_words, project_facts_rows
from shared.events.shapes import Commitment, Fund, Project
from shared.words.french import count
from shared.words.names import Names

MOST_LEAD = 280
"""Characters of a text shown at first; a text a little longer is shown whole."""
_HARDLY_LONGER = 80


@dataclass(frozen=True, slots=True)
class PartySheet:
    """One party in its own words: the beginning of its text, what follows it, its facts and its needs."""

    lead: str = ""
    rest: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    needs: tuple[str, ...] = ()


def project_sheet(project: Project | None, names: Names, today: date) -> PartySheet:
    """The sheet of a project; empty where it is gone."""
    if project is None:
        return PartySheet()
    facts = project_facts_rows(project, names, today)
    if project.beneficiaries:
        served = project.beneficiaries
        facts += (("Bénéficiaires", count(served.count, served.label, served.label)),)
    if project.barrier:
        facts += (("Frein rencontré", project.barrier.text),)
    return PartySheet(*lead_and_rest(project.summary), facts, tuple(need_words(need, names) for need in project.needs))


def offer_sheet(offer: Commitment | Fund | None, names: Names, today: date) -> PartySheet:
    """The sheet of an offer; empty where it is gone."""
    if offer is None:
        return PartySheet()
    return PartySheet(*lead_and_rest(offer.description), offer_facts_rows(offer, names, today))


def lead_and_rest(text: str) -> tuple[str, str]:
    """A text cut at the end of a word near `MOST_LEAD` characters; the rest is empty where hardly anything follows."""
    if len(text) <= MOST_LEAD + _HARDLY_LONGER:
        return text, ""
    cut = text.rfind(" ", 0, MOST_LEAD + 1)
    cut = cut if cut > 0 else MOST_LEAD
    return text[:cut].rstrip(), text[cut:].lstrip()

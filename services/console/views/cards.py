"""A match in a few words: the card of the stream and the line of a list, the same everywhere."""

from dataclasses import dataclass
from datetime import date, datetime

from services.console.views.answers import Speaker, actions
from services.console.views.waiting import ending
from shared.events.matches import MatchChanged, MatchState
from shared.events.vocabulary import Side
from shared.words.bands import band, fit
from shared.words.facts import offer_amount, offer_dates, project_dates, project_need, staleness
from shared.words.french import PARIS, ago, capitalised, day_and_time
from shared.words.names import Names
from shared.words.reasons import best_reasons, reason_sentence
from shared.words.states import STATES

REASONS_ON_CARD = 3

_TONES: dict[MatchState, str] = {
    "proposed": "new",
    "revised": "new",
    "interested": "warm",
    "mutual": "warm",
    "introduced": "good",
    "concluded": "good",
    "declined": "over",
    "withdrawn": "over",
}


@dataclass(frozen=True, slots=True)
class Badge:
    """A state or a fit: a word with an icon and a tone; the word alone says it all."""

    word: str
    tone: str
    icon: str


@dataclass(frozen=True, slots=True)
class QuickAnswer:
    """The main answer, offered on the card itself; its button names what it is about."""

    answer: str
    speaker: Speaker
    label: str


@dataclass(frozen=True, slots=True)
class Card:
    """What a card or a line shows of a match; `ending` says why it is over, and reasons are then left out."""

    match_id: str
    href: str
    project_title: str
    project_who: str
    offer_title: str
    offer_who: str
    kind: str
    state: Badge
    fit: Badge
    when: str
    at: str
    at_words: str
    reasons: tuple[str, ...]
    ending: tuple[str, ...]
    amount: str | None
    dates: str | None
    need: str | None
    deadline: str | None
    warning: str | None
    quick: QuickAnswer | None = None


def match_href(match_id: str) -> str:
    """The address of a match."""
    return f"/rapprochements/{match_id}"


def state_badge(state: MatchState) -> Badge:
    """The state in words, with its icon."""
    return Badge(STATES[state], _TONES[state], state)


def fit_badge(score: float) -> Badge:
    """« adéquation forte », with its icon."""
    return Badge(fit(score), band(score), f"fit-{band(score)}")


def card(
    match: MatchChanged, names: Names, now: datetime, *, reader: Side | None = None, speaker: Speaker | None = None
) -> Card:
    """The card of a match, said to the reader of one side, or to neither; with a quick answer for the `speaker`."""
    project, offer, today = match.project, match.offer, now.astimezone(PARIS).date()
    over = ending(match, names, today, reader=reader)
    return Card(
        match_id=match.match_id,
        href=match_href(match.match_id),
        project_title=project.title,
        project_who=f"{project.owner_name}, {project.commune_name}",
        offer_title=offer.title,
        offer_who=offer.organisation_name,
        kind=capitalised(names.kinds(offer.kinds)),
        state=state_badge(match.state),
        fit=fit_badge(match.score),
        when=ago(match.occurred_at, now),
        at=match.occurred_at.isoformat(timespec="seconds"),
        at_words=day_and_time(match.occurred_at),
        reasons=() if over else top_reasons(match, names, REASONS_ON_CARD, reader=reader),
        ending=over,
        amount=offer_amount(offer),
        dates=offer_dates(offer, today),
        need=project_need(project, offer, names),
        deadline=project_dates(project, today),
        warning=None if over or reader == "offer" else staleness(offer, today),
        quick=quick_answer(match, speaker, today) if speaker else None,
    )


def quick_answer(match: MatchChanged, speaker: Speaker, today: date) -> QuickAnswer | None:
    """The main answer when it asks for nothing more: interest, or an introduction."""
    main = next((one for one in actions(match, speaker, today) if one.is_main and not one.asks), None)
    labels = {"interested": "Intéressé", "introduce": "Mettre en relation"}
    if main is None or main.answer not in labels:
        return None
    about = match.offer.title if speaker == "project" else match.project.title
    return QuickAnswer(main.answer, speaker, f"{labels[main.answer]}\u00a0: {about}")


def top_reasons(match: MatchChanged, names: Names, limit: int, *, reader: Side | None) -> tuple[str, ...]:
    """The reasons that earn most, in sentences."""
    return tuple(
        reason_sentence(reason, match.project, match.offer, names, reader=reader)
        for reason in best_reasons(match.reasons, limit)
    )


def today_in_paris(now: datetime) -> date:
    """The day that dates are judged by."""
    return now.astimezone(PARIS).date()

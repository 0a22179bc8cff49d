"""Which answers a reader may give to a match now, and in which words."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from shared.events.matches import MatchChanged
from shared.events.people import Answer, AnswerGiven
from shared.events.vocabulary import Side

Speaker = Literal["project", "offer", "coordinator"]
OPEN_STATES = frozenset({"proposed", "revised", "interested"})
ENDED_STATES = frozenset({"withdrawn", "declined", "concluded"})


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """One answer of one side, as given here."""

    answer_id: UUID
    match_id: str
    project_id: str
    side: str
    answer: str
    reason: str | None
    show_reason: bool
    amount_eur: int | None
    days: int | None
    person_id: str | None
    given_at: datetime
    due_at: datetime
    announced_at: datetime | None = None

    @property
    def is_held(self) -> bool:
        """Whether it can still be taken back: nobody was told yet."""
        return self.announced_at is None

    def event(self, version: int, at: datetime) -> AnswerGiven:
        """What is said of it on the topic; the event's id is the answer's."""
        project_id, offer_type, offer_id = self.match_id.split("~")
        return AnswerGiven.model_validate(
            {
                "version": version,
                "event_id": self.answer_id,
                "occurred_at": at,
                "match_id": self.match_id,
                "project_id": project_id,
                "offer_type": offer_type,
                "offer_id": offer_id,
                "side": self.side,
                "answer": self.answer,
                "reason": self.reason,
                "show_reason": self.show_reason,
                "amount_eur": self.amount_eur,
                "days": self.days,
            }
        )


@dataclass(frozen=True, slots=True)
class Action:
    """One button: what it says, what it asks first, whether it is the one that stands out."""

    answer: Answer
    label: str
    hint: str = ""
    asks: Literal["", "reason", "amount"] = ""
    is_main: bool = False


def actions(match: MatchChanged, speaker: Speaker, today: date) -> tuple[Action, ...]:
    """What this speaker may answer now, the main one first; none when it is over."""
    if match.state in ENDED_STATES:
        return ()
    if speaker == "coordinator":
        return _of_coordinator(match)
    if match.offer_type == "fund" and not match.offer.managed:
        return _of_applicant(match)
    return _of_party(match, speaker)


def may_answer(match: MatchChanged, speaker: Speaker, answer: str, today: date) -> bool:
    """Whether this answer is among those offered."""
    return any(action.answer == answer for action in actions(match, speaker, today))


def waiting_words(match: MatchChanged, speaker: Speaker) -> str | None:
    """What the match waits for, said to this reader; nothing when it waits for them or is over."""
    if speaker == "coordinator":
        return None
    if match.state == "mutual":
        return "Vous êtes tous deux intéressés : la coordination du territoire vous met en relation"
    if match.state == "interested" and speaker in match.interested_sides and match.offer.managed:
        return "Vous avez dit oui : nous attendons la réponse de l'autre partie"
    if match.state == "interested" and speaker not in match.interested_sides:
        return "L'autre partie a dit oui : elle attend votre réponse"
    return None


def hidden_until(match: MatchChanged, side: Side | None, today: date) -> date | None:
    """Until when this side put the match aside; nothing when it did not, or the day came."""
    until = {"project": match.project_hidden_until, "offer": match.offer_hidden_until}.get(side or "")
    return until if until and until > today else None


_DECLINE = Action("declined", "Pas pour nous", "Met fin au rapprochement, pour les deux parties.", "reason")
_LATER = Action("later", "Plus tard", "Le masque pendant 30 jours, sans prévenir l'autre partie.")
_CONCLUDE = Action(
    "concluded", "C'est conclu", "Dites ce qui a été convenu ; le reste de l'offre est mis à jour.", "amount"
)


def _of_party(match: MatchChanged, speaker: Speaker) -> tuple[Action, ...]:
    if match.state == "introduced":
        return (_as_main(_CONCLUDE), _DECLINE)
    if match.state == "mutual" or speaker in match.interested_sides:
        return (_DECLINE,)
    interested = Action(
        "interested",
        "Oui, ça nous intéresse",
        "Transmettre mes coordonnées si l'autre dit oui aussi.",
        is_main=True,
    )
    return (interested, _LATER, _DECLINE)


def _of_applicant(match: MatchChanged) -> tuple[Action, ...]:
    """For a fund that nobody here answers for: what its applicant keeps of where the file stands."""
    if "project" not in match.interested_sides:
        return (Action("interested", "Ça nous intéresse", "Le garde dans votre suivi.", is_main=True), _LATER, _DECLINE)
    steps = [entry.change for entry in match.history if entry.change in {"applied", "granted", "rejected"}]
    last = steps[-1] if steps else ""
    if last == "granted":
        return (_as_main(_CONCLUDE),)
    if last == "applied":
        return (Action("granted", "Dossier retenu", is_main=True), Action("rejected", "Dossier refusé"), _DECLINE)
    applied = Action("applied", "Dossier déposé", "À garder en mémoire : personne d'autre n'est prévenu.", is_main=True)
    return (applied, _DECLINE)


def _of_coordinator(match: MatchChanged) -> tuple[Action, ...]:
    if match.state == "mutual":
        return (
            Action(
                "introduce",
                "Mettre en relation",
                "Les deux parties reçoivent les coordonnées l'une de l'autre.",
                is_main=True,
            ),
        )
    return (_CONCLUDE,) if match.state == "introduced" else ()


def _as_main(action: Action) -> Action:
    return Action(action.answer, action.label, action.hint, action.asks, True)

"""Which answers a reader may give to a match now, and in which words."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from shared.events.matches import MatchChanged
from shared.events.people import Answer, AnswerGiven

Speaker = Literal["project", "offer", "coordinator"]
OPEN_STATES = frozenset({"proposed", "revised", "interested"})
ENDED_STATES = frozenset({"withdrawn", "declined", "concluded"})


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """One answer of one side, as given here."""

    answer_id: UUID
    match_id: str
    project_id: str
    side: Speaker
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
        found = _of_applicant(match)
    else:
        found = _of_party(match, speaker)
    return tuple(each for each in found if each.answer != "later" or not hidden_until(match, speaker, today))


def may_answer(match: MatchChanged, speaker: Speaker, answer: str, today: date) -> bool:
    """Whether this answer is among those offered."""
    return any(action.answer == answer for action in actions(match, speaker, today))


def hidden_until(match: MatchChanged, side: Speaker | None, today: date) -> date | None:
    """Until when this side put the match aside; nothing when it did not, or the day came."""
    until = {"project": match.project_hidden_until, "offer": match.offer_hidden_until}.get(side or "")
    return until if until and until > today else None


_DECLINE = Action("declined", "Pas pour nous", "Met fin au rapprochement, pour les deux parties.", "reason")
_LATER = Action("later", "Plus tard", "Le masque pendant 30 jours, sans prévenir l'autre partie.")
_CONCLUDE = Action(
    "concluded", "C'est conclu", "Dites ce qui a été convenu ; le reste de l'offre est mis à jour.", "amount"
)


def _of_party(match: MatchChanged, speaker: Speaker) -> tuple[Action, ...]:
    follow_up = _follow_up(match) if speaker == "project" and match.offer_type == "fund" else ()
    if match.state == "introduced":
        return (_as_main(_CONCLUDE), *follow_up, _DECLINE)
    if match.state == "mutual" or speaker in match.interested_sides:
        return (*follow_up, _DECLINE)
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
    first, *others = _follow_up(match) or (_CONCLUDE,)
    return (_as_main(first), *others) if first == _CONCLUDE else (_as_main(first), *others, _DECLINE)


def _follow_up(match: MatchChanged) -> tuple[Action, ...]:
    """The next steps of a file sent to a fund, kept by its applicant; none once it is granted."""
    steps = [entry.change for entry in match.history if entry.change in {"applied", "granted", "rejected"}]
    last = steps[-1] if steps else ""
    if last == "granted":
        return ()
    if last == "applied":
        return (Action("granted", "Dossier retenu"), Action("rejected", "Dossier refusé"))
    return (Action("applied", "Dossier déposé", "À garder en mémoire\u00a0: personne d'autre n'est prévenu."),)


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
    return replace(action, is_main=True)


Quantity = Literal["montant", "jours"]

_IN_EUROS = frozenset(
    {"mecenat-financier", "mecenat-nature", "achats-responsables", "investissement-impact"}
    | {"amorcage", "changement-echelle", "pret", "subvention", "garantie"}
)
_IN_DAYS = frozenset({"mecenat-competences"})
_LABELS = {
    "mecenat-nature": "Valeur estimée de ce qui est donné ou prêté, en euros",
    "achats-responsables": "Montant des commandes, en euros",
}


def quantities(match: MatchChanged) -> dict[Quantity, str]:
    """What a conclusion of this match is counted in, with the label of its field; nothing for a partnership."""
    offer, found = match.offer, dict[Quantity, str]()
    if _IN_EUROS.intersection(offer.kinds) or (offer.min_eur, offer.max_eur, offer.remaining_eur) != (None, None, None):
        found["montant"] = next((_LABELS[kind] for kind in offer.kinds if kind in _LABELS), "Montant convenu, en euros")
    if _IN_DAYS.intersection(offer.kinds) or (offer.min_days, offer.max_days, offer.remaining_days) != (None,) * 3:
        found["jours"] = "Jours convenus"
    return found

"""Words for the life of a match: states, what happened, causes, reasons to decline."""

from shared.events.matches import Cause, Change, HistoryEntry, MatchState
from shared.events.vocabulary import DeclineReason, Side
from shared.words.french import capitalised, days, labelled, money

STATES: dict[MatchState, str] = {
    "proposed": "proposé",
    "revised": "mis à jour",
    "withdrawn": "ne tient plus",
    "interested": "intéressé",
    "declined": "décliné",
    "mutual": "intérêt réciproque",
    "introduced": "mis en relation",
    "concluded": "conclu",
}

CHANGES: dict[Change, str] = {
    "proposed": "proposé",
    "revised": "mis à jour",
    "withdrawn": "ne tient plus",
    "interested": "intéressé",
    "declined": "décliné",
    "postponed": "remis à plus tard",
    "mutual": "intérêt réciproque",
    "introduced": "mis en relation",
    "concluded": "conclu",
    "applied": "dossier déposé",
    "granted": "dossier retenu",
    "rejected": "dossier refusé",
}

CAUSES: dict[Cause, str] = {
    "left-lists": "d'autres correspondent mieux",
    "refused": "une condition n'est plus remplie",
    "declined": "décliné par l'une des parties",
    "erased": "l'une des parties a été effacée",
    "answer": "réponse d'une partie",
    "coordinator": "par la coordination du territoire",
    "five-days": "d'office, après cinq jours ouvrés",
    "no-coordinator": "d'office, sans coordination sur ce territoire",
    "model": "le calcul a été amélioré",
}

DECLINE_REASONS: dict[DeclineReason, str] = {
    "deja-en-contact": "déjà en contact",
    "hors-priorites": "hors de nos priorités",
    "mauvais-calendrier": "mauvais calendrier",
    "montant-inadapte": "montant inadapté",
    "trop-loin": "trop loin",
    "plus-de-disponibilite": "plus de disponibilité",
    "autre": "autre",
}

SHOW_REASON_QUESTION = "Montrer ce motif à l'autre partie ?"

_SIDES: dict[Side, str] = {"project": "le porteur du projet", "offer": "l'auteur de l'offre"}

_TO_SIDES: dict[Side, str] = {"project": "au porteur du projet", "offer": "à l'auteur de l'offre"}


def side_words(side: Side, *, reader: Side | None = None) -> str:
    """« vous » for the reader's own side, else who it is."""
    return "vous" if side == reader else _SIDES[side]


def _models(entry: HistoryEntry) -> str:
    """Both models, where a score is another's."""
    return f" (modèle {entry.model}, auparavant {entry.previous_model})" if entry.previous_model else ""


def history_words(entry: HistoryEntry, *, reader: Side | None = None) -> str:
    """One step without its date: « Intéressé : le porteur du projet », « Conclu : 20 000 € »."""
    if entry.change == "proposed" and entry.side:
        return f"Proposé aussi {'à vous' if entry.side == reader else _TO_SIDES[entry.side]}"
    details = [side_words(entry.side, reader=reader)] if entry.side else []
    if entry.cause and entry.cause != "answer":
        details.append(CAUSES[entry.cause] + _models(entry))
    if entry.reason:
        details.append(labelled("motif", DECLINE_REASONS[entry.reason]))
    if entry.amount_eur is not None:
        details.append(money(entry.amount_eur))
    if entry.days is not None:
        details.append(days(entry.days))
    happened = capitalised(CHANGES[entry.change])
    return labelled(happened, ", ".join(details)) if details else happened

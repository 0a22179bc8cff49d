"""What a match waits for, what an answer just did, and how a match ended: said truthfully to each reader."""

from datetime import date

from services.console.views.answers import Speaker
from shared.events.matches import MatchChanged
from shared.events.vocabulary import Side
from shared.words.french import capitalised, day, labelled
from shared.words.names import Names
from shared.words.refusals import refusal_words
from shared.words.states import CAUSES, history_words, side_words


def waiting_words(match: MatchChanged, speaker: Speaker) -> str | None:
    """What happens next, said to this reader; nothing when it waits for them alone, or is over."""
    if match.state == "mutual":
        return _mutual(match, speaker)
    if match.state == "introduced":
        return "La mise en relation est faite\u00a0: quand l'affaire est conclue, dites-le ici"
    return _interested(match, speaker) if match.state == "interested" else None


def _interested(match: MatchChanged, speaker: Speaker) -> str | None:
    if not match.offer.managed:
        own = "Vous suivez ce fonds ici\u00a0: personne n'est prévenu, c'est à vous de candidater"
        return own if speaker == "project" else None
    if speaker == "coordinator":
        said: Side = "project" if "project" in match.interested_sides else "offer"
        waited: Side = "offer" if said == "project" else "project"
        return f"{capitalised(side_words(said))} a dit oui\u00a0: {side_words(waited)} n'a pas encore répondu"
    if speaker in match.interested_sides:
        return "Vous avez dit oui\u00a0: l'autre partie n'a pas encore répondu"
    return "L'autre partie a dit oui\u00a0: elle attend votre réponse"


def _mutual(match: MatchChanged, speaker: Speaker) -> str:
    latest = f", au plus tard le {day(match.introduce_on)}" if match.introduce_on else ""
    if speaker == "coordinator":
        return f"Les deux parties ont dit oui\u00a0: elles attendent que vous les mettiez en relation{latest}"
    if match.introduce_on:
        return f"Vous êtes tous deux intéressés\u00a0: la coordination du territoire vous met en relation{latest}"
    return "Vous êtes tous deux intéressés\u00a0: la mise en relation suit"


def thanks_words(answer: str, match: MatchChanged, speaker: Speaker) -> str | None:
    """What an answer did; `match` is as it stands once the answer counts. Nothing for what is no answer."""
    if answer == "interested":
        return _thanks_for_interest(match)
    if answer == "later":
        until = {"project": match.project_hidden_until, "offer": match.offer_hidden_until}.get(speaker)
        when = f"jusqu'au {day(until)}" if until else "pendant 30 jours"
        return f"C'est noté\u00a0: il est masqué {when}. L'autre partie n'en sait rien."
    return _THANKS.get(answer)


def _thanks_for_interest(match: MatchChanged) -> str:
    if not match.offer.managed:
        return "C'est noté dans votre suivi. Personne n'est prévenu\u00a0: c'est à vous de candidater."
    if match.state == "interested":
        return "Merci, votre oui est enregistré. L'autre partie le voit sur ses pages, et par mail selon ses alertes."
    return "Merci, votre oui est enregistré\u00a0: vous êtes tous deux intéressés."


_THANKS = {
    "declined": "C'est noté. Vous pouvez encore annuler\u00a0: l'autre partie n'en sait rien pour l'instant.",
    "introduce": "C'est lancé\u00a0: les deux parties reçoivent les coordonnées l'une de l'autre dans un instant.",
    "concluded": "Merci, la conclusion est enregistrée. Vous pouvez encore l'annuler.",
    "applied": "C'est noté\u00a0: dossier déposé.",
    "granted": "Bravo\u202f! Dossier retenu, c'est noté.",
    "rejected": "C'est noté\u00a0: dossier refusé.",
    "taken-back": "Votre réponse est annulée.",
    "too-late": "Trop tard pour annuler\u00a0: la réponse est partie.",
}


def ending(match: MatchChanged, names: Names, today: date, *, reader: Side | None) -> tuple[str, ...]:
    """Why a match is over, in sentences: what refuses it now, who declined, what was agreed; none while it stands."""
    if match.state == "withdrawn":
        words = (
            refusal_words(code, match.project, match.offer, today, names, reader=reader) for code in match.refusals
        )
        return tuple(one.sentence for one in words) or (_withdrawn(match),)
    if match.state not in {"declined", "concluded"}:
        return ()
    last = next((entry for entry in reversed(match.history) if entry.change == match.state), None)
    return (history_words(last, reader=reader),) if last else ()


def _withdrawn(match: MatchChanged) -> str:
    return labelled("Ne tient plus", CAUSES[match.cause]) if match.cause else "Ne tient plus"

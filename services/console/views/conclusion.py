"""What a conclusion would do, said before it is given: from what it takes, and where it is more than was there."""

from dataclasses import dataclass

from services.console.views.speaking import AskedAnswer
from shared.events.matches import MatchChanged
from shared.words.french import days, listed, money


@dataclass(frozen=True, slots=True)
class Recap:
    """One sentence on what is about to be concluded; `doubts` are what its amounts exceed."""

    sentence: str
    doubts: tuple[str, ...] = ()


def recap_of(match: MatchChanged, asked: AskedAnswer) -> Recap:
    """What concluding so would do to both sides."""
    agreed = [money(asked.amount_eur)] if asked.amount_eur else []
    if asked.days:
        agreed.append(days(asked.days))
    if not agreed:
        return Recap("Conclure sans montant\u00a0: rien n'est retiré, d'aucun côté.")
    taken = "ils seront retirés" if asked.days else "ce montant sera retiré"
    of_offer = () if match.offer.nature else ("de ce qui reste à l'offre",)
    places = listed((*of_offer, "de ce que le projet cherche encore"))
    return Recap(f"Conclure pour {listed(agreed)}\u00a0: {taken} {places}.", _doubts(match, asked))


def _doubts(match: MatchChanged, asked: AskedAnswer) -> tuple[str, ...]:
    offer, (need_eur, need_days) = match.offer, _needed(match)
    said = "C'est plus que ce que le projet cherche encore", "C'est plus que ce qui reste à l'offre"
    compared = (
        (asked.amount_eur, need_eur, said[0], money),
        (asked.amount_eur, offer.remaining_eur, said[1], money),
        (asked.days, need_days, said[0], days),
        (asked.days, offer.remaining_days, said[1], days),
    )
    return tuple(
        f"{words}\u00a0: {unit(limit)}."
        for given, limit, words, unit in compared
        if given is not None and limit is not None and given > limit
    )


def _needed(match: MatchChanged) -> tuple[int | None, int | None]:
    """The euros and days of the need that this offer serves; of a fund, what is to be found in all."""
    need = next((one for one in match.project.needs if one.kind in match.offer.kinds), None)
    if need is None or match.offer.nature is not None:
        return match.project.amount_sought_eur, None
    return need.amount_eur, need.days

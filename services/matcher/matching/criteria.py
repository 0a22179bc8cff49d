"""The seven criteria of the score: what share of its weight a pair earns on each, as an exact fraction, and why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from services.matcher.matching.model import PreparedOffer, PreparedProject, ServedNeed
from shared.events.matches import Reason
from shared.events.shapes import PerimeterUnit
from shared.text.vectors import MILLION, shared_terms, similarity_millionths

WEIGHTS: Mapping[str, int] = {
    "challenge": 160_000,
    "category": 220_000,
    "proximity": 180_000,
    "text": 100_000,
    "objects": 160_000,
    "cover": 90_000,
    "stage": 90_000,
}
"""What each criterion is worth, in millionths; they add up to one. Measured in docs/decisions/0002-weights.md."""

RULES = "1"
"""Names what is judged in code, gates and criteria: another one wherever a pair's refusals, score or reasons change."""

WHOLE_COUNTRY = 1 << 26
"""Population from which a unit counts as all of France."""
FAR, BESIDE = 150_000, 50_000
"""What proximity is worth for all of France, and for a neighbour, in millionths of a place of one inhabitant."""
PART = (4, 5)
"""A need covered in part earns at most this fraction, so that the whole always comes before a part."""


@dataclass(frozen=True, slots=True)
class Earned:
    """The part of a criterion's weight that a pair earns, `numerator / denominator`, and the fact that tells why."""

    numerator: int
    denominator: int
    fact: Reason

    def share(self, weight: int) -> int:
        """That part of `weight`, rounded once (half up) to whole millionths."""
        return (2 * weight * self.numerator + self.denominator) // (2 * self.denominator)


Criterion = Callable[[PreparedProject, PreparedOffer], Earned | None]


def challenge(project: PreparedProject, offer: PreparedOffer) -> Earned | None:
    """All, where the offer names the challenge that the project answers."""
    answered = project.project.challenge_id
    if answered is None or answered not in offer.challenges:
        return None
    return Earned(1, 1, Reason(code="defi-identique", share=0, challenge_id=answered))


def category(project: PreparedProject, offer: PreparedOffer) -> Earned | None:
    """The main theme before a secondary one before a near one; nothing where the offer names none."""
    meeting = project.themes.meeting(offer.categories)
    if meeting is None:
        return None
    deduced = project.themes.deduced
    return Earned(
        meeting.worth, MILLION, Reason(code=meeting.code, share=0, categories=meeting.categories, deduced=deduced)
    )


def proximity(project: PreparedProject, offer: PreparedOffer) -> Earned | None:
    """The smaller the population of the unit that brings them together, the more; a neighbour comes last."""
    meeting = project.place.meeting(offer.units, accepts_neighbours=offer.offer.accepts_neighbours)
    if meeting is None:
        return None
    worth = BESIDE if meeting.population is None else closeness(meeting.population)
    unit = PerimeterUnit.model_validate({"level": meeting.unit.level, "code": meeting.unit.code})
    return Earned(worth, MILLION, Reason(code=meeting.code, share=0, unit=unit))


def text(project: PreparedProject, offer: PreparedOffer) -> Earned | None:
    """The square root of the similarity of the two texts: short texts share few words, the first ones tell most."""
    similarity = similarity_millionths(project.vector, offer.vector)
    if not similarity:
        return None
    terms = shared_terms(project.vector, offer.vector)
    return Earned(text_worth(similarity), MILLION, Reason(code="texte-proche", share=0, terms=terms))


def objects(project: PreparedProject, offer: PreparedOffer) -> Earned | None:
    """The part of the things needed that the offer brings."""
    need = offer.need_of(project)
    common = need.objects & offer.objects if need else frozenset()
    if not need or not common:
        return None
    return Earned(len(common), len(need.objects), Reason(code="objet-commun", share=0, objects=tuple(sorted(common))))


def cover(project: PreparedProject, offer: PreparedOffer) -> Earned | None:
    """How much of the need the offer can meet, in euros and in days: the lesser of the two where both are said."""
    asked = (offer.need_of(project) or ServedNeed()).amounts
    euros, days = covered(asked.eur, offer.cap.eur), covered(asked.days, offer.cap.days)
    if euros is None and days is None:
        return None
    numerator, denominator = min((part for part in (euros, days) if part), key=lambda part: Fraction(*part))
    fact = Reason(
        code="montant-compatible" if numerator == denominator else "montant-partiel",
        share=0,
        covers_eur=_lesser(asked.eur, offer.cap.eur) if euros else None,
        need_eur=asked.eur if euros else None,
        covers_days=_lesser(asked.days, offer.cap.days) if days else None,
        need_days=asked.days if days else None,
    )
    return Earned(numerator, denominator, fact)


def stage(project: PreparedProject, offer: PreparedOffer) -> Earned | None:
    """All, where the offer names the very stage of the project; being admitted without being named earns nothing."""
    if project.project.stage not in offer.stages:
        return None
    return Earned(1, 1, Reason(code="stade-admis", share=0, stage=project.project.stage))


CRITERIA: Mapping[str, Criterion] = {
    "challenge": challenge,
    "category": category,
    "proximity": proximity,
    "text": text,
    "objects": objects,
    "cover": cover,
    "stage": stage,
}


def closeness(population: int) -> int:
    """What proximity is worth over so many people, in millionths: 1 for a hamlet, falling with the cube of its log."""
    size, widest = _log2(max(1, population)), _log2(WHOLE_COUNTRY)
    if size >= widest:
        return FAR
    return FAR + (MILLION - FAR) * (widest**3 - size**3) // widest**3


def covered(asked: int | None, cap: int | None) -> tuple[int, int] | None:
    """What covering `asked` with at most `cap` is worth, as a fraction; none where one is unknown or nothing asked."""
    if not asked or cap is None:
        return None
    return (1, 1) if cap >= asked else (PART[0] * max(0, cap), PART[1] * asked)


def text_worth(similarity: int) -> int:
    """What a similarity is worth, both in millionths."""
    return isqrt(similarity * MILLION)


def _lesser(asked: int | None, cap: int | None) -> int | None:
    return None if asked is None or cap is None else max(0, min(asked, cap))


def _log2(number: int) -> int:
    """The logarithm of base 2 in millionths, linear between powers: whole, hence the same on every machine."""
    power = number.bit_length() - 1
    return power * MILLION + ((number - (1 << power)) * MILLION >> power)

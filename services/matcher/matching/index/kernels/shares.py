"""Gates and criteria of one pair of records: the formulas of `eligibility` and `criteria`, in whole numbers."""

from typing import Any

from services.matcher.matching.criteria import PART, WEIGHTS
from services.matcher.matching.index.kernels.compiled import kernel
from services.matcher.matching.index.records import BARS, SAYS_CHALLENGE, SAYS_COVER, SAYS_OBJECTS, STAGES

STAGE, OBJECTS, COVER, CHALLENGE = (WEIGHTS[name] for name in ("stage", "objects", "cover", "challenge"))
_PART, _WHOLE = PART
_UNSAID = 1 << 30


@kernel
def is_refused(p: Any, o: Any, day: int) -> bool:
    """Whether a gate that records tell of refuses the pair: all but perimeter, theme, organisation and declines.

    Without a branch: which of them refuses cannot be foreseen.
    """
    return bool(
        ((p["flags"] & o["flags"] & BARS) != 0)
        | (day < o["first_day"])
        | (day > o["last_day"])
        | (day > p["last_day"])
        | ((o["admitted"] != 0) & ((o["admitted"] & p["stage"]) == 0))
        | ((o["forms"] != 0) & ((o["forms"] & p["forms"]) == 0))
        | ((o["objects"] != 0) & (p["objects"] != 0) & ((o["objects"] & p["objects"]) == 0))
        | ((p["asked_eur"] >= 0) & (o["least_eur"] > p["asked_eur"]))
        | ((p["asked_days"] >= 0) & (o["least_days"] > p["asked_days"]))
    )


@kernel
def most_told(both: int) -> int:
    """What a pair may earn on stage, objects, cover and challenge at most, from what both of its briefs bear."""
    total = STAGE if both & STAGES else 0
    total += OBJECTS if both & SAYS_OBJECTS else 0
    total += COVER if both & SAYS_COVER else 0
    return total + CHALLENGE if both & SAYS_CHALLENGE else total


@kernel
def told_share(p: Any, o: Any, sets: Any, starts: Any) -> int:
    """What the pair earns on stage, objects, cover and challenge, in millionths."""
    total = STAGE if (o["stages"] & p["stage"]) != 0 else 0
    common = p["objects"] & o["objects"]
    if common != 0:
        total += share(OBJECTS, ones(common), ones(p["objects"]))
    covered = min(cover(p["asked_eur"], o["cap_eur"]), cover(p["asked_days"], o["cap_days"]))
    if covered != _UNSAID:
        total += covered
    if p["challenge"] >= 0 and o["challenges"] != 0 and is_in(p["challenge"], o["challenges"], sets, starts):
        total += CHALLENGE
    return total


@kernel
def share(weight: int, numerator: Any, denominator: Any) -> Any:
    """The part of a weight, rounded once, halves up."""
    return (2 * weight * numerator + denominator) // (2 * denominator)


@kernel
def cover(asked: int, cap: int) -> Any:
    """What covering so much with at most `cap` earns; more than any share where either is unsaid."""
    if asked <= 0 or cap < 0:
        return _UNSAID
    return COVER if cap >= asked else share(COVER, _PART * cap, _WHOLE * asked)


@kernel
def is_in(number: int, which: int, sets: Any, starts: Any) -> bool:
    """Whether a number is in the set `which` of those that stand one behind the other."""
    for place in range(starts[which], starts[which + 1]):  # noqa: SIM110 - compiled: generators are not
        if sets[place] == number:
            return True
    return False


@kernel
def ones(mask: int) -> int:
    """How many bits of 32 are set."""
    mask = mask - ((mask >> 1) & 0x55555555)
    mask = (mask & 0x33333333) + ((mask >> 2) & 0x33333333)
    return (((mask + (mask >> 4)) & 0x0F0F0F0F) * 0x01010101 & 0xFFFFFFFF) >> 24

"""Heads and steps for the tests of the life of a match."""

from datetime import timedelta
from typing import Any

from services.matcher.matching.answers import on_answer
from services.matcher.matching.head import Head, Judged, Moved
from services.matcher.matching.life import on_lists
from services.matcher.matching.model import Fit, Pair
from shared.events.matches import Reason
from shared.events.vocabulary import OfferType, Side
from tests.factories import NOW, answer_given
from tests.unit.matcher.judged import DAY

BOTH: tuple[Side, ...] = ("project", "offer")
AT = NOW


def judged(
    score_ppm: int = 800_000, *, offer_type: OfferType = "commitment", model: str = "m-1", version: int = 1
) -> Judged:
    """What the engine says of the pair of the factories."""
    reasons = (Reason(code="geo-national", share=score_ppm / 1_000_000),)
    offer_id = "eng-a" if offer_type == "commitment" else "fds-a"
    return Judged(Fit(Pair("prj-a", offer_type, offer_id), score_ppm, reasons), model, version, version)


def proposed(*sides: Side, offer_type: OfferType = "commitment") -> Head:
    """A match just proposed, in the lists of `sides` (both unless said)."""
    head = on_lists(None, judged(offer_type=offer_type), sides or BOTH, at=AT, day=DAY).head
    assert head is not None
    return head


def answered(head: Head | None, answer: str, side: str = "project", **changes: Any) -> Moved:
    """What that answer makes of `head`, a day of work later where `days` says so."""
    context = {"managed": True, "has_coordinator": True, "day": DAY + timedelta(days=changes.pop("later", 0))}
    context.update({name: changes.pop(name) for name in ("managed", "has_coordinator") if name in changes})
    return on_answer(head, answer_given(answer, side, **changes), at=AT, **context)  # type: ignore[arg-type]  # as named


def after(head: Head, *answers: tuple[str, str], **context: Any) -> Head:
    """The head once these answers, as (answer, side), were given."""
    for answer, side in answers:
        moved = answered(head, answer, side, **context)
        assert moved.outcome == "done"
        assert moved.head is not None
        head = moved.head
    return head


def mutual(**context: Any) -> Head:
    """Both sides are interested."""
    return after(proposed(), ("interested", "project"), ("interested", "offer"), **context)


def introduced() -> Head:
    """Both sides were introduced by the coordinator."""
    return after(mutual(), ("introduce", "coordinator"))

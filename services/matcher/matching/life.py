"""The life of a match by itself: lists, refusals, days and erasure move it; answers are in `answers`."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from services.matcher.matching.head import Head, Judged, Moved, first_head, in_order
from shared.events.matches import Cause
from shared.events.vocabulary import RefusalCode, Side

FORGOTTEN_AFTER = timedelta(days=30)
"""An unanswered match leaves a tombstone this long after it was withdrawn."""

UNANSWERED = frozenset({"proposed", "revised"})
ENGAGED = frozenset({"interested", "mutual"})
"""States in which only ineligibility, a decline or erasure ends a match; later ones outlive ineligibility."""
FOLLOWED = UNANSWERED | ENGAGED | {"introduced"}
"""States in which what is shown of the parties follows them; what is over keeps what it ended with."""

_HIDDEN = ("project_hidden_until", "offer_hidden_until")


def on_lists(head: Head | None, judged: Judged | None, listed_by: Iterable[Side], *, at: datetime, day: date) -> Moved:
    """What the shortlists make of a pair: `listed_by` holds it now, `judged` is what the engine says (none: it left).

    A pair that left because it is refused goes to `on_refused` instead. Once a side is interested the lists matter no
    more: a new score is still told. What is over stays as it is.
    """
    sides = in_order(listed_by)
    if head is None or head.state == "withdrawn":
        return _propose(head, judged, sides, at, day) if judged and sides else Moved(head, outcome="unchanged")
    if head.state in ENGAGED:
        kept = head.model_copy(update={"listed_by": sides}) if sides != head.listed_by else head
        return _revise(kept, judged, at) if judged and _differs(head, judged) else _silently(head, kept)
    if head.state not in UNANSWERED:
        return Moved(head, outcome="unchanged")
    if not sides or judged is None:
        return _withdraw(head, "left-lists", (), at, day)
    return _listed(head, judged, sides, at)


def on_refused(head: Head | None, refusals: tuple[RefusalCode, ...], *, at: datetime, day: date) -> Moved:
    """The pair is not eligible now: ends what has not led to an introduction."""
    if head is None or head.state not in UNANSWERED | ENGAGED:
        return Moved(head, outcome="unchanged")
    return _withdraw(head, "refused", refusals, at, day)


def on_day(head: Head, day: date, *, at: datetime) -> Moved:
    """A day began: a mutual match introduces itself, a postponed one comes back, a forgotten one leaves a tombstone."""
    if _is_past(_forgotten_on(head), day):
        return Moved(None, outcome="erased")
    back = {name: None for name in _HIDDEN if _is_past(_hidden(head, name), day)}
    if back:
        head = head.model_copy(update={**back, "entered": ()})
    if head.state == "mutual" and _is_past(head.introduce_on, day):
        head = introduce(head, "five-days", at)
    elif not back:
        return Moved(head, outcome="unchanged")
    return Moved(head, (head,))


def on_erased(head: Head | None) -> Moved:
    """A party is erased: nothing remains of the match but a tombstone."""
    return Moved(None, outcome="erased" if head else "unchanged")


def next_day(head: Head) -> date | None:
    """The first day on which `on_day` would change this head; none while no date matters."""
    days = (
        head.introduce_on if head.state == "mutual" else None,
        *(_hidden(head, name) for name in _HIDDEN),
        _forgotten_on(head),
    )
    return min((day for day in days if day is not None), default=None)


def introduce(head: Head, cause: Cause, at: datetime) -> Head:
    """The head once both sides are introduced, for that cause: contacts are shown from here on."""
    return head.step("introduced", at, state="introduced", cause=cause, introduce_on=None)


def _propose(head: Head | None, judged: Judged, sides: tuple[Side, ...], at: datetime, day: date) -> Moved:
    """Enters a list for the first time, or anew: earlier answers stay in the history alone."""
    start = head or first_head(judged)
    afresh = {"interested_sides": (), "follow_up": None, "withdrawn_on": None}
    shown = {name: None for name in _HIDDEN if _is_past(getattr(start, name), day)}
    proposed = start.step(
        "proposed",
        at,
        entry={"score": judged.fit.score, "model": judged.model},
        state="proposed",
        began_at=at,
        listed_by=sides,
        entered=sides,
        **afresh,
        **shown,
        **judged.fields(),
    )
    return Moved(proposed, (proposed,))


def _listed(head: Head, judged: Judged, sides: tuple[Side, ...], at: datetime) -> Moved:
    entered = in_order(set(sides) - set(head.listed_by))
    if entered:
        proposed = head.step(
            "proposed",
            at,
            entry={"side": entered[0], **_scored(head, judged)},
            state="proposed",
            listed_by=sides,
            entered=entered,
            **judged.fields(),
        )
        return Moved(proposed, (proposed,))
    kept = head.model_copy(update={"listed_by": sides, "entered": ()}) if sides != head.listed_by else head
    if _differs(head, judged):
        return _revise(kept, judged, at, state="revised")
    return Moved(kept, (kept,)) if kept is not head else Moved(head, outcome="unchanged")


def _revise(head: Head, judged: Judged, at: datetime, **state: str) -> Moved:
    """Another score or other reasons; the cause is the model where nothing else changed."""
    same_facts = (head.project_version, head.offer_version) == (judged.project_version, judged.offer_version)
    revised = head.step(
        "revised",
        at,
        entry=_scored(head, judged),
        cause="model" if same_facts and head.model != judged.model else None,
        **judged.fields(),
        **state,
    )
    return Moved(revised, (revised,))


def _scored(head: Head, judged: Judged) -> dict[str, object]:
    """What the history says of a new score: by which model, and by which the score before was, where it was another."""
    before = head.model if head.model != judged.model else None
    return {"score": judged.fit.score, "model": judged.model, "previous_model": before}


def _withdraw(head: Head, cause: Cause, refusals: tuple[RefusalCode, ...], at: datetime, day: date) -> Moved:
    withdrawn = head.step(
        "withdrawn",
        at,
        entry={"refusals": refusals},
        state="withdrawn",
        cause=cause,
        refusals=refusals,
        listed_by=(),
        introduce_on=None,
        withdrawn_on=day,
    )
    return Moved(withdrawn, (withdrawn,))


def _silently(before: Head, after: Head) -> Moved:
    return Moved(after, outcome="unchanged" if after is before else "done")


def _differs(head: Head, judged: Judged) -> bool:
    return (head.score_ppm, head.reasons) != (judged.fit.score_ppm, judged.fit.reasons)


def _hidden(head: Head, name: str) -> date | None:
    """Until when a side is spared a match that stands."""
    until: date | None = getattr(head, name)
    return until if head.state in UNANSWERED | ENGAGED else None


def _is_past(until: date | None, day: date) -> bool:
    return until is not None and until <= day


def _forgotten_on(head: Head) -> date | None:
    if head.state != "withdrawn" or head.withdrawn_on is None or head.is_answered:
        return None
    return head.withdrawn_on + FORGOTTEN_AFTER

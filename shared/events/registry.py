"""Every topic with the event it carries, and how bytes become one."""

from pydantic import ValidationError

from shared.events.entities import CommitmentPublished, FundPublished, ProjectPublished, TerritoryPublished
from shared.events.event import Event, InvalidEvent
from shared.events.matches import MatchChanged
from shared.events.people import AnswerGiven, DayStarted, Erased, MailDelivered, PreferenceSet

EVENTS: dict[str, type[Event]] = {
    event.topic: event
    for event in (
        TerritoryPublished,
        ProjectPublished,
        CommitmentPublished,
        FundPublished,
        Erased,
        DayStarted,
        AnswerGiven,
        PreferenceSet,
        MatchChanged,
        MailDelivered,
    )
}
"""Topic name without prefix -> its event."""

SAID_BY: dict[str, tuple[str, ...]] = {
    "ingest": ("territories", "projects", "commitments", "funds", "erasures", "days"),
    "matcher": ("matches",),
    "notifier": ("deliveries",),
    "console": ("answers", "preferences"),
}
"""Service -> the topics that it alone writes."""

PREFIX = "essaim."


def decode(topic: str, body: bytes) -> Event:
    """The event of `topic` (without prefix) in `body`.

    Raises `InvalidEvent` with what is wrong, never quoting the body's values; unknown fields are ignored.
    """
    try:
        return EVENTS[topic].model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "body"
        raise InvalidEvent(f"{topic}: {field}: {first['type']}") from None
    except KeyError:
        raise InvalidEvent(f"no event is known on topic {topic}") from None

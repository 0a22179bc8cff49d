"""The AsyncAPI document says each topic that a service hears or says once, with the event it carries."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from faststream import FastStream
from faststream.kafka import KafkaBroker
from faststream.specification import AsyncAPI

from shared.events.event import Event
from shared.events.registry import EVENTS, SAID_BY


def describe_stream(service: str, topic_prefix: str, heard: Sequence[str]) -> FastStream:
    """A FastStream application to generate documents from, never run: it connects to nothing."""
    broker = KafkaBroker("kafka:9092")
    for topic in dict.fromkeys(heard):
        event = EVENTS[topic]
        subscriber = broker.subscriber(topic_prefix + topic, title=f"hears {topic}", description=event.__doc__)
        subscriber(_hearer(event))
    for topic in SAID_BY.get(service, ()):
        event = EVENTS[topic]
        broker.publisher(topic_prefix + topic, title=f"says {topic}", description=event.__doc__, schema=event)
    return FastStream(broker, specification=AsyncAPI(broker, title=f"Essaim: {service}", version="1"))


def _hearer(event: type[Event]) -> Callable[..., Coroutine[Any, Any, None]]:
    async def on_event(message: Event) -> None:
        """Described only."""

    on_event.__name__ = f"on_{event.topic}"
    on_event.__annotations__["message"] = event
    return on_event

"""Puts the scripted network, shorter lists and longer chores in the place of the product's own."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import services.matcher.app
import services.matcher.epochs
import services.matcher.whole
import shared.broker
import shared.fetching
import shared.log_identity
import shared.reading
import shared.relay
import shared.sending
import shared.whole_topics
from services.matcher import audit
from services.matcher.matching import catalogue, plans, shortlists
from services.matcher.matching.packing import packed_as
from services.matcher.matching.prepare import Preparation
from services.matcher.store import models
from shared.reading import Reading
from tests.simulation.actors import CURRENT
from tests.simulation.clients import Admin, Broker, Consumer, Producer, Subscriber

LENGTH = 2
"""Entries of a list: with few parties already someone is the next in line."""

CHORES = (
    (services.matcher.whole, "TEND_SECONDS", 3.0),
    (services.matcher.app, "ENTERED_EVERY_SECONDS", 15.0),
    (services.matcher.epochs, "IDLE_SECONDS", 15.0),
    (shared.relay, "POLL_SECONDS", 0.5),
    (shared.relay, "STANDBY_SECONDS", 3.0),
    (shared.reading, "REPLAY_EVERY", 15.0),
    (shared.reading, "COMMIT_EVERY", 10.0),
    (shared.reading, "CHECK_EVERY", 30.0),
)
"""What is done every now and then is done less often: most steps are then about what happens."""


def _subscribe(broker: Broker, topics: list[str], group: str, reading: Reading, **_: Any) -> Subscriber:
    return broker.add(topics, reading)


@contextmanager
def staged() -> Iterator[pytest.MonkeyPatch]:
    """The product on the scripted network; what else is patched is undone with it."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (shared.whole_topics, shared.fetching):
            patch.setattr(module, "AIOKafkaConsumer", Consumer)
        patch.setattr(shared.sending, "AIOKafkaProducer", Producer)
        patch.setattr(shared.log_identity, "AIOKafkaAdminClient", Admin)
        patch.setattr(shared.broker, "build_broker", lambda *_: Broker())
        patch.setattr(shared.broker, "subscribe", _subscribe)
        for module, name, seconds in CHORES:
            patch.setattr(module, name, seconds)
        _shorten_lists(patch)
        patch.setattr(catalogue, "packed_as", _packed_as)
        handler = _Fatal(logging.CRITICAL)
        logging.getLogger("shared.broker").addHandler(handler)
        logging.disable(logging.ERROR)
        try:
            yield patch
        finally:
            logging.disable(logging.NOTSET)
            logging.getLogger("shared.broker").removeHandler(handler)


def _shorten_lists(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(shortlists, "LENGTH", LENGTH)
    patch.setattr(plans, "LENGTH", LENGTH)
    patch.setattr(models, "LENGTH", LENGTH)
    patch.setattr(audit, "LENGTH", LENGTH)


def _packed_as(preparation: Preparation) -> str:
    """Processes are of two releases, by turns: each packs anew what the other packed."""
    actor = CURRENT.get(None)
    return f"{packed_as(preparation)}/{actor.number % 2 if actor else 'none'}"


class _Fatal(logging.Handler):
    """Keeps why a stream stops its process."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1]:
            CURRENT.get().failure = record.exc_info[1]

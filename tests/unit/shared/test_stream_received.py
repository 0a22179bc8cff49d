"""Whatever its bytes, a record becomes an event or the reason it is none."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.event import VERSION_HEADER, Event
from shared.received import Arrived, Position, Received, Unreadable, read
from tests.factories import answer_given, match_changed, preference_set

EVENT = preference_set("per-a", version=3)
VERSION_3 = (VERSION_HEADER, b"3")


@dataclass(frozen=True)
class Record:
    """A record as Kafka delivers it."""

    key: bytes | None = b"per-a"
    value: bytes | None = EVENT.to_bytes()
    headers: tuple[tuple[str, bytes], ...] = (VERSION_3,)
    offset: int = 7
    timestamp: int = 1_000
    topic: str = "essaim.preferences"
    partition: int = 2


def test_a_good_record_is_its_event() -> None:
    assert read("preferences", Record()) == Received("preferences", 2, 7, "per-a", 3, EVENT, 1_000)


def test_a_record_without_value_is_a_tombstone_with_the_version_of_its_header() -> None:
    received = read("preferences", Record(value=None))
    assert isinstance(received, Received)
    assert (received.event, received.version) == (None, 3)


def test_an_empty_value_is_no_tombstone() -> None:
    assert isinstance(read("preferences", Record(value=b"")), Unreadable)


def test_a_field_that_is_not_known_is_ignored() -> None:
    later = EVENT.to_bytes().replace(b'"person_id"', b'"later_field":1,"person_id"')
    assert isinstance(read("preferences", Record(value=later)), Received)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (Record(key=None), "key is empty"),
        (Record(key=b""), "key is empty"),
        (Record(key=b"a\x00"), "key is empty or holds a null"),
        (Record(key=b"\xff"), "key is not UTF-8"),
        (Record(key=b"k" * 1_025), "key is longer than 1024 bytes"),
        (Record(value=b"{"), "json"),
        (Record(value=b"123"), "model"),
        (Record(value=b"\xff"), "body is not UTF-8"),
        (Record(value=EVENT.to_bytes().replace(b'"person_id"', b'"later":["\xff"],"person_id"')), "body is not UTF-8"),
        (Record(value=b"{}"), "missing"),
        (Record(key=b"per-b"), "not the one in the body"),
        (Record(headers=()), "is missing"),
        (Record(headers=((VERSION_HEADER, b"three"),)), "no version"),
        (Record(headers=((VERSION_HEADER, b"4"),)), "not the version in the body"),
        (Record(headers=(VERSION_3, ("trace", b"\xff"))), "header trace is not UTF-8"),
        (Record(headers=((VERSION_HEADER, b"9" * 30),)), "no version"),
    ],
)
def test_a_bad_record_gives_its_reason(record: Record, said: str) -> None:
    unreadable = read("preferences", record)
    assert isinstance(unreadable, Unreadable)
    assert said in unreadable.reason
    assert unreadable.raw is record


@pytest.mark.parametrize("event", [answer_given(), match_changed()])
def test_an_event_whose_match_is_of_another_pair_is_bad(event: Event) -> None:
    def arrived(body: bytes) -> Received | Unreadable:
        version = (VERSION_HEADER, str(event.version).encode())
        return read(event.topic, Record(key=event.key.encode(), value=body, headers=(version,)))

    body = event.to_bytes()
    assert isinstance(arrived(body), Received)
    unreadable = arrived(body.replace(b'"offer_id":"eng-a"', b'"offer_id":"eng-b"'))
    assert isinstance(unreadable, Unreadable)
    assert unreadable.reason == f"{event.topic}: body: match_of_another_pair"


def test_a_reason_quotes_no_value() -> None:
    unreadable = read("preferences", Record(value=EVENT.to_bytes().replace(b"daily", b"camille@example.org")))
    assert isinstance(unreadable, Unreadable)
    assert "camille" not in unreadable.reason


@given(
    key=st.none() | st.binary(max_size=40),
    value=st.none() | st.binary(max_size=200),
    header=st.binary(max_size=20),
)
def test_no_bytes_raise(key: bytes | None, value: bytes | None, header: bytes) -> None:
    record = Record(key=key, value=value, headers=((VERSION_HEADER, header),))
    assert isinstance(read("preferences", record), Received | Unreadable)


def test_records_below_the_position_are_skipped_and_it_moves_beyond_the_last() -> None:
    records = [Record(offset=offset, timestamp=stamp) for offset, stamp in ((4, 50), (5, 90), (8, 70))]
    arrived = Arrived.of("preferences", 2, records).from_offset(5)
    assert [record.offset for record in arrived.raw] == [5, 8]
    assert arrived.position_after(Position(5, 60, "c")) == Position(9, 90, "c")


def test_nothing_moves_when_all_is_below_the_position() -> None:
    arrived = Arrived.of("preferences", 2, [Record(offset=4)]).from_offset(5)
    assert arrived.position_after(Position(5, 60, "c")) == Position(5, 60, "c")

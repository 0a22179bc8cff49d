"""Records that nobody can read, written to every topic by somebody who should not write there."""

from aiokafka import AIOKafkaProducer

from deploy.create_topics import EVENT_TOPICS
from shared.events.event import VERSION_HEADER
from tests.faults.installation import PREFIX
from tests.faults.log import POISON

_VERSION = (VERSION_HEADER, b"0")
KINDS: tuple[tuple[bytes, bytes, tuple[tuple[str, bytes], ...]], ...] = (
    (b"-text", b"no JSON", (_VERSION,)),
    (b"-shape", b'{"version": 0}', (_VERSION,)),
    (b"-header", b"{}", ()),
    (b"-digits", b"{}", ((VERSION_HEADER, b"9" * 5000),)),
    (b"-words", b"{}", ((VERSION_HEADER, b"\xff"),)),
    (b"-\xff", b"\xff\xfe", (_VERSION,)),
)
"""End of the key, body and headers."""


async def poison(bootstrap_servers: str) -> None:
    """One record of each kind on each event topic."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers, acks="all") as producer:
        for topic in EVENT_TOPICS:
            for ending, value, headers in KINDS:
                key = POISON.encode() + ending
                await producer.send_and_wait(PREFIX + topic.name, value, key=key, headers=list(headers))

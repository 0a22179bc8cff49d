"""A log read once is read to its end, whatever stands in it: what commands of repair read must not stop them."""

from shared.received import Received
from shared.whole_log import WholeLog
from tests.factories import preference_set
from tests.streams import put, put_unparsable, raw


async def test_records_that_cannot_be_parsed_are_passed_over_and_counted(
    bootstrap_servers: str, topic_prefix: str
) -> None:
    """`essaim restored`, `rebuild` and `audit` read through it: they are the remedy for a partition that stopped."""
    topic = f"{topic_prefix}preferences"
    for person in ("per-a", "per-b"):
        await put(bootstrap_servers, topic, [raw(preference_set(person))])
        await put_unparsable(bootstrap_servers, topic, raw(preference_set("per-c")))
    log = WholeLog(bootstrap_servers, topic_prefix, lambda *_: None)
    read = [one async for arrived in log.read(["preferences"]) for one in arrived.read]
    assert [one.key for one in read if isinstance(one, Received)] == ["per-a", "per-b"]
    assert log.unparsable == {("preferences", 0, 1), ("preferences", 0, 3)}
    assert log.positions["preferences", 0].next_offset == 4

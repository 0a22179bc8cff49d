"""A consumer that is told to stop while a fetch waits to be tried again: aiokafka raises what its own stop cancels."""

import asyncio

from shared.whole_topics import WholeBatch, WholeTopics


async def test_whole_topics_stop_while_a_fetch_waits_to_be_tried_again(
    bootstrap_servers: str, topic_prefix: str
) -> None:
    async def take(batch: WholeBatch) -> None:
        """Nothing is in these topics."""

    topics = WholeTopics(bootstrap_servers, topic_prefix, ["funds"], take, service="matcher")
    await topics.fill()
    consumer = topics._consumer
    assert consumer is not None
    waiting = asyncio.ensure_future(asyncio.sleep(60))
    consumer._fetcher._pending_tasks.add(waiting)
    await topics.stop()
    assert waiting.cancelled()
    assert not any(connection.connected() for connection in consumer._client._conns.values())

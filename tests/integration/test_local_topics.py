"""Creating topics twice changes nothing, and brings settings that were changed by hand back."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.create_topics import TOPICS, TopicMismatch, delete_topics, ensure_topics

Settings = dict[str, str]


@pytest.fixture
async def admin(bootstrap_servers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await client.start()
    yield client
    await client.close()


async def settings_of(admin: AIOKafkaAdminClient, topic: str) -> Settings:
    [response] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    return {entry[0]: entry[1] for entry in response.resources[0][4]}


async def test_topics_have_the_settings_of_their_description(admin: AIOKafkaAdminClient, topic_prefix: str) -> None:
    for topic in TOPICS:
        found = await settings_of(admin, topic_prefix + topic.name)
        assert {name: found[name] for name in topic.settings} == topic.settings


async def test_settings_changed_by_hand_are_brought_back(
    admin: AIOKafkaAdminClient, bootstrap_servers: str, topic_prefix: str
) -> None:
    name = topic_prefix + "days"
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs={"retention.ms": "1000"})])
    assert await ensure_topics(bootstrap_servers, prefix=topic_prefix, partitions=4) == []
    assert (await settings_of(admin, name))["retention.ms"] == "-1"
    assert (await settings_of(admin, name))["message.timestamp.type"] == "LogAppendTime"


async def test_another_number_of_partitions_is_refused_before_anything_is_done(
    bootstrap_servers: str, topic_prefix: str
) -> None:
    with pytest.raises(TopicMismatch, match="matches: 4 partitions, expected 3"):
        await ensure_topics(bootstrap_servers, prefix=topic_prefix, partitions=3)


async def test_two_installers_at_once_are_no_failure(bootstrap_servers: str) -> None:
    import asyncio

    prefix = f"test-{uuid4().hex[:10]}."
    async with asyncio.TaskGroup() as group:
        both = [group.create_task(ensure_topics(bootstrap_servers, prefix=prefix, partitions=2)) for _ in range(2)]
    assert {name for task in both for name in task.result()} == {prefix + topic.name for topic in TOPICS}
    await delete_topics(bootstrap_servers, prefix=prefix)

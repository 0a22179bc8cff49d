"""Creates Essaim's topics, or checks that those there are as they must be (`python -m deploy.create_topics`)."""

import argparse
import asyncio
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

DAY_MS = 24 * 60 * 60 * 1000
# How long brokers may take to hear of new topics.
KNOWN_SECONDS = 30
BY_PROJECT: Literal["by-project"] = "by-project"

Keeping = Literal["compacted", "for-ever", "30-days"]


@dataclass(frozen=True)
class Topic:
    """One topic; `by-project` stands for the number of partitions chosen at installation and never changed after."""

    name: str
    keeping: Keeping
    partitions: int | Literal["by-project"]
    # Erased titles and texts leave its segments within a day.
    carries_texts: bool = False

    @property
    def settings(self) -> dict[str, str]:
        """The topic's own configuration; everything else is the broker's."""
        settings = {"message.timestamp.type": "LogAppendTime", **_KEEPING[self.keeping]}
        if self.carries_texts:
            settings["max.compaction.lag.ms"] = str(DAY_MS)
        return settings


_KEEPING: Mapping[Keeping, Mapping[str, str]] = {
    # A reader away for less than 30 days learns of every erasure.
    "compacted": {"cleanup.policy": "compact", "delete.retention.ms": str(30 * DAY_MS)},
    "for-ever": {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"},
    "30-days": {"cleanup.policy": "delete", "retention.ms": str(30 * DAY_MS), "retention.bytes": "-1"},
}

EVENT_TOPICS = (
    Topic("projects", "compacted", BY_PROJECT, carries_texts=True),
    Topic("answers", "for-ever", BY_PROJECT),
    Topic("matches", "compacted", BY_PROJECT, carries_texts=True),
    Topic("territories", "compacted", 4, carries_texts=True),
    Topic("commitments", "compacted", 4, carries_texts=True),
    Topic("funds", "compacted", 4, carries_texts=True),
    Topic("preferences", "compacted", 4),
    Topic("days", "for-ever", 1),
    Topic("erasures", "for-ever", 1),
    Topic("deliveries", "30-days", 4),
)
TOPICS = (*EVENT_TOPICS, *(Topic(f"{topic.name}.dlq", "30-days", 1) for topic in EVENT_TOPICS))


class TopicMismatch(Exception):
    """A topic is there with another number of partitions than asked for."""


async def ensure_topics(
    bootstrap_servers: str,
    *,
    prefix: str = "essaim.",
    partitions: int = 8,
    replication: int = 1,
    topics: Iterable[Topic] = TOPICS,
) -> list[str]:
    """Create what is missing and bring settings up to date; a second call changes nothing. Returns the names created.

    `partitions` is the number for the topics kept by project. Raises `TopicMismatch` when a topic has another number
    than it should, since its keys would change places; `KafkaError` when the broker refuses or is away; `TimeoutError`
    when what was created stays unknown.
    """
    wanted = {prefix + topic.name: topic for topic in topics}
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    try:
        await admin.start()
        there = {
            row["topic"]: len(row["partitions"]) for row in await admin.describe_topics() if row["topic"] in wanted
        }
        _refuse_mismatch(wanted, there, partitions)
        missing = [name for name in wanted if name not in there]
        await _create(admin, [(name, wanted[name]) for name in missing], partitions, replication)
        await _update_settings(admin, {name: wanted[name].settings for name in there})
    finally:
        await admin.close()
    return missing


async def delete_topics(bootstrap_servers: str, *, prefix: str, topics: Iterable[Topic] = TOPICS) -> None:
    """Delete those of the topics that are there."""
    wanted = {prefix + topic.name for topic in topics}
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    try:
        await admin.start()
        there = sorted(wanted.intersection(await admin.list_topics()))
        if there:
            await admin.delete_topics(there)
    finally:
        await admin.close()


def _count(topic: Topic, by_project: int) -> int:
    return topic.partitions if isinstance(topic.partitions, int) else by_project


def _refuse_mismatch(wanted: Mapping[str, Topic], there: Mapping[str, int], by_project: int) -> None:
    wrong = [
        f"{name}: {there[name]} partitions, expected {_count(wanted[name], by_project)}"
        for name in sorted(there)
        if there[name] != _count(wanted[name], by_project)
    ]
    if wrong:
        raise TopicMismatch(
            "The number of partitions is chosen at installation and never changed after. "
            "Give the number the topics have, or start from an empty cluster.\n" + "\n".join(wrong)
        )


async def _create(
    admin: AIOKafkaAdminClient, missing: list[tuple[str, Topic]], by_project: int, replication: int
) -> None:
    if not missing:
        return
    new = [NewTopic(name, _count(t, by_project), replication, topic_configs=t.settings) for name, t in missing]
    response = await admin.create_topics(new)
    for name, code, *message in response.topic_errors:
        error = for_code(code)
        # Another process creating the same topics at once is no failure.
        if code and error is not TopicAlreadyExistsError:
            raise error(f"{name}: {' '.join(map(str, message))}")
    await _wait_until_known(admin, {name for name, _ in missing})


async def _wait_until_known(admin: AIOKafkaAdminClient, names: set[str]) -> None:
    """The controller answers before the brokers have heard: a client that comes at once would find no topic."""
    async with asyncio.timeout(KNOWN_SECONDS):
        # No event tells of it: the state is the broker's.
        while names - {row["topic"] for row in await admin.describe_topics() if _has_leaders(row)}:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def _has_leaders(row: Mapping[str, Any]) -> bool:
    return all(partition["leader"] >= 0 for partition in row["partitions"])


async def _update_settings(admin: AIOKafkaAdminClient, wanted: Mapping[str, Mapping[str, str]]) -> None:
    if not wanted:
        return
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in wanted]
    found: dict[str, dict[str, str]] = {}
    for response in await admin.describe_configs(resources):
        for resource in response.resources:
            found[resource[3]] = _own_settings(resource[4])
    changed = [
        ConfigResource(ConfigResourceType.TOPIC, name, configs=dict(settings))
        for name, settings in wanted.items()
        if found.get(name) != settings
    ]
    if changed:
        await admin.alter_configs(changed)


def _own_settings(entries: Iterable[Any]) -> dict[str, str]:
    """Of (name, value, read only, source, ...) entries, those set on the topic itself (source 1)."""
    return {entry[0]: entry[1] for entry in entries if entry[3] == 1}


def main() -> int:
    """Create the topics on the cluster that the options or the environment name; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap-servers", default=os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:19092"))
    parser.add_argument("--prefix", default=os.environ.get("ESSAIM_TOPIC_PREFIX", "essaim."))
    parser.add_argument("--partitions", type=int, default=int(os.environ.get("ESSAIM_PARTITIONS", "8")))
    parser.add_argument("--replication", type=int, default=int(os.environ.get("ESSAIM_REPLICATION", "1")))
    options = parser.parse_args()
    try:
        created = asyncio.run(ensure_topics(**vars(options)))
    except (TopicMismatch, KafkaError, TimeoutError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"created: {', '.join(created) or 'nothing, all topics are there'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

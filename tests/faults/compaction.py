"""When topics are compacted: never during a run that reads every version back, at once where erasure is proven."""

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.create_topics import DAY_MS, TOPICS

NOT_TODAY = {"min.compaction.lag.ms": str(DAY_MS)}
"""A partition that fills a segment would else lose the versions that a run is judged by."""
AT_ONCE = {
    "segment.ms": "500",
    "max.compaction.lag.ms": "500",
    "min.cleanable.dirty.ratio": "0.001",
    "file.delete.delay.ms": "0",
}
"""What an operator waits a day for."""


async def set_compaction(bootstrap_servers: str, prefix: str, settings: dict[str, str]) -> None:
    """Give every topic these settings beside its own."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    await admin.alter_configs(
        [
            ConfigResource(ConfigResourceType.TOPIC, prefix + each.name, configs={**each.settings, **settings})
            for each in TOPICS
        ]
    )
    await admin.close()

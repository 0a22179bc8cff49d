"""What an audit compares of the console: its read model, and the versions it heard, with the topics."""

from services.console.handlers import HANDLERS
from services.console.store import auditing
from shared.audit_reading import Topics, snapshot
from shared.audit_reading import held as held_of
from shared.auditing import Finding, Held
from shared.database import Connection, Pool

SERVICE = "console"
HEARD = tuple(HANDLERS)


async def held(connection: Connection, topic: str) -> Held:
    """The versions heard of a topic's keys, and whether the read model has them where it keeps all that stand."""
    statement = auditing.VERSIONS.get(topic, auditing.VERSIONS_ALONE)
    given = [] if topic in auditing.VERSIONS else [topic]
    return await held_of(connection, topic, statement, given=given, is_complete=topic in auditing.VERSIONS)


async def forgotten(connection: Connection, topic: str) -> frozenset[str]:
    """Projects that are gone: answers to them that had not left were purged."""
    return await auditing.projects_without_answers(connection) if topic == "answers" else frozenset()


async def findings(pool: Pool, topics: Topics) -> list[Finding]:
    """What the read model shows of matches whose version nobody heard."""
    async with snapshot(pool) as connection:
        unheard = await auditing.rows_without_version(connection)
    return [Finding(SERVICE, "view", f"{topic}/{key}", "absent", "live") for topic, key in unheard]

"""What an audit compares of the console: its read model, and the versions it heard, with the topics."""

from typing import Any

from services.console.handlers import HANDLERS
from services.console.store import auditing
from shared.audit_reading import Topics, snapshot
from shared.audit_reading import held as held_of
from shared.auditing import Finding, Held
from shared.database import Connection, Pool
from shared.events.entities import CommitmentPublished, FundPublished, ProjectPublished, TerritoryPublished
from shared.events.event import Event

SERVICE = "console"
HEARD = HANDLED = tuple(HANDLERS)


async def held(connection: Connection, topic: str) -> Held:
    """The versions heard of a topic's keys, and whether the read model has them where it keeps all that stand."""
    statement = auditing.VERSIONS.get(topic, auditing.VERSIONS_ALONE)
    given = [] if topic in auditing.VERSIONS else [topic]
    return await held_of(connection, topic, statement, given=given, is_complete=topic in auditing.VERSIONS)


async def forgotten(connection: Connection, topic: str) -> frozenset[str]:
    """Projects that are gone: answers to them that had not left were purged."""
    return await auditing.projects_without_answers(connection) if topic == "answers" else frozenset()


async def findings(pool: Pool, topics: Topics) -> list[Finding]:
    """What the read model shows that nobody ever said, or otherwise than it was said."""
    async with snapshot(pool) as connection:
        unheard = await auditing.rows_without_version(connection)
    found = [Finding(SERVICE, "view", f"{topic}/{key}", "absent", "live") for topic, key in unheard]
    for topic in auditing.VERSIONS:
        async for records in topics.last_events(await topics.view(topic)):
            async with snapshot(pool) as connection:
                shown = await auditing.shown(connection, topic, {one.key: one.version for one in records})
            found += [
                Finding(SERVICE, "body", f"{topic}/{one.key}", f"version {one.version}", "other")
                for one in records
                if one.event and one.key in shown and shown[one.key] != _body(one.event)
            ]
    return found


def _body(event: Event) -> Any:
    """What the read model keeps of an event."""
    match event:
        case (
            ProjectPublished(project=said)
            | CommitmentPublished(commitment=said)
            | FundPublished(fund=said)
            | TerritoryPublished(territory=said)
        ):
            return said.model_dump(mode="json", exclude_none=True)
    return event.model_dump(mode="json", exclude_none=True)

"""The matcher processes at work: each says so every few seconds, and all of them judge by the same rules."""

from dataclasses import dataclass
from datetime import timedelta

from shared.database import Connection

SILENCE = timedelta(seconds=30)
"""Who has said nothing for that long is no longer at work; PostgreSQL ends its transactions sooner."""


@dataclass(frozen=True, slots=True)
class AtWork:
    """A process at work: where it answers, the model it carries, and the rules of its code."""

    address: str
    model: str
    rules: str


async def enter(connection: Connection, owner: str, at_work: AtWork) -> AtWork | None:
    """Note that `owner` is at work now; else, with nothing noted of it, return who is at work with other rules.

    One process at a time: of two that start with different rules one finds the other.
    """
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('essaim-matchers', 0))")
    await connection.execute(
        "DELETE FROM matchers WHERE owner = $1 OR seen_at <= clock_timestamp() - $2::interval", owner, SILENCE
    )
    other = await other_rules(connection, at_work.rules)
    if other is None:
        await connection.execute(
            "INSERT INTO matchers (owner, address, model, rules, seen_at) VALUES ($1, $2, $3, $4, clock_timestamp())",
            owner,
            at_work.address,
            at_work.model,
            at_work.rules,
        )
    return other


async def other_rules(connection: Connection, rules: str) -> AtWork | None:
    """A process at work with other rules than `rules`, if there is one."""
    row = await connection.fetchrow(
        "SELECT address, model, rules FROM matchers WHERE rules <> $1 AND seen_at > clock_timestamp() - $2::interval"
        " ORDER BY address LIMIT 1",
        rules,
        SILENCE,
    )
    return AtWork(**dict(row)) if row else None


async def leave(connection: Connection, owner: str) -> None:
    """Note that `owner` is no longer at work."""
    await connection.execute("DELETE FROM matchers WHERE owner = $1", owner)


async def seen(connection: Connection) -> list[tuple[str, str, float]]:
    """(address, text model, seconds since it last said so) of each process at work, by address."""
    rows = await connection.fetch(
        "SELECT address, model, extract(epoch FROM clock_timestamp() - seen_at)::float8 AS silent FROM matchers"
        " ORDER BY address, owner"
    )
    return [(row["address"], row["model"], row["silent"]) for row in rows]

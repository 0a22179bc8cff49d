"""The matcher processes at work: each says so every few seconds, and all of them score with one model."""

from dataclasses import dataclass
from datetime import timedelta

from shared.database import Connection

SILENCE = timedelta(seconds=30)
"""Who has said nothing for that long is no longer at work; PostgreSQL ends its transactions sooner."""


@dataclass(frozen=True, slots=True)
class AtWork:
    """A process at work: where it answers, and the model it scores with."""

    address: str
    model: str


async def enter(connection: Connection, owner: str, at_work: AtWork) -> AtWork | None:
    """Note that `owner` is at work now; else, with nothing noted of it, return who is at work with another model.

    One process at a time: of two that start with different models one finds the other.
    """
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('essaim-matchers', 0))")
    await connection.execute(
        "DELETE FROM matchers WHERE owner = $1 OR seen_at <= clock_timestamp() - $2::interval", owner, SILENCE
    )
    other = await other_model(connection, at_work.model)
    if other is None:
        await connection.execute(
            "INSERT INTO matchers (owner, address, model, seen_at) VALUES ($1, $2, $3, clock_timestamp())",
            owner,
            at_work.address,
            at_work.model,
        )
    return other


async def other_model(connection: Connection, model: str) -> AtWork | None:
    """A process at work with another model than `model`, if there is one."""
    row = await connection.fetchrow(
        "SELECT address, model FROM matchers WHERE model <> $1 AND seen_at > clock_timestamp() - $2::interval"
        " ORDER BY address LIMIT 1",
        model,
        SILENCE,
    )
    return AtWork(row["address"], row["model"]) if row else None


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

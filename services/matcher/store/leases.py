"""Leases: who owns a partition, since when, and what its lists reflect."""

from dataclasses import dataclass, field
from datetime import date

from asyncpg import Record

from services.matcher.matching.rows import Positions
from shared.database import Connection


@dataclass(frozen=True, slots=True)
class Reflected:
    """What the lists of a partition reflect: the model, the day, the next offset of each whole topic."""

    model: str | None = None
    day: date | None = None
    positions: Positions = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lease:
    """One partition's lease row."""

    partition: int
    epoch: int
    owner: str
    address: str
    revision: int
    reflected: Reflected
    next_model: str | None = None
    next_revision: int | None = None
    heads_behind: bool = False

    def is_built_for(self, model: str) -> bool:
        """Whether the partition's next lists are those of `model` and follow all that its lists reflect."""
        return self.next_model == model and self.next_revision == self.revision


async def take(connection: Connection, partition: int, owner: str, address: str) -> Lease:
    """The partition's lease, taken: the next epoch, or the same one where `owner` already holds it."""
    row = await connection.fetchrow(
        """
        INSERT INTO leases AS held (partition, epoch, owner, address) VALUES ($1, 1, $2, $3)
        ON CONFLICT (partition) DO UPDATE SET
            epoch = held.epoch + (held.owner <> excluded.owner)::int,
            taken_at = CASE WHEN held.owner = excluded.owner THEN held.taken_at ELSE now() END,
            owner = excluded.owner, address = excluded.address
        RETURNING *
        """,
        partition,
        owner,
        address,
    )
    assert row is not None
    return _lease(row)


async def owner_of(connection: Connection, partition: int) -> str | None:
    """Who holds the partition, its lease row locked; nobody where it was never taken."""
    owner: str | None = await connection.fetchval("SELECT owner FROM leases WHERE partition = $1 FOR UPDATE", partition)
    return owner


async def lock(connection: Connection, partition: int, epoch: int) -> int | None:
    """Lock the lease row where the epoch is `epoch` and return its revision; None when another holds the partition.

    A plain check would not fence: two transactions could both read the old epoch.
    """
    revision: int | None = await connection.fetchval(
        "SELECT revision FROM leases WHERE partition = $1 AND epoch = $2 FOR UPDATE", partition, epoch
    )
    return revision


async def advance(
    connection: Connection, partition: int, revision: int, reflected: Reflected, next_model: str | None = None
) -> None:
    """Store the revision and what the lists reflect, once heads have moved to it; the row is locked here.

    `next_model` is that of the next lists which this transaction kept up; they are built no more once one has not.
    """
    await connection.execute(
        """
        UPDATE leases SET revision = $2, model = $3, day = $4, positions = $5,
            heads_behind = heads_behind AND $4::date IS NULL,
            next_revision = CASE WHEN next_model = $6 AND next_revision = revision THEN $2 ELSE next_revision END
        WHERE partition = $1
        """,
        partition,
        revision,
        reflected.model,
        reflected.day,
        {topic: {str(number): offset for number, offset in by.items()} for topic, by in reflected.positions.items()},
        next_model,
    )


async def note_built(connection: Connection, partition: int, model: str) -> None:
    """Note that the partition's next lists are stored whole; the row is locked by this transaction."""
    await connection.execute(
        "UPDATE leases SET next_model = $2, next_revision = revision WHERE partition = $1", partition, model
    )


@dataclass(frozen=True, slots=True)
class Age:
    """For how long a partition has had its owner, and since when that one has said nothing (infinite: it has left)."""

    partition: int
    address: str
    held_seconds: float
    silent_seconds: float


async def ages(connection: Connection) -> list[Age]:
    """The age of every lease, by partition."""
    rows = await connection.fetch(
        """
        SELECT partition, leases.address, extract(epoch FROM now() - taken_at)::float8 AS held_seconds,
               coalesce(extract(epoch FROM clock_timestamp() - seen_at)::float8, 'Infinity') AS silent_seconds
        FROM leases LEFT JOIN matchers USING (owner) ORDER BY partition
        """
    )
    return [Age(**dict(row)) for row in rows]


async def all_leases(connection: Connection) -> list[Lease]:
    """Every lease, by partition."""
    rows = await connection.fetch("SELECT * FROM leases ORDER BY partition")
    return [_lease(row) for row in rows]


def _lease(row: Record) -> Lease:
    positions = {
        topic: {int(number): offset for number, offset in by.items()} for topic, by in row["positions"].items()
    }
    reflected = Reflected(row["model"], row["day"], positions)
    same = {name: row[name] for name in ("partition", "epoch", "owner", "address", "revision")}
    aside = {name: row[name] for name in ("next_model", "next_revision", "heads_behind")}
    return Lease(**same, reflected=reflected, **aside)

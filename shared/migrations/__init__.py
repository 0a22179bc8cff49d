"""Each migration is applied once, in order, whole or not at all, and history that was edited is refused."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from shared.database import Connection

SHARED = Path(__file__).parent
SERVICES = SHARED.parents[1] / "services"


class RefusedHistory(Exception):
    """The files and what the database remembers of them do not agree: nothing was applied."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One SQL file: `NNNN_what.sql`."""

    origin: str
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations_of(service: str) -> list[Migration]:
    """Those of every service, then those of `service`, by number; raises `RefusedHistory` for a repeated number."""
    found = [*_read("shared", SHARED), *_read(service, SERVICES / service / "migrations")]
    numbers = [(migration.origin, migration.name[:4]) for migration in found]
    repeated = {number for number in numbers if numbers.count(number) > 1}
    if repeated:
        raise RefusedHistory(f"two migrations bear the same number: {sorted(repeated)}")
    return found


def _read(origin: str, folder: Path) -> list[Migration]:
    return [Migration(origin, path.name, path.read_text("utf-8")) for path in sorted(folder.glob("[0-9]*.sql"))]


async def migrate(dsn: str, service: str) -> list[str]:
    """Bring the schema `service` up to date; returns what was applied, nothing when it already was.

    One process at a time: others wait. Raises `RefusedHistory` where an applied file was edited or is gone, or where a
    file comes before one already applied.
    """
    migrations = migrations_of(service)
    connection = await asyncpg.connect(dsn, server_settings={"search_path": service}, timeout=30)
    try:
        await connection.execute("SELECT pg_advisory_lock(hashtext('essaim-migrations'), hashtext($1))", service)
        await _create_schema(connection, service)
        applied: dict[tuple[str, str], str] = {
            (row["origin"], row["name"]): row["checksum"]
            for row in await connection.fetch("SELECT origin, name, checksum FROM applied_migrations")
        }
        waiting = check_history(migrations, applied)
        for migration in waiting:
            await _apply(connection, migration)
        return [f"{migration.origin}/{migration.name}" for migration in waiting]
    finally:
        await connection.close(timeout=10)


def check_history(migrations: list[Migration], applied: dict[tuple[str, str], str]) -> list[Migration]:
    """The migrations still to apply; raises `RefusedHistory` unless those applied begin each list, unedited."""
    known = {(migration.origin, migration.name) for migration in migrations}
    for origin, name in applied:
        if (origin, name) not in known:
            raise RefusedHistory(f"{origin}/{name} was applied and is not in this version of Essaim: is it older?")
    last = {origin: max(name for o, name in applied if o == origin) for origin, _ in applied}
    waiting = []
    for migration in migrations:
        checksum = applied.get((migration.origin, migration.name))
        if checksum is None:
            if migration.name < last.get(migration.origin, ""):
                raise RefusedHistory(
                    f"{migration.origin}/{migration.name} comes before one applied already: renumber it"
                )
            waiting.append(migration)
        elif checksum != migration.checksum:
            raise RefusedHistory(
                f"{migration.origin}/{migration.name} was edited after it was applied: write a new one"
            )
    return waiting


async def _create_schema(connection: Connection, service: str) -> None:
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", service):
        await connection.execute(f'CREATE SCHEMA "{service}"')
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS applied_migrations (origin text, name text, checksum text NOT NULL,"
        " applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (origin, name))"
    )


async def _apply(connection: Connection, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(migration.sql)
        await connection.execute(
            "INSERT INTO applied_migrations (origin, name, checksum) VALUES ($1, $2, $3)",
            migration.origin,
            migration.name,
            migration.checksum,
        )

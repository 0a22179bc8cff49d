"""Gives each service a role and a schema of its own in one database: no service reads another's tables."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import asyncpg

SERVICES = ("ingest", "matcher", "notifier", "console")


async def ensure_roles(connection: "asyncpg.Connection[asyncpg.Record]", passwords: Mapping[str, str]) -> None:
    """Roles `essaim_<service>` with these passwords, each owner of its schema; a second call changes nothing.

    `connection` is a superuser's, to the services' database.
    """
    database = await connection.fetchval("SELECT current_database()")
    await connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    await connection.execute(f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC')
    for service, password in passwords.items():
        role = f"essaim_{service}"
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
            await connection.execute(f'CREATE ROLE "{role}" LOGIN')
        statement = await connection.fetchval(
            "SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)", role, password
        )
        await connection.execute(statement)
        await connection.execute(f'ALTER ROLE "{role}" SET search_path = "{service}"')
        await connection.execute(f'GRANT CONNECT ON DATABASE "{database}" TO "{role}"')
        await connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{service}" AUTHORIZATION "{role}"')


async def main(folder: Path, host: str) -> None:
    """Reads the secrets in `folder` (`postgres_password` and one file per service) and applies them on `host`."""
    passwords = {service: (folder / service).read_text() for service in SERVICES}
    superuser = (folder / "postgres_password").read_text()
    connection = await asyncpg.connect(f"postgresql://{host}/essaim", user="postgres", password=superuser, timeout=30)
    try:
        await ensure_roles(connection, passwords)
    finally:
        await connection.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))

"""Gives each service its own PostgreSQL schema and role, and no sight of the others' (`python -m deploy.create_roles`).

Reads `DATABASE_URL` (an administrator's) and one password per service, `INGEST_DATABASE_PASSWORD` and so on.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

SERVICES = ("ingest", "matcher", "notifier", "console")
# Serialises concurrent calls: two that alter one role at once would fail.
LOCK_KEY = 0x6573_7361


def role_of(service: str) -> str:
    """The name of the service's role; its schema is named as the service."""
    return f"essaim_{service}"


def dsn_of(admin_dsn: str, service: str, password: str) -> str:
    """The DSN by which the service reaches the database that `admin_dsn` names."""
    parts = urlsplit(admin_dsn)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role_of(service)}:{quote(password, safe='')}@{place}"))


async def ensure_roles(admin_dsn: str, passwords: Mapping[str, str]) -> None:
    """Create or bring up to date role and schema of each service named in `passwords`; a second call changes nothing.

    A stopped process of a service cannot hold a lock for longer than 10 s (`idle_in_transaction_session_timeout`).
    """
    connection = await asyncpg.connect(admin_dsn)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK_KEY)
            for service, password in passwords.items():
                await _ensure_role(connection, service, password)
            await _close_to_others(connection)
    finally:
        await connection.close()


async def _ensure_role(connection: asyncpg.Connection, service: str, password: str) -> None:
    role = role_of(service)
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
        await connection.execute(f"CREATE ROLE {role}")
    secret = await connection.fetchval("SELECT quote_literal($1::text)", password)
    await connection.execute(f"ALTER ROLE {role} LOGIN PASSWORD {secret}")
    await connection.execute(f"ALTER ROLE {role} SET search_path = {service}")
    await connection.execute(f"ALTER ROLE {role} SET idle_in_transaction_session_timeout = '10s'")
    await connection.execute(f"GRANT {role} TO CURRENT_USER")
    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {service} AUTHORIZATION {role}")


async def _close_to_others(connection: asyncpg.Connection) -> None:
    database = await connection.fetchval("SELECT quote_ident(current_database())")
    await connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    await connection.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
    present = await connection.fetch(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY($1)", [role_of(s) for s in SERVICES]
    )
    for row in present:
        await connection.execute(f"GRANT CONNECT ON DATABASE {database} TO {row['rolname']}")


def main() -> None:
    """Read the environment, create what is missing. Raises `KeyError` naming a missing variable."""
    passwords = {service: os.environ[f"{service.upper()}_DATABASE_PASSWORD"] for service in SERVICES}
    asyncio.run(ensure_roles(os.environ["DATABASE_URL"], passwords))
    sys.stdout.write(f"roles: {', '.join(map(role_of, SERVICES))}\n")


if __name__ == "__main__":
    main()

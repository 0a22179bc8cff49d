"""Brings the services' database up to date with its roles and schemas, and says how each service reaches it."""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from deploy.create_roles import ensure_roles

# Serialises concurrent calls on one server: two that alter one role at once would fail.
LOCK_KEY = 0x6573_7361


def dsn_of(admin_dsn: str, service: str, password: str) -> str:
    """The DSN by which the service's own role reaches the database that `admin_dsn` names."""
    parts = urlsplit(admin_dsn)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"essaim_{service}:{quote(password, safe='')}@{place}"))


async def prepare_roles(admin_dsn: str, passwords: Mapping[str, str]) -> None:
    """Create or bring up to date role and schema of each service in `passwords`; a second call changes nothing."""
    connection = await asyncpg.connect(admin_dsn)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK_KEY)
            await ensure_roles(connection, passwords)
    finally:
        await connection.close()

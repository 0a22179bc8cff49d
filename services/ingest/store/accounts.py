"""Every SQL statement on organisations, their API keys and the coordinators of territories."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.database import Connection, Pool


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation that submits through the API."""

    organisation_id: str
    name: str
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret."""

    prefix: str
    organisation_id: str
    scopes: tuple[str, ...]
    label: str
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Coordinator:
    """Someone who animates a territory."""

    territory_id: str
    person_id: str
    email: str
    name: str | None


async def put_organisation(connection: Connection | Pool, organisation_id: str, name: str) -> None:
    """Adds an organisation, or renames and restores one; keys revoked with it stay revoked."""
    await connection.execute(
        "INSERT INTO organisations (organisation_id, name) VALUES ($1, $2)"
        " ON CONFLICT (organisation_id) DO UPDATE SET name = excluded.name, revoked_at = NULL",
        organisation_id,
        name,
    )


async def organisations(connection: Connection | Pool) -> list[Organisation]:
    """All organisations, by id."""
    return [Organisation(**dict(row)) for row in await connection.fetch("SELECT * FROM organisations ORDER BY 1")]


async def revoke_organisation(connection: Connection, organisation_id: str) -> bool:
    """Revokes an organisation and its keys; False when there is none that is not revoked yet."""
    await connection.execute(
        "UPDATE api_keys SET revoked_at = now() WHERE organisation_id = $1 AND revoked_at IS NULL", organisation_id
    )
    status = await connection.execute(
        "UPDATE organisations SET revoked_at = now() WHERE organisation_id = $1 AND revoked_at IS NULL", organisation_id
    )
    return status.endswith(" 1")


async def add_key(
    connection: Connection | Pool,
    prefix: str,
    digest: bytes,
    *,
    organisation_id: str,
    scopes: Sequence[str],
    label: str,
) -> bool:
    """Keeps a key; False when there is no such organisation that is not revoked."""
    status = await connection.execute(
        """
        INSERT INTO api_keys (prefix, secret_digest, organisation_id, scopes, label)
        SELECT $1, $2, organisation_id, $4, $5 FROM organisations WHERE organisation_id = $3 AND revoked_at IS NULL
        ON CONFLICT (prefix) DO UPDATE SET scopes = excluded.scopes, revoked_at = NULL
        WHERE api_keys.secret_digest = excluded.secret_digest
        """,
        prefix,
        digest,
        organisation_id,
        list(scopes),
        label,
    )
    return status.endswith(" 1")


async def keys(connection: Connection | Pool, organisation_id: str | None = None) -> list[ApiKey]:
    """The keys of an organisation, or of all, oldest first."""
    rows = await connection.fetch(
        "SELECT prefix, organisation_id, scopes, label, created_at, revoked_at FROM api_keys"
        " WHERE $1::text IS NULL OR organisation_id = $1 ORDER BY organisation_id, created_at, prefix",
        organisation_id,
    )
    return [ApiKey(**{**dict(row), "scopes": tuple(row["scopes"])}) for row in rows]


async def key_with_digest(connection: Connection | Pool, prefix: str) -> tuple[ApiKey, bytes] | None:
    """The key that is not revoked, with the digest its secret must have."""
    row = await connection.fetchrow("SELECT * FROM api_keys WHERE prefix = $1 AND revoked_at IS NULL", prefix)
    if row is None:
        return None
    members = {**dict(row), "scopes": tuple(row["scopes"])}
    digest = members.pop("secret_digest")
    return ApiKey(**members), digest


async def revoke_key(connection: Connection | Pool, prefix: str) -> bool:
    """Revokes a key; False when there is none that is not revoked yet."""
    status = await connection.execute(
        "UPDATE api_keys SET revoked_at = now() WHERE prefix = $1 AND revoked_at IS NULL", prefix
    )
    return bool(status.endswith(" 1"))


async def coordinators(connection: Connection | Pool, territory_id: str | None = None) -> list[Coordinator]:
    """The coordinators of a territory, or of all, in a stable order."""
    rows = await connection.fetch(
        "SELECT territory_id, person_id, email, name FROM coordinators JOIN people USING (person_id)"
        " WHERE $1::text IS NULL OR territory_id = $1 ORDER BY territory_id, added_at, person_id",
        territory_id,
    )
    return [Coordinator(**dict(row)) for row in rows]


async def remove_coordinator(connection: Connection, territory_id: str, address: str) -> bool:
    """Ends a coordination; False when there was none."""
    status = await connection.execute(
        "DELETE FROM coordinators USING people WHERE coordinators.person_id = people.person_id"
        " AND territory_id = $1 AND address = $2",
        territory_id,
        address,
    )
    return status.endswith(" 1")

"""Every SQL statement on the answers kept for requests that carry an Idempotency-Key."""

from dataclasses import dataclass
from typing import Any

from services.ingest.store.entities import Party
from shared.database import Connection, Pool

KEPT_FOR_HOURS = 24


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer that was given, and the digest of the request that it answered."""

    request_digest: bytes
    status: int
    headers: dict[str, str]
    body: dict[str, Any]


async def kept_answer(connection: Connection, actor: str, key: str) -> KeptAnswer | None:
    """The answer kept under this key, if any; the key must be locked."""
    row = await connection.fetchrow(
        "SELECT request_digest, status, headers, body FROM kept_answers WHERE actor = $1 AND key = $2", actor, key
    )
    return None if row is None else KeptAnswer(**dict(row))


async def keep_answer(connection: Connection, actor: str, key: str, about: Party, answer: KeptAnswer) -> None:
    """Keeps an answer, in the transaction of what it tells."""
    await connection.execute(
        "INSERT INTO kept_answers (actor, key, request_digest, status, headers, body, entity_type, entity_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        actor,
        key,
        answer.request_digest,
        answer.status,
        answer.headers,
        answer.body,
        *about,
    )


async def forget_old_answers(connection: Connection | Pool) -> None:
    """Deletes the answers that are older than a day."""
    await connection.execute(
        "DELETE FROM kept_answers WHERE kept_at < now() - make_interval(hours => $1)", KEPT_FOR_HOURS
    )

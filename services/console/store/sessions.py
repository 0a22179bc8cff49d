"""Sign-in links and sessions, by the hash of their secret; the secret itself is only ever in a mail or a cookie."""

import hashlib
from dataclasses import dataclass

from shared.database import Connection


@dataclass(frozen=True, slots=True)
class UsedLink:
    """A link that served; without a person, it was made for an address that nobody here had."""

    person_id: str | None


def token_hash(token: str) -> bytes:
    """What is stored of a secret of 256 random bits."""
    return hashlib.sha256(token.encode()).digest()


async def insert_link(connection: Connection, token: str, person_id: str | None, *, minutes: int) -> None:
    """Make a link that signs someone in once, within so many minutes; nobody yet, where the person is not known."""
    await connection.execute(
        """
        insert into sign_in_links (token_hash, person_id, expires_at)
        values ($1, $2, now() + make_interval(mins => $3))
        """,
        token_hash(token),
        person_id,
        minutes,
    )


async def use_link(connection: Connection, token: str) -> UsedLink | None:
    """Whom a link signs in, and its end; nothing when it was used, is too old or never was."""
    row = await connection.fetchrow(
        "delete from sign_in_links where token_hash = $1 and expires_at > now() returning person_id", token_hash(token)
    )
    return UsedLink(row["person_id"]) if row else None


async def insert_session(connection: Connection, token: str, person_id: str, *, days: int) -> None:
    """Open a session."""
    await connection.execute(
        """
        insert into sessions (token_hash, person_id, expires_at)
        values ($1, $2, now() + make_interval(days => $3))
        """,
        token_hash(token),
        person_id,
        days,
    )


async def person_of_session(connection: Connection, token: str) -> str | None:
    """Whose session this is, while it lasts."""
    person_id: str | None = await connection.fetchval(
        "select person_id from sessions where token_hash = $1 and expires_at > now()", token_hash(token)
    )
    return person_id


async def delete_session(connection: Connection, token: str) -> None:
    """Close a session; nothing when it is closed already."""
    await connection.execute("delete from sessions where token_hash = $1", token_hash(token))


async def take_attempt(connection: Connection, subject: bytes, *, most: int, within_minutes: int) -> bool:
    """Count one more attempt of a subject, if it made fewer than `most` within so many minutes.

    Refused ones are not counted: whoever insists does not make the wait longer.
    """
    status = await connection.execute(
        """
        insert into attempts (subject) select $1
        where $2 > (select count(*) from attempts where subject = $1 and at > now() - make_interval(mins => $3))
        """,
        subject,
        most,
        within_minutes,
    )
    return bool(status.endswith(" 1"))


async def delete_ended_sessions(connection: Connection) -> None:
    """Delete the sessions whose time is over."""
    await connection.execute("delete from sessions where expires_at <= now()")


async def delete_ended_links(connection: Connection) -> None:
    """Delete the sign-in links whose time is over."""
    await connection.execute("delete from sign_in_links where expires_at <= now()")


async def delete_old_attempts(connection: Connection) -> None:
    """Delete the attempts that are older than a day."""
    await connection.execute("delete from attempts where at < now() - interval '1 day'")

"""What an audit reads of match heads: those whose columns, or whose versions, say something else than the head."""

from shared.database import Connection

_LONG = 600.0


async def miswritten_heads(connection: Connection) -> list[tuple[str, str, str]]:
    """(match id, state of the head, state beside it) of heads whose row names another state, by match id."""
    rows = await connection.fetch(
        """
        SELECT match_id, coalesce(head ->> 'state', 'none') AS told, coalesce(state, 'none') AS beside
        FROM match_heads WHERE state IS DISTINCT FROM head ->> 'state' ORDER BY match_id
        """,
        timeout=_LONG,
    )
    return [(row["match_id"], row["told"], row["beside"]) for row in rows]


async def with_answers_lost(connection: Connection) -> frozenset[str]:
    """The matches that show an answer which the log had lost when the matcher was restored."""
    rows = await connection.fetch("SELECT match_id FROM match_heads WHERE answers_lost", timeout=_LONG)
    return frozenset(row["match_id"] for row in rows)


async def untold_heads(connection: Connection) -> list[tuple[str, str]]:
    """(match id, state) of heads whose matches were never said, or were said to be over, by match id."""
    rows = await connection.fetch(
        """
        SELECT match_id, state FROM match_heads WHERE state IS NOT NULL AND NOT EXISTS (
            SELECT FROM key_versions WHERE topic = 'matches' AND key = match_id AND NOT erased) ORDER BY match_id
        """,
        timeout=_LONG,
    )
    return [(row["match_id"], row["state"]) for row in rows]

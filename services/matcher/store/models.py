"""Models: which one's scores the lists hold, which one lists are built for aside, and the switch between the two."""

from dataclasses import dataclass

from services.matcher.matching.shortlists import LENGTH
from services.matcher.store.leases import all_leases
from shared.database import Connection
from shared.restoring import LONG


@dataclass(frozen=True, slots=True)
class Model:
    """A model that a process brought: its name, its bytes, and the rules of the code that judges with it."""

    name: str
    artefact: bytes
    rules: str


@dataclass(frozen=True, slots=True)
class Epochs:
    """The names of the model at work and of the one that is built aside; nothing before the first is brought."""

    current: str | None = None
    next: str | None = None


async def epochs(connection: Connection) -> Epochs:
    """Which models are at work and built aside now."""
    rows = await connection.fetch("SELECT state, model FROM models WHERE state <> 'past'")
    return Epochs(**{row["state"]: row["model"] for row in rows})


async def artefact_of(connection: Connection, model: str) -> bytes:
    """The bytes of a model that was brought."""
    found: bytes = await connection.fetchval("SELECT artefact FROM models WHERE model = $1", model)
    return found


async def current_artefact(connection: Connection) -> bytes | None:
    """The bytes of the model at work; nothing before one was brought."""
    found: bytes | None = await connection.fetchval("SELECT artefact FROM models WHERE state = 'current'")
    return found


async def bring(connection: Connection, brought: Model) -> Epochs:
    """Note a model that a process carries; one never seen is from now on built aside, in the place of any other.

    It is the current one at once where there is none, or where the current one goes with other rules, since nobody at
    work could judge by it meanwhile: then each partition is judged anew when it is taken. One that was before stays
    past: a late process of an older version starts nothing.
    """
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('essaim-models', 0))")
    rules = await connection.fetchval("SELECT rules FROM models WHERE state = 'current' FOR UPDATE")
    if rules != brought.rules:
        await _retire(connection, "current", "next")
        await _put(connection, brought, "current")
        if rules is not None:
            await connection.execute("UPDATE leases SET revision = revision + 1, model = NULL")
    elif not await connection.fetchval("SELECT EXISTS (SELECT FROM models WHERE model = $1)", brought.name):
        await _retire(connection, "next")
        await _put(connection, brought, "next")
    return await epochs(connection)


async def ask(connection: Connection, model: str) -> bool:
    """Have lists built for a model that was brought once, or for none where it is at work; whether it is known."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('essaim-models', 0))")
    rows = await connection.fetch("SELECT model, rules, state FROM models FOR UPDATE")
    current = next((row for row in rows if row["state"] == "current"), None)
    asked = next((row for row in rows if row["model"] == model), None)
    if current is None or asked is None or asked["rules"] != current["rules"]:
        return False
    if asked["state"] != "next":
        await _retire(connection, "next")
    if asked["state"] == "past":
        await connection.execute("UPDATE models SET state = 'next', since = now() WHERE model = $1", model)
    return True


async def known(connection: Connection) -> list[tuple[str, str]]:
    """Every model that was brought, with its state, the newest first."""
    rows = await connection.fetch("SELECT model, state FROM models ORDER BY since DESC, model")
    return [(row["model"], row["state"]) for row in rows]


async def switch(connection: Connection, partitions: int) -> bool:
    """Let the next lists of all `partitions` be the lists, at once; nothing happens unless every one is built.

    All leases are locked, by partition, so that nothing is judged meanwhile; their revisions advance, so that no memory
    of the lists before is used again.
    """
    model = await connection.fetchval("SELECT model FROM models WHERE state = 'next' FOR UPDATE")
    await connection.execute("SELECT FROM leases ORDER BY partition FOR UPDATE")
    held = await all_leases(connection)
    if model is None or len(held) != partitions or not all(each.is_built_for(model) for each in held):
        return False
    await _take_next_lists(connection)
    await connection.execute(
        """
        UPDATE leases SET model = next_model, revision = revision + 1, heads_behind = true,
            next_model = NULL, next_revision = NULL
        """
    )
    await _retire(connection, "current")
    await connection.execute("UPDATE models SET state = 'current', since = now() WHERE model = $1", model)
    return True


async def _take_next_lists(connection: Connection) -> None:
    """Put the next lists in the place of the lists, and merge those of offers anew from all partitions."""
    for table in ("project_lists", "offer_lists"):
        await connection.execute(f"DELETE FROM {table}", timeout=LONG)  # noqa: S608 - our own names
        await connection.execute(f"INSERT INTO {table} SELECT * FROM next_{table}", timeout=LONG)  # noqa: S608 - our own
        await connection.execute(f"DELETE FROM next_{table}", timeout=LONG)  # noqa: S608 - our own names
    await connection.execute("UPDATE merged_lists SET project_ids = '{}', scores = '{}'", timeout=LONG)
    await connection.execute(
        """
        INSERT INTO merged_lists AS held (offer_type, offer_id, offer_version, project_ids, scores)
        SELECT offer_type, offer_id, max(offer_version), array_agg(project_id ORDER BY score DESC, project_id),
            array_agg(score ORDER BY score DESC, project_id)
        FROM (
            SELECT offer_type, offer_id, offer_version, project_id, score, row_number() OVER (
                PARTITION BY offer_type, offer_id ORDER BY score DESC, project_id) AS place
            FROM offer_lists, unnest(project_ids, scores) AS entry (project_id, score)
        ) AS ranked
        WHERE place <= $1 GROUP BY offer_type, offer_id
        ON CONFLICT (offer_type, offer_id) DO UPDATE SET project_ids = excluded.project_ids, scores = excluded.scores
        """,
        LENGTH,
        timeout=LONG,
    )


async def _retire(connection: Connection, *states: str) -> None:
    await connection.execute("UPDATE models SET state = 'past', since = now() WHERE state = ANY ($1::text[])", states)


async def _put(connection: Connection, brought: Model, state: str) -> None:
    await connection.execute(
        """
        INSERT INTO models (model, artefact, rules, state) VALUES ($1, $2, $3, $4)
        ON CONFLICT (model) DO UPDATE SET artefact = excluded.artefact, rules = excluded.rules, state = excluded.state,
            since = now()
        """,
        brought.name,
        brought.artefact,
        brought.rules,
        state,
    )

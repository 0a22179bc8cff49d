"""Whose the names of operators are: those of organisations, and those of the funds that somebody answers for."""

from dataclasses import dataclass

from services.ingest.intake.depositing import operator_key
from services.ingest.intake.rights import Submitter
from shared.database import Connection


@dataclass(frozen=True, slots=True)
class OperatorNames:
    """What a submitter may not name as the operator of a fund, and its organisation's own name."""

    taken: frozenset[str] = frozenset()
    own: str | None = None


async def operator_names(connection: Connection, who: Submitter) -> OperatorNames:
    """The keys of the names that others have and `who` has not: its organisation's, those of funds it answers for."""
    rows = await connection.fetch(
        """
        SELECT content ->> 'operator' AS name, false AS account,
               bool_or(coalesce(organisation_id = $1, false) OR entity_id = ANY ($2)) AS own
        FROM submissions WHERE entity_type = 'fund' AND content ? 'operator' GROUP BY 1
        UNION ALL SELECT name, true, coalesce(organisation_id = $1, false) FROM organisations
        """,
        who.organisation_id,
        [entity_id for entity_type, entity_id in who.entities if entity_type == "fund"],
    )
    own = {operator_key(row["name"]) for row in rows if row["own"]}
    others = {operator_key(row["name"]) for row in rows if not row["own"]}
    name = next((row["name"] for row in rows if row["account"] and row["own"]), None)
    return OperatorNames(frozenset(others - own), name)

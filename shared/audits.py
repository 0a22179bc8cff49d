"""How audits ended is kept for ninety days, for measures and for whoever asks; see `shared.auditing`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.database import Connection, Pool

_KEEP = """
WITH pruned AS (DELETE FROM audits WHERE audited_at < now() - interval '90 days')
INSERT INTO audits (differences) VALUES ($1)
"""


@dataclass(frozen=True, slots=True)
class Audit:
    """An audit that ended, and how many differences of this service it found."""

    audited_at: datetime
    differences: int


async def keep(pools: Mapping[str, Pool], differences: Mapping[str, int]) -> None:
    """Note, with each service that was audited, that it now had so many differences."""
    for service, pool in pools.items():
        await pool.execute(_KEEP, differences.get(service, 0))


async def last(connection: Connection) -> Audit | None:
    """The last audit of this service."""
    row = await connection.fetchrow("SELECT audited_at, differences FROM audits ORDER BY audited_at DESC LIMIT 1")
    return Audit(row["audited_at"], row["differences"]) if row else None

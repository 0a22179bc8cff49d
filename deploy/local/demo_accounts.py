"""Opens the accounts of the demonstration: its API key, and one coordinator per territory."""

from pathlib import Path

from deploy.local.state import write_secret
from services.ingest.accounts import SCOPES, add_coordinator, add_key, add_organisation, new_key
from shared.database import open_pool
from shared.reference.territories import load_territories

ORGANISATION = "demonstration"
KEY_FILE = "api-key"


def api_key(state: Path) -> str:
    """The demonstration's key, valid for everything; made once, in `KEY_FILE`, readable by this user alone."""
    path = state / KEY_FILE
    if not path.exists():
        write_secret(path, new_key())
    return path.read_text(encoding="utf-8")


async def open_accounts(ingest_dsn: str, key: str) -> None:
    """Make the key valid for everything, and `coordination-<territory>@example.org` coordinators; once or again."""
    pool = await open_pool(ingest_dsn, service="ingest", max_size=2)
    try:
        await add_organisation(pool, ORGANISATION, "Démonstration")
        await add_key(pool, ORGANISATION, SCOPES, "démonstration", key=key)
        for territory in load_territories():
            address = f"coordination-{territory.territory_id}@example.org"
            await add_coordinator(pool, territory.territory_id, address, f"Coordination {territory.name}")
    finally:
        await pool.close()

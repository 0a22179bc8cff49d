"""A database for all examples of a test, which PostgreSQL itself watches; the run says how many steps it took."""

from collections.abc import Iterator

import asyncpg
import pytest

from deploy.local.servers import run_apart
from tests.databases import Databases
from tests.simulation.checks import WATCH
from tests.simulation.machine import Stage

_SAID: list[str] = []


@pytest.fixture
def stage(databases: Databases, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """An empty database of the matcher, watched."""
    name = databases.create("matcher")
    admin_dsn = databases.admin_dsn(name)
    run_apart(_watch(admin_dsn, name))
    made = Stage(admin_dsn, databases.dsn("matcher", name))
    yield made
    _SAID.append(f"{request.node.name}: {made.steps} steps in {made.examples} examples")
    databases.drop(name)


async def _watch(dsn: str, name: str) -> None:
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "matcher"})
    try:
        # Whose turn it is to give way would depend on the clock: the world chooses.
        await connection.execute(f"ALTER DATABASE {name} SET deadlock_timeout = '1h'")
        await connection.execute(WATCH)
        await connection.execute("GRANT ALL ON offences TO PUBLIC")
    finally:
        await connection.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show how far the simulation went."""
    for line in _SAID:
        terminalreporter.write_line(f"simulation: {line}")

"""PostgreSQL: gates and exact score in one prepared statement over rows clustered and indexed by place and slot."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import asyncpg
import numpy as np

from benchmarks.peers import Answer
from benchmarks.peers.sql import Dialect, query
from benchmarks.peers.tables import filed, offers
from benchmarks.question import question
from benchmarks.stock import Stock
from deploy.local.ports import any_free_port
from deploy.local.postgres import Postgres
from deploy.local.progress import Silent
from services.matcher.matching.model import PreparedProject

_DIALECT = Dialect(
    "/", "bit_count(CAST({} AS bit(32)))", "SELECT * FROM unnest(o.terms, o.weights) AS each (term, weight)"
)
_TABLES = """
CREATE UNLOGGED TABLE filed (
    number integer, unit integer, open boolean, challenge integer, slot smallint, first_day integer, last_day integer,
    only_money boolean, labelled_only boolean, needs_barrier boolean, admitted integer, stages integer, forms integer,
    objects integer, least_eur bigint, least_days bigint, cap_eur bigint, cap_days bigint, categories integer,
    organisation bigint, siren bigint
);
CREATE UNLOGGED TABLE offers (
    number integer, id text COLLATE "C", type text COLLATE "C", norm bigint, terms bigint[], weights integer[]
);
"""
_INDEXES = """
CREATE INDEX ON filed (unit, slot);
CREATE UNIQUE INDEX ON offers (number);
"""
_SETTINGS = {"shared_buffers": "2GB", "max_wal_size": "4GB", "autovacuum": "off"}
_SESSION = """
SET jit = off; SET max_parallel_workers_per_gather = 0; SET work_mem = '256MB'; SET random_page_cost = 1.0;
SET maintenance_work_mem = '512MB'; SET plan_cache_mode = force_generic_plan;
"""


class PostgreSql:
    """One server of its own, everything in its cache; what counts is the processor time of the session alone."""

    name = "PostgreSQL"

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="essaim-bench-"))
        # The server runs as another user when this runs as root: let it pass.
        self._folder.chmod(0o755)
        run = self._folder / "run"
        run.mkdir()
        self._server = Postgres(self._folder / "data", run, any_free_port(), durable=False, settings=_SETTINGS)
        self._runner = asyncio.Runner()

    def load(self, stock: Stock) -> None:
        self._stock = stock
        self._server.start(Silent())
        self._server.wait()
        self._runner.run(self._load())

    async def _load(self) -> None:
        self._connection = await asyncpg.connect(self._server.dsn())
        self._pid: int = self._connection.get_server_pid()
        await self._connection.execute(_TABLES + _SESSION)
        columns = filed(self._stock)
        await self._copy("filed", list(columns), zip(*(column.tolist() for column in columns.values()), strict=True))
        rows = zip(*(column.tolist() for column in offers(self._stock).values()), strict=True)
        vectors = [offer.vector for offer in self._stock.offers]
        told = ((*row, each.indices.tolist(), each.weights.tolist()) for row, each in zip(rows, vectors, strict=True))
        await self._copy("offers", ["number", "id", "type", "norm", "terms", "weights"], told)
        await self._connection.execute(_INDEXES)
        await self._connection.execute("VACUUM ANALYZE filed")
        await self._connection.execute("VACUUM ANALYZE offers")
        self._statement = await self._connection.prepare(query(_DIALECT))

    async def _copy(self, table: str, columns: list[str], rows: Iterable[tuple[object, ...]]) -> None:
        await self._connection.copy_records_to_table(table, columns=columns, records=rows)

    def best(self, project: PreparedProject) -> Answer:
        asked = question(project, self._stock)
        if asked is None:
            return []
        rows = self._runner.run(self._statement.fetch(*map(_plain, asked)))
        return [(row["score"], row["id"], row["type"]) for row in rows]

    def spent_ns(self) -> int:
        """What the session has used of the processor; the client's part is not counted."""
        try:
            return int(Path(f"/proc/{self._pid}/schedstat").read_text(encoding="ascii").split()[0])
        except FileNotFoundError:  # not on this system: the client's own time, which is less
            return time.process_time_ns()

    def close(self) -> None:
        self._runner.run(self._connection.close())
        self._runner.close()
        self._server.stop()
        shutil.rmtree(self._folder)


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value

"""DuckDB: gates and exact score in one prepared statement over columns sorted by place."""

import duckdb

from benchmarks.clock import OwnTime
from benchmarks.peers import Answer
from benchmarks.peers.sql import Dialect, query
from benchmarks.peers.tables import filed, offers, texts
from benchmarks.question import question
from benchmarks.stock import Stock
from services.matcher.matching.model import PreparedProject

_DIALECT = Dialect("//", "bit_count({})", "SELECT unnest(o.terms) AS term, unnest(o.weights) AS weight")
_FILED = """
CREATE TABLE filed AS SELECT * REPLACE (
    slot::smallint AS slot, admitted::integer AS admitted, stages::integer AS stages, forms::integer AS forms,
    objects::integer AS objects, categories::integer AS categories
) FROM given_filed ORDER BY unit, slot
"""
_OFFERS = """
CREATE TABLE offers AS
SELECT given_offers.*, coalesce(terms, []) AS terms, coalesce(weights, []) AS weights
FROM given_offers LEFT JOIN (
    SELECT number, list(term) AS terms, list(weight) AS weights FROM given_texts GROUP BY number
) USING (number) ORDER BY number
"""


class DuckDb(OwnTime):
    """In memory, on one thread; a question is the arguments of the prepared statement."""

    name = "DuckDB"

    def __init__(self) -> None:
        self._database = duckdb.connect(config={"threads": 1})

    def load(self, stock: Stock) -> None:
        self._stock = stock
        for name, columns in {"filed": filed(stock), "offers": offers(stock), "texts": texts(stock)}.items():
            self._database.register(f"given_{name}", columns)
        self._database.execute(_FILED)
        self._database.execute(_OFFERS)
        for name in ("filed", "offers", "texts"):
            self._database.unregister(f"given_{name}")
        self._database.execute(f"PREPARE best AS {query(_DIALECT)}")

    def best(self, project: PreparedProject) -> Answer:
        asked = question(project, self._stock)
        if asked is None:
            return []
        found: Answer = self._database.execute(f"EXECUTE best({', '.join(map(_literal, asked))})").fetchall()
        return found

    def close(self) -> None:
        self._database.close()


def _literal(value: object) -> str:
    if isinstance(value, list):
        return f"[{','.join(map(_literal, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(int(str(value)))

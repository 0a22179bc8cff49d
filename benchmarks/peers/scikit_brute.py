"""scikit-learn as it is mostly used: one matrix of all texts, kept, multiplied by each query; then the same filters."""

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.metrics.pairwise import linear_kernel

from benchmarks.clock import OwnTime
from benchmarks.peers import Answer
from benchmarks.stock import Stock
from benchmarks.workload import DAY
from services.matcher.matching.index.best import best_rows
from services.matcher.matching.index.judge import eligible, scores
from services.matcher.matching.index.layout import PROJECT, project_row
from services.matcher.matching.index.table import single
from services.matcher.matching.model import PreparedProject
from shared.text.vectors import MILLION, TextVector


class ScikitBrute(OwnTime):
    """Every offer is scored, those that pass are kept. Filters are columns kept in arrays, by row of the matrix."""

    name = "scikit-learn"

    def load(self, stock: Stock) -> None:
        self.index = stock.index
        self._matrix = _matrix([offer.vector for offer in stock.offers])
        self._norms = np.array([offer.vector.norm for offer in stock.offers], np.int64)

    def best(self, project: PreparedProject) -> Answer:
        index, columns = self.index, self.index._table.columns
        inner = linear_kernel(self._matrix, _matrix([project.vector])).ravel().astype(np.int64)
        product = np.maximum(self._norms * project.vector.norm, 1)
        similarity = np.minimum(MILLION, (2 * MILLION * inner + product) // (2 * product))
        one = single(PROJECT, project_row(project, index._numbers))
        proximity = index._proximity(project.place)
        rows = np.arange(index.used)
        passed = eligible(one, 0, columns, rows, DAY) & (proximity > 0)
        rows = rows[passed]
        found = scores(
            one,
            0,
            columns,
            rows,
            challenge=index._answers(project, rows),
            proximity=proximity[rows],
            similarity=similarity[rows],
        )
        best = best_rows(rows, found, 20, lambda row: (index.at(row).id, index.at(row).type))
        return [(score, index.at(row).id, index.at(row).type) for score, row in best]


def _matrix(vectors: list[TextVector]) -> csr_matrix:
    """One row per text; the weights are whole, so that sums of their products are exact."""
    lengths = np.array([len(vector) for vector in vectors])
    data = np.concatenate([vector.weights for vector in vectors]).astype(np.float64)
    indices = np.concatenate([vector.indices for vector in vectors])
    indptr = np.concatenate(([0], np.cumsum(lengths)))
    return csr_matrix((data, indices, indptr), shape=(len(vectors), len(vectors[0].words)))

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
        vectors = [offer.vector for offer in stock.offers]
        self._terms = np.unique(np.concatenate([vector.indices for vector in vectors]))
        self._matrix = self._matrix_of(vectors)
        self._norms = np.array([offer.vector.norm for offer in stock.offers], np.int64)

    def best(self, project: PreparedProject) -> Answer:
        index, columns = self.index, self.index._table.columns
        inner = linear_kernel(self._matrix, self._matrix_of([project.vector])).ravel().astype(np.int64)
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
        best = best_rows(rows, found, 20, index.at)
        return [(score, *index.at(row)) for score, row in best]

    def _matrix_of(self, vectors: list[TextVector]) -> csr_matrix:
        """One row per text, a column per term of any offer; the weights are whole, so that their sums are exact."""
        held = [np.isin(vector.indices, self._terms, assume_unique=True) for vector in vectors]
        kept = [vector.weights[mask] for vector, mask in zip(vectors, held, strict=True)]
        terms = np.concatenate([vector.indices[mask] for vector, mask in zip(vectors, held, strict=True)])
        ends = np.cumsum([0, *map(len, kept)])
        columns = np.searchsorted(self._terms, terms)
        return csr_matrix(
            (np.concatenate(kept).astype(np.float64), columns, ends), shape=(len(vectors), len(self._terms))
        )

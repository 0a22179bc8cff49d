"""Reads what the Fonds vert paid in 2023: each project's words, the measure that paid, and the fold it is judged in."""

import csv
import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parent
FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class FondsVert:
    """Projects and funds; `paid[i]` is the place, among the funds, of the one that paid project i.

    Funds are in the order of their names; a description opens with the name. `folds[i]` is the number of the file
    modulo `FOLDS`, 0 where there is no number.
    """

    titles: tuple[str, ...]
    beneficiaries: tuple[str, ...]
    paid: NDArray[np.int64]
    folds: NDArray[np.int64]
    names: tuple[str, ...]
    descriptions: tuple[str, ...]

    def new_titles(self) -> NDArray[np.bool_]:
        """Which projects have a title that no other fold has, case and outer spaces apart."""
        told = [title.strip().lower() for title in self.titles]
        held: dict[str, set[int]] = {}
        for title, fold in zip(told, self.folds.tolist(), strict=True):
            held.setdefault(title, set()).add(fold)
        return np.array([len(held[title]) == 1 for title in told])


def load_fonds_vert() -> FondsVert:
    """All of it, always in the order of the file."""
    with gzip.open(FOLDER / "fonds_vert_2023.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    told: dict[str, str] = json.loads((FOLDER / "measures.json").read_text(encoding="utf-8"))
    names = tuple(sorted(told))
    return FondsVert(
        titles=tuple(row["nom_du_projet"] for row in rows),
        beneficiaries=tuple(row["nom_beneficiaire_principal"] for row in rows),
        paid=np.array([names.index(row["nom_demarche_ds"]) for row in rows]),
        folds=np.array([fold_of(row["numero_dossier_ds"]) for row in rows]),
        names=names,
        descriptions=tuple(f"{name}. {told[name]}" for name in names),
    )


def fold_of(number: str) -> int:
    """The fold of a file by its number; the first where it has none."""
    return int(number) % FOLDS if number.isdigit() else 0

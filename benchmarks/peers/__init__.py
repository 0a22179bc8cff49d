"""What Essaim is measured against: one file each, all with the same hard filters and exact answers."""

from typing import Protocol

from benchmarks.stock import Stock
from services.matcher.matching.model import PreparedProject

Answer = list[tuple[int, str, str]]
"""Score in millionths, id and type of each offer, best first."""


class Peer(Protocol):
    """Answers which twenty offers fit a project best on the day of the workload."""

    name: str

    def load(self, stock: Stock) -> None:
        """Take all offers in, once."""

    def best(self, project: PreparedProject) -> Answer:
        """The twenty best, ties by id, then type."""

    def spent_ns(self) -> int:
        """The processor time that has been used for it so far, in nanoseconds."""

    def close(self) -> None:
        """Give everything back."""


def differing(peer: Peer, projects: list[PreparedProject], answers: list[Answer]) -> int:
    """How many of these projects are answered otherwise."""
    return sum(peer.best(project) != answer for project, answer in zip(projects, answers, strict=True))

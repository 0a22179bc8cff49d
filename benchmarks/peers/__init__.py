"""What Essaim is measured against: one file each, all with the same hard filters and exact answers."""

from collections.abc import Iterable
from typing import Protocol

from services.matcher.matching.model import PreparedOffer, PreparedProject

Answer = list[tuple[int, str, str]]
"""Score in millionths, id and type of each offer, best first."""


class Peer(Protocol):
    """Answers which twenty offers fit a project best on the day of the workload."""

    name: str

    def load(self, offers: Iterable[PreparedOffer]) -> None:
        """Take all offers in, once."""

    def best(self, project: PreparedProject) -> Answer:
        """The twenty best, ties by id, then type."""

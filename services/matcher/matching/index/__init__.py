"""Exact best fits over many entities with plain NumPy arrays: equal, to the bit, to judging each pair by itself."""

from services.matcher.matching.index.offers import OfferIndex
from services.matcher.matching.index.projects import ProjectIndex

__all__ = ["OfferIndex", "ProjectIndex"]

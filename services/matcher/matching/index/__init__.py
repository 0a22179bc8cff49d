"""Exact best fits over many entities, equal, to the bit, to judging each pair by itself: plain NumPy, or compiled."""

from services.matcher.matching.index.offers import OfferIndex
from services.matcher.matching.index.projects import ProjectIndex
from services.matcher.matching.index.serving import offer_index, project_index, warm_up

__all__ = ["OfferIndex", "ProjectIndex", "offer_index", "project_index", "warm_up"]

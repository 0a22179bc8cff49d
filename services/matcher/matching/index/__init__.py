"""Exact best fits over many entities, equal, to the bit, to judging each pair by itself: plain NumPy, or compiled."""

from services.matcher.matching.index.offers import OfferIndex
from services.matcher.matching.index.projects import ProjectIndex
from services.matcher.matching.index.serving import PLAIN, Indexes, can_compile, fastest, warm_up

__all__ = ["PLAIN", "Indexes", "OfferIndex", "ProjectIndex", "can_compile", "fastest", "warm_up"]

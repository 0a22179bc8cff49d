"""The indexes that serve: compiled where numba is installed, the plain ones of NumPy else; both answer the same."""

import logging
from collections.abc import Callable
from datetime import date
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.matcher.matching.index.offers import OfferIndex
from services.matcher.matching.index.packed import pack_offer, unpack
from services.matcher.matching.index.packed_projects import PROJECT, pack_project
from services.matcher.matching.index.projects import ProjectIndex
from services.matcher.matching.model import PreparedOffer, PreparedProject
from shared.reference.geography import Geography

if TYPE_CHECKING:
    from services.matcher.matching.index.offer_engine import OfferEngine
    from services.matcher.matching.index.project_engine import ProjectEngine

logger = logging.getLogger(__name__)


def can_compile() -> bool:
    """Whether this installation can compile."""
    return find_spec("numba") is not None


class Indexes(NamedTuple):
    """What makes the indexes of one process, empty: of offers, of projects."""

    of_offers: "Callable[[Geography], OfferEngine | OfferIndex]"
    of_projects: "Callable[[Geography], ProjectEngine | ProjectIndex]"


PLAIN = Indexes(OfferIndex, ProjectIndex)
"""Nothing to compile: for few entities, and for who must not depend on what is compiled."""


def fastest() -> Indexes:
    """The compiled ones where this installation can compile."""
    if not can_compile():
        return PLAIN
    from services.matcher.matching.index.offer_engine import OfferEngine
    from services.matcher.matching.index.project_engine import ProjectEngine

    return Indexes(OfferEngine, ProjectEngine)


def warm_up(project: PreparedProject, offer: PreparedOffer, day: date) -> None:
    """Compile all that loads and searches need, in some seconds of a core; says so where it cannot."""
    if not can_compile():
        logger.warning("numba is not installed: matching is exact all the same, but many times slower")
        return
    from services.matcher.matching.index.offer_engine import OfferEngine
    from services.matcher.matching.index.project_engine import ProjectEngine

    geography = project.place.geography
    offers, projects = OfferEngine(geography), ProjectEngine(geography)
    key = offer.id, offer.type
    offers.load([key], unpack([pack_offer(offer, 1, is_context=False)]), lambda _: offer)
    offers.upsert(offer)
    packed = unpack([pack_project(project, 1)], PROJECT)
    projects.load([project.id], packed, np.zeros(1, np.bool_), lambda _: project)
    projects.upsert(project)
    for engine in (offers, projects):
        engine.sort()
        engine.pack()
    offers.search(project, day, floors=np.zeros(offers.used, np.int32))
    projects.search(offer, day, floors=np.zeros(projects.used, np.int32))

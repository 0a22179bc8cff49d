"""The indexes that serve: compiled where numba is installed, the plain ones of NumPy else; both answer the same."""

import logging
from datetime import date
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from services.matcher.matching.index.offers import OfferIndex
from services.matcher.matching.index.projects import ProjectIndex
from services.matcher.matching.model import PreparedOffer, PreparedProject
from shared.reference.geography import Geography

if TYPE_CHECKING:
    from services.matcher.matching.index.offer_engine import OfferEngine
    from services.matcher.matching.index.project_engine import ProjectEngine

logger = logging.getLogger(__name__)


def is_compiled() -> bool:
    """Whether this installation can compile."""
    return find_spec("numba") is not None


def offer_index(geography: Geography) -> "OfferEngine | OfferIndex":
    """No offers yet."""
    if not is_compiled():
        return OfferIndex(geography)
    from services.matcher.matching.index.offer_engine import OfferEngine

    return OfferEngine(geography)


def project_index(geography: Geography) -> "ProjectEngine | ProjectIndex":
    """No projects yet."""
    if not is_compiled():
        return ProjectIndex(geography)
    from services.matcher.matching.index.project_engine import ProjectEngine

    return ProjectEngine(geography)


def warm_up(project: PreparedProject, offer: PreparedOffer, day: date) -> None:
    """Compile all that searches need by one in each direction, in some seconds of a core; says so where it cannot."""
    if not is_compiled():
        logger.warning("numba is not installed: matching is exact all the same, but many times slower")
        return
    from services.matcher.matching.index.offer_engine import OfferEngine
    from services.matcher.matching.index.project_engine import ProjectEngine

    geography = project.place.geography
    offers, projects = OfferEngine(geography), ProjectEngine(geography)
    offers.upsert(offer)
    projects.upsert(project)
    for engine in (offers, projects):
        engine.sort()
        engine.pack()
    offers.search(project, day, floors=np.zeros(offers.used, np.int32))
    projects.search(offer, day, floors=np.zeros(projects.used, np.int32))

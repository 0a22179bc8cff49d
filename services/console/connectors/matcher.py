"""Why pairs are refused, as the matcher computes it on demand."""

from typing import Any

import httpx
from pydantic import ValidationError

from services.console.connectors.ingest import ServiceAway
from services.console.views.refusals import Refusals, RefusedPair
from shared.events.matches import OfferFacts, ProjectFacts
from shared.events.vocabulary import OfferType


class Matcher:
    """Asks the matcher with the service token."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        """`client` carries the matcher's address, the service token and a timeout."""
        self._client = client

    async def refused_offers(self, project_id: str) -> Refusals:
        """Which offers are refused for a project, nearest to eligible first. Raises `ServiceAway`."""
        return await self._refusals(f"/internal/projects/{project_id}/refusals")

    async def refused_projects(self, offer_type: OfferType, offer_id: str) -> Refusals:
        """Which projects are refused for an offer, nearest to eligible first. Raises `ServiceAway`."""
        return await self._refusals(f"/internal/{offer_type}s/{offer_id}/refusals")

    async def _refusals(self, path: str) -> Refusals:
        try:
            answer = await self._client.get(path)
            if answer.status_code == 404:
                return Refusals()
            answer.raise_for_status()
            said: dict[str, Any] = answer.json()
            pairs = tuple(_pair(one) for one in said["refused"])
            return Refusals(pairs, dict(said.get("counts", {})), said.get("total"))
        except (httpx.HTTPError, ValueError, KeyError, ValidationError) as error:
            raise ServiceAway("the matcher does not answer") from error


def _pair(one: dict[str, Any]) -> RefusedPair:
    facts = one["facts"]
    return RefusedPair(
        one["id"],
        one["type"],
        tuple(one["codes"]),
        ProjectFacts.model_validate(facts["project"]),
        OfferFacts.model_validate(facts["offer"]),
    )

"""What every route needs: the database, the limiter, the other services' token."""

from dataclasses import dataclass
from typing import cast

from fastapi import Request

from services.ingest.api.limits import Limiter
from services.ingest.intake.known import Known, known_of
from services.ingest.store import entities
from shared.database import Connection, Pool

ANSWER_WITHIN_S = 20.0
"""A request that cannot commit by then is answered 503."""


@dataclass(frozen=True, slots=True)
class Context:
    """Built once per process, by the application's lifespan."""

    pool: Pool
    limiter: Limiter
    service_token: str


async def known_now(connection: Connection) -> Known:
    """What submissions are compared with: the territories declared so far, those of this transaction too."""
    return known_of(*await entities.published_challenges(connection))


def context_of(request: Request) -> Context:
    """What serves this request."""
    return cast(Context, request.app.state.context)

"""What every route needs: the database, the limiter, the other services' token, what submissions are compared with."""

from dataclasses import dataclass
from typing import cast

from fastapi import Request

from services.ingest import store
from services.ingest.api.limits import Limiter
from services.ingest.intake.known import Known, Suggest
from shared.database import Connection, Pool


@dataclass(frozen=True, slots=True)
class Desk:
    """Built once per process, by the application's lifespan."""

    pool: Pool
    limiter: Limiter
    service_token: str
    suggest: Suggest

    async def known(self) -> Known:
        """What a submission read now is compared with."""
        async with self.pool.acquire(timeout=5) as connection:
            return await known_now(connection, self.suggest)


async def known_now(connection: Connection, suggest: Suggest) -> Known:
    """The territories and challenges submitted so far, those of this transaction too."""
    challenges, territories = await store.published_challenges(connection)
    return Known(challenges=challenges, territories=territories, suggest=suggest)


def desk_of(request: Request) -> Desk:
    """The desk that serves this request."""
    return cast(Desk, request.app.state.desk)

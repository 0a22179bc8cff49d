"""What the processes of a service say at `/health/ready`, all asked at once."""

import asyncio
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from shared.secrets import secret

ANSWER_SECONDS = 5.0
"""Longer than a service takes to see that PostgreSQL does not answer."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What one process says is in the way, and for how long it has been up; `problems` is None without an answer."""

    problems: list[str] | None
    up_seconds: float | None = None


def addresses(service: str, said: Iterable[str] = ()) -> list[str]:
    """Where a service answers: as its processes say, as a setting says, as its image or the demonstration has it."""
    if found := sorted(set(said)):
        return found
    if named := secret(f"{service.upper()}_ADDRESS"):
        return [named]
    if os.environ.get("SERVICE") == service:
        return ["http://127.0.0.1:8000"]
    try:
        from deploy.local.ports import preferred_port
    except ModuleNotFoundError:
        return []
    return [f"http://127.0.0.1:{preferred_port(f'ESSAIM_{service.upper()}_PORT')}"]


async def readiness(asked: Collection[str]) -> dict[str, Readiness]:
    """What each of these addresses says."""
    import httpx

    async with httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as client:

        async def ask(address: str) -> Readiness:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    said = (await client.get(f"{address}/health/ready")).json()
                return Readiness(list(said["problems"]), said.get("up_seconds"))
            except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, KeyError):
                return Readiness(None)

        return dict(zip(asked, await asyncio.gather(*map(ask, asked)), strict=True))

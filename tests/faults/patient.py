"""Partners who put and change projects and commitments, and note how each try was answered, and how soon."""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx

from tests.faults.load import Key, Promises
from tests.faults.submissions import Record, Submissions

PAUSE_S = 0.5
MOST_PAUSE_S = 2.0


@dataclass(frozen=True)
class Try:
    """One request as it was answered; status 0 when the connection broke."""

    at: float
    status: int
    seconds: float
    may_retry_after: bool


@dataclass
class Tries:
    """All requests of a run."""

    made: list[Try] = field(default_factory=list)

    def since(self, at: float, until: float) -> list[Try]:
        """Those that were answered between two moments (`time.monotonic`)."""
        return [one for one in self.made if at <= one.at <= until]


class Patients:
    """Several partners; each asks one thing at a time, with the same `Idempotency-Key` until it is answered for."""

    def __init__(self, url: str, key: str, *, seed: int, named: str, partners: int, pause_s: float = PAUSE_S) -> None:
        self._url, self._headers = url, {"Authorization": f"Bearer {key}"}
        self._seed, self._pause_s = seed, pause_s
        self._names = [f"{named}{number}" for number in range(partners)]
        self.tries = Tries()
        self.promises = Promises()
        self.replayed = 0
        """How often a repeated request was answered as its first try had been."""

    async def run(self, *, steps: int = 0, until: asyncio.Event | None = None) -> None:
        """Each partner takes `steps` steps, and goes on until `until` is set."""
        async with asyncio.TaskGroup() as group:
            for name in self._names:
                group.create_task(self._partner(name, steps, until))

    async def _partner(self, name: str, steps: int, until: asyncio.Event | None) -> None:
        chance = random.Random(f"{self._seed}/{name}")
        made = Submissions(chance, datetime.now(ZoneInfo("Europe/Paris")).date())
        own: dict[Key, Record] = {}
        async with httpx.AsyncClient(base_url=self._url, headers=self._headers, timeout=60) as client:
            while steps > 0 or (until and not until.is_set()):
                steps -= 1
                key, method, body = _step(name, chance, made, own)
                await self._ask(client, chance, method, key, body)
                await asyncio.sleep(chance.expovariate(1 / self._pause_s))

    async def _ask(
        self, client: httpx.AsyncClient, chance: random.Random, method: str, key: Key, body: Mapping[str, Any]
    ) -> None:
        headers = {"Idempotency-Key": str(UUID(int=chance.getrandbits(128)))}
        wait = 0.1
        while (answer := await self._try(client, method, f"/v1/{key[0]}/{key[1]}", body, headers)) is None:
            self.promises.retries += 1
            await asyncio.sleep(chance.uniform(wait / 2, wait))
            wait = min(MOST_PAUSE_S, wait * 2)
        assert answer.status_code in (200, 202), f"{method} {key}: {answer.status_code} {answer.text[:500]}"
        self.promises.calls += 1
        self.replayed += "idempotency-replayed" in answer.headers
        version = self.promises.versions.get(key, 0) + (answer.json()["result"] == "accepted")
        assert answer.json()["version"] == version, f"{key} was stored twice, or not: {answer.text[:500]}"
        self.promises.versions[key] = version

    async def _try(
        self, client: httpx.AsyncClient, method: str, address: str, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> httpx.Response | None:
        began = time.monotonic()
        try:
            answer = await client.request(method, address, json=body, headers=headers)
        except httpx.TransportError:
            answer = httpx.Response(0)
        now = time.monotonic()
        may_retry = answer.headers.get("retry-after", "").isdigit()
        self.tries.made.append(Try(now, answer.status_code, now - began, may_retry))
        return None if answer.status_code in (0, 503) else answer


def _step(name: str, chance: random.Random, made: Submissions, own: dict[Key, Record]) -> tuple[Key, str, Record]:
    """Put something new, or change what this partner has."""
    if len(own) > 2 and chance.random() < 0.4:
        key = chance.choice(sorted(own))
        changes = made.change(own[key])
        own[key] |= changes
        return key, "PATCH", changes
    number = len(own) + 1
    if chance.random() < 0.55:
        key, record = ("projects", f"prj-{name}-{number:04}"), made.project(f"prj-{name}-{number:04}")
    else:
        key, record = ("commitments", f"eng-{name}-{number:04}"), made.commitment(f"eng-{name}-{number:04}")
    own[key] = record
    return key, "PUT", record

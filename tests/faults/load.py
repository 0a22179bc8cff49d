"""Partners that submit, change, withdraw and erase over ingest's HTTP API, and ask again until they are answered."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx

from tests.faults.pace import Pace
from tests.faults.submissions import Record, Submissions

PATIENCE_S = 90.0
"""How long a partner asks again before it gives up, and the test fails."""
Key = tuple[str, str]
"""Topic and id of an entity."""


@dataclass
class Promises:
    """What ingest has answered for: the last version of each entity, and what it erased."""

    versions: dict[Key, int] = field(default_factory=dict)
    erased: set[Key] = field(default_factory=set)
    erased_at_work: int = 0
    """How many of them while somebody was just answering for them."""
    calls: int = 0
    retries: int = 0


class Load:
    """Several partners at once; `done` counts their steps."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        seed: int,
        partners: int = 3,
        named: str = "p",
        most: int = 1_000,
        pace: Pace | None = None,
    ) -> None:
        """Each partner keeps `most` entities at most; `pace` tells when the next step may be taken."""
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}"}
        self._seed = seed
        self._names = [f"{named}{number}" for number in range(partners)]
        self._most = most
        self._pace = pace
        self._partners: dict[str, _Partner] = {}
        self._moved = asyncio.Condition()
        self._ended = False
        self.promises = Promises()
        self.done = 0

    async def run(self, *, first: int, steps: int, pause_s: float, until: asyncio.Event | None = None) -> None:
        """Each partner puts `first` entities at once, then takes `steps` steps, `pause_s` apart on average.

        With `until`, the partners go on after these steps until it is set.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for name in self._names:
                    group.create_task(self._partner(name, first, steps, pause_s, until))
        finally:
            await self._move(0, ended=True)

    async def reaches(self, done: int) -> bool:
        """Wait until so many steps were taken; false when the load ended before."""
        async with self._moved:
            await self._moved.wait_for(lambda: self._ended or self.done >= done)
        return self.done >= done

    async def erase(self, key: Key) -> bool:
        """Have its partner erase an entity right now; false where no partner has it."""
        partner = self._partners.get(key[1].split("-")[1])
        return partner is not None and await partner.erase(key)

    async def _move(self, steps: int, *, ended: bool = False) -> None:
        async with self._moved:
            self.done += steps
            self._ended = self._ended or ended
            self._moved.notify_all()

    async def _partner(self, name: str, first: int, steps: int, pause_s: float, until: asyncio.Event | None) -> None:
        chance = random.Random(f"{self._seed}/{name}")
        async with httpx.AsyncClient(base_url=self._url, headers=self._headers, timeout=15) as client:
            partner = self._partners[name] = _Partner(name, chance, client, self.promises, most=self._most)
            for _ in range(first):
                await partner.put_new()
                await self._move(1)
            while steps > 0 or (until and not until.is_set()):
                steps -= 1
                await asyncio.sleep(chance.expovariate(1 / pause_s))
                if self._pace:
                    await self._pace.allowed()
                await partner.step()
                await self._move(1)


class _Partner:
    """One organisation's program: its entities, one call at a time."""

    def __init__(
        self, name: str, chance: random.Random, client: httpx.AsyncClient, promises: Promises, *, most: int
    ) -> None:
        self._name = name
        self._chance = chance
        self._client = client
        self._promises = promises
        self._submissions = Submissions(chance, datetime.now(ZoneInfo("Europe/Paris")).date())
        self._own: dict[Key, Record] = {}
        self._most = most
        self._one_call = asyncio.Lock()
        self._count = 0

    async def step(self) -> None:
        """One thing that a partner does."""
        kinds = {
            self._grow: 40,
            self._change: 32,
            self._replace: 10,
            self._withdraw: 12,
            self._put_twin: 3,
            self._erase_any: 3,
        }
        async with self._one_call:
            await self._chance.choices(list(kinds), list(kinds.values()))[0]()

    async def erase(self, key: Key) -> bool:
        """Erase this entity, once the present call is answered; false where it is not theirs any more."""
        async with self._one_call:
            if key not in self._own:
                return False
            await self._erase(key)
        self._promises.erased_at_work += 1
        return True

    async def put_new(self) -> None:
        """One more entity."""
        async with self._one_call:
            await self._put_new()

    async def _grow(self) -> None:
        await (self._put_new() if len(self._own) < self._most else self._replace())

    async def _put_new(self) -> None:
        self._count += 1
        if self._chance.random() < 0.55:
            await self._put(self._submissions.project(f"prj-{self._name}-{self._count:03}"))
        else:
            await self._put(self._submissions.commitment(f"eng-{self._name}-{self._count:03}"))

    async def _put_twin(self) -> None:
        self._count += 1
        key = self._any()
        name = "prj" if key[0] == "projects" else "eng"
        await self._put(self._submissions.twin(self._own[key], f"{name}-{self._name}-{self._count:03}"))

    async def _replace(self) -> None:
        topic, entity_id = self._any()
        made = self._submissions.project if topic == "projects" else self._submissions.commitment
        contact = self._own[topic, entity_id]["contact"]
        await self._put({**made(entity_id), "contact": contact})

    async def _put(self, record: Record) -> None:
        key = ("projects", record["project_id"]) if "project_id" in record else ("commitments", record["commitment_id"])
        self._own[key] = record
        await self._call("PUT", key, record)

    async def _change(self) -> None:
        key = self._any()
        changes = self._submissions.change(self._own[key])
        self._own[key] = {**self._own[key], **changes}
        await self._call("PATCH", key, changes)

    async def _withdraw(self) -> None:
        await self._call("DELETE", self._any(), None)

    async def _erase_any(self) -> None:
        await self._erase(self._any())

    async def _erase(self, key: Key) -> None:
        await self._call("POST", key, None, path="/erasure")
        del self._own[key]
        self._promises.erased.add(key)

    def _any(self) -> Key:
        return self._chance.choice(sorted(self._own))

    async def _call(self, method: str, key: Key, body: Mapping[str, Any] | None, path: str = "") -> None:
        """Ask until ingest has answered for it; the same `Idempotency-Key` makes it the same request."""
        headers = {"Idempotency-Key": str(UUID(int=self._chance.getrandbits(128)))}
        address = f"/v1/{key[0]}/{key[1]}{path}"
        async with asyncio.timeout(PATIENCE_S):
            while (answer := await self._try(method, address, body, headers)) is None:
                self._promises.retries += 1
                await asyncio.sleep(self._chance.uniform(0.05, 0.3))
        assert answer.status_code in (200, 202), f"{method} {address}: {answer.status_code} {answer.text[:500]}"
        self._promises.calls += 1
        said = answer.json()
        if "version" in said:
            self._promises.versions[key] = max(said["version"], self._promises.versions.get(key, 0))

    async def _try(
        self, method: str, address: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> httpx.Response | None:
        try:
            answer = await self._client.request(method, address, json=body, headers=headers)
        except httpx.TransportError:
            return None
        return None if answer.status_code >= 500 else answer

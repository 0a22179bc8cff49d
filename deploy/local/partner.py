"""Hands submissions to ingest over its HTTP API, as a partner's program would."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from deploy.local.progress import Advance

Record = dict[str, Any]
ID_FIELDS = {
    "project_id": "projects",
    "commitment_id": "commitments",
    "fund_id": "funds",
    "territory_id": "territories",
}
AT_ONCE = 8
ATTEMPTS = 5


class Refused(Exception):
    """Ingest does not take a submission, and says why."""


@dataclass
class Partner:
    """A client of ingest with one API key."""

    client: httpx.AsyncClient

    async def put(self, record: Record) -> None:
        """Create or replace the entity; its kind is told by its id field. Raises `Refused`, or `httpx.HTTPError`."""
        await self._call("PUT", *_place(record), record)

    async def withdraw(self, record: Record) -> None:
        """Withdraw the entity. Raises `Refused`, or `httpx.HTTPError`."""
        await self._call("DELETE", *_place(record), None)

    async def put_all(self, records: Sequence[Record], advance: Advance) -> list[str]:
        """Put all of them, several at once; returns what was refused, one line each."""
        refused: list[str] = []
        done = 0
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(record: Record) -> None:
            nonlocal done
            async with slots:
                try:
                    await self.put(record)
                except Refused as error:
                    refused.append(str(error))
            done += 1
            advance(done, len(records))

        async with asyncio.TaskGroup() as group:
            for record in records:
                group.create_task(one(record))
        return refused

    async def _call(self, method: str, plural: str, entity_id: str, body: Record | None) -> None:
        answer = await _patiently(lambda: self.client.request(method, f"/v1/{plural}/{entity_id}", json=body))
        if answer.is_client_error:
            raise Refused(f"{plural}/{entity_id} : {answer.status_code} {answer.text[:500]}")
        answer.raise_for_status()


async def _patiently(call: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Call again, with growing pauses, while the service is away or asks for patience."""
    for attempt in range(ATTEMPTS - 1):
        try:
            answer = await call()
            if answer.status_code not in (429, 503):
                return answer
        except httpx.TransportError:
            pass  # away for a moment; the last attempt below lets it be known
        await asyncio.sleep(0.2 * 2**attempt)
    return await call()


def _place(record: Record) -> tuple[str, str]:
    name = next(name for name in ID_FIELDS if name in record)
    return ID_FIELDS[name], record[name]

"""Hands submissions to ingest over its HTTP API, as a partner's program would."""

import asyncio
import json
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
ATTEMPTS = 5
AWAY = (429, 503)


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
        """Hand in all of them as one file; returns what was refused, one line each. Raises `httpx.HTTPError`.

        A report that breaks off is asked for again: what was taken before is then unchanged.
        """
        content = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(0.2 * 2**attempt)
            report = await self._report(content, len(records), advance)
            if len(report) == len(records) and not any(_is_left(line) for line in report):
                break
        return [f"{line.get('id') or line['line']} : {line['errors']}" for line in report if "errors" in line]

    async def _report(self, content: bytes, records: int, advance: Advance) -> list[Record]:
        """The lines of one report; fewer than records where the service went away, none where it was away."""
        lines: list[Record] = []
        try:
            async with self.client.stream("POST", "/v1/imports", content=content) as answer:
                if answer.status_code in AWAY:
                    return []
                answer.raise_for_status()
                async for line in answer.aiter_lines():
                    lines.append(json.loads(line))
                    advance(len(lines), records)
        except httpx.TransportError:
            return []
        return lines

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
            if answer.status_code not in AWAY:
                return answer
        except httpx.TransportError:
            pass  # away for a moment; the last attempt below lets it be known
        await asyncio.sleep(0.2 * 2**attempt)
    return await call()


def _is_left(line: Record) -> bool:
    """Whether ingest went away before this line."""
    return any(error["code"] == "non-traite" for error in line.get("errors", ()))


def _place(record: Record) -> tuple[str, str]:
    name = next(name for name in ID_FIELDS if name in record)
    return ID_FIELDS[name], record[name]

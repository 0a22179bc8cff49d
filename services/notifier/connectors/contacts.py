"""Ingest's internal read: who answers for a party. Answers are kept for a minute at most, and in memory alone."""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from services.notifier.messages.letter import Contact
from services.notifier.messages.notices import Party

KEPT_SECONDS = 60.0
TIMEOUT_SECONDS = 5.0
_ASKED_AT_ONCE = 200
# Longer or stranger than this, no mail server takes it: ingest accepts no such address either.
_ADDRESS = re.compile(r"[!-~]{1,64}@[A-Za-z0-9.-]{1,253}")

logger = logging.getLogger(__name__)


class IngestAway(Exception):
    """Ingest does not answer this read: wait and ask again."""


@dataclass(frozen=True)
class Answer:
    """Whom to write to about each party that was asked, in ingest's order, and the real names of owners by project."""

    contacts: dict[Party, tuple[Contact, ...]]
    owners: dict[str, str]


class Contacts:
    """Asks for contacts, the same party once a minute at most; one question is on its way at a time."""

    def __init__(self, client: httpx.AsyncClient, clock: Callable[[], float] = time.monotonic) -> None:
        """`client` knows ingest's address and the service token."""
        self._client = client
        self._clock = clock
        self._kept: dict[Party, tuple[float, tuple[Contact, ...], str | None]] = {}
        self._asking = asyncio.Lock()

    async def of(self, parties: Iterable[Party]) -> Answer:
        """Contacts of each of these; none for a party that has none. Raises `IngestAway`."""
        asked = sorted(set(parties), key=lambda party: (party.type, party.id))
        async with self._asking:
            now = self._clock()
            self._kept = {party: kept for party, kept in self._kept.items() if kept[0] > now}
            unknown = [party for party in asked if party not in self._kept]
            for start in range(0, len(unknown), _ASKED_AT_ONCE):
                await self._ask(unknown[start : start + _ASKED_AT_ONCE])
            found = {party: self._kept[party] for party in asked}
        owners = {party.id: name for party, (_, _, name) in found.items() if name}
        return Answer({party: contacts for party, (_, contacts, _) in found.items()}, owners)

    async def _ask(self, parties: Sequence[Party]) -> None:
        until = self._clock() + KEPT_SECONDS
        question = {"parties": [{"type": party.type, "id": party.id} for party in parties]}
        try:
            response = await self._client.post("/internal/contacts", json=question)
            response.raise_for_status()
            body = response.json()
            contacts = [_contact(found) for found in body["contacts"]]
            owners = {found["id"]: str(found["name"]) for found in body["owners"] if found["name"]}
        except httpx.HTTPStatusError as error:
            raise IngestAway(f"ingest answers {error.response.status_code} to the read of contacts") from None
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise IngestAway(f"ingest does not answer the read of contacts: {type(error).__name__}") from None
        for party in parties:
            mine = tuple(contact for contact in contacts if contact.party == party and _is_usable(contact))
            self._kept[party] = (until, mine, owners.get(party.id) if party.type == "project" else None)


def _contact(found: dict[str, Any]) -> Contact:
    party = Party(found["type"], found["id"])
    return Contact(party, found["person_id"], found["email"], found.get("name"), found.get("role", "contact"))


def _is_usable(contact: Contact) -> bool:
    if _ADDRESS.fullmatch(contact.email):
        return True
    logger.warning("an address is of a kind that no mail reaches", extra={"person_id": contact.person_id})
    return False

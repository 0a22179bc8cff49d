"""What ingest alone knows: who someone is, how to reach the parties of a match; and deposits in someone's name."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import httpx

from services.console.views.rights import Person

KEPT_S = 60.0
"""Contacts and people are kept in memory for at most so long."""
MOST_KEPT = 1_000


class ServiceAway(RuntimeError):
    """A service did not answer, or not with what it promised; worth trying again later."""


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach one party of an introduction."""

    type: str
    id: str
    email: str
    name: str | None
    role: str
    person_id: str = ""


@dataclass(frozen=True, slots=True)
class Contacts:
    """The contacts of some parties, and the real names of project owners who are individuals."""

    contacts: tuple[Contact, ...] = ()
    owners: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """A person as ingest knows them; the address stays in memory, for a minute at most."""

    person: Person
    email: str
    language: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What ingest said of a deposit: its status, its JSON, and the tag of its version (empty where there is none)."""

    status: int
    body: dict[str, Any]
    etag: str = ""

    @property
    def accepted(self) -> bool:
        return self.status < 300


class Ingest:
    """Asks ingest with the service token; answers are kept for a minute."""

    def __init__(self, client: httpx.AsyncClient, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`client` carries ingest's address, the service token and a timeout."""
        self._client = client
        self._clock = clock
        self._kept: dict[tuple[str, ...], tuple[float, Any]] = {}

    async def person_at(self, address: str) -> Known | None:
        """Whoever reads mail at an address; nothing when nobody here does. Raises `ServiceAway`."""
        return _known(await self._contacts({"address": address}))

    async def new_person(self, address: str) -> Known | None:
        """Whoever reads mail at an address, made known where nobody was. Raises `ServiceAway`."""
        return _known(await self._contacts({"address": address, "create": True}))

    async def person(self, person_id: str) -> Known | None:
        """Someone by id; nothing when they were erased. Raises `ServiceAway`."""
        key = ("person", person_id)
        held: Known | None = self._held(key)
        if held is None:
            held = _known(await self._contacts({"person_id": person_id}))
            self._keep(key, held)
        return held

    async def contacts(self, parties: Sequence[tuple[str, str]]) -> Contacts:
        """How to reach the parties, as (type, id). Raises `ServiceAway`."""
        key = ("contacts", *(f"{kind}:{party_id}" for kind, party_id in parties))
        held: Contacts | None = self._held(key)
        if held is not None:
            return held
        said = await self._contacts({"parties": [{"type": kind, "id": party_id} for kind, party_id in parties]})
        found = Contacts(
            tuple(
                Contact(
                    one["type"],
                    one["id"],
                    one["email"],
                    one.get("name"),
                    one.get("role", "contact"),
                    one.get("person_id", ""),
                )
                for one in said.get("contacts", ())
            ),
            {owner["id"]: owner["name"] for owner in said.get("owners", ())},
        )
        self._keep(key, found)
        return found

    def forget(self, person_id: str) -> None:
        """Drop what is kept of someone, after they deposited something."""
        self._kept.pop(("person", person_id), None)

    async def kept(self, path: str, *, acting_for: str) -> Outcome:
        """A deposit under `/v1` as it is kept, read in a person's name. Raises `ServiceAway`."""
        return await self._acting(acting_for, "GET", path)

    async def submit(
        self, method: str, path: str, body: dict[str, Any], *, acting_for: str, version: str = ""
    ) -> Outcome:
        """Submit something under `/v1` in a person's name. Raises `ServiceAway`.

        A PUT said twice submits once: later changes stay. `version`: the tag of the version that the person
        changes; when it is not the last one, nothing is changed.
        """
        headers = {"If-Match": version} if version else {}
        if method == "PUT":
            said = path.encode() + json.dumps(body, sort_keys=True).encode()
            headers["Idempotency-Key"] = hashlib.sha256(said).hexdigest()
        return await self._acting(acting_for, method, path, body, headers)

    async def _acting(
        self,
        person_id: str,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Outcome:
        try:
            answer = await self._client.request(
                method, path, json=body, headers={**headers, "Essaim-Acting-For": f"person:{person_id}"}
            )
            if answer.status_code >= 500:
                raise ServiceAway(f"ingest answered {answer.status_code}")
            return Outcome(answer.status_code, answer.json(), answer.headers.get("etag", ""))
        except (httpx.HTTPError, ValueError) as error:
            raise ServiceAway("ingest does not answer") from error

    async def _contacts(self, body: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = await self._client.post("/internal/contacts", json=body)
            answer.raise_for_status()
            said: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise ServiceAway("ingest does not answer") from error
        return said

    def _held(self, key: tuple[str, ...]) -> Any:
        at, value = self._kept.get(key, (0.0, None))
        return value if self._clock() - at < KEPT_S else None

    def _keep(self, key: tuple[str, ...], value: Any) -> None:
        now = self._clock()
        if value is not None:
            self._kept = {one: held for one, held in self._kept.items() if now - held[0] < KEPT_S}
            while len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = (now, value)


def _known(said: dict[str, Any]) -> Known | None:
    found = said.get("person")
    if not found:
        return None
    person = Person(
        found["person_id"],
        projects=frozenset(found.get("projects", ())),
        commitments=frozenset(found.get("commitments", ())),
        funds=frozenset(found.get("funds", ())),
        territories=frozenset(found.get("territories", ())),
        organisations=frozenset(found.get("organisations", ())),
        name=found.get("name"),
    )
    return Known(person, found["email"], found.get("language") or "fr")

"""Deposits as ingest keeps them, for who made them: read one, say what is received and not shown yet."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import HTTPException

from services.console.connectors.ingest import Outcome, ServiceAway
from services.console.pages.context import Console
from services.console.views.rights import Person

MOST_UNHEARD = 5
"""So many titles are asked for; whoever deposits more at once did it by file."""

PLACES: Mapping[str, tuple[str, str]] = {
    "project": ("/projets", "/v1/projects"),
    "commitment": ("/offres", "/v1/commitments"),
    "fund": ("/fonds", "/v1/funds"),
}
"""Type of entity -> where its pages are, and where ingest keeps it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A deposit as its author sees it: all its fields, their contact included, and the tag of its version."""

    body: dict[str, Any]
    version: str

    @property
    def title(self) -> str:
        """Its title."""
        return str(self.body["title"])

    @property
    def status(self) -> str:
        """Its status."""
        return str(self.body["status"])


async def kept_deposit(console: Console, person: Person, entity_type: str, entity_id: str) -> Kept:
    """What ingest keeps of someone's deposit. Raises 403 and 404 as ingest does, and `ServiceAway`."""
    said = await _ask(console, person, entity_type, entity_id)
    if not said.accepted:
        raise HTTPException(403 if said.status == 403 else 404)
    return Kept(said.body, said.etag)


async def unheard(
    console: Console, person: Person, owned: Mapping[str, Collection[str]], heard: Collection[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Title and address of the deposits among `owned` (type -> ids) that the console has not heard of yet."""
    missing = [(kind, one) for kind, ids in owned.items() for one in sorted(ids) if (kind, one) not in heard]
    found = []
    for kind, entity_id in missing[:MOST_UNHEARD]:
        try:
            said = await _ask(console, person, kind, entity_id)
        except ServiceAway:
            said = Outcome(503, {})
        if said.accepted:
            found.append((str(said.body["title"]), page_of(kind, entity_id)))
        elif said.status == 503:
            found.append(("Votre dépôt", page_of(kind, entity_id)))
    return found


def page_of(entity_type: str, entity_id: str, page: str = "modifier") -> str:
    """The address of a page of a deposit, of its author's alone."""
    return f"{PLACES[entity_type][0]}/{quote(entity_id, safe='~')}/{page}"


async def _ask(console: Console, person: Person, entity_type: str, entity_id: str) -> Outcome:
    path = f"{PLACES[entity_type][1]}/{quote(entity_id, safe='~')}"
    return await console.ingest.kept(path, acting_for=person.person_id)

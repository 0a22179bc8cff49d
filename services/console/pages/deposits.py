"""Deposits as ingest keeps them, for who made them: read one, send one, say what is received and not shown yet."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import HTTPException

from services.console.connectors.ingest import Outcome, ServiceAway
from services.console.pages.context import Console
from services.console.pages.visitors import refresh_rights
from services.console.views.deposit import Typed
from services.console.views.deposit_faults import placed_faults
from services.console.views.deposit_kinds import KINDS, Kind
from services.console.views.rights import Person

MOST_UNHEARD = 5
"""So many titles are asked for; whoever deposits more at once did it by file."""

NO_VERSION = '"aucune"'
"""A tag that no version bears: what is sent with it is checked and never kept."""

AWAY = "Le dépôt ne répond pas à l'instant : rien n'est perdu, renvoyez ce formulaire dans quelques secondes."


@dataclass(frozen=True, slots=True)
class Kept:
    """A deposit as its author sees it: all its fields, their contact included, and the tag of its version."""

    body: dict[str, Any] = field(default_factory=dict)
    version: str = ""

    @property
    def contact(self) -> Mapping[str, Any]:
        """Whom to write to about it; empty when nobody was said."""
        found: Mapping[str, Any] = self.body.get("contact") or {}
        return found


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a form that was sent: its status (0 once it is accepted), what is wrong by field, as said."""

    status: int = 0
    faults: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[Mapping[str, Any], ...] = ()
    notices: tuple[str, ...] = ()
    """Codes of what ingest accepted and warns of."""


@dataclass(frozen=True, slots=True)
class Deposits:
    """What someone deposited of one kind, read and sent in their name."""

    console: Console
    person: Person
    kind: Kind

    async def kept(self, entity_id: str) -> Kept:
        """What ingest keeps of their deposit. Raises 403 and 404 as ingest does, and `ServiceAway`."""
        said = await self._read(entity_id)
        if not said.accepted:
            raise HTTPException(403 if said.status == 403 else 404)
        return Kept(said.body, said.etag)

    async def last(self) -> Kept:
        """One they made before, to fill the next form with; empty when there is none. Raises `ServiceAway`."""
        person = self.person
        ids = {"project": person.projects, "commitment": person.commitments, "fund": person.funds}
        for entity_id in sorted(ids[self.kind.entity_type])[-1:]:
            said = await self._read(entity_id)
            if said.accepted:
                return Kept(said.body, said.etag)
        return Kept()

    async def contact(self) -> Mapping[str, Any]:
        """How they are known: address, name, language. Raises `ServiceAway`."""
        known = await self.console.ingest.person(self.person.person_id)
        if known is None:
            raise ServiceAway("ingest does not know them")
        return {"email": known.email, "name": known.person.name, "language": known.language}

    async def send(self, method: str, path: str, body: dict[str, Any], typed: Typed, version: str = "") -> Answer:
        """Submit in their name; with `version`, nothing is changed when that is not the last one (412)."""
        try:
            said = await self.console.ingest.submit(
                method, path, body, acting_for=self.person.person_id, version=version
            )
        except ServiceAway:
            return Answer(503, {"": AWAY})
        if said.accepted:
            await refresh_rights(self.console, self.person.person_id)
            return Answer(notices=tuple(str(one["code"]) for one in said.body.get("warnings", ())))
        return _refused(said, self.kind, typed)

    async def refuse(self, path: str, body: dict[str, Any], typed: Typed, faults: Mapping[str, str]) -> Answer:
        """Say what a form lacks with all that ingest finds wrong in the rest of it, at once; nothing is changed."""
        try:
            said = await self.console.ingest.submit(
                "PUT", path, body, acting_for=self.person.person_id, version=NO_VERSION
            )
        except ServiceAway:
            return Answer(422, faults)
        found = _refused(said, self.kind, typed) if said.body.get("errors") else Answer()
        return Answer(422, {**found.faults, **faults}, found.errors)

    async def _read(self, entity_id: str) -> Outcome:
        return await self.console.ingest.kept(self.kind.kept_at(entity_id), acting_for=self.person.person_id)


def noticed(answer: Answer) -> list[tuple[str, str]]:
    """What the address of the next page carries of the notices of a deposit that was accepted."""
    return [("avis", code) for code in answer.notices]


def _refused(said: Outcome, kind: Kind, typed: Typed) -> Answer:
    errors = tuple(said.body.get("errors", ()))
    faults = placed_faults(errors, lambda path: kind.field_of(path, typed), kind.examples)
    status = said.status if said.status in {403, 404, 412} else 422
    return Answer(status, faults or {"": str(said.body.get("detail") or said.body.get("title", ""))}, errors)


async def unheard(
    console: Console, person: Person, owned: Mapping[str, Collection[str]], heard: Collection[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Title and address of the deposits among `owned` (type -> ids) that the console has not heard of yet."""
    missing = [(KINDS[of], one) for of, ids in owned.items() for one in sorted(ids) if (of, one) not in heard]
    found = []
    for kind, entity_id in missing[:MOST_UNHEARD]:
        try:
            said = await console.ingest.kept(kind.kept_at(entity_id), acting_for=person.person_id)
        except ServiceAway:
            said = Outcome(200, {"title": "Votre dépôt"})
        if said.accepted:
            found.append((str(said.body["title"]), kind.page(entity_id)))
    return found

"""Deposits of projects and commitments, made with ingest in the reader's name; a refused form keeps what was typed."""

import hashlib
import json
from collections.abc import Callable
from functools import cache
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from services.console.connectors.ingest import ServiceAway
from services.console.pages.context import Console
from services.console.pages.forms import Form
from services.console.pages.rendering import render
from services.console.pages.visitors import CurrentConsole, CurrentVisitor, SentForm, refresh_rights
from services.console.store import entities
from services.console.views import offer_form, project_form
from services.console.views.deposit import Options, Typed, options, placed_faults, typed_of
from services.console.views.rights import Person
from shared.events.shapes import Commitment, Project
from shared.reference.geography import load_geography

router = APIRouter()

AWAY = {"": "Le dépôt ne répond pas à l'instant : rien n'est perdu, renvoyez ce formulaire dans quelques secondes."}


@router.get("/projets/nouveau")
async def new_project(request: Request, console: CurrentConsole, visitor: CurrentVisitor, defi: str = "") -> Response:
    """The form of a project, with what is known of its owner."""
    last = await _last_project(console, visitor.known)
    return await _project_form(request, console, project_form.prefilled(last, defi), console.new_id().hex, {})


@router.post("/projets/nouveau")
async def deposit_project(
    request: Request, console: CurrentConsole, visitor: CurrentVisitor, form: SentForm
) -> Response:
    """Deposit a project; ingest's word is shown beside each field."""
    person, typed, form_id = visitor.known, typed_of(form), _form_id(console, form)
    last = await _last_project(console, person)
    project_id = f"prj-{form_id[:20]}"
    submission, faults = project_form.read_project(
        typed, project_id=project_id, owner_id=last.owner.owner_id if last else f"por-{form_id[:20]}"
    )
    faults = faults or await _deposit(
        console, person, f"/v1/projects/{project_id}", submission, lambda path: project_form.form_field_of(path, typed)
    )
    if faults:
        return await _project_form(request, console, typed, form_id, faults, status=503 if faults is AWAY else 422)
    return RedirectResponse("/mes-projets?merci=1", 303)


@router.get("/offres/nouvelle")
async def new_offer(request: Request, console: CurrentConsole, visitor: CurrentVisitor, defi: str = "") -> Response:
    """The form of a commitment, with what is known of its company."""
    last = await _last_commitment(console, visitor.known)
    return await _offer_form(request, console, offer_form.prefilled(last, defi), console.new_id().hex, {})


@router.post("/offres/nouvelle")
async def deposit_offer(request: Request, console: CurrentConsole, visitor: CurrentVisitor, form: SentForm) -> Response:
    """Deposit a commitment; ingest's word is shown beside each field."""
    person, typed, form_id = visitor.known, typed_of(form), _form_id(console, form)
    last = await _last_commitment(console, person)
    commitment_id = f"eng-{form_id[:20]}"
    submission, faults = offer_form.read_commitment(
        typed,
        commitment_id=commitment_id,
        company_id=last.company.company_id if last else f"ent-{form_id[:20]}",
        perimeters={
            one.territory_id: [{"level": unit.level, "code": unit.code} for unit in one.perimeter]
            for one in (await console.atlas()).territories
        },
    )
    path = f"/v1/commitments/{commitment_id}"
    faults = faults or await _deposit(
        console, person, path, submission, lambda field: offer_form.form_field_of(field, typed)
    )
    if faults:
        return await _offer_form(request, console, typed, form_id, faults, status=503 if faults is AWAY else 422)
    return RedirectResponse("/mes-offres?merci=1", 303)


async def _deposit(
    console: Console, person: Person, path: str, submission: dict[str, Any], field_of: Callable[[str], str]
) -> dict[str, str]:
    """Submit in the person's name; returns what is wrong by field, nothing once it is accepted."""
    body = json.dumps(submission, sort_keys=True).encode()
    try:
        outcome = await console.ingest.submit(
            "PUT", path, submission, acting_for=person.person_id, key=hashlib.sha256(path.encode() + body).hexdigest()
        )
    except ServiceAway:
        return AWAY
    if outcome.accepted:
        await refresh_rights(console, person.person_id)
        return {}
    said = outcome.body
    return placed_faults(said.get("errors", ()), field_of) or {"": str(said.get("detail") or said.get("title", ""))}


async def _project_form(
    request: Request, console: Console, typed: Typed, form_id: str, faults: dict[str, str], *, status: int = 200
) -> Response:
    names = (await console.atlas()).names
    return await render(
        request,
        "project_form.html",
        status=status,
        typed=typed,
        faults=faults,
        form_id=form_id,
        challenges=await _challenges(console),
        stages=options(names, "stages", "Choisir"),
        forms=options(names, "legal_forms", "Choisir", leave=("esus", "societe-mission")),
        barriers=options(names, "barrier_kinds", "Aucun"),
        themes=options(names, "categories"),
        objects=options(names, "objects"),
        money_kinds=project_form.MONEY_KINDS,
        day_kinds=project_form.DAY_KINDS,
        object_kinds=project_form.OBJECT_KINDS,
    )


async def _offer_form(
    request: Request, console: Console, typed: Typed, form_id: str, faults: dict[str, str], *, status: int = 200
) -> Response:
    atlas = await console.atlas()
    names = atlas.names
    return await render(
        request,
        "offer_form.html",
        status=status,
        typed=typed,
        faults=faults,
        form_id=form_id,
        challenges=(await _challenges(console))[1:],
        kinds=options(names, "commitment_kinds", "Choisir"),
        themes=options(names, "categories"),
        objects=options(names, "objects"),
        stages=options(names, "stages"),
        forms=options(names, "legal_forms"),
        territories=tuple((one.territory_id, one.name) for one in atlas.territories),
        regions=_units("region"),
        departements=_units("departement"),
    )


async def _challenges(console: Console) -> Options:
    """Every défi with its territory, in the order of territories, after « none »."""
    listed = [
        (challenge.challenge_id, f"{territory.name} : {challenge.title}")
        for territory in (await console.atlas()).territories
        for challenge in territory.challenges
    ]
    return (("", "Aucun défi en particulier"), *listed)


async def _last_project(console: Console, person: Person) -> Project | None:
    async with console.pool.acquire() as connection:
        found = await entities.projects(connection, sorted(person.projects))
    return found[-1] if found else None


async def _last_commitment(console: Console, person: Person) -> Commitment | None:
    async with console.pool.acquire() as connection:
        found = await entities.offers(connection, "commitment", sorted(person.commitments))
    return next((one for one in reversed(found) if isinstance(one, Commitment)), None)


def _form_id(console: Console, form: Form) -> str:
    """The id that this form was given when it was opened: sent twice, it deposits once."""
    given = form.get("identifiant")
    return given if len(given) == 32 and given.isalnum() and given.isascii() else console.new_id().hex


@cache
def _units(level: str) -> Options:
    geography = load_geography()
    return tuple((unit.code, geography.name(unit)) for unit in geography.units(level))

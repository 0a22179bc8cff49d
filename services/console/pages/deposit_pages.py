"""New deposits of projects, commitments and funds, made with ingest in the reader's name."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from services.console.connectors.ingest import ServiceAway
from services.console.pages.context import Console
from services.console.pages.deposit_forms import Sheet, show_form
from services.console.pages.deposits import AWAY, Answer, Deposits, Kept, noticed
from services.console.pages.forms import Form
from services.console.pages.visitors import CurrentConsole, CurrentVisitor, SentForm
from services.console.views.contact_form import changed_contact, contact_values
from services.console.views.deposit import Typed, typed_of
from services.console.views.deposit_kinds import KINDS, Kind
from services.console.views.offer_form import perimeters_of

router = APIRouter()

Page = Callable[..., Any]


def _new_page(kind: Kind) -> Page:
    async def new(request: Request, console: CurrentConsole, visitor: CurrentVisitor, defi: str = "") -> Response:
        deposits = Deposits(console, visitor.known, kind)
        try:
            last, contact = await deposits.last(), await deposits.contact()
        except ServiceAway:
            last, contact = Kept(), {}
        typed = Typed(kind.next(last.body, defi) | contact_values(contact))
        return await show_form(request, deposits, Sheet(typed, form_id=console.new_id().hex))

    return new


def _deposit_page(kind: Kind) -> Page:
    async def deposit(request: Request, console: CurrentConsole, visitor: CurrentVisitor, form: SentForm) -> Response:
        deposits, typed, form_id = Deposits(console, visitor.known, kind), typed_of(form), _form_id(console, form)
        submission, faults = kind.read(typed, perimeters_of(await console.atlas()))
        answer = await _deposit(deposits, form_id, typed, submission, faults)
        if answer.status:
            return await show_form(request, deposits, Sheet(typed, form_id=form_id), answer)
        return RedirectResponse(f"{kind.list_page}?{urlencode([('merci', '1'), *noticed(answer)])}", 303)

    return deposit


async def _deposit(
    deposits: Deposits, form_id: str, typed: Typed, said: dict[str, Any], faults: Mapping[str, str]
) -> Answer:
    """Submit what a new form says, with the ids it lacks; where it has faults already, only look for the others."""
    kind = deposits.kind
    entity_id = f"{kind.id_prefix}-{form_id[:20]}"
    submission = {**said, kind.id_field: entity_id, "status": "actif"}
    try:
        if kind.party:
            name, id_field, prefix = kind.party
            last = (await deposits.last()).body.get(name, {})
            submission[name] = {**said[name], id_field: last.get(id_field, f"{prefix}-{form_id[:20]}")}
        contact = changed_contact(typed, await deposits.contact())
    except ServiceAway:
        return Answer(422, faults) if faults else Answer(503, {"": AWAY})
    if contact:
        submission["contact"] = contact
    if kind.checked_on:
        submission[kind.checked_on] = deposits.console.today().isoformat()
    if faults:
        return await deposits.refuse(kind.kept_at(entity_id), submission, typed, faults)
    return await deposits.send("PUT", kind.kept_at(entity_id), submission, typed)


def _form_id(console: Console, form: Form) -> str:
    """The id that this form was given when it was opened: sent twice, it deposits once."""
    given = form.get("identifiant")
    return given if len(given) == 32 and given.isalnum() and given.isascii() else console.new_id().hex


for _kind in KINDS.values():
    router.add_api_route(_kind.new_page, _new_page(_kind), methods=["GET"], name=f"new_{_kind.entity_type}")
    router.add_api_route(_kind.new_page, _deposit_page(_kind), methods=["POST"], name=f"deposit_{_kind.entity_type}")

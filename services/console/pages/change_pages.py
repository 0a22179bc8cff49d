"""What the author of a deposit may do with it: change, pause, resume, withdraw and erase it."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from services.console.connectors.ingest import ServiceAway
from services.console.pages.deposit_forms import Sheet, show_form
from services.console.pages.deposits import AWAY, Answer, Deposits, Kept, noticed
from services.console.pages.rendering import render
from services.console.pages.visitors import CurrentConsole, CurrentVisitor, SentForm
from services.console.store import matches
from services.console.views.answers import ENDED_STATES
from services.console.views.contact_form import changed_contact, contact_values
from services.console.views.deposit import Typed, typed_of
from services.console.views.deposit_faults import moved_faults
from services.console.views.deposit_kinds import KINDS, Kind
from services.console.views.offer_form import perimeters_of

router = APIRouter()

Page = Callable[..., Any]

STATES = {"suspendu": "pause", "actif": "reprise", "retire": "retrait"}
"""Status that its author may give a deposit -> what the next page says was done."""
ERASED = "/depot-efface"


@router.get(ERASED)
async def erased(request: Request) -> Response:
    """Says that a deposit is erased, also to who is not known here any more, since it was all they had."""
    return await render(request, "deposit_erased.html")


def _change_page(kind: Kind) -> Page:
    async def change(request: Request, entity_id: str, console: CurrentConsole, visitor: CurrentVisitor) -> Response:
        deposits = Deposits(console, visitor.known, kind)
        kept = await deposits.kept(entity_id)
        return await show_form(request, deposits, Sheet(await _typed(deposits, kept), entity_id, kept, kept.version))

    return change


def _save_page(kind: Kind) -> Page:
    async def save(
        request: Request, entity_id: str, console: CurrentConsole, visitor: CurrentVisitor, form: SentForm
    ) -> Response:
        deposits, typed = Deposits(console, visitor.known, kind), typed_of(form)
        kept = await deposits.kept(entity_id)
        said, faults = kind.read(typed, perimeters_of(await console.atlas()))
        version = form.get("version")
        if faults:
            answer = await _refuse(deposits, kept, typed, said, faults)
        else:
            answer = await _save(deposits, kept, typed, said) if version == kept.version else Answer(412)
        if answer.status == 412:
            kept = await deposits.kept(entity_id)
            answer, version = await _moved(deposits, kept, typed, said), kept.version
        if answer.status:
            return await show_form(request, deposits, Sheet(typed, entity_id, kept, version), answer)
        done = urlencode([("fait", "enregistre"), *noticed(answer)])
        return RedirectResponse(f"{kind.page(entity_id)}?{done}", 303)

    return save


async def _refuse(
    deposits: Deposits, kept: Kept, typed: Typed, said: dict[str, Any], faults: Mapping[str, str]
) -> Answer:
    """What is wrong with the form, by itself and once ingest has looked at all that it says."""
    kind = deposits.kind
    whole = {**said, kind.id_field: kept.body[kind.id_field], "status": kept.body["status"]}
    if kind.party:
        name, id_field, _ = kind.party
        whole[name] = {**said[name], id_field: kept.body[name][id_field]}
    if kind.checked_on:
        whole[kind.checked_on] = deposits.console.today().isoformat()
    return await deposits.refuse(kind.kept_at(kept.body[kind.id_field]), whole, typed, faults)


async def _save(deposits: Deposits, kept: Kept, typed: Typed, said: dict[str, Any]) -> Answer:
    """Send what the form changes; nothing is sent when it changes nothing."""
    kind = deposits.kind
    patch = kind.change(kept.body, said)
    try:
        contact = changed_contact(typed, kept.contact or await deposits.contact())
    except ServiceAway:
        return Answer(503, {"": AWAY})
    if contact:
        patch["contact"] = contact
    today = deposits.console.today().isoformat()
    if kind.checked_on and kept.body.get(kind.checked_on) != today:
        patch[kind.checked_on] = today
    if not patch:
        return Answer()
    return await deposits.send("PATCH", kind.kept_at(kept.body[kind.id_field]), patch, typed, kept.version)


async def _moved(deposits: Deposits, kept: Kept, typed: Typed, said: dict[str, Any]) -> Answer:
    """What differs from what is kept now; nothing is wrong when nothing differs: the form was sent twice."""
    atlas, now = await deposits.console.atlas(), await _typed(deposits, kept)
    meant = Typed({**typed.values, **deposits.kind.values(said, perimeters_of(atlas))})
    faults = moved_faults(now, meant, deposits.kind.labels(atlas), deposits.kind.options(atlas, kept.body))
    return Answer(409, faults) if faults else Answer()


async def _typed(deposits: Deposits, kept: Kept) -> Typed:
    values = deposits.kind.values(kept.body, perimeters_of(await deposits.console.atlas()))
    return Typed(values | contact_values(kept.contact))


def _state_page(kind: Kind) -> Page:
    async def state(
        request: Request, entity_id: str, console: CurrentConsole, visitor: CurrentVisitor, form: SentForm
    ) -> Response:
        deposits, status = Deposits(console, visitor.known, kind), form.get("etat")
        if status not in STATES:
            raise HTTPException(400)
        kept = await deposits.kept(entity_id)
        typed = await _typed(deposits, kept)
        answer = await deposits.send("PATCH", kind.kept_at(entity_id), {"status": status}, typed)
        if answer.status:
            return await show_form(request, deposits, Sheet(typed, entity_id, kept, kept.version), answer)
        return RedirectResponse(f"{kind.page(entity_id)}?fait={STATES[status]}", 303)

    return state


def _ask_page(kind: Kind, template: str) -> Page:
    async def ask(request: Request, entity_id: str, console: CurrentConsole, visitor: CurrentVisitor) -> Response:
        deposits = Deposits(console, visitor.known, kind)
        return await _asked(request, deposits, await deposits.kept(entity_id), template)

    return ask


def _erase_page(kind: Kind) -> Page:
    async def erase(
        request: Request, entity_id: str, console: CurrentConsole, visitor: CurrentVisitor, form: SentForm
    ) -> Response:
        deposits = Deposits(console, visitor.known, kind)
        kept = await deposits.kept(entity_id)
        if form.get("sur") != "oui":
            return await _asked(request, deposits, kept, "deposit_erase.html", is_unsure=True)
        answer = await deposits.send("POST", f"{kind.kept_at(entity_id)}/erasure", {}, Typed())
        if answer.status:
            raise ServiceAway(AWAY)
        return RedirectResponse(ERASED, 303)

    return erase


async def _asked(
    request: Request, deposits: Deposits, kept: Kept, template: str, *, is_unsure: bool = False
) -> Response:
    """The question before what should not be done by chance, with what it ends."""
    kind, entity_id = deposits.kind, kept.body[deposits.kind.id_field]
    async with deposits.console.pool.acquire() as connection:
        found = (
            await matches.of_project(connection, entity_id)
            if kind.entity_type == "project"
            else await matches.of_offer(connection, "fund" if kind.entity_type == "fund" else "commitment", entity_id)
        )
    standing = [match for match in found if match.state not in ENDED_STATES]
    lasting = sum(match.state == "introduced" for match in standing)
    return await render(
        request,
        template,
        status=422 if is_unsure else 200,
        kind=kind,
        address=kind.page(entity_id, "").rstrip("/"),
        body=kept.body,
        ending=len(standing) - lasting,
        lasting=lasting,
        is_all=deposits.person.holds_one,
        is_unsure=is_unsure,
    )


for _kind in KINDS.values():
    _one = f"{_kind.pages}/{{entity_id}}"
    for _path, _method, _page in (
        ("modifier", "GET", _change_page(_kind)),
        ("modifier", "POST", _save_page(_kind)),
        ("etat", "POST", _state_page(_kind)),
        ("retirer", "GET", _ask_page(_kind, "deposit_withdraw.html")),
        ("effacer", "GET", _ask_page(_kind, "deposit_erase.html")),
        ("effacer", "POST", _erase_page(_kind)),
    ):
        router.add_api_route(
            f"{_one}/{_path}", _page, methods=[_method], name=f"{_method}_{_path}_{_kind.entity_type}".lower()
        )

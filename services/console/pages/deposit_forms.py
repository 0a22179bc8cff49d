"""Shows the form of a deposit, new or kept: what was typed stays, what is wrong stands beside its field."""

from dataclasses import dataclass, field

from fastapi import Request
from fastapi.responses import Response

from services.console.pages.deposits import Answer, Deposits, Kept
from services.console.pages.rendering import render
from services.console.views.deposit import Typed
from services.console.views.need_form import DAY_KINDS, MONEY_KINDS, OBJECT_KINDS
from services.console.views.perimeter_form import place_questions
from services.console.views.place_form import commune_choices, place_key, typed_commune


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form to show: what is typed in it; for a kept deposit its id and what is kept, else the id of the form."""

    typed: Typed
    entity_id: str = ""
    kept: Kept = field(default_factory=Kept)
    version: str = ""
    form_id: str = ""


async def show_form(request: Request, deposits: Deposits, sheet: Sheet, answer: Answer | None = None) -> Response:
    """The page of the form, with what is wrong in it where something is."""
    atlas, said, kind = await deposits.console.atlas(), answer or Answer(), deposits.kind
    is_new = not sheet.entity_id
    return await render(
        request,
        kind.template,
        status=said.status or 200,
        kind=kind,
        sheet=sheet,
        is_new=is_new,
        action=kind.new_page if is_new else kind.page(sheet.entity_id),
        address=kind.page(sheet.entity_id, "").rstrip("/"),
        typed=sheet.typed,
        faults=said.faults,
        labels=kind.labels(atlas),
        challenge_groups=atlas.challenge_groups(typed_commune(sheet.typed)),
        options=kind.options(atlas, sheet.kept.body),
        communes=commune_choices(sheet.typed, said.errors),
        place_key=place_key(sheet.typed),
        place_questions=place_questions(sheet.typed, atlas.names),
        money_kinds=MONEY_KINDS,
        day_kinds=DAY_KINDS,
        object_kinds=OBJECT_KINDS,
    )

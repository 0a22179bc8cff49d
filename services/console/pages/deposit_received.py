"""What stands at the address of a deposit that was received and is not heard of here yet."""

from collections.abc import Sequence

from fastapi import HTTPException, Request
from fastapi.responses import Response

from services.console.pages.context import Console
from services.console.pages.deposits import unheard
from services.console.pages.rendering import render
from services.console.pages.visitors import Visitor
from shared.events.vocabulary import EntityType


async def received_page(
    request: Request, console: Console, visitor: Visitor, types: Sequence[EntityType], entity_id: str
) -> Response:
    """For its author, that it was received, with its form. Raises 404 for everyone else, and where there is none."""
    person = visitor.person
    if person is None:
        raise HTTPException(404)
    owned = {"project": person.projects, "commitment": person.commitments, "fund": person.funds}
    awaited = await unheard(console, person, {one: {entity_id} & owned[one] for one in types}, ())
    if not awaited:
        raise HTTPException(404)
    title, form = awaited[0]
    return await render(request, "deposit_received.html", title=title, form=form)

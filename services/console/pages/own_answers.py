"""Matches as their reader left them: lists count what was answered here at once, as the page of a match does."""

from collections.abc import Iterable

from services.console.pages.context import Console
from services.console.store import answers
from services.console.views.rights import Person
from services.console.views.speaking import speakers
from services.console.views.unheard import as_answered, unheard
from shared.database import Connection
from shared.events.matches import MatchChanged


async def as_left(
    console: Console, connection: Connection, person: Person, found: Iterable[MatchChanged]
) -> list[MatchChanged]:
    """These matches with the answers of this reader, of both their voices, that no match tells yet; order kept."""
    some = list(found)
    given = await answers.of_matches(connection, [match.match_id for match in some])
    today = console.today()
    return [
        as_answered(match, unheard(match, given.get(match.match_id, ()), speakers(person, match)), today)
        for match in some
    ]

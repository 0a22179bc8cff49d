"""Tells which pairs the answers of a transaction decline: no list may hold them any more."""

from collections.abc import Callable

from services.matcher.matching.answers import on_answer
from services.matcher.matching.catalogue import Catalogue
from services.matcher.matching.model import Pair
from services.matcher.matching.partitions import Delivered
from services.matcher.matching.project_shelf import HeldProject
from services.matcher.matching.shortlists import offer_of


def declined_by(
    catalogue: Catalogue,
    project_of: Callable[[str], HeldProject | None],
    delivered: Delivered,
) -> frozenset[Pair]:
    """The pairs that the answers decline, as their heads say before any of them is locked.

    `project_of` gives a project as the transaction judges it. Where a party is erased nothing is left to decline.
    """
    found = set()
    for match_id, given in delivered.answers.items():
        row = delivered.known[match_id].read() if match_id in delivered.known else None
        if row is None or row.head is None or catalogue.day is None:
            continue
        project, heard = project_of(row.pair.project_id), catalogue.heard_of(offer_of(row.pair))
        if project is None or project.prepared is None or heard is None or heard.is_erased:
            continue
        managed = catalogue.is_managed(offer_of(row.pair))
        coordinated = catalogue.has_coordinator(project.prepared.territories)
        head = row.head
        for answer in given:
            moved = on_answer(
                head,
                answer,
                managed=managed,
                has_coordinator=coordinated,
                day=catalogue.day,
                at=answer.occurred_at,
            )
            head = moved.head or head
        if head.is_declined:
            found.add(row.pair)
    return frozenset(found)

"""Finds projects and offers by the beginnings of words."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from services.console.views.offer_page import offer_summary
from services.console.views.rights import Person
from services.console.views.search import Hit
from shared.database import Connection
from shared.events.shapes import Fund
from shared.words.names import Names

MOST = 30
"""Of each kind; whoever sees so many can say more words."""


@dataclass(frozen=True, slots=True)
class Sought:
    """The words asked for, each with the défis whose title bears it."""

    terms: tuple[str, ...]
    challenges: tuple[tuple[str, ...], ...]

    def where(self, names_one: str, first: int) -> tuple[str, list[Any]]:
        """A clause that each word passes, by the entry's own words or its défis, and what it binds from `first` on."""
        pieces, values = list[str](), list[Any]()
        for term, challenges in zip(self.terms, self.challenges, strict=True):
            number = first + len(values)
            named = names_one.format(f"${number + 1}::text[]")
            pieces.append(f"(words @@ to_tsquery('simple', ${number}) or {named})")
            values += [f"{term}:*", list(challenges)]
        return " and ".join(pieces), values


async def funds(connection: Connection, sought: Sought, names: Names, today: date) -> list[Hit]:
    """The funds that bear every word, open ones first."""
    where, values = sought.where("body -> 'challenges' ?| {}", 2)
    rows = await connection.fetch(
        f"select body from offers where offer_type = 'fund' and status = 'actif' and {where}"  # noqa: S608  # fixed words
        " order by title, offer_id limit $1",
        MOST,
        *values,
    )
    lines = [offer_summary(Fund.model_validate(row["body"]), names, today) for row in rows]
    lines.sort(key=lambda one: one.is_over)
    return [
        Hit("Fonds", one.title, f"/offres/{one.offer_id}", ", ".join(filter(None, (one.who, one.status.lower()))))
        for one in lines
    ]


async def own(connection: Connection, sought: Sought, person: Person) -> list[Hit]:
    """The person's projects and commitments, and those of the matches they may see, that bear every word."""
    where, values = sought.where("challenge_id = any({})", 4)
    projects = await connection.fetch(
        f"""
        select project_id, title, body -> 'owner' ->> 'name' as about from projects as p
        where {where} and (project_id = any($1::text[])
          or exists (select from matches as m where m.project_id = p.project_id and m.territories && $2::text[]))
        order by title, project_id limit $3
        """,  # noqa: S608  # fixed words
        sorted(person.projects),
        sorted(person.territories),
        MOST,
        *values,
    )
    where, values = sought.where("body -> 'challenges' ?| {}", 5)
    commitments = await connection.fetch(
        f"""
        select offer_id, title, body -> 'company' ->> 'name' as about from offers as o
        where offer_type = 'commitment' and {where} and (offer_id = any($1::text[]) or exists (
          select from matches as m where m.offer_type = o.offer_type and m.offer_id = o.offer_id
            and (m.territories && $2::text[] or m.project_id = any($3::text[]))))
        order by title, offer_id limit $4
        """,  # noqa: S608  # fixed words
        sorted(person.commitments),
        sorted(person.territories),
        sorted(person.projects),
        MOST,
        *values,
    )
    return [
        *(Hit("Projet", row["title"], f"/projets/{row['project_id']}", row["about"]) for row in projects),
        *(Hit("Engagement", row["title"], f"/offres/{row['offer_id']}", row["about"]) for row in commitments),
    ]

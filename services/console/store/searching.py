"""Finds projects and offers by the beginnings of words."""

from services.console.views.rights import Person
from services.console.views.search import Hit
from shared.database import Connection

MOST = 30


async def funds(connection: Connection, terms: tuple[str, ...]) -> list[Hit]:
    """The active funds that bear every word."""
    rows = await connection.fetch(
        """
        select offer_id, title, coalesce(body ->> 'operator', '') as about from offers
        where offer_type = 'fund' and status = 'actif' and words @@ to_tsquery('simple', $1)
        order by title, offer_id limit $2
        """,
        _query(terms),
        MOST,
    )
    return [Hit("Fonds", row["title"], f"/offres/{row['offer_id']}", row["about"]) for row in rows]


async def own(connection: Connection, terms: tuple[str, ...], person: Person) -> list[Hit]:
    """The person's projects and commitments, and the matches they may see, that bear every word."""
    projects = await connection.fetch(
        """
        select distinct p.project_id, p.title, p.body -> 'owner' ->> 'name' as about from projects as p
        left join matches as m using (project_id)
        where p.words @@ to_tsquery('simple', $1) and (p.project_id = any($2::text[]) or m.territories && $3::text[])
        order by p.title, p.project_id limit $4
        """,
        _query(terms),
        sorted(person.projects),
        sorted(person.territories),
        MOST,
    )
    commitments = await connection.fetch(
        """
        select distinct o.offer_id, o.title, o.body -> 'company' ->> 'name' as about from offers as o
        left join matches as m using (offer_type, offer_id)
        where o.offer_type = 'commitment' and o.words @@ to_tsquery('simple', $1)
          and (o.offer_id = any($2::text[]) or m.territories && $3::text[])
        order by o.title, o.offer_id limit $4
        """,
        _query(terms),
        sorted(person.commitments),
        sorted(person.territories),
        MOST,
    )
    return [
        *(Hit("Projet", row["title"], f"/projets/{row['project_id']}", row["about"]) for row in projects),
        *(Hit("Engagement", row["title"], f"/offres/{row['offer_id']}", row["about"]) for row in commitments),
    ]


def _query(terms: tuple[str, ...]) -> str:
    """Words of letters and digits only, so that none is an operator."""
    return " & ".join(f"{term}:*" for term in terms)

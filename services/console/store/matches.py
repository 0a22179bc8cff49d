"""Matches as they now stand: kept, counted and listed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.console.views.filters import ADVANCEMENTS, Filters
from services.console.views.rights import Person
from shared.database import Connection
from shared.events.matches import MatchChanged
from shared.events.vocabulary import OfferType
from shared.words.bands import FLOORS

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose matches are listed: a territory's or an offer's.

    `seen_by` keeps those of someone's projects or territories. With `offer_day`, what the offer's side put aside until
    a later day is left out, unless it is asked for.
    """

    territory_id: str | None = None
    offer: tuple[OfferType, str] | None = None
    seen_by: Person | None = None
    offer_day: date | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What a coordinator sees first."""

    new_today: int
    ended_today: int
    to_introduce: int


async def by_id(connection: Connection, match_ids: Sequence[str]) -> dict[str, MatchChanged]:
    """Those of these matches that are kept."""
    rows = await connection.fetch("select body from matches where match_id = any($1::text[])", list(match_ids))
    return {each.match_id: each for each in (_match(row["body"]) for row in rows)}


async def upsert(connection: Connection, event: MatchChanged) -> None:
    """Keep a match in its newest state; it changed with its last step, not when a title or a name in it did."""
    await connection.execute(
        """
        insert into matches (match_id, project_id, offer_type, offer_id, territories, challenge_id, categories, kinds,
          state, score, proposed_at, changed_at, body)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        on conflict (match_id) do update set territories = excluded.territories, challenge_id = excluded.challenge_id,
          categories = excluded.categories, kinds = excluded.kinds, state = excluded.state, score = excluded.score,
          changed_at = excluded.changed_at, body = excluded.body
        """,
        event.match_id,
        event.project_id,
        event.offer_type,
        event.offer_id,
        list(event.project.territories),
        event.project.challenge_id,
        list(event.project.categories),
        list(event.offer.kinds),
        event.state,
        round(event.score * MILLION),
        event.history[0].at if event.history else event.occurred_at,
        event.history[-1].at if event.history else event.occurred_at,
        event.model_dump(mode="json", exclude_none=True),
    )


async def delete(connection: Connection, match_ids: Sequence[str]) -> None:
    """Forget matches and what was said of them here."""
    ids = list(match_ids)
    await connection.execute("delete from matches where match_id = any($1::text[])", ids)
    await connection.execute("delete from feed where match_id = any($1::text[])", ids)
    await connection.execute("delete from answers where match_id = any($1::text[])", ids)


async def match(connection: Connection, match_id: str) -> MatchChanged | None:
    """One match, or nothing."""
    body = await connection.fetchval("select body from matches where match_id = $1", match_id)
    return _match(body) if body else None


async def lock(connection: Connection, match_id: str) -> MatchChanged | None:
    """One match, or nothing; nobody changes it until the transaction ends."""
    body = await connection.fetchval("select body from matches where match_id = $1 for update", match_id)
    return _match(body) if body else None


async def of_project(connection: Connection, project_id: str) -> list[MatchChanged]:
    """All matches of a project, best first."""
    rows = await connection.fetch(
        "select body from matches where project_id = $1 order by score desc, offer_id, offer_type", project_id
    )
    return [_match(row["body"]) for row in rows]


async def of_offer(connection: Connection, offer_type: OfferType, offer_id: str) -> list[MatchChanged]:
    """All matches of an offer, best first."""
    rows = await connection.fetch(
        "select body from matches where offer_type = $1 and offer_id = $2 order by score desc, project_id",
        offer_type,
        offer_id,
    )
    return [_match(row["body"]) for row in rows]


async def exists(connection: Connection, scope: Scope) -> bool:
    """Whether a scope holds any match, ended ones included."""
    where, values = _conditions(scope, Filters(advancement="tous"))
    return bool(await connection.fetchval(f"select exists (select from matches where {where})", *values))  # noqa: S608  # built below


async def seen_by(
    connection: Connection, person: Person, *, state: str | None, after: str, limit: int
) -> list[MatchChanged]:
    """The matches that someone may see, by id, after one of them."""
    rows = await connection.fetch(
        """
        select body from matches
        where (project_id = any($1::text[]) or territories && $4::text[]
            or (offer_type = 'commitment' and offer_id = any($2::text[]))
            or (offer_type = 'fund' and offer_id = any($3::text[])))
          and match_id > $5 and ($6::text is null or state = $6)
        order by match_id limit $7
        """,
        sorted(person.projects),
        sorted(person.commitments),
        sorted(person.funds),
        sorted(person.territories),
        after,
        state,
        limit,
    )
    return [_match(row["body"]) for row in rows]


async def count(connection: Connection, scope: Scope, filters: Filters) -> int:
    """How many matches of a scope pass the filters."""
    where, values = _conditions(scope, filters)
    return int(await connection.fetchval(f"select count(*) from matches where {where}", *values))  # noqa: S608  # built below


async def page(
    connection: Connection, scope: Scope, filters: Filters, *, limit: int, offset: int
) -> list[MatchChanged]:
    """One page of a scope's matches, in the order that the filters ask."""
    where, values = _conditions(scope, filters)
    order = "score desc, changed_at desc" if filters.order == "adequation" else "changed_at desc"
    rows = await connection.fetch(
        f"select body from matches where {where} order by {order}, match_id"  # noqa: S608  # built below, no text of theirs
        f" limit ${len(values) + 1} offset ${len(values) + 2}",
        *values,
        limit,
        offset,
    )
    return [_match(row["body"]) for row in rows]


async def changed_after(
    connection: Connection, scope: Scope, filters: Filters, *, feed_id: int, limit: int
) -> list[MatchChanged]:
    """A scope's matches that pass the filters and have changed since an entry of the feed, newest change first."""
    where, values = _conditions(scope, filters)
    rows = await connection.fetch(
        f"""
        select body from matches join (
          select match_id, max(feed_id) as feed_id from feed where feed_id > ${len(values) + 1} group by match_id
        ) as news using (match_id)
        where {where} order by news.feed_id desc limit ${len(values) + 2}
        """,  # noqa: S608  # built below, no text of theirs
        *values,
        feed_id,
        limit,
    )
    return [_match(row["body"]) for row in rows]


async def counts(connection: Connection, territory_id: str, since: datetime) -> Counts:
    """What is new, what ended and what waits for an introduction, in a territory, since a time."""
    row = await connection.fetchrow(
        """
        select count(*) filter (where proposed_at >= $2 and state <> 'withdrawn') as new_today,
          count(*) filter (where state = 'withdrawn' and changed_at >= $2) as ended_today,
          count(*) filter (where state = 'mutual') as to_introduce
        from matches where territories @> array[$1::text]
        """,
        territory_id,
        since,
    )
    return Counts(*row) if row else Counts(0, 0, 0)


def _conditions(scope: Scope, filters: Filters) -> tuple[str, list[Any]]:
    """A `where` clause made of fixed pieces, and the values it binds."""
    pieces, values = list[str](), list[Any]()

    def bind(piece: str, *bound: Any) -> None:
        pieces.append(piece.format(*(f"${len(values) + number}" for number, _ in enumerate(bound, 1))))
        values.extend(bound)

    if scope.territory_id is not None:
        bind("territories @> array[{}::text]", scope.territory_id)
    if scope.offer is not None:
        bind("offer_type = {} and offer_id = {}", *scope.offer)
    if scope.seen_by is not None:
        seen = sorted(scope.seen_by.projects), sorted(scope.seen_by.territories)
        bind("(project_id = any({}::text[]) or territories && {}::text[])", *seen)
    if scope.offer_day is not None and filters.advancement != "tous":
        hidden = "coalesce((body ->> 'offer_hidden_until')::date > {}, false) and state = any({}::text[])"
        wanted = hidden if filters.advancement == "mis-de-cote" else f"not ({hidden})"
        bind(wanted, scope.offer_day, list(ADVANCEMENTS["mis-de-cote"]))
    for piece, value in (
        ("challenge_id = {}", filters.challenge_id),
        ("categories @> array[{}::text]", filters.category),
        ("kinds @> array[{}::text]", filters.kind),
        ("offer_type = {}", filters.offer_type),
        ("state = any({}::text[])", list(filters.states) or None),
        ("score >= {}", round(FLOORS[filters.minimum] * MILLION) if filters.minimum else None),
    ):
        if value is not None:
            bind(piece, value)
    return " and ".join(pieces), values


def _match(body: dict[str, Any]) -> MatchChanged:
    return MatchChanged.model_validate(body)

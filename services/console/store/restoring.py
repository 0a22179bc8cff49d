"""What a restoration forgets of the read model, and what it reads back of what people chose and answered."""

from collections.abc import Sequence
from uuid import UUID

from services.console.views.alerts import Preference
from services.console.views.answers import GivenAnswer
from shared.database import Connection
from shared.restoring import LONG

_READ_MODEL = ("territories", "projects", "offers", "matches", "deliveries")


async def forget_read_model(connection: Connection) -> None:
    """Forget all that was heard but for erasures; people, sessions, choices and answers stay."""
    for table in _READ_MODEL:
        await connection.execute(f"delete from {table}", timeout=LONG)  # noqa: S608  # names above
    await connection.execute("delete from heard_versions where topic <> 'erasures' and not erased", timeout=LONG)


async def held(connection: Connection) -> dict[str, int]:
    """How many entities and matches are held, by topic."""
    row = await connection.fetchrow(
        """
        select (select count(*) from territories) as territories, (select count(*) from projects) as projects,
          (select count(*) from offers where offer_type = 'commitment') as commitments,
          (select count(*) from offers where offer_type = 'fund') as funds, (select count(*) from matches) as matches
        """,
        timeout=LONG,
    )
    return dict(row.items()) if row else {}


async def delete_matches(connection: Connection, match_ids: Sequence[str]) -> None:
    """Forget matches, nothing else."""
    await connection.execute("delete from matches where match_id = any($1::text[])", list(match_ids))


async def forget_what_is_gone(connection: Connection) -> None:
    """Forget news of matches that are not held, and answers to them."""
    for table in ("feed", "answers"):
        await connection.execute(
            f"delete from {table} where not exists (select from matches where matches.match_id = {table}.match_id)",  # noqa: S608  # names above
            timeout=LONG,
        )


async def delete_preference(connection: Connection, person_id: str) -> None:
    """Forget what someone chose."""
    await connection.execute("delete from preferences where person_id = $1", person_id)


async def preferences(connection: Connection, after: str, limit: int) -> list[tuple[str, Preference]]:
    """What people chose, by id, after one of them."""
    rows = await connection.fetch(
        "select person_id, frequency, minimum, language from preferences where person_id > $1"
        " order by person_id limit $2",
        after,
        limit,
    )
    return [(row["person_id"], Preference(row["frequency"], row["minimum"], row["language"])) for row in rows]


async def matches_with_unsaid_answers(connection: Connection, after: str, limit: int) -> list[str]:
    """The matches, by id after one of them, of which an answer was said that the log does not hold."""
    rows = await connection.fetch(
        """
        select distinct match_id from answers where match_id > $1 and announced_at is not null
          and not exists (select from said_ids where topic = 'answers' and event_id = answer_id::text)
        order by match_id limit $2
        """,
        after,
        limit,
        timeout=LONG,
    )
    return [row["match_id"] for row in rows]


async def ids_in_log(connection: Connection, answer_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these answers that the log holds."""
    rows = await connection.fetch(
        "select event_id::uuid as answer_id from said_ids where topic = 'answers' and event_id = any($1::text[])",
        [str(each) for each in answer_ids],
    )
    return {row["answer_id"] for row in rows}


async def put_answers(connection: Connection, given: Sequence[GivenAnswer]) -> int:
    """Keep answers that were said, to matches that are held; returns how many were not known as said."""
    rows = await connection.fetch(
        """
        insert into answers as held (answer_id, match_id, project_id, side, answer, reason, show_reason, amount_eur,
          days, given_at, due_at, announced_at)
        select said.* from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
          $7::boolean[], $8::bigint[], $9::integer[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[])
          as said (answer_id, match_id, project_id, side, answer, reason, show_reason, amount_eur, days, given_at,
            due_at, announced_at)
        where exists (select from matches where matches.match_id = said.match_id)
        on conflict (answer_id) do update set announced_at = excluded.announced_at where held.announced_at is null
        returning answer_id
        """,
        [each.answer_id for each in given],
        [each.match_id for each in given],
        [each.project_id for each in given],
        [each.side for each in given],
        [each.answer for each in given],
        [each.reason for each in given],
        [each.show_reason for each in given],
        [each.amount_eur for each in given],
        [each.days for each in given],
        [each.given_at for each in given],
        [each.due_at for each in given],
        [each.announced_at for each in given],
    )
    return len(rows)

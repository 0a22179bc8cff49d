"""Who uses the console: rights by id, what they prefer, what was mailed to them."""

from collections.abc import Mapping
from typing import Any

from services.console.views.alerts import Delivery, Preference
from services.console.views.rights import Person
from shared.database import Connection
from shared.events.people import MailDelivered


async def upsert_person(connection: Connection, person: Person) -> None:
    """Keep someone's rights as ingest just told them."""
    await connection.execute(
        """
        insert into people (person_id, projects, commitments, funds, territories, organisations, refreshed_at)
        values ($1, $2, $3, $4, $5, $6, now())
        on conflict (person_id) do update set projects = excluded.projects, commitments = excluded.commitments,
          funds = excluded.funds, territories = excluded.territories, organisations = excluded.organisations,
          refreshed_at = excluded.refreshed_at
        """,
        person.person_id,
        sorted(person.projects),
        sorted(person.commitments),
        sorted(person.funds),
        sorted(person.territories),
        sorted(person.organisations),
    )


async def person(connection: Connection, person_id: str, *, younger_than_s: int) -> Person | None:
    """Someone's rights, when they were told at most so many seconds ago."""
    row = await connection.fetchrow(
        """
        select person_id, projects, commitments, funds, territories, organisations from people
        where person_id = $1 and refreshed_at > now() - make_interval(secs => $2)
        """,
        person_id,
        younger_than_s,
    )
    return _person(dict(row)) if row else None


async def outdate_person(connection: Connection, person_id: str) -> None:
    """Have someone's rights asked for again at their next page."""
    await connection.execute(
        "update people set refreshed_at = now() - interval '5 minutes' where person_id = $1", person_id
    )


async def delete_person(connection: Connection, person_id: str) -> None:
    """Forget someone and close their sessions; their preference stays for `purge`."""
    for table in ("sessions", "sign_in_links", "people"):
        await connection.execute(f"delete from {table} where person_id = $1", person_id)  # noqa: S608  # names above


async def preference(connection: Connection, person_id: str) -> Preference:
    """What someone chose, or the usual."""
    row = await connection.fetchrow(
        "select frequency, minimum, language from preferences where person_id = $1", person_id
    )
    return Preference(*row) if row else Preference()


async def has_preference(connection: Connection, person_id: str) -> bool:
    """Whether someone ever chose."""
    return bool(await connection.fetchval("select exists (select from preferences where person_id = $1)", person_id))


async def upsert_preference(connection: Connection, person_id: str, chosen: Preference) -> None:
    """Keep what someone chose."""
    await connection.execute(
        """
        insert into preferences (person_id, frequency, minimum, language) values ($1, $2, $3, $4)
        on conflict (person_id) do update set frequency = excluded.frequency, minimum = excluded.minimum,
          language = excluded.language
        """,
        person_id,
        chosen.frequency,
        chosen.minimum,
        chosen.language,
    )


async def insert_delivery(connection: Connection, event: MailDelivered) -> None:
    """Keep that a mail left; a second telling changes nothing."""
    await connection.execute(
        """
        insert into deliveries (delivery_id, person_id, kind, match_ids, outcome, at) values ($1, $2, $3, $4, $5, $6)
        on conflict (delivery_id) do nothing
        """,
        event.delivery_id,
        event.person_id,
        event.kind,
        list(event.match_ids),
        event.outcome,
        event.occurred_at,
    )


async def deliveries_about(connection: Connection, match_id: str) -> list[Delivery]:
    """The mails that named a match, oldest first."""
    rows = await connection.fetch(
        """
        select kind, outcome, at, person_id from deliveries
        where match_ids @> array[$1::text] order by at, delivery_id
        """,
        match_id,
    )
    return [Delivery(*row) for row in rows]


async def deliveries_to(connection: Connection, person_id: str, limit: int) -> list[Delivery]:
    """The last mails sent to someone, newest first."""
    rows = await connection.fetch(
        "select kind, outcome, at, person_id, match_ids from deliveries where person_id = $1"
        " order by at desc, delivery_id limit $2",
        person_id,
        limit,
    )
    return [Delivery(row["kind"], row["outcome"], row["at"], row["person_id"], tuple(row["match_ids"])) for row in rows]


def _person(row: Mapping[str, Any]) -> Person:
    return Person(
        row["person_id"],
        projects=frozenset(row["projects"]),
        commitments=frozenset(row["commitments"]),
        funds=frozenset(row["funds"]),
        territories=frozenset(row["territories"]),
        organisations=frozenset(row["organisations"]),
    )


async def delete_unused_rights(connection: Connection) -> None:
    """Delete the rights of people who have no session, a day after they were last read."""
    await connection.execute(
        """
        delete from people where refreshed_at < now() - interval '1 day'
          and not exists (select from sessions where sessions.person_id = people.person_id)
        """
    )


async def prune_deliveries(connection: Connection, days: int) -> None:
    """Delete what was mailed more than so many days ago of matches that are gone.

    Their topic must no longer hold it: it would be kept again.
    """
    await connection.execute(
        """
        with old as (delete from deliveries where at < now() - make_interval(days => $1)
                       and not exists (select from matches where match_id = any(match_ids)) returning delivery_id)
        delete from heard_versions using old where topic = 'deliveries' and key = delivery_id
        """,
        days,
    )

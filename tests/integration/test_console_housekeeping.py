"""What no longer serves is deleted, and nothing else."""

from services.console.pages.housekeeping import clean
from services.console.store import people, sessions
from tests.conftest import ServiceDsn
from tests.integration.console_stage import COMPANY, OWNER, STRANGER, staged


async def test_what_ended_is_deleted_and_what_lasts_is_kept(database: ServiceDsn) -> None:
    async with staged(database("console")) as stage, stage.pool.acquire() as connection:
        for person in (OWNER, COMPANY, STRANGER):
            await people.upsert_person(connection, person)
        await connection.execute("update people set refreshed_at = now() - interval '2 days'")
        await people.upsert_person(connection, STRANGER)  # read again just now
        await sessions.insert_session(connection, "lasts", OWNER.person_id, days=1)
        await sessions.insert_session(connection, "ended", COMPANY.person_id, days=-1)
        await sessions.insert_link(connection, "lasts", None, minutes=5)
        await sessions.insert_link(connection, "ended", None, minutes=-5)
        for subject in (b"old", b"new"):
            await sessions.take_attempt(connection, subject, most=1, within_minutes=5)
        await connection.execute("update attempts set at = now() - interval '2 days' where subject = $1", b"old")
        await clean(connection)
        await clean(connection)
        assert await connection.fetchval("select array_agg(person_id) from sessions") == [OWNER.person_id]
        left = await connection.fetchval("select array_agg(person_id order by person_id) from people")
        assert left == sorted([OWNER.person_id, STRANGER.person_id])
        assert await connection.fetchval("select array_agg(subject) from attempts") == [b"new"]
        assert await sessions.use_link(connection, "lasts") is not None
        assert await connection.fetchval("select count(*) from sign_in_links") == 0

"""No table grows for ever: what the operator's page says is kept for a time is forgotten after it, and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.create_roles import SERVICES
from services.console.audit import held
from services.console.store.people import prune_deliveries
from services.ingest.store.progress import forget_old_imports
from services.notifier.handlers import on_matches
from services.notifier.store.mails import forget_old
from shared.auditing import TopicView, held_differences
from shared.audits import keep
from shared.database import Pool
from shared.dead_letter import ask_replay, forget
from shared.housekeeping import forget_old as forget_old_letters
from shared.received import Batch, Received
from tests.conftest import ServiceDsn
from tests.factories import match_changed, match_id_of, project_published
from tests.streams import opened

MATCH = match_id_of("prj-a", "commitment", "eng-a")


async def rows(pool: Pool, query: str) -> list[Any]:
    """The first column of what a query gives, sorted."""
    return sorted(row[0] for row in await pool.fetch(query))


async def set_aside(pool: Pool, topic: str, offset: int, key: str, *, days: int = 31) -> None:
    """A dead letter of partition 0, set aside so many days ago."""
    await pool.execute(
        "INSERT INTO dead_letters (topic, partition, record_offset, record_timestamp, key, value, reason, set_aside_at)"
        " VALUES ($1, 0, $2, 0, $3, 'bad', 'bad', now() - make_interval(days => $4))",
        topic,
        offset,
        key.encode(),
        days,
    )


@pytest.mark.parametrize("service", SERVICES)
async def test_dead_letters_are_kept_as_long_as_the_log_has_their_records(
    service_dsn: ServiceDsn, service: str
) -> None:
    """Deliveries leave the log after thirty days, a former event of a key with compaction, answers never."""
    async with opened(service_dsn(service), service) as pool:
        await set_aside(pool, "deliveries", 1, "mail-a")
        await set_aside(pool, "deliveries", 2, "mail-a", days=29)
        for offset, key in ((1, "prj-a"), (2, "prj-b"), (3, "prj-a")):
            await set_aside(pool, "projects", offset, key)
        for offset in (1, 2):
            await set_aside(pool, "answers", offset, "ans-a")
        for _ in range(2):
            await forget_old_letters(pool)
        left = await rows(pool, "SELECT topic || ' ' || record_offset FROM dead_letters")
        assert left == ["answers 1", "answers 2", "deliveries 2", "projects 2", "projects 3"]


async def test_a_record_set_aside_long_ago_is_no_difference_can_be_replayed_and_is_erased(
    service_dsn: ServiceDsn,
) -> None:
    """The log has the last event of a project for ever: forgotten here, its record would differ for ever."""
    view = TopicView("projects")
    view.add(Received("projects", 0, 7, "prj-a", 1, project_published(), 0))
    async with opened(service_dsn("console"), "console") as pool:
        await pool.execute("INSERT INTO offsets VALUES ('projects', 0, 8, 0, 'a-cluster')")
        await set_aside(pool, "projects", 7, "prj-a", days=400)
        await forget_old_letters(pool)
        async with pool.acquire() as connection, connection.transaction():
            assert list(held_differences("console", view, await held(connection, "projects"))) == []
            assert await ask_replay(connection, topic="projects") == 1
            assert await forget(connection, "prj-a") == 1


async def test_results_of_audits_are_kept_for_ninety_days(service_dsn: ServiceDsn) -> None:
    async with opened(service_dsn("matcher"), "matcher") as pool:
        for days in (89, 91):
            await pool.execute("INSERT INTO audits VALUES (now() - make_interval(days => $1::integer), $1)", days)
        await forget_old_letters(pool)
        await keep({"matcher": pool}, {"matcher": 0})
        assert await rows(pool, "SELECT differences FROM audits") == [0, 89]


async def test_imports_that_nobody_goes_on_with_are_forgotten(service_dsn: ServiceDsn) -> None:
    async with opened(service_dsn("ingest"), "ingest") as pool:
        for days in (29, 31):
            await pool.execute(
                "INSERT INTO imports (file_digest, organisation_id, rows_done, moved_at)"
                " VALUES ($1, 'org-a', $2, now() - make_interval(days => $2))",
                bytes([days]),
                days,
            )
        await forget_old_imports(pool)
        assert await rows(pool, "SELECT rows_done FROM imports") == [29]


async def test_mails_are_remembered_for_longer_than_their_topic_tells_of_them(service_dsn: ServiceDsn) -> None:
    now = datetime.now(UTC)
    async with opened(service_dsn("notifier"), "notifier") as pool:
        for mail_id, days in (("mail-old", 61), ("mail-new", 59), ("mail-waits", None)):
            finished = None if days is None else now - timedelta(days=days)
            await pool.execute(
                "INSERT INTO mails (mail_id, person_id, kind, message_id, state, frozen_at, next_attempt_at,"
                " finished_at) VALUES ($1, 'per-a', 'suggestions', $1, $2, $3, $3, $4)",
                mail_id,
                "sent" if finished else "frozen",
                now - timedelta(days=90),
                finished,
            )
            await pool.execute("INSERT INTO key_versions (topic, key, version) VALUES ('deliveries', $1, 1)", mail_id)
        async with pool.acquire() as connection:
            await forget_old(connection, now - timedelta(days=60))
        assert await rows(pool, "SELECT mail_id FROM mails") == ["mail-new", "mail-waits"]
        assert await rows(pool, "SELECT key FROM key_versions") == ["mail-new", "mail-waits"]


async def test_what_was_told_of_a_match_that_is_gone_is_forgotten_once_its_mail_has_left(
    service_dsn: ServiceDsn,
) -> None:
    async with opened(service_dsn("notifier"), "notifier") as pool:
        for mail_id, state in (("mail-sent", "sent"), ("mail-waits", "frozen")):
            await pool.execute(
                "INSERT INTO mails (mail_id, person_id, kind, message_id, state, frozen_at, next_attempt_at)"
                " VALUES ($1, $1, 'suggestions', $1, $2, now(), now())",
                mail_id,
                state,
            )
            for match_id in (MATCH, "prj-b~fund~f"):
                await pool.execute(
                    "INSERT INTO ledger (person_id, match_id, kind, began_at, party_type, party_id, mail_id,"
                    " message_id, told_at) VALUES ($1, $2, 'suggestions', now(), 'project', 'prj-a', $1, $1, now())",
                    mail_id,
                    match_id,
                )
        gone = Received("matches", 0, 0, MATCH, 2, None, 0)
        async with pool.acquire() as connection, connection.transaction():
            await on_matches(connection, Batch("matches", 0, (gone,)))
        left = await rows(pool, "SELECT mail_id || ' ' || match_id FROM ledger")
        assert left == ["mail-sent prj-b~fund~f", f"mail-waits {MATCH}", "mail-waits prj-b~fund~f"]


async def test_mails_about_matches_that_are_gone_are_forgotten_by_the_pages(service_dsn: ServiceDsn) -> None:
    event = match_changed()
    async with opened(service_dsn("console"), "console") as pool:
        await pool.execute(
            "INSERT INTO matches VALUES ($1, 'prj-a', 'commitment', 'eng-a', '{}', null, '{}', '{}', 'proposed', 1,"
            " now(), now(), $2)",
            MATCH,
            event.model_dump(mode="json"),
        )
        for name, match_id, days in (("stands", MATCH, 90), ("gone", "prj-b~fund~f", 90), ("new", "prj-b~fund~f", 1)):
            await pool.execute(
                "INSERT INTO deliveries VALUES ($1, 'per-a', 'suggestions', ARRAY[$2], 'sent',"
                " now() - make_interval(days => $3))",
                name,
                match_id,
                days,
            )
            await pool.execute("INSERT INTO heard_versions VALUES ('deliveries', $1, 1)", name)
        async with pool.acquire() as connection:
            await prune_deliveries(connection, 60)
        assert await rows(pool, "SELECT delivery_id FROM deliveries") == ["new", "stands"]
        assert await rows(pool, "SELECT key FROM heard_versions") == ["new", "stands"]

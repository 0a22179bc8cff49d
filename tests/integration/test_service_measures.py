"""What a service measures in its own tables says what they hold: ages of leases, mails that have not left.

Rows are written and read in one transaction, whose `now()` stands still: ages are exact.
"""

from math import inf

from services.matcher.measures import of_leases
from services.matcher.store import leases
from services.notifier.measures import of_mails
from services.notifier.store import mails
from services.notifier.store.mails import Undelivered
from shared.telemetry import AtWork, measure
from tests.conftest import ServiceDsn
from tests.streams import opened

LEASES = """
INSERT INTO leases (partition, epoch, owner, address, taken_at) VALUES
    (1, 4, 'gone', 'http://b', now() - interval '2 minutes'), (0, 7, 'here', 'http://a', now() - interval '90 seconds')
"""
MATCHERS = (
    "INSERT INTO matchers (owner, address, model, seen_at) VALUES ('here', 'http://a', 'm', now() - interval '1 h')"
)
MAILS = """
INSERT INTO mails (mail_id, person_id, kind, message_id, state, frozen_at, next_attempt_at, finished_at)
SELECT id, 'per-a', 'suggestions', '<' || id || '>', state, now() - frozen, now(), now() - finished
FROM (VALUES ('young', 'frozen', interval '5 s', NULL), ('old', 'frozen', interval '120 s', NULL),
             ('sent', 'sent', interval '1 day', interval '1 h'),
             ('refused', 'given-up', interval '1 day', interval '1 h'),
             ('refused-before', 'given-up', interval '3 days', interval '25 h')) AS one (id, state, frozen, finished)
"""
NOTICE = "INSERT INTO notices (party_type, party_id, match_id, kind) VALUES ('project', 'prj-a', 'm', 'suggestions')"


async def test_a_lease_is_as_old_as_its_owner_s_time_and_who_left_is_silent_for_ever(service_dsn: ServiceDsn) -> None:
    async with opened(service_dsn("matcher"), "matcher") as pool, pool.acquire() as connection:
        async with connection.transaction():
            await connection.execute(LEASES)
            await connection.execute(MATCHERS)
            here, gone = await leases.ages(connection)
        assert (here.partition, here.address, here.held_seconds) == (0, "http://a", 90)
        assert 3600 <= here.silent_seconds < inf
        assert (gone.partition, gone.address, gone.held_seconds, gone.silent_seconds) == (1, "http://b", 120, inf)
        told = (await measure(pool, AtWork(), of_leases)).decode()
    assert 'essaim_lease_owner_silent_seconds{owner="http://b",partition="1"} +Inf' in told
    assert 'essaim_lease_age_seconds{owner="http://a",partition="0"}' in told
    assert "essaim_database_up 1.0" in told


async def test_mails_that_have_not_left_count_and_those_that_have_do_not(service_dsn: ServiceDsn) -> None:
    async with opened(service_dsn("notifier"), "notifier") as pool, pool.acquire() as connection:
        async with connection.transaction():
            assert await mails.undelivered(connection) == Undelivered(0, 0, 0, 0)
            await connection.execute(MAILS)
            await connection.execute(NOTICE)
            assert await mails.undelivered(connection) == Undelivered(
                frozen=2, oldest_seconds=120, notices=1, given_up=1
            )
        told = (await measure(pool, AtWork(), of_mails)).decode()
    for line in ("mails_frozen 2.0", "notices_waiting 1.0", "mails_given_up 1.0"):
        assert f"essaim_{line}" in told

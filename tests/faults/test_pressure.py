"""Servers away for a minute (ten with `ESSAIM_FAULTS=long`), bursts, readers that read nothing: all waits."""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx

from deploy.create_roles import SERVICES
from tests import streams
from tests.deadline import eventually
from tests.faults.chance import seed
from tests.faults.installation import PREFIX, Installation
from tests.faults.log import POISON
from tests.faults.patient import Patients, Try
from tests.faults.poison import KINDS, poison
from tests.faults.pulse import pulse_faults, pulses
from tests.faults.quiet import HEARS, settled
from tests.faults.submissions import TERRITORIES
from tests.faults.verdict import judge
from tests.faults.viewers import Viewer, coordinate, idlers

AWAY_S = 600.0 if os.environ.get("ESSAIM_FAULTS") == "long" else 60.0
MOST_LINES = 300
"""What a service may say in its log about three absences."""
FEW_SECONDS = 12.0
IDLERS = 50
BURST_STEPS = 8


async def value(installation: Installation, query: str) -> Any:
    """What the database answers, asked beside the forwarders."""
    connection = await asyncpg.connect(installation.servers.dsn())
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def becomes(installation: Installation, query: str, *, seconds: float = 60) -> None:
    """Until a query gives true."""

    async def is_true() -> bool:
        return bool(await value(installation, query))

    await eventually(is_true, seconds=seconds)


async def says(installation: Installation, service: str, words: str) -> None:
    """Until a service, alive all along, says that it is not ready for this reason."""

    async def does() -> bool:
        async with httpx.AsyncClient(base_url=installation.url(service), timeout=10) as client:
            assert (await client.get("/health/live")).status_code == 200
            answer = await client.get("/health/ready")
            return answer.status_code == 503 and words in answer.text

    await eventually(does, seconds=40)


async def answered(installation: Installation, service: str, path: str, status: int, **headers: str) -> None:
    """A page is answered so, within seconds, and with `Retry-After` where nothing can be read."""
    async with httpx.AsyncClient(base_url=installation.url(service), timeout=FEW_SECONDS) as client:
        answer = await client.get(path, headers=headers)
    assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text[:300]}"
    assert status != 503 or answer.headers["retry-after"].isdigit()


class Absences:
    """One server after the other is away for `AWAY_S`, the next one while the one before still is or has just come."""

    def __init__(self, installation: Installation, patients: Patients) -> None:
        self._installation, self._patients = installation, patients
        self._began = time.monotonic()

    async def _lasts(self, seconds: float) -> None:
        """Wait until so long after the beginning."""
        await asyncio.sleep(max(0.0, self._began + seconds - time.monotonic()))

    def _tries(self, since: float) -> list[Try]:
        return self._patients.tries.since(since, time.monotonic())

    async def of_mail_server_and_kafka(self) -> None:
        """Mails wait frozen while the mail server is away, and leave while Kafka is."""
        here, self._began = self._installation, time.monotonic()
        here.post.shut()
        await becomes(here, "SELECT count(*) > 0 FROM notifier.mails WHERE state = 'frozen' AND begun_at IS NOT NULL")
        await says(here, "notifier", "MailServerAway")
        await self._lasts(AWAY_S / 3)
        here.end_broker(0, clean=False)
        without_kafka = time.monotonic()
        for service in SERVICES:
            await says(here, service, "Kafka")
        assert await value(here, "SELECT count(*) > 0 FROM notifier.mails WHERE state = 'frozen'")
        await self._lasts(AWAY_S)
        here.post.open_again()
        # Some dozen leave each second, and the pause between tries has grown to half a minute by now.
        none_waits = "SELECT NOT EXISTS (SELECT FROM notifier.mails WHERE state = 'frozen')"
        await becomes(here, none_waits, seconds=max(120.0, AWAY_S))
        await answered(here, "console", "/", 200)
        await answered(here, "ingest", "/v1/projects", 200, Authorization=f"Bearer {here.key}")
        await self._lasts(AWAY_S * 4 / 3)
        # Who submits does not need Kafka: what they say waits.
        assert await value(here, "SELECT count(*) > 20 FROM ingest.outbox")
        assert await value(here, "SELECT count(*) > 0 FROM notifier.outbox")
        assert {one.status for one in self._tries(without_kafka)} == {200, 202}
        here.start_broker(0)
        await here.serving()
        await here.ready(*SERVICES)

    async def of_postgres(self, how: Callable[[], Any], back: Callable[[], Awaitable[None]], seconds: float) -> None:
        """Nothing can be committed: each try is answered 503 with `Retry-After`, within seconds."""
        here, self._began = self._installation, time.monotonic()
        await asyncio.to_thread(how)
        for service in SERVICES:
            await says(here, service, "PostgreSQL")
        away = time.monotonic()
        await answered(here, "console", "/static/base.css", 200)
        await answered(here, "console", "/connexion", 503)
        await answered(here, "ingest", "/docs", 200)
        await answered(here, "ingest", "/v1/projects", 503, Authorization=f"Bearer {here.key}")
        await answered(here, "console", "/projets/prj-a", 503)
        await answered(here, "matcher", "/internal/projects/prj-a/refusals", 401)
        await self._lasts(seconds)
        tries = self._tries(away)
        assert {one.status for one in tries} == {503}
        assert all(one.may_retry_after and one.seconds < FEW_SECONDS for one in tries), max(tries, key=str)
        await back()
        # A matcher loads each of its partitions again.
        await here.ready(*SERVICES, seconds=300)


async def test_servers_away_for_a_minute_cost_nothing_but_the_time(
    installation: Installation, say: Callable[[str], None]
) -> None:
    drawn = seed()
    here = installation
    await here.mend()
    patients = Patients(here.url("ingest"), here.key, seed=drawn, named="away", partners=3, pause_s=1.5)
    absences, over = Absences(here, patients), asyncio.Event()

    async def again() -> None:
        here.start_postgres()
        await here.serving()

    async with asyncio.TaskGroup() as group:
        submitting = group.create_task(patients.run(steps=15, until=over))
        await becomes(here, "SELECT count(*) > 10 FROM notifier.mails WHERE state = 'sent'")
        before = pulses(here)
        await absences.of_mail_server_and_kafka()
        await absences.of_postgres(lambda: here.end_postgres(clean=False), again, AWAY_S)
        over.set()
        await submitting
    log = await settled(here, seconds=300)
    found = pulses(here)
    verdict = await judge(here, log, [patients.promises])
    say(
        f"absences of {AWAY_S:.0f} s, seed {drawn}: {verdict.summary(here)}; tries {len(patients.tries.made)}, asked"
        f" again {patients.promises.retries}, {patients.replayed} of which had been taken; lines of log, MB: "
        + ", ".join(
            f"{service} {found[service].log_lines - was.log_lines}, {found[service].resident_mb - was.resident_mb:+.0f}"
            for service, was in before.items()
        )
    )
    wrong = [*verdict.faults, *pulse_faults(before, found, most_lines=MOST_LINES)]
    assert not wrong, f"seed {drawn}:\n" + "\n".join(wrong[:40])


async def test_a_burst_with_poison_and_viewers_who_never_read_slows_and_loses_nothing(
    installation: Installation, say: Callable[[str], None]
) -> None:
    """Ten times the usual load: usual are the three partners of `load.py`, each with a submission every half second."""
    drawn, here, territory_id = seed(), installation, TERRITORIES[0]
    await here.mend()
    await becomes(here, f"SELECT EXISTS (SELECT FROM console.territories WHERE territory_id = '{territory_id}')")
    await coordinate(here, territory_id)
    patients = Patients(here.url("ingest"), here.key, seed=drawn, named="burst", partners=30)
    viewer, before, began = Viewer(here, territory_id), pulses(here), time.monotonic()
    async with idlers(here, territory_id, IDLERS):
        following = asyncio.create_task(viewer.follow())
        async with asyncio.TaskGroup() as group:
            group.create_task(patients.run(steps=BURST_STEPS))
            # About one record in a hundred, of each kind, on each topic.
            group.create_task(poison(here.servers.bootstrap_servers))
        took = time.monotonic() - began
        log = await settled(here, seconds=300)
        last = await value(here, "SELECT max(feed_id) FROM console.feed")

        async def has_come() -> bool:
            assert not following.done(), following.exception()
            return viewer.last >= last

        await eventually(has_come, seconds=30)
    following.cancel()
    found, verdict = pulses(here), await judge(here, log, [patients.promises])
    say(
        f"burst, seed {drawn}: {patients.promises.calls} submissions in {took:.0f} s, all quiet after"
        f" {time.monotonic() - began:.0f} s; {IDLERS} idlers; {verdict.summary(here)}; MB: "
        + ", ".join(f"{service} {found[service].resident_mb - was.resident_mb:+.0f}" for service, was in before.items())
    )
    shown = await value(
        here, f"SELECT array_agg(DISTINCT match_id) FROM console.feed WHERE territories @> ARRAY['{territory_id}']"
    )
    assert viewer.seen >= set(shown)
    wrong = [*verdict.faults, *pulse_faults(before, found, most_lines=MOST_LINES), *await poison_faults(here)]
    assert not wrong, f"seed {drawn}:\n" + "\n".join(wrong[:40])


async def poison_faults(installation: Installation) -> list[str]:
    """Each bad record is a dead letter of each service that hears its topic, told with its origin and its cause."""
    wrong = []
    connection = await asyncpg.connect(installation.servers.dsn())
    for service, topics in HEARS.items():
        rows = await connection.fetch(
            f"SELECT topic, partition, record_offset FROM {service}.dead_letters"
            " WHERE starts_with(encode(key, 'escape'), $1)",
            POISON,
        )
        held = {(row["topic"], row["partition"], row["record_offset"]) for row in rows}
        counts = {topic: sum(one[0] == topic for one in held) for topic in topics}
        wrong += [f"{service}: {count} of {topic}" for topic, count in counts.items() if count != len(KINDS)]
        for topic in topics:
            told = [json.loads(each.value) for each in await records_of(installation, f"{topic}.dlq")]
            wrong += [f"{topic}.dlq says no cause: {each}" for each in told if not each["error"]]
            origins = {(each["topic"], each["partition"], each["offset"]) for each in told}
            wrong += [f"{topic}.dlq lacks {one}" for one in held if one[0] == topic and one not in origins]
    await connection.close()
    return wrong


async def records_of(installation: Installation, topic: str) -> list[Any]:
    """All records of a topic."""
    return await streams.records_of(installation.servers.bootstrap_servers, PREFIX + topic)

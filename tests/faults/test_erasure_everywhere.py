"""Erasure on a whole installation: nothing of who was erased is left in any table, log or file."""

from typing import Any

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaProducer

from deploy.create_roles import SERVICES
from services.console.store import sessions
from services.ingest.accounts import add_coordinator, add_key, add_organisation
from shared.events.event import VERSION_HEADER
from shared.sending import partition_of
from tests.deadline import eventually
from tests.factories import a_commitment, a_fund, a_project
from tests.faults.installation import PREFIX, Installation
from tests.faults.stored import pool_of
from tests.faults.traces_left import ADDRESS, compact_at_once, logs_with, segments_with, tables_with

WORD = "zyxomarq"
MARK = f"{WORD}ueur"
"""PostgreSQL's French stems of it begin with `WORD`."""
WITHIN_S = 60
MATCH = "prj-e1~commitment~eng-e1"
HELD = {
    "console.dead_letters",
    "console.matches",
    "console.offers",
    "console.projects",
    "ingest.contacts",
    "ingest.dead_letters",
    "ingest.kept_answers",
    "ingest.organisations",
    "ingest.outbox",
    "ingest.people",
    "ingest.submissions",
    "matcher.dead_letters",
    "matcher.projects",
    "matcher.whole_entities",
    "notifier.dead_letters",
    "notifier.mails",
    "notifier.matches",
}
"""Where the word is before: a search that found it nowhere would prove nothing of what is erased."""


def contact(name: str) -> dict[str, Any]:
    """Somebody with the mark in name and address."""
    return {"email": f"{name}.{MARK}@example.org", "name": f"{name.title()} {MARK.title()}"}


def submissions() -> dict[str, dict[str, Any]]:
    """What is submitted, by its address; every text has the mark, no id has."""
    words = {
        "title": f"Épicerie {MARK}",
        "summary": f"Une épicerie {MARK} livrée de nuit par des vélos-cargos, au port.",
    }
    person = {"owner_id": "por-e", "name": f"Camille {MARK}", "legal_form": "entreprise-individuelle"}
    company = {"company_id": "ent-e", "name": f"Entreprise {MARK}", "commune": "44109"}
    offer = {"title": f"Des quais {MARK}", "description": f"Nos quais {MARK} sont libres la nuit, pour les circuits."}
    made = {
        "projects/prj-e1": (a_project("prj-e1", **words), contact("lea")),
        "projects/prj-e2": (
            a_project("prj-e2", **words | {"title": f"Vélos {MARK}"}, owner=person),
            contact("camille"),
        ),
        "commitments/eng-e1": (a_commitment("eng-e1", **offer, company=company), contact("noe")),
        "funds/fds-e1": (a_fund("fds-e1", **offer, operator=f"Banque {MARK}"), contact("ines")),
    }
    return {
        path: {**entity.model_dump(mode="json", exclude_none=True), "contact": who}
        for path, (entity, who) in made.items()
    }


async def spoil(installation: Installation) -> None:
    """Write what nobody can read, with the mark in it, under the key of each entity."""
    header = [(VERSION_HEADER, b"9")]
    keys = [(*path.split("/"), path.split("/")[1]) for path in submissions()]
    async with AIOKafkaProducer(bootstrap_servers=installation.servers.bootstrap_servers) as producer:
        for topic, key, partition_key in [*keys, ("matches", MATCH, "prj-e1")]:
            partition = partition_of(partition_key, len(await producer.partitions_for(PREFIX + topic)))
            value = f'{{"{key}": "{MARK}"'.encode()
            await producer.send_and_wait(PREFIX + topic, value, key.encode(), partition=partition, headers=header)


async def sign_in(installation: Installation, address: str) -> str:
    """Somebody's id, with a session on the pages."""
    async with pool_of(installation, "ingest") as pool:
        person_id: str = await pool.fetchval("SELECT person_id FROM people WHERE email = $1", address)
    async with pool_of(installation, "console") as pool, pool.acquire() as connection:
        await sessions.insert_session(connection, "token-of-camille", person_id, days=1)
    return person_id


async def ask(client: httpx.AsyncClient, method: str, path: str, body: Any = None) -> None:
    """One request that is accepted."""
    headers = {"Idempotency-Key": f"{method} {path} {MARK}"}
    answer = await client.request(method, f"/v1/{path}", json=body, headers=headers)
    assert answer.status_code == 202, f"{path}: {answer.status_code} {answer.text[:500]}"


@pytest.fixture
async def partner(installation: Installation) -> str:
    """The key of an organisation whose name has the mark."""
    async with pool_of(installation, "ingest") as pool:
        await add_organisation(pool, "org-e", f"Association {MARK}")
        await add_coordinator(pool, "nantes-metropole", f"coordination.{MARK}@example.org", f"Ana {MARK}")
        return await add_key(pool, "org-e", ["projects:write", "commitments:write", "funds:write", "read"])


async def test_what_is_erased_is_left_nowhere(installation: Installation, partner: str) -> None:
    here = installation
    here.post.shut()  # mails stay, frozen
    url = here.url("ingest")
    async with (
        httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {partner}"}, timeout=30) as own,
        httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {here.key}"}, timeout=30) as operator,
    ):
        for path, body in submissions().items():
            await ask(own, "PUT", path, body)
        await spoil(here)
        person_id = await sign_in(here, "camille." + MARK + "@example.org")
        await heard(here)
        here.end_broker(0, clean=True)
        await ask(
            own, "PATCH", "projects/prj-e1", {"summary": f"Une épicerie {MARK} de jour, au port de Rezé, {MARK}."}
        )
        assert await tables_with(here, WORD) >= HELD
        assert segments_with(here, MARK.encode()) != set()
        assert segments_with(here, ADDRESS) == set()
        await ask(operator, "POST", "projects/prj-e1/erasure")
        await ask(operator, "POST", f"persons/{person_id}/erasure")
        async with pool_of(here, "ingest") as pool:
            coordinator = await pool.fetchval("SELECT person_id FROM people WHERE email LIKE 'coordination.zyx%'")
        await ask(operator, "POST", f"persons/{coordinator}/erasure")
        await ask(operator, "POST", "organisations/org-e/erasure")
    here.start_broker(0)
    await here.serving()
    await here.ready("ingest", "matcher", "console")
    await nowhere_in_tables(here)
    await nowhere_in_logs(here)
    assert logs_with(here, WORD) == set()


async def heard(installation: Installation) -> None:
    """Until all is judged, heard, set aside and written to people."""

    async def is_everywhere() -> bool:
        return await tables_with(installation, WORD) >= HELD - {"ingest.outbox"}

    try:
        await eventually(is_everywhere, seconds=180)
    except TimeoutError:
        raise AssertionError(f"not in {HELD - await tables_with(installation, WORD)}") from None


async def nowhere_in_tables(installation: Installation) -> None:
    """Until no table of any service holds the word, a minute at most; nor do the ids of people still have sessions."""

    async def is_nowhere() -> bool:
        return not await tables_with(installation, WORD)

    try:
        await eventually(is_nowhere, seconds=WITHIN_S)
    except TimeoutError:
        raise AssertionError(f"still in {await tables_with(installation, WORD)}") from None
    tables = [f"{service}.dead_letters" for service in SERVICES]
    tables += ["console.sessions", "console.matches", "notifier.mails", "notifier.ledger", "notifier.pending"]
    connection = await asyncpg.connect(installation.servers.dsn())

    async def filled() -> list[str]:
        return [table for table in tables if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})")]

    async def is_empty() -> bool:
        return not await filled()

    try:
        await eventually(is_empty, seconds=WITHIN_S)
    except TimeoutError:
        raise AssertionError(f"not empty: {await filled()}") from None
    finally:
        await connection.close()


async def nowhere_in_logs(installation: Installation) -> None:
    """Until no segment of any topic holds the word, once compaction does at once what it has a day for."""

    async def is_nowhere() -> bool:
        await compact_at_once(installation)
        return not segments_with(installation, MARK.encode())

    try:
        await eventually(is_nowhere, seconds=120)
    except TimeoutError:
        raise AssertionError(f"still in {segments_with(installation, MARK.encode())}") from None
    assert segments_with(installation, ADDRESS) == set()

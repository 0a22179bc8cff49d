"""From a project handed in over HTTP to the mail that tells its owner of matches, while others are handed in."""

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
from aiosmtpd.smtp import SMTP, Envelope, Session

from benchmarks.stream.installation import Installation
from benchmarks.workload import Workload
from deploy.create_roles import SERVICES
from deploy.create_topics import ensure_topics
from deploy.local.children import Child
from deploy.local.ports import any_free_port
from deploy.local.services import Ports, command, environment
from deploy.local.state import own_secrets
from services.ingest.accounts import add_key, add_organisation
from shared.database import open_pool
from shared.migrations import migrate

PREFIX = "essaim."
READY_SECONDS = 300.0
QUIET_SECONDS, MOST_SECONDS = 6.0, 180.0
AT_ONCE = {"NOTIFIER_WINDOW_SECONDS": "0", "NOTIFIER_SUGGESTIONS_APART_SECONDS": "0"}
"""What keeps mails back so that several go together is set aside: it would be all that is measured."""


class _Post:
    """Takes every mail and remembers when the first to each address came."""

    def __init__(self) -> None:
        self.first: dict[str, float] = {}
        self.count = 0
        self.last_at = time.monotonic()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.last_at = time.monotonic()
        for recipient in envelope.rcpt_tos:
            self.first.setdefault(recipient, self.last_at)
            self.count += 1
        return "250 2.0.0 Ok"


async def latency(
    installation: Installation, *, offers: int, per_second: float, seconds: float, seed: int
) -> dict[str, Any]:
    """Seconds by the wall's clock, in percentiles, over the projects whose owner was told of a match."""
    ports = Ports(*(any_free_port() for _ in range(6)))
    key, post = await _prepare(installation), _Post()
    workload = Workload(seed=seed, national=0.4, funds=0)
    projects = [
        {**_submission(project), "contact": {"email": f"porteur-{number}@example.org"}}
        for number, project in enumerate(workload.projects(int(per_second * seconds)))
    ]
    async with _post_office(post, ports.smtp), httpx.AsyncClient(timeout=60) as client:
        with _services(installation, ports):
            await _are_ready(client, ports)
            client.headers["Authorization"] = f"Bearer {key}"
            client.base_url = httpx.URL(ports.url("ingest"))
            for number, offer in enumerate(workload.offers(offers)):
                contact = {"email": f"entreprise-{number}@example.org"}
                await _put(client, "commitments", {**_submission(offer), "contact": contact})
            await _quiet(post)
            begun, answered = await _hand_in(client, projects, 1 / per_second)
            await _quiet(post)
    took = sorted(post.first[address] - at for address, at in begun.items() if address in post.first)
    return {
        "projects": len(projects),
        "per_second": per_second,
        "owners told": len(took),
        "mails": post.count,
        "mail_s": _percentiles(took),
        "answer_s": _percentiles(sorted(answered)),
    }


async def _prepare(installation: Installation) -> str:
    """Schemas, topics, and the key of somebody who may hand everything in."""
    for service in SERVICES:
        await migrate(installation.servers.service_dsn(service), service)
    await ensure_topics(installation.servers.bootstrap_servers, prefix=PREFIX)
    pool = await open_pool(installation.servers.service_dsn("ingest"), service="ingest")
    await add_organisation(pool, "banc", "Banc d'essai")
    key = await add_key(pool, "banc", ["admin"])
    await pool.close()
    return key


@contextmanager
def _services(installation: Installation, ports: Ports) -> Iterator[None]:
    started: list[Child] = []
    try:
        for service in SERVICES:
            told = environment(service, installation.servers, ports, own_secrets(installation.state), PREFIX)
            started.append(Child(service, installation.servers.run))
            engine = {"MATCHER_ENGINE": "compiled", "MATCHER_COMPILED_DIR": str(installation.compiled)}
            started[-1].start(command(service, ports.of(service)), env=told | AT_ONCE | engine)
        yield
    finally:
        for child in started:
            child.ask_to_stop()
        for child in started:
            child.stop()


@asynccontextmanager
async def _post_office(post: _Post, port: int) -> AsyncIterator[None]:
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(post, hostname="localhost", enable_SMTPUTF8=True), "127.0.0.1", port
    )
    try:
        yield
    finally:
        server.close()


async def _are_ready(client: httpx.AsyncClient, ports: Ports) -> None:
    async with asyncio.timeout(READY_SECONDS):
        for service in SERVICES:
            while not await _is_ready(client, f"{ports.url(service)}/health/ready"):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.2)


async def _is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx.TransportError:
        return False


async def _hand_in(
    client: httpx.AsyncClient, projects: list[dict[str, Any]], apart: float
) -> tuple[dict[str, float], list[float]]:
    """Each at its time, whether or not the ones before are answered: when each began, how long each answer took."""
    begun: dict[str, float] = {}
    answered: list[float] = []

    async def hand_in(project: dict[str, Any]) -> None:
        at = begun[project["contact"]["email"]] = time.monotonic()
        await _put(client, "projects", project)
        answered.append(time.monotonic() - at)

    async with asyncio.TaskGroup() as group:
        start = time.monotonic()
        for number, project in enumerate(projects):
            await asyncio.sleep(max(0.0, start + number * apart - time.monotonic()))
            group.create_task(hand_in(project))
    return begun, answered


async def _put(client: httpx.AsyncClient, plural: str, submission: dict[str, Any]) -> None:
    """Hand in; what ingest refuses ends the benchmark with its reasons."""
    entity_id = submission[f"{plural.removesuffix('s')}_id"]
    answer = await client.put(f"/v1/{plural}/{entity_id}", json=submission)
    if answer.is_error:
        sys.exit(f"{plural}/{entity_id}: {answer.status_code} {answer.text[:500]}")


async def _quiet(post: _Post) -> None:
    """Until no mail has come for a while."""
    begun = time.monotonic()
    while time.monotonic() - max(begun, post.last_at) < QUIET_SECONDS:
        if time.monotonic() - begun > MOST_SECONDS:
            break
        await asyncio.sleep(0.2)


def _submission(entity: Any) -> dict[str, Any]:
    """As a partner would hand it in, open whatever the day is."""
    told: dict[str, Any] = entity.model_dump(mode="json", exclude_defaults=True)
    return {name: value for name, value in told.items() if name not in {"deadline", "closes_on"}}


def _percentiles(seconds: list[float]) -> dict[str, float]:
    if len(seconds) < 2:
        return {}
    hundredths = statistics.quantiles(seconds, n=100, method="inclusive")
    return {**{f"p{place}": round(hundredths[place - 1], 3) for place in (50, 90, 99)}, "most": round(seconds[-1], 3)}

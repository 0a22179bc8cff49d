"""`essaim status` : où en est chaque service, et que faire."""

import asyncio
import json
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.chosen import Services
from services.cli.databases import with_pools
from services.cli.kafka import kafka_of
from services.cli.standing import Owner, Standing, Worker
from services.cli.status_words import advice, lines
from shared.events.registry import SAID_BY
from shared.secrets import secret

if TYPE_CHECKING:
    from shared.behind import Place
    from shared.database import Pool

UNWELL, BLIND = 1, 2
ANSWER_SECONDS = 3.0
LOOK_AGAIN_SECONDS = 5.0
"""What is behind and has not moved for so long is said to stand still."""


def status(
    services: Services = None,
    as_json: Annotated[bool, typer.Option("--json", help="Une ligne JSON par service.")] = False,
) -> None:
    """Dit où en est chaque service et que faire ; code 0 : tout va bien, 1 : il y a à faire, 2 : pas pu lire."""
    # What the absence of Kafka is worth saying is said below, once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    chosen = services or list(SAID_BY)
    servers, prefix = kafka_of(chosen[0], BLIND)
    found = with_pools(chosen, lambda pools: standings(pools, servers, prefix), BLIND)
    for each in found:
        if as_json:
            typer.echo(json.dumps({**asdict(each), "to_do": advice(each)}, ensure_ascii=False, default=str))
        else:
            typer.echo("\n".join(lines(each)) + "\n")
    if not as_json and not any(map(advice, found)):
        typer.echo("Tout va bien.")
    raise typer.Exit(UNWELL if any(map(advice, found)) else 0)


async def standings(pools: Mapping[str, "Pool"], servers: str, prefix: str) -> list[Standing]:
    """How each of these services stands; a few seconds more where one is behind, to see whether it moves."""
    found = [await _standing(service, pool, servers, prefix) for service, pool in pools.items()]
    late = [each for each in found if any(count > 0 for count in (each.lag or {}).values())]
    if late:
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
        for each in late:
            each.still = await _still(pools[each.service], each)
    return found


async def _standing(service: str, pool: "Pool", servers: str, prefix: str) -> Standing:
    from shared.condition import condition

    async with pool.acquire() as connection:
        now = await condition(connection, service)
        found = Standing(
            service=service,
            kafka=servers,
            relays=now.relays,
            outbox_events=now.outbox.events,
            outbox_refused=now.outbox.refused,
            outbox_oldest_seconds=round(now.outbox.oldest_seconds, 1),
            dead_letters=dict(now.dead_letters),
            audited_at=now.audit.audited_at if now.audit else None,
            audit_differences=now.audit.differences if now.audit else None,
            offsets={_name(place): offset for place, offset in sorted(now.offsets.items())},
        )
        if service == "matcher":
            matchers, leases = (import_module(f"services.matcher.store.{name}") for name in ("matchers", "leases"))
            found.workers = [Worker(*row) for row in await matchers.seen(connection)]
            found.owners = [Owner(**asdict(age)) for age in await leases.ages(connection)]
        if service == "notifier":
            mails = import_module("services.notifier.store.mails")
            found.mails = asdict(await mails.undelivered(connection))
    found.lag = await _lag(service, servers, prefix, now.offsets)
    found.readiness = await _readiness(_addresses(service, found.workers))
    return found


async def _lag(service: str, servers: str, prefix: str, stored: "Mapping[Place, int]") -> dict[str, int] | None:
    """Records not handled yet by `topic/partition`; unknown (None) while Kafka does not answer."""
    from aiokafka.errors import KafkaError

    from shared.behind import behind

    try:
        found = await behind(servers, prefix, HEARD[service], stored)
    except (KafkaError, TimeoutError):
        return None
    return {_name(place): count for place, count in sorted(found.items())}


def _name(place: "Place") -> str:
    return f"{place[0]}/{place[1]}"


async def _still(pool: "Pool", before: Standing) -> list[str]:
    """The partitions that are behind and whose offset has not moved."""
    from shared.condition import offsets

    async with pool.acquire() as connection:
        now = {_name(place): offset for place, offset in (await offsets(connection)).items()}
    return [name for name, lag in (before.lag or {}).items() if lag > 0 and now.get(name) == before.offsets.get(name)]


HEARD = {
    "ingest": ("matches",),
    "matcher": ("projects", "answers", "territories", "commitments", "funds", "days"),
    "notifier": ("matches", "preferences", "erasures"),
    "console": ("territories", "projects", "commitments", "funds", "matches", "deliveries", "erasures"),
}
"""The topics that each service handles."""


def _addresses(service: str, workers: Iterable[Worker]) -> list[str]:
    """Where the service answers: as its processes say, as a setting says, as its image or the demonstration has it."""
    if said := sorted({each.address for each in workers}):
        return said
    if named := secret(f"{service.upper()}_ADDRESS"):
        return [named]
    if os.environ.get("SERVICE") == service:
        return ["http://127.0.0.1:8000"]
    try:
        from deploy.local.ports import preferred_port
    except ModuleNotFoundError:
        return []
    return [f"http://127.0.0.1:{preferred_port(f'ESSAIM_{service.upper()}_PORT')}"]


async def _readiness(addresses: Iterable[str]) -> dict[str, list[str] | None]:
    """What each address says is in the way; None where it does not answer."""
    import httpx

    found: dict[str, list[str] | None] = {}
    async with httpx.AsyncClient(timeout=ANSWER_SECONDS) as client:
        for address in addresses:
            try:
                found[address] = list((await client.get(f"{address}/health/ready")).json()["problems"])
            except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError):
                found[address] = None
    return found

"""`essaim status` : où en est chaque service, et que faire."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.chosen import Services
from services.cli.databases import with_pools
from services.cli.kafka import kafka_of
from services.cli.readiness import addresses, readiness
from services.cli.standing import Owner, Standing, Worker
from services.cli.status_words import advice, lines, no_kafka, state
from shared.events.registry import SAID_BY
from shared.secrets import secret

if TYPE_CHECKING:
    from shared.behind import Place
    from shared.condition import Condition
    from shared.database import Pool

UNWELL, BLIND = 1, 2
KAFKA_SECONDS = 6.0
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
    try:
        found = with_pools(chosen, lambda pools: standings(pools, servers, prefix), BLIND)
    except typer.Exit:
        _say_who_answers(chosen, as_json=as_json)
        raise
    above = [] if as_json else list(dict.fromkeys(filter(None, map(no_kafka, found))))
    for said in above:
        typer.echo(f"{said}\n")
    for each in found:
        if as_json:
            typer.echo(json.dumps({**asdict(each), "to_do": advice(each)}, ensure_ascii=False, default=str))
        else:
            typer.echo("\n".join(lines(each, above)) + "\n")
    if not as_json and not any(map(advice, found)):
        typer.echo("Tout va bien.")
    raise typer.Exit(UNWELL if any(map(advice, found)) else 0)


def _say_who_answers(services: Sequence[str], *, as_json: bool) -> None:
    """What can be said of services without a database: how ready those are that answer."""
    asked = {service: address for service in services for address in addresses(service)}
    found = asyncio.run(readiness(asked.values()))
    for service, address in asked.items():
        problems = found[address].problems
        if as_json:
            typer.echo(json.dumps({"service": service, "readiness": {address: problems}}, ensure_ascii=False))
        else:
            typer.echo(f"{service:<9} {address} : {state(problems)}")


async def standings(pools: Mapping[str, "Pool"], servers: str, prefix: str) -> list[Standing]:
    """How each of these services stands; a few seconds more where one is behind, to see whether it moves."""
    found = await asyncio.gather(*(_standing(service, pool, servers, prefix) for service, pool in pools.items()))
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
    (found.lag, found.is_foreign), answers = await asyncio.gather(
        _lag(service, servers, prefix, now),
        readiness(addresses(service, (worker.address for worker in found.workers))),
    )
    found.readiness = {address: each.problems for address, each in answers.items()}
    found.up_seconds = {address: each.up_seconds for address, each in answers.items() if each.up_seconds is not None}
    found.address_named = secret(f"{service.upper()}_ADDRESS") is not None
    return found


async def _lag(service: str, servers: str, prefix: str, now: "Condition") -> tuple[dict[str, int] | None, bool]:
    """Records not handled yet by `topic/partition`, None while Kafka does not answer; whether it is another cluster."""
    from aiokafka.errors import KafkaError

    from shared.behind import behind
    from shared.log_identity import ForeignLog

    try:
        async with asyncio.timeout(KAFKA_SECONDS):
            found = await behind(servers, prefix, HEARD[service], now.offsets, now.clusters)
    except (KafkaError, TimeoutError):
        return None, False
    except ForeignLog:
        return None, True
    return {_name(place): count for place, count in sorted(found.items())}, False


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

"""`essaim audit` : compare, sur une installation qui tourne, ce que chaque service tient avec ce qui a été dit."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.audit_words import report
from services.cli.chosen import Services
from services.cli.databases import with_pools
from services.cli.kafka import kafka_of
from services.cli.refusing import refuse
from shared.events.registry import SAID_BY
from shared.secrets import secret

if TYPE_CHECKING:
    from services.notifier.audit import ContactsOf
    from shared.audit_reading import Topics
    from shared.auditing import Finding, Look, Progress
    from shared.database import Pool

DIFFERENT, BLIND = 1, 2
PARTS = {**{service: f"services.{service}.audit" for service in SAID_BY}, "matcher": "services.matcher.audit_matches"}
"""Where each service says what is compared of it."""


class NoContacts(Exception):
    """Ingest cannot be asked who answers for whom."""


def audit(
    services: Services = None,
    as_json: Annotated[bool, typer.Option("--json", help="Une ligne JSON par différence.")] = False,
    whole: Annotated[bool, typer.Option("--all", help="Toutes les différences, non vingt de chaque sorte.")] = False,
    patience: Annotated[
        float, typer.Option(min=0, help="Secondes pendant lesquelles une différence doit rester telle quelle.")
    ] = 60.0,
) -> None:
    """Compare ce que tiennent les services, sans y toucher ; code 0 : rien, 1 : des différences, 2 : pas pu lire."""
    from aiokafka.errors import KafkaError

    from shared.log_identity import MissingTopic

    # What the absence of Kafka is worth saying is said below, once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    chosen = services or list(SAID_BY)
    servers, prefix = kafka_of(chosen[0], BLIND)
    try:
        with _bar() as progress:
            found = with_pools(chosen, lambda pools: audited(pools, servers, prefix, patience, progress), BLIND)
    except MissingTopic as missing:
        refuse(f"le sujet {missing.topic} n'existe pas : python -m deploy.create_topics", BLIND)
    except (KafkaError, TimeoutError):
        refuse(f"Kafka ne répond pas sur {servers} : démarrez-le, puis recommencez", BLIND)
    except NoContacts as why:
        refuse(f"ingest ne répond pas ({why}), et dit seul qui devait être averti : démarrez-le", BLIND)
    told = (json.dumps(asdict(each), ensure_ascii=False) for each in found) if as_json else report(found, whole=whole)
    for line in told:
        typer.echo(line)
    raise typer.Exit(DIFFERENT if found else 0)


@contextmanager
def _bar() -> "Iterator[Progress]":
    """Shows on standard error, at a terminal, what is being compared."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    with Bar(transient=True, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("compare")

        def show(name: str, done: int, total: int) -> None:
            words = f"compare : {name}" if name else "laisse arriver ce qui est en route"
            bar.update(task, description=words, completed=done, total=total)

        yield show


async def audited(
    pools: Mapping[str, "Pool"], servers: str, prefix: str, patience: float, progress: "Progress" = lambda *_: None
) -> "list[Finding]":
    """What differs and stays so for `patience` seconds, over the services of `pools`; each keeps how many it has."""
    from shared import audits
    from shared.audit_reading import Topics
    from shared.auditing import by_service, standing

    found = await standing(looks(pools, Topics(servers, prefix)), patience=patience, progress=progress)
    await audits.keep(pools, by_service(found))
    return found


def looks(pools: Mapping[str, "Pool"], topics: "Topics") -> "dict[str, Look]":
    """Everything that is compared, each part by itself, so that only what differs is looked at again."""
    from shared.audit_reading import offset_findings

    found: dict[str, Look] = {}
    for service, pool in pools.items():
        found[f"outbox of {service}"] = partial(_waiting, pool, service)
        found[f"offsets of {service}"] = partial(offset_findings, pool, service, topics)
        found[f"state of {service}"] = partial(_part(service).findings, pool, topics)
    for sayer, said in SAID_BY.items():
        for topic in said:
            if sayer in pools or any(topic in _part(reader).HANDLED for reader in pools):
                found[f"topic {topic}"] = partial(_topic, pools, topics, sayer, topic)
    if "notifier" in pools:
        untold = _part("notifier").untold
        found["untold"] = partial(untold, pools["notifier"], topics, _contacts(pools.get("ingest")))
    return found


def _part(service: str) -> Any:
    return import_module(PARTS[service])


async def _waiting(pool: "Pool", service: str) -> "list[Finding]":
    from shared.audit_reading import old_events, snapshot

    async with snapshot(pool) as connection:
        return await old_events(connection, service)


async def _topic(pools: Mapping[str, "Pool"], topics: "Topics", sayer: str, topic: str) -> "list[Finding]":
    """A topic with its writer's versions, read before and after it, and with what each of its readers holds then."""
    from shared.audit_reading import said, snapshot

    before = None
    if sayer in pools:
        async with snapshot(pools[sayer]) as connection:
            before = await said(connection, topic)
    view = await topics.view(topic)
    found = [] if before is None else await _said(pools[sayer], sayer, view, before)
    for service, pool in pools.items():
        if topic in _part(service).HANDLED:
            found += await _heard(pool, service, view)
    return found


async def _said(pool: "Pool", sayer: str, view: Any, before: Any) -> "list[Finding]":
    from shared.audit_reading import said, snapshot, waiting
    from shared.auditing import above, said_differences, sent_differences

    async with snapshot(pool) as connection:
        after = await said(connection, view.topic, above(view, before))
        forgotten = await _part(sayer).forgotten(connection, view.topic)
        outbox = await waiting(connection, view.topic)
    return [*said_differences(sayer, view, before, after, forgotten), *sent_differences(sayer, view, outbox)]


async def _heard(pool: "Pool", service: str, view: Any) -> "list[Finding]":
    from shared.audit_reading import handled, snapshot
    from shared.auditing import held_differences, lag_differences

    part = _part(service)
    async with snapshot(pool) as connection:
        done = await handled(connection, view.topic)
        held = await part.held(connection, view.topic) if view.topic in part.HEARD else None
    return [*lag_differences(service, view, done), *(held_differences(service, view, held) if held else ())]


def _contacts(ingest: "Pool | None") -> "ContactsOf":
    """Whom ingest knows: by its database where that is audited too, else asked as the notifier asks it."""
    if ingest is not None:
        return partial(_part("ingest").contacts_of, ingest)
    return _asked


async def _asked(parties: Any) -> Any:
    from services.notifier.connectors.contacts import IngestAway

    url, token = secret("NOTIFIER_INGEST_URL") or "http://127.0.0.1:8001", secret("NOTIFIER_SERVICE_TOKEN")
    if not token:
        raise NoContacts("NOTIFIER_SERVICE_TOKEN n'est pas défini")
    try:
        return await _part("notifier").asked_of_ingest(url, token, parties)
    except IngestAway:
        raise NoContacts(url) from None

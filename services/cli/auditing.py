"""`essaim audit` : compare, sur une installation qui tourne, ce que chaque service tient avec ce qui a été dit."""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.databases import with_pools
from services.cli.kafka import kafka_of
from services.cli.refusing import refuse

if TYPE_CHECKING:
    from shared.audit_reading import Topics
    from shared.auditing import Finding, Look
    from shared.database import Pool

SERVICES = ("ingest", "matcher", "notifier", "console")
DIFFERENT, BLIND = 1, 2

WORDS = {
    "unsent": "le dernier événement n'est pas dans le sujet comme il a été dit",
    "never-said": "le sujet tient ce que le service n'a jamais dit",
    "waiting": "un événement attend de partir depuis plus d'une minute",
    "unheard": "ce qui a été lu n'est pas tenu",
    "unknown-to-log": "le service tient ce que le sujet n'a pas",
    "view": "ce qui est montré n'est pas ce qui a été dit",
    "standstill": "la lecture n'avance plus",
    "offset": "la position lue n'est pas dans ce journal",
    "project list": "la présélection du projet n'est pas celle que les fiches donnent",
    "offer list": "la présélection de l'offre n'est pas celle que les fiches donnent",
    "marks": "les présélections qui portent le rapprochement sont mal notées",
    "match": "le rapprochement sans réponse n'est pas celui que les fiches donnent",
    "reasons": "le score ou les motifs du rapprochement ne sont plus ceux que les fiches donnent",
    "answer": "le rapprochement et les réponses données ne disent pas la même chose",
    "submission": "le dépôt n'est pas publié tel qu'il est gardé",
    "conclusion": "la conclusion n'a rien baissé",
    "untold": "quelqu'un aurait dû être averti",
    "told-of-nothing": "quelqu'un a été averti d'un rapprochement qui n'a jamais existé",
}
"""What is wrong, by the code of a finding."""


def audit(
    as_json: Annotated[bool, typer.Option("--json", help="Une ligne JSON par différence.")] = False,
    patience: Annotated[
        float, typer.Option(min=0, help="Secondes pendant lesquelles une différence doit rester telle quelle.")
    ] = 60.0,
) -> None:
    """Compare ce que tiennent les services, sans rien changer ; code 0 : rien, 1 : des différences, 2 : pas pu lire."""
    from aiokafka.errors import KafkaError

    from shared.log_identity import MissingTopic

    # What the absence of Kafka is worth saying is said below, once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    servers, prefix = kafka_of("matcher", BLIND)
    try:
        found = with_pools(SERVICES, lambda pools: findings(pools, servers, prefix, patience), BLIND)
    except MissingTopic as missing:
        refuse(f"le sujet {missing.topic} n'existe pas : python -m deploy.create_topics", BLIND)
    except KafkaError:
        refuse(f"Kafka ne répond pas sur {servers} : démarrez-le, puis recommencez", BLIND)
    for each in found:
        typer.echo(json.dumps(asdict(each), ensure_ascii=False) if as_json else sentence(each))
    if not as_json:
        typer.echo(f"{len(found)} différence(s)" if found else "Aucune différence.")
    raise typer.Exit(DIFFERENT if found else 0)


def sentence(finding: "Finding") -> str:
    """One line for a person; the ids and states as they are kept."""
    return (
        f"{finding.service} : {WORDS[finding.what]} : {finding.id} (attendu : {finding.expected} ;"
        f" trouvé : {finding.found})"
    )


async def findings(
    pools: Mapping[str, "Pool"], servers: str, prefix: str, patience: float, every: float = 10.0
) -> "list[Finding]":
    """What differs and stays so for `patience` seconds, over all services."""
    from shared.audit_reading import Topics
    from shared.auditing import standing

    topics = Topics(servers, prefix)
    return await standing(looks(pools, topics), patience=patience, every=every)


def looks(pools: Mapping[str, "Pool"], topics: "Topics") -> "dict[str, Look]":
    """Everything that is compared, each part by itself, so that only what differs is looked at again."""
    from shared.audit_reading import offset_findings
    from shared.events.registry import SAID_BY

    found: dict[str, Look] = {}
    for service, said in SAID_BY.items():
        found[f"outbox of {service}"] = partial(_waiting, pools[service], service)
        found[f"offsets of {service}"] = partial(offset_findings, pools[service], service, topics)
        found |= {f"topic {topic}": partial(_topic, pools, topics, service, topic) for topic in said}
    for service in ("ingest", "matcher", "console"):
        found[f"state of {service}"] = partial(_part(service).findings, pools[service], topics)
    contacts_of = partial(_part("ingest").contacts_of, pools["ingest"])
    found["untold"] = partial(_part("notifier").untold, pools["notifier"], topics, contacts_of)
    found["told"] = partial(_told_of_nothing, pools)
    return found


def _part(service: str) -> Any:
    return import_module(f"services.{service}.audit")


async def _waiting(pool: "Pool", service: str) -> "list[Finding]":
    from shared.audit_reading import old_events, snapshot

    async with snapshot(pool) as connection:
        return await old_events(connection, service)


async def _topic(pools: Mapping[str, "Pool"], topics: "Topics", sayer: str, topic: str) -> "list[Finding]":
    """A topic with its writer's versions, read before and after it, and with what each of its readers holds then."""
    from shared.audit_reading import handled, said, snapshot
    from shared.auditing import above, held_differences, lag_differences, said_differences

    async with snapshot(pools[sayer]) as connection:
        before = await said(connection, topic)
    view = await topics.view(topic)
    async with snapshot(pools[sayer]) as connection:
        after = await said(connection, topic, above(view, before))
        forgotten = await _part(sayer).forgotten(connection, topic)
    found = list(said_differences(sayer, view, before, after, forgotten))
    for service in SERVICES:
        part = _part(service)
        async with snapshot(pools[service]) as connection:
            done = await handled(connection, topic)
            held = await part.held(connection, topic) if topic in part.HEARD else None
        found += lag_differences(service, view, done) if done else []
        found += held_differences(service, view, held) if held else []
    return found


async def _told_of_nothing(pools: Mapping[str, "Pool"]) -> "list[Finding]":
    """Matches in the notifier's ledger of which the matcher never said anything."""
    from shared.audit_reading import said, snapshot
    from shared.auditing import Finding

    told = await _part("notifier").told_matches(pools["notifier"])
    async with snapshot(pools["matcher"]) as connection:
        known = await said(connection, "matches", told)
    return [Finding("notifier", "told-of-nothing", each, "nothing", "told") for each in told if each not in known]

"""`essaim restored` et `essaim rebuild` : un service repart de Kafka, après une restauration ou pour se refaire."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from services.cli.databases import with_pool
from services.cli.kafka import kafka_of
from services.cli.refusing import refuse
from shared.events.registry import SAID_BY

if TYPE_CHECKING:
    from shared.database import Pool
    from shared.restoring import Report, Restoration
    from shared.whole_log import Progress

Service = Literal["ingest", "matcher", "notifier", "console"]
Rebuilt = Literal["matcher", "console"]
Sure = Annotated[bool, typer.Option("--yes", help="Ne rien demander.")]

COUNTS = {
    "read": ("événement de ce service lu dans Kafka", "événements de ce service lus dans Kafka"),
    "entities": (
        "fiche reprise (projet, engagement, fonds ou territoire)",
        "projets, engagements, fonds et territoires repris",
    ),
    "matches": ("rapprochement repris", "rapprochements repris"),
    "concluded": ("conclusion reprise", "conclusions reprises"),
    "erased": ("effacement appliqué", "effacements appliqués"),
    "answers": ("réponse reprise", "réponses reprises"),
    "preferences": ("préférence reprise", "préférences reprises"),
    "mails": ("courriel déjà parti, noté", "courriels déjà partis, notés"),
    "days": ("jour repris", "jours repris"),
    "ended": (
        "rapprochement terminé : une de ses parties n'existe plus",
        "rapprochements terminés : une de leurs parties n'existe plus",
    ),
    "untold": (
        "rapprochement trop ancien pour être encore annoncé",
        "rapprochements trop anciens pour être encore annoncés",
    ),
    "unparsable": (
        "enregistrement de Kafka que rien ne sait lire, passé",
        "enregistrements de Kafka que rien ne sait lire, passés",
    ),
    "stated": ("événement à redire, dès que le service tournera", "événements à redire, dès que le service tournera"),
}
"""What the report counts: of one, of several."""
LACKING = {
    "contact": "Sans contact désormais : redemandez une adresse à qui les a déposés",
    "organisation": "Sans organisation désormais : redéposez-les avec la clé de leur organisation",
    "name": "Nom du porteur individuel perdu (il n'est jamais publié) : redéposez ces projets",
    "coordinator": "Sans coordinateur désormais : essaim coordinator add",
}


def restored(
    service: Annotated[Service, typer.Argument(help="Le service dont la base ou les sujets ont été restaurés.")],
    yes: Sure = False,
) -> None:
    """Reprend un service arrêté après une restauration : base ancienne ou vide, sujets recréés, autre Kafka."""
    _sure(yes, f"Reprendre {service} d'après Kafka, et redire tout ce qu'il sait ?")
    _run(service, anew=False)


def rebuild(
    service: Annotated[Rebuilt, typer.Argument(help="Le service arrêté dont refaire l'état.")], yes: Sure = False
) -> None:
    """Refait l'état d'un service arrêté d'après les seuls sujets de Kafka."""
    _sure(yes, f"Oublier l'état de {service} et le refaire d'après Kafka ?")
    _run(service, anew=True)


def _sure(yes: bool, question: str) -> None:
    if not yes and not typer.prompt(f"{question} (oui ou non)", default="non", show_default=False).lower().startswith(
        "o"
    ):
        refuse("rien n'a été changé ; répondez oui, ou ajoutez --yes")


def _run(service: str, *, anew: bool) -> None:
    from aiokafka.errors import KafkaError

    from shared.log_identity import MissingTopic
    from shared.restoring import NothingToRestoreFrom, StillRunning

    # What the absence of Kafka is worth saying is said below, once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    servers, prefix = kafka_of(service)
    try:
        with _bars() as progress:
            report, empty = with_pool(service, lambda pool: _work(pool, service, servers, prefix, progress, anew=anew))
    except StillRunning:
        refuse(f"{service} tourne encore, ou une autre reprise : arrêtez tous ses processus, puis recommencez")
    except NothingToRestoreFrom as lack:
        sayer = next(each for each, topics in SAID_BY.items() if str(lack) in topics)
        refuse(
            f"le sujet {prefix}{lack} est vide, et continuer ferait perdre ce qui en dépend : reprenez d'abord {sayer}"
            f" (essaim restored {sayer}), démarrez-le, puis recommencez ; rien n'a été changé"
        )
    except MissingTopic as missing:
        refuse(f"le sujet {missing.topic} n'existe pas : python -m deploy.create_topics ; rien n'a été changé")
    except KafkaError:
        refuse(f"Kafka ne répond pas sur {servers} : démarrez-le, puis recommencez ; rien n'a été changé")
    _tell(service, report)
    if empty:
        typer.echo(
            f"Vide dans Kafka : {', '.join(empty)}. L'ordre est ingest, matcher, notifier, console : si un service qui"
            f" dit ces sujets n'est pas encore repris, reprenez-le avant de démarrer {service}."
        )


async def _work(
    pool: "Pool", service: str, servers: str, prefix: str, progress: "Progress", *, anew: bool
) -> "tuple[Report, list[str]]":
    """The report, and the topics of others that the service read and that hold nothing."""
    from shared.restoring import restoring

    restore = import_module(f"services.{service}.restoring").restore
    async with restoring(
        pool, service=service, bootstrap_servers=servers, topic_prefix=prefix, progress=progress
    ) as work:
        await restore(work, anew=anew)
    read = dict.fromkeys(topic for topic, _ in work.log.positions if topic not in work.says)
    return work.report, [topic for topic in read if not any(_ends(work, topic))]


def _ends(work: "Restoration", topic: str) -> list[int]:
    return [position.next_offset for (of, _), position in work.log.positions.items() if of == topic]


@contextmanager
def _bars() -> "Iterator[Progress]":
    """Shows one bar per topic while it is read."""
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from shared.restoring import STATING

    with Bars(transient=True, console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def show(topic: str, done: int, total: int) -> None:
            if topic not in tasks:
                tasks[topic] = bars.add_task("à redire" if topic == STATING else f"lit {topic}")
            bars.update(tasks[topic], completed=done, total=total)

        yield show


def _tell(service: str, report: "Report") -> None:
    for name, (one, several) in COUNTS.items():
        if number := report.counts[name]:
            typer.echo(f"{number:>9} {one if number == 1 else several}")
    for name, words in LACKING.items():
        if found := report.lacking.get(name):
            typer.echo(f"{words} ({len(found)}) :")
            for entity_id in found:
                typer.echo(f"  {entity_id}")
    typer.echo(f"{service} est repris : démarrez-le.")

"""`essaim` : la démonstration, les fichiers à déposer, le classement sans serveur, les comptes."""

import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from services.cli.accounts import coordinator, key, organisation
from services.cli.auditing import audit
from services.cli.databases import with_pool
from services.cli.models import model
from services.cli.refusing import MISUSED, Command, Commands, readable, refuse
from services.cli.restoring import rebuild, restored
from services.cli.status import HEARD, status
from shared.clock import today_in_paris
from shared.words.french import count

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from services.ingest.bulk import ReportLine
    from shared.database import Connection, Pool

EntityChoice = Literal["project", "commitment", "fund"]
DirectionChoice = Literal["project", "offer"]
LanguageChoice = Literal["fr", "en"]
ServiceChoice = Literal["ingest", "matcher", "notifier", "console"]

app = typer.Typer(
    name="essaim",
    cls=Commands,
    help=__doc__,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for name, commands in (("organisation", organisation), ("key", key), ("coordinator", coordinator)):
    app.add_typer(commands, name=name)


@app.command(cls=Command)
def demo(
    quiet: Annotated[bool, typer.Option("--quiet", help="Rien ne bouge tout seul après le chargement.")] = False,
    pace: Annotated[float, typer.Option(min=0.2, help="Secondes, en moyenne, entre deux événements.")] = 3.0,
    seed: Annotated[int, typer.Option(help="Graine du flux inventé.")] = 2026,
    servers_only: Annotated[
        bool,
        typer.Option("--servers-only", help="Kafka et PostgreSQL seuls : pour « essaim restored » ou « rebuild »."),
    ] = False,
) -> None:
    """Fait tourner tout Essaim sur cette machine, avec des données de démonstration, jusqu'à Ctrl-C.

    Les ports se changent par ESSAIM_CONSOLE_PORT, _INGEST_PORT, _MATCHER_PORT, _NOTIFIER_PORT, _MAIL_PAGE_PORT,
    _SMTP_PORT, _KAFKA_PORT, _KAFKA_CONTROLLER_PORT et _POSTGRES_PORT.
    """
    from deploy.local.demo import DemoOptions, run

    raise typer.Exit(run(DemoOptions(quiet=quiet, pace_seconds=pace, seed=seed, servers_only=servers_only)))


@app.command(cls=Command)
def replay(
    service: Annotated[ServiceChoice, typer.Argument(help="Le service dont reprendre les lettres mortes.")],
    topic: Annotated[str | None, typer.Option(help="Seulement ce sujet, sans préfixe.")] = None,
    ids: Annotated[
        list[int] | None, typer.Option("--id", min=1, max=2**63 - 1, help="Seulement ces lettres mortes.")
    ] = None,
) -> None:
    """Demande au service de traiter à nouveau ses lettres mortes, une fois la cause réparée."""
    from shared.condition import set_aside_ids
    from shared.database import in_transaction
    from shared.dead_letter import ask_replay

    if topic is not None and topic not in HEARD[service]:
        refuse(f"{service} ne lit pas le sujet « {topic} » ; il lit : {', '.join(HEARD[service])}", MISUSED)

    async def asked(connection: "Connection") -> tuple[int, list[int]]:
        known = await set_aside_ids(connection, ids or (), topic)
        return await ask_replay(connection, topic=topic, ids=ids), [each for each in ids or () if each not in known]

    number, unknown = with_pool(service, lambda pool: in_transaction(pool, asked))
    typer.echo(f"{count(number, 'message')} à reprendre par {service}")
    if unknown:
        refuse(f"aucune lettre morte de {service} n'a l'identifiant {', '.join(map(str, unknown))}")


app.command(cls=Command)(model)
app.command(cls=Command)(restored)
app.command(cls=Command)(rebuild)
app.command(cls=Command)(audit)
app.command(cls=Command)(status)


@app.command("import", cls=Command)
def import_files(
    files: Annotated[list[Path], typer.Argument(callback=readable, help="JSON Lines, CSV ou XLSX.")],
    organisation_id: Annotated[str, typer.Option("--organisation", help="Organisation qui dépose.")],
    entity_type: Annotated[EntityChoice | None, typer.Option("--type", help="Si l'identifiant ne le dit pas.")] = None,
    language: Annotated[LanguageChoice, typer.Option(help="Langue du compte rendu.")] = "fr",
) -> None:
    """Dépose des fichiers, une ligne par refus ou avertissement ; relancée, reprend où elle s'est arrêtée."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    from services.ingest.accounts import RefusedAccount, require_organisation
    from services.ingest.bulk import Progress, import_file
    from services.ingest.intake.rights import Submitter
    from services.ingest.submissions import SubmitterGone

    async def work(pool: "Pool", path: Path, bar: "Bar") -> int:
        def show(line: "ReportLine") -> None:
            _show(line, path, language)

        def advance(progress: Progress) -> None:
            bar.update(bar.task_ids[-1], completed=progress.read)

        try:
            await require_organisation(pool, organisation_id)
            counts = await import_file(
                pool, path, Submitter(organisation_id), entity_type=entity_type, on_progress=advance, on_line=show
            )
        except (RefusedAccount, SubmitterGone) as error:
            refuse(str(error))
        typer.echo(f"{path} : acceptées {counts.accepted}, inchangées {counts.unchanged}, refusées {counts.refused}")
        return counts.refused

    refused = 0
    for path in files:
        with Bar(transient=True, console=Console(stderr=True)) as bar:
            bar.add_task(str(path), total=1.0)
            refused += with_pool("ingest", lambda pool, path=path, bar=bar: work(pool, path, bar))  # type: ignore[misc]
    raise typer.Exit(1 if refused else 0)


def _show(line: "ReportLine", path: Path, language: LanguageChoice) -> None:
    if line.result == "refused" or line.warnings:
        typer.echo(json.dumps(line.as_json(language), ensure_ascii=False))
    if any(fault.code == "type-inconnu" for fault in line.faults):
        typer.echo(f"{path} : dites ce que c'est par --type project, commitment ou fund", err=True)


@app.command(cls=Command)
def rank(
    *,
    projects: Annotated[Path, typer.Option(callback=readable, help="Projets, un par ligne.")],
    commitments: Annotated[Path, typer.Option(callback=readable, help="Engagements, un par ligne.")],
    funds: Annotated[Path, typer.Option(callback=readable, help="Fonds, un par ligne.")],
    on: Annotated[str | None, typer.Option(help="Jour de référence, AAAA-MM-JJ ; aujourd'hui à Paris sinon.")] = None,
    top: Annotated[int, typer.Option(min=1, max=1000, help="Longueur des listes.")] = 20,
    direction: Annotated[DirectionChoice, typer.Option("--for", help="Pour qui classer.")] = "project",
    refused: Annotated[bool, typer.Option("--refused", help="Aussi les refus, avec leurs codes.")] = False,
) -> None:
    """Classe sans serveur : les meilleures offres de chaque projet, ou les meilleurs projets de chaque offre."""
    from services.matcher import offline

    lines = offline.rank(
        _read("project", projects),
        _read("commitment", commitments),
        _read("fund", funds),
        on=_day(on),
        top=top,
        direction=direction,
        refused=refused,
    )
    for line in lines:
        typer.echo(json.dumps(line, ensure_ascii=False))


@app.command(cls=Command)
def classify() -> None:
    """Classe des textes : lit des lignes {"id", "text"}, écrit thèmes, stade et besoins que chacun dit."""
    from services.matcher import offline

    try:
        for line in offline.classify(_texts()):
            typer.echo(json.dumps(line, ensure_ascii=False))
    except ValueError as error:
        refuse(f'{error} ; chaque ligne est un objet comme {{"id": "a", "text": "Un jardin partagé"}}')


def _read(entity_type: EntityChoice, path: Path) -> list[Any]:
    """The entities of a file, read as submissions are, twins marked; leaves with every fault when one is refused."""
    from services.ingest.intake import Accepted, marked, read, say_all
    from services.ingest.intake.files import read_file

    found, faults = [], 0
    for row in read_file(path, entity_type):
        reading = read(entity_type, row.data) if row.data is not None else None
        if isinstance(reading, Accepted):
            found.append(reading.entity)
            continue
        for said in say_all(row.faults if reading is None else row.said(reading.faults)):
            faults += 1
            typer.echo(f"{path}:{row.line}: {said['field']}: {said['message']} {said['remedy']}", err=True)
    if faults:
        raise typer.Exit(1)
    return marked(found)


def _texts() -> Iterator[Any]:
    for number, text in enumerate(sys.stdin, start=1):
        try:
            found = json.loads(text)
            json.dumps(found, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            refuse(f"ligne {number} : une moitié de caractère, comme \\ud800, n'est pas du texte")
        except (ValueError, RecursionError):
            refuse(f"ligne {number} : ce n'est pas du JSON")
        yield found


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat(text) if text else today_in_paris()
    except ValueError:
        refuse(f"« {text} » n'est pas un jour : écrivez-le 2026-12-01")


main = app
"""The command `essaim`."""

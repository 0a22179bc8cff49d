"""`essaim`: runs the demonstration, brings files in, ranks and classifies without a server, manages accounts."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn, TypeVar
from zoneinfo import ZoneInfo

import typer

from shared.secrets import secret

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from shared.database import Pool

EntityChoice = Literal["project", "commitment", "fund"]
DirectionChoice = Literal["project", "offer"]
LanguageChoice = Literal["fr", "en"]
ServiceChoice = Literal["ingest", "matcher", "notifier", "console"]

T = TypeVar("T")

app = typer.Typer(
    name="essaim", help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
organisation = typer.Typer(no_args_is_help=True, help="Organisations qui déposent par l'API.")
key = typer.Typer(no_args_is_help=True, help="Clés d'API des organisations.")
coordinator = typer.Typer(no_args_is_help=True, help="Coordinateurs des territoires.")
for name, commands in (("organisation", organisation), ("key", key), ("coordinator", coordinator)):
    app.add_typer(commands, name=name)


@app.command()
def demo(
    quiet: Annotated[bool, typer.Option("--quiet", help="Rien ne bouge tout seul après le chargement.")] = False,
    pace: Annotated[float, typer.Option(min=0.2, help="Secondes, en moyenne, entre deux événements.")] = 3.0,
    seed: Annotated[int, typer.Option(help="Graine du flux inventé.")] = 2026,
) -> None:
    """Fait tourner tout Essaim sur cette machine, avec des données de démonstration, jusqu'à Ctrl-C."""
    from deploy.local.demo import DemoOptions, run

    raise typer.Exit(run(DemoOptions(quiet=quiet, pace_seconds=pace, seed=seed)))


@app.command()
def replay(
    service: Annotated[ServiceChoice, typer.Argument(help="Le service dont reprendre les lettres mortes.")],
    topic: Annotated[str | None, typer.Option(help="Seulement ce sujet, sans préfixe.")] = None,
    ids: Annotated[list[int] | None, typer.Option("--id", help="Seulement ces lettres mortes.")] = None,
) -> None:
    """Demande au service de traiter à nouveau ses lettres mortes, une fois la cause réparée."""
    from shared.database import in_transaction
    from shared.dead_letter import ask_replay

    async def work(pool: "Pool") -> int:
        return await in_transaction(pool, lambda connection: ask_replay(connection, topic=topic, ids=ids))

    typer.echo(f"{_with_pool(service, work)} message(s) à reprendre par {service}")


@app.command("import")
def import_files(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="JSON Lines, CSV ou XLSX.")],
    organisation_id: Annotated[str, typer.Option("--organisation", help="Organisation qui dépose.")],
    entity_type: Annotated[EntityChoice | None, typer.Option("--type", help="Si l'identifiant ne le dit pas.")] = None,
    language: Annotated[LanguageChoice, typer.Option(help="Langue du compte rendu.")] = "fr",
) -> None:
    """Dépose des fichiers, une ligne de compte rendu par refus ; relancée, reprend où elle s'est arrêtée."""
    from rich.progress import Progress as Bar

    from services.ingest.accounts import require_organisation
    from services.ingest.bulk import Progress, ReportLine, import_file
    from services.ingest.intake.rights import Submitter

    async def work(pool: "Pool", path: Path, bar: "Bar") -> int:
        def show(line: ReportLine) -> None:
            if line.result == "refused":
                bar.console.print_json(json.dumps(line.as_json(language), ensure_ascii=False), indent=None)

        def advance(progress: Progress) -> None:
            bar.update(bar.task_ids[-1], completed=progress.read)

        await require_organisation(pool, organisation_id)
        counts = await import_file(
            pool, path, Submitter(organisation_id), entity_type=entity_type, on_progress=advance, on_line=show
        )
        typer.echo(f"{path} : acceptées {counts.accepted}, inchangées {counts.unchanged}, refusées {counts.refused}")
        return counts.refused

    refused = 0
    for path in files:
        with Bar(transient=True) as bar:
            bar.add_task(str(path), total=1.0)
            refused += _with_pool("ingest", lambda pool, path=path, bar=bar: work(pool, path, bar))  # type: ignore[misc]
    raise typer.Exit(1 if refused else 0)


@app.command()
def rank(
    *,
    projects: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Projets, un par ligne.")],
    commitments: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Engagements, un par ligne.")],
    funds: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Fonds, un par ligne.")],
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


@app.command()
def classify() -> None:
    """Classe des textes : lit des lignes {"id", "text"}, écrit thèmes, stade et besoins que chacun dit."""
    from services.matcher import offline

    try:
        for line in offline.classify(_texts()):
            typer.echo(json.dumps(line, ensure_ascii=False))
    except ValueError as error:
        _refuse(f'{error} ; chaque ligne est un objet comme {{"id": "a", "text": "Un jardin partagé"}}')


@organisation.command("add")
def add_organisation(organisation_id: str, name: str) -> None:
    """Ajoute une organisation, ou la renomme."""
    _accounts(lambda accounts, pool: accounts.add_organisation(pool, organisation_id, name))
    typer.echo(f"{organisation_id} ajoutée")


@organisation.command("list")
def list_organisations() -> None:
    """Liste les organisations."""
    _show(_accounts(lambda accounts, pool: accounts.list_organisations(pool)))


@organisation.command("revoke")
def revoke_organisation(organisation_id: str) -> None:
    """Retire l'accès d'une organisation et de toutes ses clés ; ce qu'elle a déposé reste."""
    done = _accounts(lambda accounts, pool: accounts.revoke_organisation(pool, organisation_id))
    _done(done, f"{organisation_id} révoquée", "rien à révoquer sous ce nom")


@key.command("add")
def add_key(
    organisation_id: str,
    scopes: Annotated[list[str], typer.Option("--scope", help="Portée, à répéter : projects:write, read…")],
    label: Annotated[str, typer.Option(help="À quoi elle sert.")] = "",
) -> None:
    """Crée une clé et la montre, une seule fois."""
    typer.echo(_accounts(lambda accounts, pool: accounts.add_key(pool, organisation_id, scopes, label)))


@key.command("list")
def list_keys(organisation_id: Annotated[str | None, typer.Argument()] = None) -> None:
    """Liste les clés, sans leur secret."""
    _show(_accounts(lambda accounts, pool: accounts.list_keys(pool, organisation_id)))


@key.command("revoke")
def revoke_key(prefix: Annotated[str, typer.Argument(help="Ce qui suit « essaim_ », tel que list le montre.")]) -> None:
    """Met fin à une clé."""
    _done(_accounts(lambda accounts, pool: accounts.revoke_key(pool, prefix)), "révoquée", "aucune clé active ainsi")


@coordinator.command("add")
def add_coordinator(territory_id: str, email: str, name: Annotated[str | None, typer.Argument()] = None) -> None:
    """Confie un territoire à qui a cette adresse."""
    _accounts(lambda accounts, pool: accounts.add_coordinator(pool, territory_id, email, name))
    typer.echo(f"{territory_id} a un coordinateur de plus")


@coordinator.command("list")
def list_coordinators(territory_id: Annotated[str | None, typer.Argument()] = None) -> None:
    """Liste les coordinateurs."""
    _show(_accounts(lambda accounts, pool: accounts.list_coordinators(pool, territory_id)))


@coordinator.command("revoke")
def revoke_coordinator(territory_id: str, email: str) -> None:
    """Retire un territoire à un coordinateur."""
    done = _accounts(lambda accounts, pool: accounts.revoke_coordinator(pool, territory_id, email))
    _done(done, "retiré", "personne ne coordonne ce territoire avec cette adresse")


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
        for said in say_all(row.faults if reading is None else reading.faults):
            faults += 1
            typer.echo(f"{path}:{row.line}: {said['field']}: {said['message']} {said['remedy']}", err=True)
    if faults:
        raise typer.Exit(1)
    return marked(found)


def _texts() -> Iterator[Any]:
    for number, text in enumerate(sys.stdin, start=1):
        try:
            yield json.loads(text)
        except ValueError:
            _refuse(f"ligne {number} : ce n'est pas du JSON")


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat(text) if text else datetime.now(ZoneInfo("Europe/Paris")).date()
    except ValueError:
        _refuse(f"« {text} » n'est pas un jour : écrivez-le 2026-12-01")


def _accounts(work: Callable[[Any, "Pool"], Awaitable[Any]]) -> Any:
    """What `work` returns, given the functions of `services.ingest.accounts` and ingest's pool."""
    from services.ingest import accounts

    return _with_pool("ingest", lambda pool: work(accounts, pool))


def _with_pool(service: str, work: Callable[["Pool"], Awaitable[T]]) -> T:
    from services.ingest.accounts import RefusedAccount
    from shared.database import open_pool

    async def run() -> T:
        pool = await open_pool(_database_url(service), service=service, attempts=3)
        try:
            return await work(pool)
        finally:
            await pool.close()

    try:
        return asyncio.run(run())
    except RefusedAccount as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"PostgreSQL ne répond pas ({error}) : démarrez-le, ou vérifiez {service.upper()}_DATABASE_URL")


def _database_url(service: str) -> str:
    """The service's own database: named by the environment or a secret file, else the demonstration's."""
    variable = f"{service.upper()}_DATABASE_URL"
    named = secret(variable)
    if named:
        return named
    try:
        from deploy.local.demo_database import database_url
    except ModuleNotFoundError:
        _refuse(f"{variable} n'est pas défini")
    found = database_url(service)
    if found is None:
        _refuse(f"{variable} n'est pas défini, et aucune démonstration n'a été lancée ici")
    return found


def _show(rows: Sequence[Any]) -> None:
    for row in rows:
        fields = {name: getattr(row, name) for name in row.__dataclass_fields__}
        typer.echo(json.dumps(fields, ensure_ascii=False, default=str))


def _done(done: bool, said: str, otherwise: str) -> None:
    typer.echo(said) if done else _refuse(otherwise)


def _refuse(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(1)


main = app
"""The command `essaim`."""


if __name__ == "__main__":
    main()

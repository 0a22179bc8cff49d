"""`essaim`: runs the demonstration, brings files in, ranks and classifies without a server, manages accounts."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from shared.secrets import secret

if TYPE_CHECKING:
    from shared.database import Pool

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
    service: Annotated[str, typer.Argument(help="ingest, matcher, notifier ou console.")],
    topic: Annotated[str | None, typer.Option(help="Seulement ce sujet, sans préfixe.")] = None,
    ids: Annotated[list[int] | None, typer.Option("--id", help="Seulement ces lettres mortes.")] = None,
) -> None:
    """Demande au service de traiter à nouveau ses lettres mortes, une fois la cause réparée."""
    from shared.database import in_transaction
    from shared.dead_letter import ask_replay

    async def work(pool: "Pool") -> int:
        return await in_transaction(pool, lambda connection: ask_replay(connection, topic=topic, ids=ids))

    typer.echo(f"{_with_pool(service, work)} message(s) à reprendre par {service}")


@organisation.command("add")
def add_organisation(organisation_id: str, name: str) -> None:
    """Ajoute une organisation, ou la renomme."""
    from services.ingest import accounts

    _with_pool("ingest", lambda pool: accounts.add_organisation(pool, organisation_id, name))
    typer.echo(f"{organisation_id} ajoutée")


@organisation.command("list")
def list_organisations() -> None:
    """Liste les organisations."""
    from services.ingest import accounts

    _show(_with_pool("ingest", accounts.list_organisations))


@organisation.command("revoke")
def revoke_organisation(organisation_id: str) -> None:
    """Retire l'accès d'une organisation et de toutes ses clés ; ce qu'elle a déposé reste."""
    from services.ingest import accounts

    done = _with_pool("ingest", lambda pool: accounts.revoke_organisation(pool, organisation_id))
    _done(done, f"{organisation_id} révoquée", "rien à révoquer sous ce nom")


@key.command("add")
def add_key(
    organisation_id: str,
    scopes: Annotated[list[str], typer.Option("--scope", help="Portée, à répéter : projects:write, read…")],
    label: Annotated[str, typer.Option(help="À quoi elle sert.")] = "",
) -> None:
    """Crée une clé et la montre, une seule fois."""
    from services.ingest import accounts

    typer.echo(_with_pool("ingest", lambda pool: accounts.add_key(pool, organisation_id, scopes, label)))


@key.command("list")
def list_keys(organisation_id: Annotated[str | None, typer.Argument()] = None) -> None:
    """Liste les clés, sans leur secret."""
    from services.ingest import accounts

    _show(_with_pool("ingest", lambda pool: accounts.list_keys(pool, organisation_id)))


@key.command("revoke")
def revoke_key(prefix: Annotated[str, typer.Argument(help="Ce qui suit « essaim_ », tel que list le montre.")]) -> None:
    """Met fin à une clé."""
    from services.ingest import accounts

    _done(_with_pool("ingest", lambda pool: accounts.revoke_key(pool, prefix)), "révoquée", "aucune clé active ainsi")


@coordinator.command("add")
def add_coordinator(territory_id: str, email: str, name: Annotated[str | None, typer.Argument()] = None) -> None:
    """Confie un territoire à qui a cette adresse."""
    from services.ingest import accounts

    _with_pool("ingest", lambda pool: accounts.add_coordinator(pool, territory_id, email, name))
    typer.echo(f"{territory_id} a un coordinateur de plus")


@coordinator.command("list")
def list_coordinators(territory_id: Annotated[str | None, typer.Argument()] = None) -> None:
    """Liste les coordinateurs."""
    from services.ingest import accounts

    _show(_with_pool("ingest", lambda pool: accounts.list_coordinators(pool, territory_id)))


@coordinator.command("revoke")
def revoke_coordinator(territory_id: str, email: str) -> None:
    """Retire un territoire à un coordinateur."""
    from services.ingest import accounts

    done = _with_pool("ingest", lambda pool: accounts.revoke_coordinator(pool, territory_id, email))
    _done(done, "retiré", "personne ne coordonne ce territoire avec cette adresse")


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
        fields = ((name, getattr(row, name)) for name in row.__dataclass_fields__)
        typer.echo(json.dumps(dict(fields), ensure_ascii=False, default=str))


def _done(done: bool, said: str, otherwise: str) -> None:
    if not done:
        _refuse(otherwise)
    typer.echo(said)


def _refuse(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(1)


def main() -> None:
    """The command `essaim`."""
    app()


if __name__ == "__main__":
    main()

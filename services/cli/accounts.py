"""`essaim organisation|key|coordinator add|list|revoke`."""

import json
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.databases import with_pool
from services.cli.refusing import Command, Group, refuse
from shared.words.french import PARIS

if TYPE_CHECKING:
    from shared.database import Pool

AsJson = Annotated[bool, typer.Option("--json", help="Une ligne JSON par entrée, comme hors d'un terminal.")]
_HEADINGS = {
    "organisation_id": "Organisation",
    "name": "Nom",
    "created_at": "Depuis",
    "revoked_at": "Révoquée",
    "prefix": "Clé",
    "scopes": "Portées",
    "label": "Usage",
    "territory_id": "Territoire",
    "person_id": "Personne",
    "email": "Adresse",
}

organisation = typer.Typer(cls=Group, no_args_is_help=True, help="Organisations qui déposent par l'API.")
key = typer.Typer(cls=Group, no_args_is_help=True, help="Clés d'API des organisations.")
coordinator = typer.Typer(cls=Group, no_args_is_help=True, help="Coordinateurs des territoires.")


@organisation.command("add", cls=Command)
def add_organisation(organisation_id: str, name: str) -> None:
    """Ajoute une organisation, ou la renomme."""

    async def work(accounts: Any, pool: "Pool") -> str:
        before = {each.organisation_id: each for each in await accounts.list_organisations(pool)}.get(organisation_id)
        await accounts.add_organisation(pool, organisation_id, name)
        if before is None:
            return "ajoutée"
        if before.revoked_at is not None:
            return "rétablie ; ses clés restent révoquées"
        return "inchangée : elle l'était déjà" if before.name == name.strip() else "renommée"

    typer.echo(f"{organisation_id} {_with_accounts(work)}")


@organisation.command("list", cls=Command)
def list_organisations(as_json: AsJson = False) -> None:
    """Liste les organisations."""
    _show(_with_accounts(lambda accounts, pool: accounts.list_organisations(pool)), as_json=as_json)


@organisation.command("revoke", cls=Command)
def revoke_organisation(organisation_id: str) -> None:
    """Retire l'accès d'une organisation et de toutes ses clés ; ce qu'elle a déposé reste."""
    done = _with_accounts(lambda accounts, pool: accounts.revoke_organisation(pool, organisation_id))
    _done(
        done,
        f"{organisation_id} révoquée",
        "aucune organisation active n'a cet identifiant ; voyez essaim organisation list",
    )


@key.command("add", cls=Command)
def add_key(
    organisation_id: str,
    scopes: Annotated[list[str], typer.Option("--scope", help="Portée, à répéter : projects:write, read…")],
    label: Annotated[str, typer.Option(help="À quoi elle sert.")] = "",
) -> None:
    """Crée une clé et la montre, une seule fois."""
    typer.echo(_with_accounts(lambda accounts, pool: accounts.add_key(pool, organisation_id, scopes, label)))


@key.command("list", cls=Command)
def list_keys(organisation_id: Annotated[str | None, typer.Argument()] = None, as_json: AsJson = False) -> None:
    """Liste les clés, sans leur secret."""
    _show(_with_accounts(lambda accounts, pool: accounts.list_keys(pool, organisation_id)), as_json=as_json)


@key.command("revoke", cls=Command)
def revoke_key(prefix: Annotated[str, typer.Argument(help="Ce qui suit « essaim_ », tel que list le montre.")]) -> None:
    """Met fin à une clé."""
    done = _with_accounts(lambda accounts, pool: accounts.revoke_key(pool, prefix))
    _done(done, "révoquée", f"aucune clé active ne commence par « {prefix} » ; voyez essaim key list")


@coordinator.command("add", cls=Command)
def add_coordinator(territory_id: str, email: str, name: Annotated[str | None, typer.Argument()] = None) -> None:
    """Confie un territoire à qui a cette adresse."""

    async def work(accounts: Any, pool: "Pool") -> bool:
        before = {each.person_id for each in await accounts.list_coordinators(pool, territory_id)}
        return await accounts.add_coordinator(pool, territory_id, email, name) not in before

    is_new = _with_accounts(work)
    typer.echo(
        f"{territory_id} a un coordinateur de plus" if is_new else f"cette personne coordonne déjà {territory_id}"
    )


@coordinator.command("list", cls=Command)
def list_coordinators(territory_id: Annotated[str | None, typer.Argument()] = None, as_json: AsJson = False) -> None:
    """Liste les coordinateurs."""
    _show(_with_accounts(lambda accounts, pool: accounts.list_coordinators(pool, territory_id)), as_json=as_json)


@coordinator.command("revoke", cls=Command)
def revoke_coordinator(territory_id: str, email: str) -> None:
    """Retire un territoire à un coordinateur."""
    done = _with_accounts(lambda accounts, pool: accounts.revoke_coordinator(pool, territory_id, email))
    _done(done, "retiré", "personne ne coordonne ce territoire avec cette adresse ; voyez essaim coordinator list")


def _with_accounts(work: Callable[[Any, "Pool"], Awaitable[Any]]) -> Any:
    """What `work` returns, given the functions of `services.ingest.accounts` and ingest's pool."""
    from services.ingest import accounts

    async def allowed(pool: "Pool") -> Any:
        try:
            return await work(accounts, pool)
        except accounts.RefusedAccount as error:
            refuse(str(error))

    return with_pool("ingest", allowed)


def _show(rows: Sequence[Any], *, as_json: bool) -> None:
    """A table for a person at a terminal; else, or when asked for, a line of JSON per row."""
    listed = [{name: getattr(row, name) for name in row.__dataclass_fields__} for row in rows]
    if as_json or not sys.stdout.isatty():
        for fields in listed:
            typer.echo(json.dumps(fields, ensure_ascii=False, default=str))
    elif not listed:
        typer.echo("Rien pour l'instant.")
    else:
        show_table(listed)


def show_table(listed: Sequence[Mapping[str, Any]]) -> None:
    """Rows of the same fields, one under the other, under French headings."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*(_HEADINGS.get(name, name) for name in listed[0]))
    for fields in listed:
        # As `Text`: a name with brackets is no markup.
        table.add_row(*(Text(_cell(value)) for value in fields.values()))
    Console().print(table)


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(PARIS):%d/%m/%Y %H:%M}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _done(done: bool, said: str, otherwise: str) -> None:
    typer.echo(said) if done else refuse(otherwise)

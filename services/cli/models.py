"""`essaim model` : les modèles que les matchers ont apportés, et celui dont refaire les listes."""

from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.databases import with_pool
from services.cli.refusing import refuse

if TYPE_CHECKING:
    from shared.database import Pool

STATES = {"current": "au travail", "next": "se prépare", "past": "passé"}


def model(
    name: Annotated[
        str | None, typer.Argument(help="Le modèle auquel revenir, ou celui au travail pour y rester.")
    ] = None,
) -> None:
    """Montre les modèles connus ; avec un nom, prépare ses listes puis bascule, ou renonce à ce qui se prépare."""
    from services.matcher.store import models
    from shared.database import in_transaction

    async def work(pool: "Pool") -> tuple[bool, list[tuple[str, str]]]:
        is_known = name is None or await in_transaction(pool, lambda connection: models.ask(connection, str(name)))
        async with pool.acquire() as connection:
            return is_known, await models.known(connection)

    is_known, found = with_pool("matcher", work)
    if not is_known:
        refuse(
            f"le modèle {name} n'est pas connu ici, ou va avec d'autres règles ; essaim model donne ceux qui le sont"
        )
    for each, state in found:
        typer.echo(f"{each} : {STATES[state]}")

"""Opens the database of a service for a command, or says what to do about it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from services.cli.refusing import refuse
from shared.secrets import secret

if TYPE_CHECKING:
    from shared.database import Pool

T = TypeVar("T")
ATTEMPTS = 3


def with_pool(service: str, work: Callable[["Pool"], Awaitable[T]]) -> T:
    """What `work` returns of this service's database; leaves with a sentence when it is away or not as it should be."""
    import asyncpg

    from shared.database import CONNECTION_LOST, open_pool

    url, remedy = _database_url(service)
    # What PostgreSQL's absence is worth saying is said below, once.
    logging.getLogger("shared.database").setLevel(logging.ERROR)

    async def run() -> T:
        pool = await open_pool(url, service=service, attempts=ATTEMPTS)
        try:
            return await work(pool)
        finally:
            await pool.close()

    try:
        return asyncio.run(run())
    except ValueError as error:
        if not isinstance(error, asyncpg.InterfaceError):
            raise
        refuse(
            f"{_variable(service)} n'est pas une adresse de PostgreSQL : postgresql://nom:mot-de-passe@hôte:port/base"
        )
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError):
        refuse(f"PostgreSQL refuse ce nom, ce mot de passe ou cette base : {remedy}")
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        refuse(f"le schéma « {service} » n'est pas prêt dans cette base : python -m shared.migrations {service}")
    except CONNECTION_LOST:
        refuse(f"PostgreSQL ne répond pas : {remedy}")


def _variable(service: str) -> str:
    return f"{service.upper()}_DATABASE_URL"


def _database_url(service: str) -> tuple[str, str]:
    """The service's own database, named by the environment or a secret file, else the demonstration's; and the remedy
    when it does not answer.
    """
    variable = _variable(service)
    named = secret(variable)
    if named:
        return named, f"démarrez-le, ou corrigez {variable}"
    try:
        from deploy.local.demo_database import database_url
    except ModuleNotFoundError:
        refuse(f"{variable} n'est pas défini : donnez-lui l'adresse de la base de {service}")
    found = database_url(service)
    if found is None:
        refuse(f"aucune démonstration n'a été lancée ici : lancez « make demo », ou définissez {variable}")
    return found, "la démonstration est arrêtée, lancez « make demo »"

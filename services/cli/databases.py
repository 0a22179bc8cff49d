"""Opens the database of a service for a command, or says what to do about it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from services.cli.refusing import FAILED, refuse
from shared.secrets import secret

if TYPE_CHECKING:
    from shared.database import Pool

T = TypeVar("T")
ATTEMPTS = 3
OPEN_SECONDS = 5.0
"""A PostgreSQL that takes the connection and says nothing for so long is away."""


def with_pool(service: str, work: Callable[["Pool"], Awaitable[T]]) -> T:
    """What `work` returns of this service's database; leaves with a sentence when it is away or not as it should be."""
    return with_pools([service], lambda pools: work(pools[service]))


def with_pools(services: Sequence[str], work: Callable[[Mapping[str, "Pool"]], Awaitable[T]], code: int = FAILED) -> T:
    """What `work` returns of the databases of some services; `code` is how to leave when one is not as it should be."""
    urls = {service: database_url(service, code) for service in services}

    async def run() -> T:
        async with AsyncExitStack() as stack:
            pools = {}
            for service, (url, remedy) in urls.items():
                with _refusing(service, url, remedy, code):
                    pools[service] = await stack.enter_async_context(opened(url, service))
                    # The table that came last: what lacks is said of this service, whichever `work` would meet first.
                    await pools[service].execute("SELECT FROM audits LIMIT 0")
            with _refusing(services[0], *urls[services[0]], code):
                return await work(pools)

    return asyncio.run(run())


@asynccontextmanager
async def opened(url: str, service: str) -> AsyncIterator["Pool"]:
    """A pool of the service's database; what asyncpg raises when it cannot be had."""
    from shared.database import open_pool

    # What PostgreSQL's absence is worth saying is said by the command, once.
    for name in ("shared.database", "asyncpg.pool"):
        logging.getLogger(name).setLevel(logging.ERROR)
    async with asyncio.timeout(OPEN_SECONDS):
        pool = await open_pool(url, service=service, attempts=ATTEMPTS)
    try:
        yield pool
    finally:
        await pool.close()


@contextmanager
def _refusing(service: str, url: str, remedy: str, code: int) -> Iterator[None]:
    """Leave with a sentence where PostgreSQL is away or not as it should be."""
    try:
        yield
    except Exception as error:
        if (why := trouble(service, url, remedy, error)) is None:
            raise
        refuse(why, code)


def trouble(service: str, url: str, remedy: str, error: Exception) -> str | None:
    """What is wrong with a service's database, and what to do; nothing where the error says nothing of it.

    `remedy` is what to do where nobody listens at `url`.
    """
    import asyncpg

    from shared.database import CONNECTION_LOST

    match error:
        case ValueError() if isinstance(error, asyncpg.InterfaceError):
            address = "postgresql://nom:mot-de-passe@hôte:port/base"
            return f"{_variable(service)} n'est pas une adresse de PostgreSQL : {address}"
        case asyncpg.InvalidAuthorizationSpecificationError() | asyncpg.InvalidCatalogNameError():
            return f"PostgreSQL refuse ce nom, ce mot de passe ou cette base : {remedy}"
        case asyncpg.UndefinedTableError() | asyncpg.InsufficientPrivilegeError():
            return f"le schéma « {service} » n'est pas prêt dans cette base : python -m shared.migrations {service}"
        case ValueError():
            return None
    if not isinstance(error, CONNECTION_LOST):
        return None
    if isinstance(error, TimeoutError):
        remedy = "il prend la connexion et se tait ; voyez s'il est figé ou surchargé, relancez-le au besoin"
    return f"PostgreSQL ne répond pas sur {_server(url)} : {remedy}"


def _server(url: str) -> str:
    """The host and port of an address of PostgreSQL, without name or password."""
    return urlsplit(url).netloc.rpartition("@")[2] or "son adresse"


def _variable(service: str) -> str:
    return f"{service.upper()}_DATABASE_URL"


def database_url(service: str, code: int = FAILED) -> tuple[str, str]:
    """The service's own database, named by the environment or a secret file, else the demonstration's; and the remedy
    when it does not answer.
    """
    variable = _variable(service)
    named = secret(variable)
    if named:
        return named, f"démarrez-le, ou corrigez {variable}"
    try:
        from deploy.local.demo_database import database_url as demonstration_url
    except ModuleNotFoundError:
        refuse(f"{variable} n'est pas défini : donnez-lui l'adresse de la base de {service}", code)
    found = demonstration_url(service)
    if found is None:
        refuse(f"aucune démonstration n'a été lancée ici : lancez « make demo », ou définissez {variable}", code)
    return found, "la démonstration est arrêtée, lancez « make demo »"

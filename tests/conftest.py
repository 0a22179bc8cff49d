"""Fixtures of every test: real servers started once per run and only when asked for, a database and topics per test."""

import logging
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from hypothesis import settings

from deploy.create_topics import delete_topics, ensure_topics
from deploy.local.servers import run_apart
from tests.databases import Databases
from tests.servers import Servers, source, started_servers

ServiceDsn = Callable[[str], str]

# While the broker makes its offsets topic it has no coordinator: said again and again, and harmless.
logging.getLogger("aiokafka.consumer.group_coordinator").setLevel(logging.CRITICAL)


# A test asserts behaviour, never a duration: no example has a deadline.
settings.register_profile("essaim", deadline=None)
settings.load_profile("essaim")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks."""
    config.addinivalue_line("markers", "partitions(count): how many partitions the topics kept by project have (4)")


def pytest_report_collectionfinish(items: list[pytest.Item]) -> list[str]:
    """Say which servers the run takes, when it takes any."""
    needed = any("servers" in getattr(item, "fixturenames", ()) for item in items)
    return [f"servers: {source()}"] if needed else []


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Iterator[Servers]:
    """A real broker and a real database server; that they cannot be had is a failure."""
    terminal = request.config.pluginmanager.get_plugin("terminalreporter")
    with started_servers(say=terminal.write_line if terminal else print) as found:
        yield found


@pytest.fixture(scope="session")
def bootstrap_servers(servers: Servers) -> str:
    """The broker's address."""
    return servers.bootstrap_servers


@pytest.fixture(scope="session")
def postgres_dsn(servers: Servers) -> str:
    """The database administrator's DSN: for what a service may not do itself."""
    return servers.admin_dsn


@pytest.fixture(scope="session")
def databases(postgres_dsn: str) -> Iterator[Databases]:
    """Migrated templates, one per service, made when first needed."""
    made = Databases(postgres_dsn)
    yield made
    made.drop_all()


@pytest.fixture
def database(databases: Databases) -> Iterator[ServiceDsn]:
    """`database("ingest")` is the DSN of a fresh, migrated database of that service, the same all through the test."""
    names: dict[str, str] = {}

    def dsn_for(service: str) -> str:
        if service not in names:
            names[service] = databases.create(service)
        return databases.dsn(service, names[service])

    yield dsn_for
    for name in names.values():
        databases.drop(name)


@pytest.fixture
def service_dsn(database: ServiceDsn) -> ServiceDsn:
    """Another name for `database`."""
    return database


@pytest.fixture
def topic_prefix(bootstrap_servers: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A prefix of this test's own, under which all of Essaim's topics exist; they are deleted after it."""
    mark = request.node.get_closest_marker("partitions")
    prefix = f"test-{uuid4().hex[:10]}."
    run_apart(ensure_topics(bootstrap_servers, prefix=prefix, partitions=mark.args[0] if mark else 4))
    yield prefix
    run_apart(delete_topics(bootstrap_servers, prefix=prefix))


@pytest.fixture
def topics(topic_prefix: str) -> Callable[[str], str]:
    """`topics("projects")` is the full name of this test's topic."""
    return lambda name: topic_prefix + name

"""`essaim model` as typed: shows the models, gives up what is built, refuses what nobody brought."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from typer.testing import CliRunner, Result

from deploy.local.servers import run_apart
from services.cli import app
from services.matcher.store import models
from services.matcher.store.models import Model
from shared.database import in_transaction
from tests.conftest import ServiceDsn
from tests.streams import opened


@pytest.fixture
def two_models(database: ServiceDsn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A matcher at work with one model, for which another is being built."""
    dsn = database("matcher")
    monkeypatch.setenv("MATCHER_DATABASE_URL", dsn)

    async def bring() -> None:
        async with opened(dsn, "matcher") as pool:
            for name in ("m-1", "m-2"):
                brought = Model(name, b"", "1")
                await in_transaction(pool, lambda connection, each=brought: models.bring(connection, each))

    run_apart(bring())


def essaim(*arguments: str) -> Result:
    """What the command does and says, on a thread and so with a loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(CliRunner().invoke, app, arguments).result()


@pytest.mark.usefixtures("two_models")
def test_models_are_shown_and_what_is_built_is_given_up() -> None:
    shown = essaim("model")
    assert set(shown.output.splitlines()) == {"m-1 : au travail", "m-2 : se prépare"}
    assert set(essaim("model", "m-1").output.splitlines()) == {"m-1 : au travail", "m-2 : passé"}
    assert "m-2 : se prépare" in essaim("model", "m-2").output


@pytest.mark.usefixtures("two_models")
def test_a_model_that_nobody_brought_is_refused() -> None:
    refused = essaim("model", "m-3")
    assert refused.exit_code != 0
    assert "le modèle m-3 n'est pas connu ici" in refused.output

"""What the console is sent is bounded, and read once its sender was let in, with all that stands before its pages."""

from collections.abc import AsyncIterator

import httpx
import pytest

from services.console.app import MOST_BYTES, create_app
from tests.conftest import ServiceDsn
from tests.factories import match_changed
from tests.integration.console_stage import COMPANY, Stage, staged

JSON = {"Content-Type": "application/json"}
ANSWERS = f"/v1/matches/{match_changed().match_id}/answers"
LONG = MOST_BYTES // 2


async def parts() -> AsyncIterator[bytes]:
    for _ in range(4):
        yield b"[" * LONG


@pytest.fixture
async def stage(database: ServiceDsn) -> AsyncIterator[Stage]:
    async with staged(database("console")) as made:
        app = create_app()
        app.state.console, app.state.trusted_proxies = made.console, ()
        made.app = app
        await made.hear(match_changed())
        yield made


def title_of(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    title: str = answer.json()["title"]
    return title


async def test_answer_of_who_has_no_session_is_not_read(stage: Stage) -> None:
    """A body of any length and form, from anybody, costs nothing: 401 comes before what it says."""
    async with stage.reader() as reader:
        for body in (parts(), b"[[],[]]", b"{"):
            answer = await reader.client.post(ANSWERS, content=body, headers=JSON)
            assert (answer.status_code, title_of(answer)) == (401, "Connexion nécessaire")


async def test_answer_beyond_the_limit_is_a_problem(stage: Stage) -> None:
    """« bodies are cut off at their limit (413) »."""
    async with stage.reader(COMPANY) as reader:
        for body in (parts(), b"[" * (MOST_BYTES + 1)):
            answer = await reader.client.post(ANSWERS, content=body, headers=JSON)
            assert (answer.status_code, title_of(answer)) == (413, "Contenu trop grand")
        for unreadable in (b"", b"{", b"[" * LONG, b"[" + b"[]," * (LONG // 3) + b"[]]", b'{"answer": "perhaps"}'):
            answer = await reader.client.post(ANSWERS, content=unreadable, headers=JSON)
            assert (answer.status_code, title_of(answer)) == (422, "Adresse ou contenu illisible")
        taken = await reader.client.post(ANSWERS, content=b'{"answer": "interested"}', headers=JSON)
        assert taken.status_code == 202


async def test_form_beyond_the_limit_is_a_page_that_says_so(stage: Stage) -> None:
    async with stage.reader() as reader:
        for body in (parts(), b"a" * (MOST_BYTES + 1)):
            answer = await reader.client.post("/connexion", content=body)
            assert answer.status_code == 413
            assert "Ce que vous envoyez est trop long" in answer.text

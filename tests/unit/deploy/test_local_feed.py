"""The feed goes on where it stopped, whatever the services refuse, and answers as a reader of mails would."""

import random
from collections.abc import Callable
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from deploy.local import feed as feed_module
from deploy.local.feed import Feed
from deploy.local.invention import Invention
from deploy.local.mail_reader import answer_one, forms_of
from deploy.local.partner import Partner, Refused

INVENTION = Invention(3, date(2026, 12, 1))
LINK = "http://127.0.0.1:8000/rapprochements/a~b?lien=x.y"
PAGE = """
<form method="post" action="/deconnexion"><input type="hidden" name="jeton" value="no"></form>
<form method="post" action="/rapprochements/a~b/reponses?lien=x.y">
<input type="hidden" name="jeton" value="j"><input type="hidden" name="reponse" value="interested">
<input type="checkbox" name="montrer" value="oui"><button>Oui</button></form>
"""
Handler = Callable[[httpx.Request], httpx.Response]


def client(handler: Handler) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.MockTransport(handler), base_url="http://127.0.0.1:8000")


def mailbox(to: str, text: str) -> Handler:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v1/messages":
            return httpx.Response(200, json={"messages": [{"ID": "1", "To": [{"Address": to}]}]})
        return httpx.Response(200, json={"Text": text})

    return answer


class Ingest:
    """Takes everything, or refuses it, and remembers what was asked."""

    def __init__(self, status: int = 202) -> None:
        self.asked: list[tuple[str, str]] = []
        self._status = status

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.method, request.url.path))
        return httpx.Response(self._status, json={})


def feed_on(ingest: Handler, kept: Path) -> Feed:
    nothing = client(lambda request: httpx.Response(200, json={"messages": []}))
    return Feed(INVENTION, Partner(client(ingest)), nothing, nothing, kept)


async def test_a_restarted_feed_tells_what_an_unbroken_one_would(tmp_path: Path) -> None:
    whole, broken = Ingest(), Ingest()
    feed = feed_on(whole, tmp_path / "whole.json")
    for _ in range(60):
        await feed.move()
    for _ in range(60):
        await feed_on(broken, tmp_path / "broken.json").move()
    assert broken.asked == whole.asked
    assert {method for method, _ in whole.asked} == {"PUT", "DELETE"}
    assert len({path for _, path in whole.asked}) > 20


async def test_the_opening_is_told_once(tmp_path: Path) -> None:
    feed = feed_on(Ingest(), tmp_path / "feed.json")
    assert len(feed.opening(3, 4)) == 7
    feed.opened(3, 4)
    again = feed_on(Ingest(), tmp_path / "feed.json")
    assert again.opening(3, 4) == []
    assert [record["project_id"] for record in again.opening(4, 4)] == ["demo-prj-00003"]


async def test_old_items_leave_when_there_are_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "MOST_ACTIVE", 5)
    feed = feed_on(Ingest(), tmp_path / "feed.json")
    for _ in range(80):
        await feed.move()
    assert len(feed.told.active) <= 6


async def test_the_feed_goes_on_after_a_refusal(tmp_path: Path) -> None:
    ingest = Ingest(status=422)
    feed = feed_on(ingest, tmp_path / "feed.json")

    async def pause(seconds: float) -> None:
        if len(ingest.asked) >= 3:
            raise EOFError

    with pytest.raises(EOFError):
        await feed.run(1.0, pause)
    assert len(ingest.asked) == 3


async def test_a_refusal_says_which_item_and_why() -> None:
    partner = Partner(client(lambda request: httpx.Response(422, text="commune inconnue")))
    with pytest.raises(Refused, match=r"projects/demo-prj-00001 : 422 commune inconnue"):
        await partner.put(INVENTION.project(1))


async def test_a_busy_service_is_asked_again() -> None:
    answers = iter([httpx.Response(503), httpx.ConnectError("away"), httpx.Response(202)])

    def busy(request: httpx.Request) -> httpx.Response:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    await Partner(client(busy)).put(INVENTION.project(1))
    assert next(answers, None) is None


async def test_a_reader_follows_the_mails_link_and_sends_the_form() -> None:
    sent: list[dict[str, list[str]]] = []

    def page(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            assert str(request.url) == "http://127.0.0.1:8000/rapprochements/a~b/reponses?lien=x.y"
            sent.append(parse_qs(request.content.decode()))
        return httpx.Response(200, text=PAGE)

    mails, chance = client(mailbox("demo-projet-1@example.org", f"Voir : {LINK}\n")), random.Random(1)
    assert await answer_one(mails, client(page), chance, "interested", "demo-")
    assert sent == [{"jeton": ["j"], "reponse": ["interested"]}]
    assert not await answer_one(mails, client(page), chance, "declined", "demo-")
    assert not await answer_one(mails, client(page), chance, "interested", "projet-")


async def test_a_mail_without_a_match_is_left_alone() -> None:
    mails = client(mailbox("demo-projet-1@example.org", "Rien à voir"))
    assert not await answer_one(mails, mails, random.Random(1), "interested", "demo-")


def test_forms_are_read_with_their_hidden_fields() -> None:
    assert [(form.action, form.fields) for form in forms_of(PAGE)] == [
        ("/deconnexion", {"jeton": "no"}),
        ("/rapprochements/a~b/reponses?lien=x.y", {"jeton": "j", "reponse": "interested"}),
    ]

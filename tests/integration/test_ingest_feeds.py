"""Real answers of two feeds, served by a local server, become funds: politely, and again only when they change."""

import copy
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.ingest import accounts
from services.ingest.connectors import ademe, ile_de_france
from services.ingest.feeds import Feed, poll
from shared.events.entities import FundPublished
from tests.integration.ingest_house import House, open_house

DATA = Path(__file__).parent / "data" / "feeds"
NOW = datetime(2026, 12, 15, 8, 0, tzinfo=UTC)
EVERY = timedelta(hours=6)


class Server(ThreadingHTTPServer):
    """A feed that can change, refuse and remember what it was asked."""

    def __init__(self, payload: Any) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.payload = payload
        self.etag = '"first"'
        self.status = 200
        self.headers: dict[str, str] = {}
        self.asked: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/feed"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append({name.lower(): value for name, value in self.headers.items()})
        known = self.headers.get("If-None-Match") == self.server.etag
        body = b"" if known or self.server.status != 200 else json.dumps(self.server.payload).encode()
        self.send_response(304 if known and self.server.status == 200 else self.server.status)
        self.send_header("ETag", self.server.etag)
        self.send_header("Content-Length", str(len(body)))
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
async def house(database: Callable[[str], str]) -> AsyncIterator[House]:
    async with open_house(database("ingest")) as opened:
        yield opened


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(json.loads((DATA / "ademe.json").read_text()))
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as made:
        yield made


def feed(server: Server) -> Feed:
    return Feed("ademe", server.url, ademe.funds_of)


async def read(house: House, server: Server, client: httpx.AsyncClient, now: datetime = NOW) -> bool:
    return await poll(house.pool, feed(server), client, every=EVERY, now=now)


async def funds(house: House) -> list[FundPublished]:
    return [event for event in await house.said("funds") if isinstance(event, FundPublished)]


async def state(house: House) -> dict[str, Any]:
    row = await house.pool.fetchrow("SELECT etag, failures, next_poll_at, problem FROM connectors")
    return dict(row)


async def test_ademe_feed_becomes_funds(house: House, server: Server, client: httpx.AsyncClient) -> None:
    assert await read(house, server, client)
    published = [event.fund for event in await funds(house)]
    assert [fund.fund_id for fund in published] == [
        f"ademe-{item['id']}" for item in server.payload["ListeDispositifs"]
    ]
    first = published[0]
    assert (first.operator, first.nature, first.kinds, first.recipients) == (
        "ADEME",
        "guichet",
        ("subvention",),
        ("porteur",),
    )
    assert first.categories == ("economie-circulaire", "alimentation")
    assert (first.opens_on, first.closes_on, first.last_checked_on) == (
        date(2023, 1, 1),
        date(2023, 12, 31),
        date(2026, 12, 1),
    )
    assert first.apply_url is not None
    assert first.apply_url.startswith("https://agirpourlatransition.ademe.fr/")
    assert "<" not in first.description
    assert not first.managed
    assert server.asked[0]["user-agent"].startswith("Essaim")


async def test_ile_de_france_feed_becomes_funds(house: House, server: Server, client: httpx.AsyncClient) -> None:
    server.payload = json.loads((DATA / "ile_de_france.json").read_text())
    region = Feed("ile-de-france", server.url, ile_de_france.funds_of)
    assert await poll(house.pool, region, client, every=EVERY, now=NOW)
    published = [event.fund for event in await funds(house)]
    assert [fund.nature for fund in published] == ["guichet", "appel", "guichet"]
    assert {unit.code for fund in published for unit in fund.perimeter} == {"11"}
    assert (published[1].opens_on, published[1].closes_on) == (date(2019, 6, 3), date(2019, 7, 8))
    assert published[2].categories == ("cadre-de-vie", "inegalites")


async def test_unchanged_feed_is_asked_by_its_tag_and_says_nothing(
    house: House, server: Server, client: httpx.AsyncClient
) -> None:
    await read(house, server, client)
    assert not await read(house, server, client, NOW + timedelta(hours=5))
    assert await read(house, server, client, NOW + EVERY)
    assert [asked.get("if-none-match") for asked in server.asked] == [None, '"first"']
    server.etag = '"other tag, same content"'
    assert await read(house, server, client, NOW + 2 * EVERY)
    assert len(await funds(house)) == 5


async def test_changed_fund_is_published_again_and_a_gone_one_closed(
    house: House, server: Server, client: httpx.AsyncClient
) -> None:
    await read(house, server, client)
    server.payload["ListeDispositifs"][0]["titre"] = "Autre intitulé"
    gone = server.payload["ListeDispositifs"].pop()
    server.etag = '"second"'
    await read(house, server, client, NOW + EVERY)
    latest = [(event.fund.fund_id, event.fund.title, event.fund.status) for event in (await funds(house))[5:]]
    assert latest == [
        ("ademe-1ed7d411", "Autre intitulé", "actif"),
        (f"ademe-{gone['id']}", gone["titre"], "clos"),
    ]


@pytest.mark.parametrize("missing", ["titre", "id"])
async def test_item_without_what_is_needed_is_left_out_and_closes_nothing(
    house: House, server: Server, client: httpx.AsyncClient, missing: str
) -> None:
    await read(house, server, client)
    del server.payload["ListeDispositifs"][0][missing]
    server.etag = '"second"'
    await read(house, server, client, NOW + EVERY)
    assert len(await funds(house)) == 5


OPTIONAL = (
    "type",
    "date_debut",
    "date_fin",
    "thematiques",
    "regions",
    "url_agir",
    "description_longue",
    "cible_projet",
    "couverture_geo",
)


async def test_other_fields_may_be_missing(house: House, server: Server, client: httpx.AsyncClient) -> None:
    whole = server.payload
    for place, name in enumerate(OPTIONAL):
        items = [{key: value for key, value in item.items() if key != name} for item in whole["ListeDispositifs"]]
        server.payload, server.etag = {"ListeDispositifs": items}, f'"{name}"'
        await read(house, server, client, NOW + place * EVERY)
        assert (await state(house))["problem"] is None
        kept = await house.pool.fetch("SELECT content FROM submissions")
        assert [row["content"]["status"] for row in kept] == ["actif"] * 5, name


async def test_failures_are_tried_again_ever_later_and_then_all_is_well(
    house: House, server: Server, client: httpx.AsyncClient
) -> None:
    server.status = 500
    now, pauses = NOW, []
    for _ in range(4):
        assert await read(house, server, client, now)
        row = await state(house)
        pauses.append((row["next_poll_at"] - now).total_seconds())
        now = row["next_poll_at"]
    assert pauses == [60, 120, 240, 480]
    assert row["problem"] == "HTTP 500"
    server.status = 200
    assert await read(house, server, client, now)
    assert (await state(house))["failures"] == 0
    assert len(await funds(house)) == 5


async def test_pause_asked_by_the_feed_is_kept(house: House, server: Server, client: httpx.AsyncClient) -> None:
    server.status, server.headers = 429, {"Retry-After": "7200"}
    await read(house, server, client)
    assert (await state(house))["next_poll_at"] == NOW + timedelta(hours=2)


@pytest.mark.parametrize("payload", [[], {}, "text", {"ListeDispositifs": "none"}])
async def test_answer_of_another_shape_changes_nothing(
    house: House, server: Server, client: httpx.AsyncClient, payload: Any
) -> None:
    server.payload = payload
    await read(house, server, client)
    assert await funds(house) == []
    assert (await state(house))["problem"] == "no ListeDispositifs"


async def test_address_in_a_description_is_not_published(
    house: House, server: Server, client: httpx.AsyncClient
) -> None:
    item = copy.deepcopy(server.payload["ListeDispositifs"][0])
    item["description_longue"] = "<p>Écrire à aides@ademe.example ou au 01 23 45 67 89.</p>"
    server.payload = {"ListeDispositifs": [item]}
    await read(house, server, client)
    [event] = await funds(house)
    assert event.fund.description == "Écrire à … ou au …."


async def test_feed_that_was_erased_stays_so_until_its_organisation_is_added(
    house: House, server: Server, client: httpx.AsyncClient
) -> None:
    operator = await house.partner("essaim", "admin")
    await read(house, server, client)
    server.etag = '"second"'
    assert (await operator.post("/v1/organisations/connector-ademe/erasure")).status_code == 202
    assert await read(house, server, client, NOW + EVERY)
    after = await state(house)
    assert await house.pool.fetchval("SELECT count(*) FROM submissions") == 0
    assert after["failures"] == 1
    assert "effacé" in after["problem"]
    await accounts.add_organisation(house.pool, "connector-ademe", "Fonds de l'ADEME")
    assert await read(house, server, client, NOW + 2 * EVERY)
    assert await house.pool.fetchval("SELECT count(*) FROM submissions") == len(server.payload["ListeDispositifs"])

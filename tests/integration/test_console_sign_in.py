"""Signing in: the same answer for everyone, a link that serves once, sessions that end, roles to try."""

import re
from collections.abc import AsyncIterator
from ipaddress import ip_network
from urllib.parse import parse_qs, urlsplit

import pytest

from services.console.views.sign_in import LINK_MINUTES, MOST_PER_ADDRESS, MOST_PER_NETWORK
from shared.proxies import BehindProxies
from shared.smtp import Smtp
from tests.conftest import ServiceDsn
from tests.integration.console_stage import COORDINATOR, Reader, Stage, staged
from tests.integration.notifier_stage import Sink

LINK = re.compile(r"http://essaim\.test(/connexion/entrer\?\S+)")


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    taken = Sink()
    await taken.start()
    yield taken
    await taken.stop()


@pytest.fixture
async def stage(database: ServiceDsn, sink: Sink) -> AsyncIterator[Stage]:
    smtp = Smtp(sink.host, sink.port, "essaim@example.org")
    async with staged(database("console"), smtp=smtp, demo=True, demo_mail_page="http://127.0.0.1:8025") as made:
        yield made


async def ask(reader: Reader, address: str, suite: str = "/") -> tuple[int, str]:
    answer = await reader.send("/connexion", "/connexion", adresse=address, suite=suite)
    return answer.status_code, answer.headers.get("location", "")


async def link_in(stage: Stage, sink: Sink) -> str:
    """Have the waiting mail sent; returns the path of its link."""
    await stage.console.mailer.send_next()
    found = LINK.search(sink.mails[-1].get_content())
    assert found
    return found.group(1)


async def enter(reader: Reader, link: str) -> tuple[int, str]:
    query = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    answer = await reader.send(
        link,
        "/connexion/entrer",
        lien=query["jeton"],
        compte=query.get("compte", ""),
        suite=query.get("suite", "/"),
    )
    return answer.status_code, answer.headers.get("location", "")


async def test_link_signs_in_once_and_leads_where_one_was_going(stage: Stage, sink: Sink) -> None:
    async with stage.reader() as reader:
        await ask(reader, "owner@example.org", "/mes-projets")
        link = await link_in(stage, sink)
        assert sink.mails[-1]["To"] == "owner@example.org"
        assert (await reader.get(link)).status_code == 200
        assert await enter(reader, link) == (303, "/mes-projets")
        assert (await reader.get("/mes-projets")).status_code == 200
    async with stage.reader() as other:
        assert (await enter(other, link))[0] == 410


async def test_opening_the_link_uses_nothing_up(stage: Stage, sink: Sink) -> None:
    async with stage.reader() as reader:
        await ask(reader, "owner@example.org")
        link = await link_in(stage, sink)
        for _ in range(3):
            await reader.get(link)
        assert await enter(reader, link) == (303, "/")


async def test_answer_is_the_same_for_an_address_that_nobody_has(stage: Stage) -> None:
    async with stage.reader() as reader:
        assert await ask(reader, "owner@example.org") == await ask(reader, "nobody@example.org")


async def test_unknown_address_opens_a_space_once_its_link_is_used(stage: Stage, sink: Sink) -> None:
    async with stage.reader() as reader:
        await ask(reader, "new@example.org", "/projets/nouveau")
        link = await link_in(stage, sink)
        assert "new@example.org" not in stage.elsewhere.people
        assert await enter(reader, link) == (303, "/projets/nouveau")
        assert "new@example.org" in stage.elsewhere.people
        assert (await reader.get("/projets/nouveau")).status_code == 200
    assert "new@example.org" not in await tokens(stage)


async def test_account_of_someone_elses_making_opens_nothing(stage: Stage, sink: Sink) -> None:
    async with stage.reader() as reader:
        await ask(reader, "new@example.org")
        link = await link_in(stage, sink)
        assert (await enter(reader, re.sub(r"compte=[^&]+", "compte=forged.token", link)))[0] == 410


async def test_account_of_another_link_opens_nothing(stage: Stage, sink: Sink) -> None:
    async with stage.reader() as reader:
        await ask(reader, "new@example.org")
        first = await link_in(stage, sink)
        await ask(reader, "other@example.org")
        second = await link_in(stage, sink)
        account = parse_qs(urlsplit(first).query)["compte"][0]
        assert (await enter(reader, re.sub(r"compte=[^&]+", f"compte={account}", second)))[0] == 410
    assert "new@example.org" not in stage.elsewhere.people


async def test_too_many_requests_send_nothing_more_and_say_nothing_of_it(stage: Stage, sink: Sink) -> None:
    async with stage.reader() as reader:
        answers = {await ask(reader, "owner@example.org") for _ in range(MOST_PER_ADDRESS + 3)}
    assert answers == {(303, "/connexion/envoye")}
    assert stage.console.mailer.waiting == MOST_PER_ADDRESS


async def test_who_is_refused_for_another_enters_by_a_link_already_mailed(stage: Stage, sink: Sink) -> None:
    async with stage.reader() as nuisance, stage.reader() as owner:
        for _ in range(MOST_PER_ADDRESS + 3):
            await ask(nuisance, "owner@example.org")
        await ask(owner, "owner@example.org")
        assert (await enter(owner, await link_in(stage, sink)))[0] == 303


async def test_who_insists_waits_no_longer(stage: Stage, sink: Sink) -> None:
    async with stage.reader() as reader:
        for _ in range(MOST_PER_ADDRESS):
            await ask(reader, "owner@example.org")
        await stage.pool.execute("update attempts set at = at - make_interval(mins => $1)", LINK_MINUTES - 1)
        for _ in range(MOST_PER_NETWORK):
            await ask(reader, "owner@example.org")
        assert stage.console.mailer.waiting == MOST_PER_ADDRESS
        await stage.pool.execute("update attempts set at = at - interval '1 minute'")
        await ask(reader, "owner@example.org")
    assert stage.console.mailer.waiting == MOST_PER_ADDRESS + 1


async def test_one_network_asks_for_so_many_addresses_and_others_still_may(stage: Stage, sink: Sink) -> None:
    stage.app.add_middleware(BehindProxies, trusted=lambda: (ip_network("127.0.0.0/8"),))
    async with stage.reader() as reader:
        for number in range(MOST_PER_NETWORK + 3):
            await ask(reader, f"person-{number}@example.org")
        assert stage.console.mailer.waiting == MOST_PER_NETWORK
        reader.client.headers["X-Forwarded-For"] = "198.51.100.7"
        await ask(reader, "owner@example.org")
    assert stage.console.mailer.waiting == MOST_PER_NETWORK + 1


async def test_link_too_old_opens_nothing(stage: Stage, sink: Sink) -> None:
    async with stage.reader() as reader:
        await ask(reader, "owner@example.org")
        link = await link_in(stage, sink)
        await stage.pool.execute("update sign_in_links set expires_at = now() - interval '1 second'")
        assert (await enter(reader, link))[0] == 410


async def test_incomplete_address_is_shown_again_with_what_to_do(stage: Stage) -> None:
    async with stage.reader() as reader:
        answer = await reader.send("/connexion", "/connexion", adresse="lea@", suite="/")
    assert answer.status_code == 422
    assert 'value="lea@"' in answer.text
    assert 'aria-invalid="true"' in answer.text


@pytest.mark.parametrize("address", ["a@[.c", ":;@b.c", ".:a@b.c", "=?utf-8?q?=0A?=@b.c"])
async def test_address_that_no_header_holds_is_refused_and_never_ends_the_mailer(
    stage: Stage, sink: Sink, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage.reader() as reader:
        assert (await ask(reader, address))[0] == 422
    stage.console.mailer.ask(address, "/")
    await stage.console.mailer.send_next()
    assert sink.mails == []
    assert "NotAMail" in caplog.text
    assert address not in caplog.text


async def test_leaving_ends_the_session_for_good(stage: Stage) -> None:
    async with stage.reader(COORDINATOR) as reader:
        cookie = reader.client.cookies["essaim_session"]
        await reader.send("/aide", "/deconnexion")
        reader.client.cookies.set("essaim_session", cookie)
        assert (await reader.get("/alertes")).status_code == 303


async def test_secrets_are_stored_as_hashes_only(stage: Stage, sink: Sink) -> None:
    async with stage.reader() as reader:
        await ask(reader, "owner@example.org")
        link = await link_in(stage, sink)
        await enter(reader, link)
        cookie = reader.client.cookies["essaim_session"]
    rows = await stage.pool.fetch("select token_hash from sessions")
    assert [len(row["token_hash"]) for row in rows] == [32]
    assert cookie not in await tokens(stage)


async def test_role_of_the_demonstration_lands_on_its_page(stage: Stage) -> None:
    stage.elsewhere.know(COORDINATOR, "coordination-nantes-metropole@example.org")
    async with stage.reader() as reader:
        answer = await reader.send("/connexion", "/connexion/demo", role="coordination", suite="/")
    assert answer.headers["location"] == "/territoires/nantes-metropole/flux"


async def test_roles_are_nowhere_outside_the_demonstration(database: ServiceDsn) -> None:
    async with staged(database("console")) as real, real.reader() as reader:
        assert "Démonstration" not in (await reader.get("/connexion")).text
        assert (await reader.send("/connexion", "/connexion/demo", role="coordination")).status_code == 404


async def test_place_to_go_is_always_ours(stage: Stage, sink: Sink) -> None:
    async with stage.reader() as reader:
        await ask(reader, "owner@example.org", "//evil.example")
        assert await enter(reader, await link_in(stage, sink)) == (303, "/")


async def test_rights_serve_for_a_while_when_ingest_is_away_then_no_more(stage: Stage) -> None:
    async with stage.reader(COORDINATOR) as reader:
        stage.elsewhere.is_away = True
        await stage.pool.execute("update people set refreshed_at = now() - interval '2 minutes'")
        assert (await reader.get("/alertes")).status_code == 200
        await stage.pool.execute("update people set refreshed_at = now() - interval '1 hour'")
        away = await reader.get("/alertes")
    assert away.status_code == 503
    assert away.headers["retry-after"]


async def test_right_taken_away_is_gone_within_a_minute(stage: Stage) -> None:
    async with stage.reader(COORDINATOR) as reader:
        stage.elsewhere.people["coordinator@example.org"]["territories"] = []
        await stage.pool.execute("update people set refreshed_at = now() - interval '2 minutes'")
        assert (await reader.get("/territoires/nantes-metropole/suivi")).status_code in {403, 404}
        assert await stage.pool.fetchval("select territories from people") == []


async def tokens(stage: Stage) -> str:
    rows = [
        row
        for table in ("sessions", "sign_in_links", "people", "attempts")
        for row in await stage.pool.fetch(f"select * from {table}")
    ]
    return str([dict(row) for row in rows])


async def test_the_demonstration_says_where_its_mails_are_read(stage: Stage) -> None:
    async with stage.reader() as reader:
        page = await reader.get("/connexion/envoye")
    assert 'href="http://127.0.0.1:8025"' in page.text

"""The mail sink keeps what it takes, and shows it safely."""

import smtplib
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import anyio.to_thread
import httpx
import pytest

from deploy.local.mailpage import build_app, linked
from deploy.local.mailsink import smtp_server
from deploy.local.mailstore import MailStore


def mail(
    subject: str, html: str = "<html><head></head><body>Bonjour <a href='/x'>Voir</a></body></html>"
) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Message-ID"] = (
        "Essaim <essaim@localhost>",
        "Rezé <a@example.org>",
        "<1@essaim>",
    )
    message["Subject"] = subject
    message.set_content("Bonjour à tous")
    message.add_alternative(html, subtype="html")
    return message


def send(port: int, message: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
        smtp.send_message(message)


@pytest.fixture
def store(tmp_path: Path) -> MailStore:
    return MailStore(tmp_path, kept=3)


@pytest.fixture
async def page(store: MailStore) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(build_app(store))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8025") as client:
        yield client


async def test_a_mail_that_was_accepted_is_shown(store: MailStore, page: httpx.AsyncClient) -> None:
    async with smtp_server(store, 0) as port:
        await anyio.to_thread.run_sync(send, port, mail("Un projet à Rezé <b>"))
    listed = (await page.get("/api/v1/messages")).json()
    assert listed["total"] == 1
    entry = listed["messages"][0]
    assert (entry["MessageID"], entry["Subject"]) == ("1@essaim", "Un projet à Rezé <b>")
    assert entry["To"] == [{"Name": "Rezé", "Address": "a@example.org"}]
    whole = (await page.get(f"/api/v1/message/{entry['ID']}")).json()
    assert whole["Text"].strip() == "Bonjour à tous"
    assert "Un projet à Rezé &lt;b&gt;" in (await page.get("/")).text
    assert "Un projet à Rezé &lt;b&gt;" in (await page.get(f"/mails/{entry['ID']}")).text


async def test_a_mail_runs_nothing_and_fetches_nothing(store: MailStore, page: httpx.AsyncClient) -> None:
    mail_id = store.add("essaim@localhost", ["a@example.org"], bytes(mail("Objet", "<script>alert(1)</script>")))
    answer = await page.get(f"/mails/{mail_id}/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy
    assert "allow-scripts" not in (await page.get(f"/mails/{mail_id}")).text


def test_only_the_latest_are_kept_across_a_restart(store: MailStore, tmp_path: Path) -> None:
    ids = [store.add("essaim@localhost", ["a@example.org"], bytes(mail(f"Mail {number}"))) for number in range(5)]
    assert MailStore(tmp_path).ids() == ids[:1:-1]
    assert len([path for path in tmp_path.iterdir() if path.suffix]) == 2 * 3
    assert MailStore(tmp_path).received == 5


async def test_the_page_says_how_many_there_were(store: MailStore, page: httpx.AsyncClient) -> None:
    for number in range(5):
        store.add("essaim@localhost", ["a@example.org"], bytes(mail(f"Mail {number}")))
    assert "Les 3 derniers sur 5" in (await page.get("/")).text
    store.clear()
    assert "Rien pour l'instant" in (await page.get("/")).text


async def test_mails_are_found_by_recipient_and_by_words(store: MailStore, page: httpx.AsyncClient) -> None:
    store.add("essaim@localhost", ["ana@example.org"], bytes(mail("Une épicerie à Rezé")))
    store.add("essaim@localhost", ["ana@example.org"], bytes(mail("Un jardin à Figeac")))
    store.add("essaim@localhost", ["leo@example.org"], bytes(mail("Une épicerie à Figeac")))

    async def found(query: str) -> list[str]:
        listed = (await page.get(f"/api/v1/messages?{query}")).json()
        assert (listed["total"], listed["messages_count"]) == (3, len(listed["messages"]))
        shown = (await page.get(f"/?{query}")).text
        assert shown.count("<tr><td>") == len(listed["messages"])
        return [each["Subject"] for each in listed["messages"]]

    assert len(await found(f"limit={'9' * 5_000}")) == 3
    assert await found("pour=ANA@example.org") == ["Un jardin à Figeac", "Une épicerie à Rezé"]
    assert await found("q=EPICERIE+figeac") == ["Une épicerie à Figeac"]
    assert await found("pour=leo@example.org&q=figeac") == ["Une épicerie à Figeac"]
    assert await found("q=bonjour") == ["Une épicerie à Figeac", "Un jardin à Figeac", "Une épicerie à Rezé"]
    assert await found("pour=personne@example.org") == []
    typed = (await page.get("/", params={"q": '"><b>'})).text
    assert "Aucun mail trouvé" in typed
    assert 'value="&quot;&gt;&lt;b&gt;"' in typed


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"Content-Type: text/html; charset=nothing\n\n<p>", b"To: <<>\n\n"]
)
async def test_a_mail_that_makes_no_sense_is_still_listed(
    store: MailStore, page: httpx.AsyncClient, content: bytes
) -> None:
    mail_id = store.add("essaim@localhost", ["a@example.org"], content)
    assert (await page.get("/")).status_code == 200
    assert (await page.get(f"/mails/{mail_id}")).status_code == 200
    assert (await page.get("/api/v1/messages")).json()["messages"][0]["ID"] == mail_id


async def test_foreign_names_and_paths_are_refused(page: httpx.AsyncClient) -> None:
    assert (await page.get("/", headers={"Host": "evil.example"})).status_code == 400
    assert (await page.get("/mails/..%2Fpassword")).status_code == 404
    assert (await page.get("/api/v1/message/0")).status_code == 404


async def test_all_mails_can_be_forgotten(store: MailStore, page: httpx.AsyncClient) -> None:
    store.add("essaim@localhost", ["a@example.org"], bytes(mail("Objet")))
    assert (await page.delete("/api/v1/messages")).status_code == 200
    assert (await page.get("/api/v1/messages")).json()["messages"] == []


def test_only_addresses_of_our_pages_are_links_in_a_text_and_markup_stays_text() -> None:
    ours = "http://127.0.0.1:8000"
    shown = linked(f"Voir {ours}/a?x=1&y=2. <b>'{ours}/c' http://127.0.0.1:80001/no https://ailleurs.example/no", ours)
    assert f'<a href="{ours}/a?x=1&amp;y=2" target="_blank" rel="noopener">{ours}/a?x=1&amp;y=2</a>. ' in shown
    assert f'href="{ours}/c"' in shown
    assert "&lt;b&gt;" in shown
    assert shown.count("<a ") == 2

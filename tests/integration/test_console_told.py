"""What people are told by mail is named and linked on their page; what search engines may read is said to them."""

from html import unescape

from tests.conftest import ServiceDsn
from tests.factories import mail_delivered, match_changed
from tests.integration.console_stage import OWNER, staged

MATCH = "prj-a~commitment~eng-a"


async def test_last_mails_name_and_link_what_they_were_about(database: ServiceDsn) -> None:
    async with staged(database("console")) as stage:
        stage.elsewhere.know(OWNER, "owner@example.org")
        mail = mail_delivered().model_copy(update={"person_id": OWNER.person_id, "match_ids": (MATCH, "gone")})
        await stage.hear(match_changed(), mail)
        async with stage.reader(OWNER) as reader:
            page = unescape((await reader.get("/alertes")).text)
    assert f'<a href="/rapprochements/{MATCH}">Des quais vides la nuit</a>' in page


async def test_search_engines_are_told_which_pages_are_not_for_everyone(database: ServiceDsn) -> None:
    async with staged(database("console")) as stage, stage.reader() as reader:
        answer = await reader.get("/robots.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "Disallow: /rapprochements/" in answer.text.splitlines()

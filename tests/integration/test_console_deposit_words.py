"""What a page says of a deposit: all that is wrong at once, and what is accepted but over already."""

from collections.abc import AsyncIterator
from html import unescape

import pytest

from tests.conftest import ServiceDsn
from tests.factories import a_territory, territory_published
from tests.integration.console_desk import FUND, PROJECT, Both, deposited, open_both
from tests.integration.console_forms import fill

NEW = "/projets/nouveau"


@pytest.fixture
async def both(database: ServiceDsn) -> AsyncIterator[Both]:
    async with open_both(database) as made:
        yield made


async def test_all_that_is_wrong_with_a_new_project_is_said_at_once_and_nothing_is_kept(both: Both) -> None:
    wrong: dict[str, str | list[str]] = {
        "titre": "",
        "besoin": [],
        "combien": "beaucoup",
        "resume": "Appelez le 06 12 34 56 78.",
        "siren": "123 456 789",
        "commune": "Nullepart-les-Bains",
        "code_postal": "",
        "debut": "2027-12-31",
        "fin": "2027-01-01",
    }
    async with both.stage.reader(await both.person("camille@example.org")) as reader:
        page = await fill(reader, NEW, NEW, **(PROJECT | wrong))
    assert page.status_code == 422
    for field in ("titre", "besoin", "combien", "resume", "siren", "commune", "fin"):
        assert f'<a href="#{field}">' in page.text, field
    assert await both.house.said() == []


async def test_all_that_is_wrong_with_a_change_is_said_at_once(both: Both) -> None:
    async with both.stage.reader(await both.person("camille@example.org")) as reader:
        form = await deposited(both, reader, NEW, PROJECT) + "/modifier"
        before = len(await both.house.said())
        page = await fill(reader, form, form, titre="", siren="123 456 789", resume="Appelez le 06 12 34 56 78.")
    assert page.status_code == 422
    for field in ("titre", "siren", "resume"):
        assert f'<a href="#{field}">' in page.text, field
    assert len(await both.house.said()) == before


@pytest.mark.parametrize(
    ("page", "typed", "words"),
    [
        (NEW, PROJECT | {"echeance": "2020-06-30"}, "Échéance passée"),
        ("/fonds/nouveau", FUND | {"publics": "porteur", "fermeture": "2020-06-30"}, "Fermeture passée"),
    ],
)
async def test_day_that_is_over_is_accepted_and_warned_of(
    both: Both, page: str, typed: dict[str, str | list[str]], words: str
) -> None:
    async with both.stage.reader(await both.person("camille@example.org")) as reader:
        answer = await fill(reader, page, page, **typed)
        assert answer.status_code == 303, unescape(answer.text)
        assert words in unescape((await reader.get(answer.headers["location"])).text)
        assert words not in unescape((await reader.get(answer.headers["location"].partition("?")[0])).text)


async def test_challenges_stand_under_their_territory_those_of_the_typed_commune_first(both: Both) -> None:
    await both.stage.hear(
        territory_published(a_territory("aaa", name="Aaa", perimeter=[{"level": "commune", "code": "29019"}]))
    )
    async with both.stage.reader(await both.person("camille@example.org")) as reader:
        before = (await reader.get(NEW)).text
        after = (await fill(reader, NEW, NEW, **(PROJECT | {"titre": ""}))).text
    assert before.index('<optgroup label="Aaa">') < before.index('<optgroup label="Nantes Métropole">')
    assert after.index('<optgroup label="Nantes Métropole">') < after.index('<optgroup label="Aaa">')

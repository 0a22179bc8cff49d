"""A console at its real ingest: what a person deposits by page, and the usual things to deposit."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape

from services.console.connectors.ingest import Ingest
from services.console.views.rights import Person
from tests.conftest import ServiceDsn
from tests.factories import a_territory, territory_published
from tests.integration.console_forms import fill
from tests.integration.console_stage import Reader, Stage, staged
from tests.integration.ingest_house import House, open_house

NANTES = a_territory("nantes-metropole", name="Nantes Métropole", status="labellise")
PROJECT: dict[str, str | list[str]] = {
    "titre": "Épicerie du port",
    "resume": "Une épicerie solidaire pour le quartier.",
    "commune": "Rezé",
    "code_postal": "44400",
    "stade": "amorcage",
    "besoin": ["mecenat-nature"],
    "montant-mecenat-nature": "12 000",
    "porteur": "Les Paniers",
    "forme": "association",
    "contact_nom": "Camille Le Goff",
}
COMMITMENT = {
    "titre": "Vingt jours de comptable",
    "description": "Un comptable aide à tenir les comptes.",
    "nature": "mecenat-competences",
    "jours": "20",
    "territoires": "nantes-metropole",
    "entreprise": "Les Ateliers du fleuve",
}
FUND = {
    "titre": "Fonds d'amorçage du fleuve",
    "description": "Une première aide aux projets solidaires.",
    "operateur": "Région Pays de la Loire",
    "nature": "fonds",
    "aides": "amorcage",
    "montant_min": "5 000",
    "montant_max": "30 000",
    "regions": "52",
    "adresse": "https://www.exemple.fr/candidater",
}


@dataclass
class Both:
    """A console and the ingest it deposits with; what ingest says is heard only when a test says so."""

    stage: Stage
    house: House
    heard: int = 0

    async def person(self, address: str) -> Person:
        """Someone signed in, whom ingest knows by an address."""
        known = await self.stage.console.ingest.new_person(address)
        assert known
        return known.person

    async def hear(self) -> None:
        """Have the console hear what ingest said since."""
        said = await self.house.said()
        await self.stage.hear(*(event for event in said[self.heard :] if event is not None))
        self.heard = len(said)

    async def last(self) -> object:
        """What ingest said last."""
        return (await self.house.said())[-1]


@asynccontextmanager
async def open_both(database: ServiceDsn) -> AsyncIterator[Both]:
    """A console in front of a real ingest, which knows one territory."""
    async with open_house(database("ingest")) as house, staged(database("console")) as stage:
        stage.console.ingest = Ingest(house.service())
        await stage.hear(territory_published(NANTES))
        yield Both(stage, house)


async def deposited(both: Both, reader: Reader, page: str, typed: dict[str, str | list[str]]) -> str:
    """Deposit by page; the address where it is changed, as the list of deposits links to it."""
    answer = await fill(reader, page, page, **typed)
    assert answer.status_code == 303, unescape(answer.text)
    listed = (await reader.get(answer.headers["location"])).text
    assert "Reçu à l'instant, bientôt affiché" in unescape(listed)
    assert "data-empty" not in listed
    href = listed.split('<h2><a href="')[1].split('"')[0]
    await received(both, reader, href)
    await both.hear()
    listed = (await reader.get(answer.headers["location"])).text
    assert "bientôt affiché" not in listed
    assert str(typed["titre"]) in unescape(listed)
    return href.removesuffix("/modifier")


async def received(both: Both, reader: Reader, form: str) -> None:
    """At its own address, a deposit not heard of yet is said to be received to its author alone."""
    address = form.removesuffix("/modifier")
    page = await reader.get(address)
    if address.startswith("/fonds/"):
        assert page.status_code == 308
        address = page.headers["location"]
        page = await reader.get(address)
    assert page.status_code == 200
    assert "Reçu à l'instant, bientôt affiché" in unescape(page.text)
    assert f'href="{form}"' in page.text
    async with both.stage.reader(Person("per-other", projects=frozenset({"prj-other"}))) as other:
        assert (await other.get(address)).status_code == 404

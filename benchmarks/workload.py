"""Invented offers and projects over the real geography, the same for the same seed: where people live, so they act."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from itertools import accumulate
from typing import Any, get_args

from shared.events.shapes import Commitment, Fund, Project
from shared.events.vocabulary import Category, CommitmentKind, FundKind, LegalForm, Object, Stage
from shared.reference.geography import Geography, Unit, load_geography
from shared.reference.samples import funds, sample_commitments, sample_projects
from shared.reference.territories import load_territories

DAY = date(2026, 12, 1)
_LEVELS = {"commune": 20, "epci": 40, "departement": 25, "region": 15}
"""How often the perimeter of an offer that is not national is of each level."""
_MONEY = ("mecenat-financier", "investissement-impact")


@dataclass(frozen=True)
class Workload:
    """A seed, and the two shares that decide how hard ranking is.

    `national` of the offers are for all of France; `twins` of the texts repeat another but for a word.
    """

    seed: int = 1
    national: float = 0.1
    twins: float = 0.1
    funds: float = 0.1
    geography: Geography = field(default_factory=load_geography, repr=False)

    def offers(self, count: int, *, start: int = 0) -> Iterator[Commitment | Fund]:
        """So many offers with ids from `start` on."""
        chance = random.Random(f"{self.seed}/offers/{start}")
        texts = self._texts(chance)
        for number in range(start, start + count):
            shape = {**self._offer(chance), "title": f"Offre {number % 997}", "description": next(texts)}
            yield (
                self._fund(chance, number, shape)
                if chance.random() < self.funds
                else self._commitment(chance, number, shape)
            )

    def projects(self, count: int, *, start: int = 0) -> Iterator[Project]:
        """So many projects with ids from `start` on."""
        chance = random.Random(f"{self.seed}/projects/{start}")
        texts = self._texts(chance)
        return (self._project(chance, number, next(texts)) for number in range(start, start + count))

    def _offer(self, chance: random.Random) -> dict[str, Any]:
        named = chance.choices((0, 1, 2, 3), (10, 40, 40, 10))[0]
        closes = chance.random()
        return {
            "perimeter": self._perimeter(chance),
            "accepts_neighbours": chance.random() < 0.2,
            "categories": chance.sample(get_args(Category)[:-1], named),
            "stages": chance.sample(get_args(Stage), chance.choices((0, 1, 2, 3, 4), (20, 5, 45, 25, 5))[0]),
            "legal_forms": chance.sample(get_args(LegalForm), 4) if chance.random() < 0.15 else [],
            "closes_on": None if closes < 0.2 else DAY + timedelta(days=chance.randint(-30, 700)),
            "status": "actif" if chance.random() < 0.97 else "suspendu",
        }

    def _commitment(self, chance: random.Random, number: int, shape: dict[str, Any]) -> Commitment:
        kind = chance.choice(get_args(CommitmentKind))
        least = chance.choice((500, 1_000, 2_000, 5_000))
        most = least * chance.choice((2, 5, 10, 20))
        total = most * chance.randint(1, 10)
        return Commitment.model_validate(
            {
                **shape,
                "commitment_id": f"eng-{number:08}",
                "company": {"company_id": f"ent-{number % 50_000}", "name": "Entreprise"},
                "kind": kind,
                "objects": [] if kind in _MONEY or chance.random() < 0.3 else self._objects(chance, 2),
                "challenges": [chance.choice(self._challenges)] if chance.random() < 0.3 else [],
                **(
                    {"days": chance.randint(5, 100), "per_project_days": {"min": 1, "max": chance.randint(2, 20)}}
                    if kind == "mecenat-competences"
                    else {
                        "total_eur": total,
                        "committed_eur": chance.choice((0, 0, total // 2, total)),
                        "per_project_eur": {"min": least, "max": most},
                    }
                ),
            }
        )

    def _fund(self, chance: random.Random, number: int, shape: dict[str, Any]) -> Fund:
        least = chance.choice((1_000, 5_000, 20_000))
        return Fund.model_validate(
            {
                **shape,
                "fund_id": f"fds-{number:08}",
                "nature": "fonds",
                "kinds": chance.sample(get_args(FundKind), 2),
                "recipients": ["porteur"],
                "ticket_eur": {"min": least, "max": least * 10},
                "labelled_territories_only": chance.random() < 0.1,
                "needs_barrier": chance.random() < 0.05,
                "direct_funding": True,
            }
        )

    def _project(self, chance: random.Random, number: int, text: str) -> Project:
        needs = [
            {
                "kind": kind,
                **(
                    {"days": chance.randint(1, 40)} if kind == "mecenat-competences" else {"amount_eur": _euros(chance)}
                ),
                "objects": [] if kind in _MONEY or chance.random() < 0.3 else self._objects(chance, 2),
            }
            for kind in chance.sample(get_args(CommitmentKind), chance.choice((1, 2, 2, 3)))
        ]
        commune = self._commune(chance)
        wide = chance.choices((None, "epci", "departement"), (87, 10, 3))[0]
        perimeter = self.geography.raise_to(Unit("commune", commune), wide) if wide else ()
        return Project.model_validate(
            {
                "project_id": f"prj-{number:08}",
                "title": f"Projet {number % 997}",
                "summary": text,
                "owner": {
                    "owner_id": f"por-{number % 50_000}",
                    "name": "Porteur",
                    "legal_form": chance.choice(get_args(LegalForm)[:12]),
                },
                "commune": commune,
                "perimeter": [unit._asdict() for unit in perimeter],
                "challenge_id": chance.choice(self._challenges) if chance.random() < 0.5 else None,
                "categories": chance.sample(get_args(Category)[:-1], chance.choice((1, 2, 2, 3))),
                "stage": chance.choice(get_args(Stage)),
                "needs": needs,
                "amount_sought_eur": _euros(chance),
                "deadline": DAY + timedelta(days=chance.randint(-10, 700)),
                "barrier": {"kind": "norme-nationale", "text": "Une norme."} if chance.random() < 0.1 else None,
                "status": "actif",
            }
        )

    def _perimeter(self, chance: random.Random) -> list[dict[str, str]]:
        if chance.random() < self.national:
            return [{"level": "national", "code": "FR"}]
        level = chance.choices([*_LEVELS], [*_LEVELS.values()])[0]
        found: dict[Unit, None] = {}
        for _ in range(chance.choices((1, 2, 3), (85, 12, 3))[0]):
            home = Unit("commune", self._commune(chance))
            found |= dict.fromkeys(self.geography.raise_to(home, level) or (home,))
        return [unit._asdict() for unit in found]

    def _commune(self, chance: random.Random) -> str:
        """A commune, as likely as it has people."""
        communes, people = self._homes
        return chance.choices(communes, cum_weights=people)[0]

    @cached_property
    def _homes(self) -> tuple[list[str], list[int]]:
        units = self.geography.units("commune")
        return [unit.code for unit in units], list(accumulate(map(self.geography.population, units)))

    def _objects(self, chance: random.Random, most: int) -> list[str]:
        return chance.sample(get_args(Object), chance.randint(1, most))

    @cached_property
    def _challenges(self) -> list[str]:
        return [each.challenge_id for territory in load_territories() for each in territory.challenges]

    @cached_property
    def _pieces(self) -> list[str]:
        """Runs of six words from all that the reference says in French."""
        said = [f"{each['title']} {each.get('summary') or each['description']}" for each in _samples()]
        said += [
            f"{each.title} {each.description}" for territory in load_territories() for each in territory.challenges
        ]
        words = [text.split() for text in said]
        return [" ".join(each[place : place + 6]) for each in words for place in range(0, len(each), 3)]

    def _texts(self, chance: random.Random) -> Iterator[str]:
        """Texts of some thirty words; a share of them repeat one said before, but for a word."""
        known: list[str] = []
        while True:
            if known and chance.random() < self.twins:
                words = chance.choice(known).split()
                words[chance.randrange(len(words))] = chance.choice(self._pieces).split()[0]
                yield " ".join(words)
                continue
            text = " ".join(chance.choices(self._pieces, k=chance.randint(3, 7)))
            if len(known) < 2_000:
                known.append(text)
            yield text


def _samples() -> list[dict[str, Any]]:
    return [*funds(), *sample_commitments(), *sample_projects()]


def _euros(chance: random.Random) -> int:
    return chance.choice((2_000, 5_000, 10_000, 20_000, 50_000, 100_000))

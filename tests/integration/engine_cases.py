"""Random entities around a few places of the real geography, so that many pairs meet and many scores are equal."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, TypeVar, get_args

from services.matcher.matching.model import PreparedOffer, PreparedProject
from services.matcher.matching.prepare import Preparation
from services.matcher.offline import reference_preparation
from shared.events import vocabulary
from shared.events.shapes import Commitment, Fund, Project
from shared.reference.geography import LEVELS, NATIONAL, Unit
from shared.reference.territories import load_territories

DAY = date(2026, 12, 1)
DAYS = tuple(DAY + timedelta(days=shift) for shift in (-1, 0, 0, 0, 1, 8))
PREPARATION: Preparation = reference_preparation()
GEOGRAPHY = PREPARATION.geography
COMMUNES = GEOGRAPHY.units("commune")
LABELLED = [unit for territory in load_territories() for unit in territory.perimeter]
CHALLENGES = [each.challenge_id for territory in load_territories() for each in territory.challenges]
WORDS = [
    "épicerie",
    "quais",
    "vélos",
    "nuit",
    "jardin",
    "numérique",
    "aînés",
    "locaux",
    "compost",
    "repas",
    "atelier",
    "réparation",
    "logement",
    "emploi",
    "zythologie",
    "pétaouchnok",
    "kaléidoscope",
    "brimborion",
]
"""The last four are in no vocabulary."""
Entity = TypeVar("Entity", Commitment, Fund, Project)


class Cases:
    """What one seed invents: some communes, défis, words and organisations, and entities made of them."""

    def __init__(self, seed: int) -> None:
        self.chance = chance = random.Random(seed)
        home = chance.choice(COMMUNES)
        if chance.random() < 0.5:
            unit = chance.choice(LABELLED)
            home = chance.choice(GEOGRAPHY.raise_to(Unit(unit.level, unit.code), "commune"))
        near = [*GEOGRAPHY.raise_to(chance.choice(GEOGRAPHY.units_of_commune(home.code)[:-1]), "commune")]
        self.communes = [home, *chance.choices(near, k=3), chance.choice(COMMUNES)]
        around = [unit for commune in self.communes for unit in GEOGRAPHY.units_of_commune(commune.code)]
        beside = [near for unit in around for near in GEOGRAPHY.neighbours(unit)]
        self.units = [*around, *chance.sample(beside, min(len(beside), 8))]
        self.challenges = chance.sample(CHALLENGES, 3)
        self.words = chance.sample(WORDS, chance.choice((2, 6, len(WORDS))))
        self.texts = [self._text() for _ in range(chance.choice((1, 3, 12)))]
        self.themes = chance.sample(get_args(vocabulary.Category), chance.choice((2, 5, 11)))
        self.kinds = chance.sample(get_args(vocabulary.CommitmentKind), chance.choice((1, 3, 8)))
        self.is_plain = chance.random() < 0.3

    def offer(self, number: int) -> PreparedOffer:
        """Any offer of this number: a commitment or, as it happens, a fund of the same id."""
        return PREPARATION.offer(self._fund(number) if self.chance.random() < 0.3 else self._commitment(number))

    def project(self, number: int) -> PreparedProject:
        """Any project of this number."""
        chance = self.chance
        kinds = chance.sample(self.kinds, chance.randint(1, min(3, len(self.kinds))))
        return PREPARATION.project(
            Project.model_validate(
                {
                    "project_id": self._id(number),
                    "title": "Projet",
                    "summary": self._one_text(),
                    "owner": {
                        "owner_id": f"org-{chance.randrange(12)}",
                        "name": "Porteur",
                        "legal_form": chance.choice(get_args(vocabulary.LegalForm)[:4]),
                        "accreditations": self._some(get_args(vocabulary.Accreditation), 1),
                        "siren": self._siren(),
                    },
                    "commune": chance.choice(self.communes).code,
                    "perimeter": self._perimeter(2) if chance.random() < 0.3 else [],
                    "challenge_id": self._rarely(0.5, lambda: chance.choice(self.challenges)),
                    "categories": self._some(self.themes, 3),
                    "suggested_categories": self._some(self.themes, 1),
                    "stage": chance.choice(get_args(vocabulary.Stage)),
                    "needs": [
                        {
                            "kind": kind,
                            "amount_eur": self._amount(),
                            "days": self._rarely(0.3, lambda: chance.choice((0, 1, 7, 9))),
                            "objects": self._objects(),
                        }
                        for kind in kinds
                    ],
                    "amount_sought_eur": self._amount(),
                    "deadline": self._rarely(0.5, lambda: chance.choice(DAYS)),
                    "barrier": self._rarely(0.3, lambda: {"kind": "norme-nationale", "text": "Une norme."}),
                    "status": self._status(),
                    "duplicate_of": self._rarely(0.03, lambda: "twin"),
                }
            )
        )

    def _commitment(self, number: int) -> Commitment:
        chance = self.chance
        return Commitment.model_validate(
            {
                **self._shared(),
                "commitment_id": self._id(number),
                "company": {"company_id": f"org-{chance.randrange(12)}", "name": "Entreprise", "siren": self._siren()},
                "kind": chance.choice(self.kinds),
                "objects": self._objects(),
                "total_eur": self._amount(),
                "committed_eur": self._rarely(0.3, lambda: chance.choice((0, 500, 20_000))),
                "per_project_eur": self._rarely(0.6, self._range),
                "days": self._rarely(0.3, lambda: chance.choice((0, 2, 9, 20))),
                "per_project_days": self._rarely(0.3, lambda: {"min": 2, "max": 10}),
                "challenges": self._some(self.challenges, 3),
            }
        )

    def _fund(self, number: int) -> Fund:
        return Fund.model_validate(
            {
                **self._shared(),
                "fund_id": self._id(number),
                "nature": "fonds",
                "kinds": self._some(get_args(vocabulary.FundKind), 3) or ["pret"],
                "recipients": ["porteur"],
                "envelope_eur": self._amount(),
                "ticket_eur": self._rarely(0.6, self._range),
                "labelled_territories_only": self.chance.random() < 0.2,
                "needs_barrier": self.chance.random() < 0.2,
                "direct_funding": True,
            }
        )

    def _shared(self) -> dict[str, Any]:
        chance = self.chance
        forms = (["association", "esus"], ["scop"], ["association", "scic", "cae"])
        return {
            "title": "Offre",
            "description": self._one_text(),
            "perimeter": self._perimeter(3),
            "accepts_neighbours": chance.random() < 0.4,
            "categories": self._some(self.themes, 3),
            "stages": self._some(get_args(vocabulary.Stage), 4),
            "legal_forms": self._rarely(0.3, lambda: chance.choice(forms)) or [],
            "opens_on": self._rarely(0.3, lambda: chance.choice(DAYS)),
            "closes_on": self._rarely(0.3, lambda: chance.choice(DAYS)),
            "status": self._status(),
            "duplicate_of": self._rarely(0.03, lambda: "twin"),
        }

    def _perimeter(self, most: int) -> list[dict[str, str]]:
        units = {self.chance.choice(self.units): None for _ in range(self.chance.randint(1, most))}
        if self.chance.random() < 0.1:
            units[NATIONAL] = None
        return [unit._asdict() for unit in sorted(units, key=lambda unit: (LEVELS.index(unit.level), unit.code))]

    def _id(self, number: int) -> str:
        return f"{'abc'[number % 3]}{number % 7}{'-' * (number % 2)}{number}"

    def _one_text(self) -> str:
        return self.chance.choice(self.texts) if self.chance.random() < 0.5 else self._text()

    def _text(self) -> str:
        return " ".join(self.chance.choices(self.words, k=self.chance.randint(1, 12)))

    def _amount(self) -> int | None:
        return self._rarely(0.7, lambda: self.chance.choice((0, 1, 999, 1_000, 5_000, 20_000, 10**12)))

    def _range(self) -> dict[str, int]:
        low, high = sorted(self.chance.choices((1, 1_000, 5_000, 20_000, 10**12), k=2))
        return self.chance.choice(({"min": low}, {"max": high}, {"min": low, "max": high}))

    def _objects(self) -> list[str]:
        return self._some(get_args(vocabulary.Object)[:5], 3)

    def _siren(self) -> str | None:
        return self._rarely(0.2, lambda: self.chance.choice(("123456789", "000000001")))

    def _status(self) -> str:
        return "actif" if self.is_plain or self.chance.random() < 0.95 else self.chance.choice(("suspendu", "clos"))

    def _some(self, among: Any, most: int) -> list[Any]:
        count = 0 if self.is_plain else self.chance.randint(0, most)
        return self.chance.sample(among, min(count, len(among)))

    def _rarely(self, share: float, value: Callable[[], Any]) -> Any:
        return value() if not self.is_plain and self.chance.random() < share else None

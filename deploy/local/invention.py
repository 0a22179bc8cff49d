"""Invents plausible projects and commitments over the whole country, by recombining the samples and the geography."""

import math
import random
import re
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cached_property
from itertools import accumulate
from typing import Any

from shared.reference.geography import Unit, load_geography
from shared.reference.samples import sample_commitments, sample_projects
from shared.reference.territories import Territory, load_territories

Record = dict[str, Any]

MONEY_KINDS = frozenset({"mecenat-financier", "investissement-impact"})
STAGES = ("idee", "amorcage", "experimentation", "developpement", "changement-echelle", "essaimage")
FORMS = {"association": 11, "scic": 3, "scop": 2, "cooperative-autre": 1, "societe-ess": 2, "fondation": 1}
# How far an invented commitment reaches: wide enough that any project in the country meets several.
REACH = {"commune": 1, "epci": 4, "departement": 6, "region": 8, "national": 7}
# One item in so many lies in a labelled territory, and may answer one of its défis.
LABELLED_SHARE = 0.4
COMMON_NEEDS: tuple[Record, ...] = (
    {"kind": "mecenat-competences", "days": 12, "label": "Appui à la gestion et à la communication"},
    {"kind": "mecenat-financier", "amount_eur": 15000, "label": "Première année de fonctionnement"},
    {"kind": "mecenat-nature", "amount_eur": 5000, "label": "Équipement et matériel"},
    {"kind": "partenariat", "label": "Partenaires locaux pour aller plus loin"},
)
CARRIERS = ("Les Ateliers", "La Fabrique", "Le Relais", "La Maison", "Le Comptoir", "La Ruche", "Le Collectif")
NAMES = (
    *("des Tilleuls", "du Canal", "des Deux Rives", "du Levant", "de la Halle", "des Glycines", "du Vieux Pont"),
    *("des Quatre Vents", "du Moulin", "de la Gare", "des Cerisiers", "du Belvédère", "des Lavoirs", "du Faubourg"),
    *("de la Source", "des Remparts", "du Verger", "des Marronniers", "de la Place Haute", "du Chemin Vert"),
)
SECTORS = (
    *("logistique", "assurance", "restauration collective", "bâtiment", "énergie", "services informatiques", "banque"),
    *("agroalimentaire", "hôtellerie", "commerce", "mécanique", "santé", "conseil", "textile", "emballage"),
)
# Words that tie a text to where it was set, whatever their case.
_LOCAL = re.compile(
    r"breton|mahora|lagon|aéroport|colline|sabolien|canton|quais|vallée|île|plages?|bassin", re.IGNORECASE
)
_CAPITALISED_INSIDE = re.compile(r"(?<=[^.!?:»\s] )(?:[dl]')?[A-ZÉÈÀÂÎÔ]\w+")
_PLACE_AT_END = re.compile(r" (?:de la|de|du|des|à|au|en) [A-ZÉÎ][\w' -]*$| d'[A-ZÉÎ][\w' -]*$")


class Invention:
    """Invents the same items for the same seed and day, whatever was invented before; ids begin with `demo-`."""

    def __init__(self, seed: int, today: date) -> None:
        self._seed = seed
        self._today = today

    def project(self, number: int) -> Record:
        """The submission of project `number`."""
        chance = self.chance("project", number)
        base = chance.choice(self._projects)
        commune, territory = self._place(chance)
        needs = _needs(chance, base["needs"])
        name = load_geography().name(Unit("commune", commune))
        starts = self._today + timedelta(days=chance.randrange(30, 240))
        form = chance.choices(list(FORMS), list(FORMS.values()))[0]
        return {
            "project_id": f"demo-prj-{number:05}",
            "title": f"{_neutral_title(base['title'])}, {name}",
            "summary": f"{_neutral(base['summary'])} Lieu du projet : {name}.",
            "owner": {
                "owner_id": f"demo-por-{number:05}",
                "name": f"{chance.choice(CARRIERS)} {chance.choice(NAMES)}",
                "legal_form": form,
            },
            "commune": commune,
            **self._challenge(chance, territory, base["categories"]),
            "categories": base["categories"],
            "stage": _near_stage(chance, base["stage"]),
            "needs": needs,
            "amount_sought_eur": sum(need.get("amount_eur", 0) for need in needs if need["kind"] in MONEY_KINDS),
            "amount_secured_eur": chance.randrange(0, 60) * 1000,
            "beneficiaries": {
                "count": max(5, round(base["beneficiaries"]["count"] * chance.uniform(0.5, 1.5))),
                "label": base["beneficiaries"]["label"],
            },
            "deadline": (starts - timedelta(days=chance.randrange(5, 25))).isoformat(),
            "starts_on": starts.isoformat(),
            "ends_on": (starts + timedelta(days=365 * chance.randrange(1, 4))).isoformat(),
            "status": "actif",
            "contact": {"email": f"demo-projet-{number:05}@example.org"},
            "illustrative": True,
        }

    def commitment(self, number: int) -> Record:
        """The submission of commitment `number`."""
        chance = self.chance("commitment", number)
        base = chance.choice(self._commitments)
        commune, territory = self._place(chance)
        sector = chance.choice(SECTORS)
        name = load_geography().name(Unit("commune", commune))
        opens = self._today - timedelta(days=chance.randrange(1, 120))
        return {
            "commitment_id": f"demo-eng-{number:05}",
            "title": _neutral_title(base["title"]),
            "description": _neutral(base["description"]),
            "company": {
                "company_id": f"demo-ent-{number:05}",
                "name": f"Entreprise engagée {number} ({sector}, {name})",
                "sector": sector,
                "size": chance.choice(("pme", "eti", "grand-groupe")),
                "commune": commune,
            },
            "kind": base["kind"],
            "objects": base.get("objects", []),
            **_scaled_means(base, chance.uniform(0.6, 2.5)),
            "perimeter": [self._reach(chance, commune)],
            "accepts_neighbours": chance.random() < 0.4,
            "categories": base["categories"] if chance.random() < 0.75 else [],
            "challenges": list(self._challenge(chance, territory, base["categories"]).values()),
            "stages": base["stages"] if chance.random() < 0.4 else [],
            "legal_forms": base["legal_forms"] if chance.random() < 0.3 else [],
            "opens_on": opens.isoformat(),
            "closes_on": (self._today + timedelta(days=chance.randrange(90, 720))).isoformat(),
            "status": "actif",
            "contact": {"email": f"demo-engagement-{number:05}@example.org"},
            "illustrative": True,
        }

    def changed(self, record: Record, times: int) -> Record:
        """The same item after its owner's `times`-th change: another stage or date, other amounts."""
        chance = self.chance(str(record.get("project_id") or record.get("commitment_id")), times)
        if "project_id" in record:
            return {**record, "stage": _near_stage(chance, record["stage"]), "amount_secured_eur": times * 5000}
        closes = date.fromisoformat(record["closes_on"]) + timedelta(days=30)
        return {**record, "closes_on": closes.isoformat(), **_scaled_means(record, chance.uniform(1.05, 1.4))}

    def chance(self, what: str, number: int) -> random.Random:
        """A source of chance of its own for each thing, so that their order changes nothing."""
        return random.Random(f"{self._seed}/{what}/{number}")  # noqa: S311 - inventions, not secrets

    @cached_property
    def _projects(self) -> list[Record]:
        """The samples that still make sense elsewhere than where they were set."""
        return [sample for sample in sample_projects() if _travels(sample["title"], sample["summary"])]

    @cached_property
    def _commitments(self) -> list[Record]:
        samples = (one for one in sample_commitments() if one["status"] == "actif")
        return [sample for sample in samples if _travels(sample["title"], sample["description"])]

    def _place(self, chance: random.Random) -> tuple[str, Territory | None]:
        """A commune, large ones more often, and the labelled territory it was drawn from, if any."""
        if chance.random() < LABELLED_SHARE:
            territory = chance.choice(load_territories())
            codes = sorted({code for unit in territory.perimeter for code in load_geography().communes_of(unit.unit)})
            return chance.choices(codes, [_weight(code) for code in codes])[0], territory
        codes, weights = self._communes
        return chance.choices(codes, cum_weights=weights)[0], None

    @cached_property
    def _communes(self) -> tuple[list[str], list[float]]:
        codes = [unit.code for unit in load_geography().units("commune")]
        return codes, list(accumulate(map(_weight, codes)))

    def _challenge(self, chance: random.Random, territory: Territory | None, categories: Sequence[str]) -> Record:
        if territory is None or chance.random() < 0.3:
            return {}
        fitting = [one for one in territory.challenges if set(one.categories) & set(categories)]
        return {"challenge_id": chance.choice(fitting).challenge_id} if fitting else {}

    def _reach(self, chance: random.Random, commune: str) -> Record:
        level = chance.choices(list(REACH), list(REACH.values()))[0]
        units = load_geography().raise_to(Unit("commune", commune), level) or (Unit("commune", commune),)
        return {"level": units[0].level, "code": units[0].code}


def _weight(commune: str) -> float:
    return math.pow(load_geography().population(Unit("commune", commune)), 0.8)


def _near_stage(chance: random.Random, stage: str) -> str:
    place = STAGES.index(stage) + chance.choice((-1, 0, 0, 1))
    return STAGES[min(max(place, 0), len(STAGES) - 1)]


def _needs(chance: random.Random, needs: Sequence[Record]) -> list[Record]:
    """Those of the sample, and often one that any project has: without objects, it meets every offer of its kind."""
    own = [_scaled_need(need, chance.uniform(0.5, 1.6)) for need in needs]
    missing = [need for need in COMMON_NEEDS if need["kind"] not in {one["kind"] for one in own}]
    return [*own, *chance.sample(missing, min(len(missing), chance.choice((0, 1, 1, 2))))]


def _scaled_need(need: Record, factor: float) -> Record:
    scaled = dict(need)
    if "amount_eur" in need:
        scaled["amount_eur"] = _round_eur(need["amount_eur"] * factor)
    if "days" in need:
        scaled["days"] = max(1, round(need["days"] * factor))
    return scaled


def _scaled_means(record: Record, factor: float) -> Record:
    """Budget and days, larger or smaller; what one project may get stays within them."""
    scaled: Record = {}
    if "total_eur" in record:
        scaled["total_eur"] = _round_eur(record["total_eur"] * factor)
        per_project = {name: min(value, scaled["total_eur"]) for name, value in record["per_project_eur"].items()}
        scaled |= {"committed_eur": 0, "per_project_eur": per_project}
    if "days" in record:
        scaled |= {"days": max(1, round(record["days"] * factor)), "committed_days": 0}
    return scaled


def _round_eur(amount: float) -> int:
    return max(500, round(amount / 500) * 500)


def _neutral_title(title: str) -> str:
    return _PLACE_AT_END.sub("", title)


def _neutral(text: str) -> str:
    """The sentences that name no place and nobody."""
    return " ".join(one for one in re.split(r"(?<=[.!?]) ", text) if not _CAPITALISED_INSIDE.search(one))


def _travels(title: str, text: str) -> bool:
    named = _CAPITALISED_INSIDE.search(_neutral_title(title)) or _LOCAL.search(f"{title} {text}")
    return bool(_neutral(text)) and not named

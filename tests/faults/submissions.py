"""Submissions made of pieces of the samples, on four territories, so that everybody meets many others."""

import random
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from shared.reference.samples import days_since_sample, sample_commitments, sample_projects, shifted
from shared.reference.taxonomy import load_taxonomy
from shared.reference.territories import load_territories

Record = dict[str, Any]

TERRITORIES = ("nantes-metropole", "est-ensemble", "lyon-metropole", "aix-marseille-provence")
CONTACTS = 25
"""How many people stand behind all projects, and how many behind all commitments."""
STAGES = ("idee", "amorcage", "experimentation", "developpement", "changement-echelle", "essaimage")


class Submissions:
    """Makes submissions with one source of chance: the same calls in the same order make the same ones."""

    def __init__(self, chance: random.Random, today: date) -> None:
        self._chance = chance
        days = days_since_sample(today)
        active = [one for one in sample_projects() if one["status"] == "actif"]
        self._projects = [shifted(one, days) for one in active]
        self._places = [one for one in self._projects if one["territory_id"] in TERRITORIES and "challenge_id" in one]
        self._commitments = [shifted(one, days) for one in sample_commitments() if one["status"] == "actif"]
        self._units = [
            {"level": unit.level, "code": unit.code}
            for territory in load_territories()
            if territory.territory_id in TERRITORIES
            for unit in territory.perimeter
        ] + 2 * [{"level": "national", "code": "FR"}]

    def project(self, project_id: str) -> Record:
        """The words of one sample, the place of another, the owner's form of a third."""
        words, place, owner = (self._chance.choice(each) for each in (self._projects, self._places, self._projects))
        kept = ("summary", "categories", "stage", "amount_sought_eur", "amount_secured_eur", "beneficiaries")
        number = self._chance.randrange(CONTACTS)
        bearer = {"name": owner["owner"]["name"], "legal_form": owner["owner"]["legal_form"]}
        if self._chance.random() < 0.1:
            # Its name may stand in no text: one of a sample's might.
            bearer = {"name": f"Collectif {project_id}", "legal_form": "collectif-informel"}
        return {
            "project_id": project_id,
            "title": f"{words['title'][:150]} ({project_id})",
            **{name: words[name] for name in kept if name in words},
            "needs": [*words["needs"], *self._more_needs(words["needs"])],
            "owner": {"owner_id": f"por-{project_id}", **bearer},
            "commune": place["commune"],
            **({"challenge_id": place["challenge_id"]} if self._chance.random() < 0.6 else {}),
            "deadline": words["deadline"],
            "status": "actif",
            "contact": {"email": f"porteur-{number:02}@example.org"},
        }

    def commitment(self, commitment_id: str) -> Record:
        """A sample elsewhere, open to more than it was."""
        base = self._chance.choice(self._commitments)
        number = self._chance.randrange(CONTACTS)
        kept = ("description", "kind", "objects", "total_eur", "per_project_eur", "days", "per_project_days")
        return {
            "commitment_id": commitment_id,
            "title": f"{base['title'][:150]} ({commitment_id})",
            **{name: base[name] for name in kept if name in base},
            "company": {"company_id": f"ent-{commitment_id}", "name": f"Entreprise {number}", "size": "pme"},
            "perimeter": self._chance.sample(self._units, 2),
            "accepts_neighbours": self._chance.random() < 0.4,
            "categories": base["categories"] if self._chance.random() < 0.5 else [],
            "stages": base["stages"] if self._chance.random() < 0.3 else [],
            "legal_forms": base["legal_forms"] if self._chance.random() < 0.2 else [],
            "opens_on": base["opens_on"],
            "closes_on": base["closes_on"],
            "status": "actif",
            "contact": {"email": f"entreprise-{number:02}@example.org"},
        }

    def _more_needs(self, needs: Sequence[Record]) -> list[Record]:
        """Needs of kinds that the words do not ask for, so that projects meet several offers."""
        missing = sorted(load_taxonomy().commitment_kinds.keys() - {need["kind"] for need in needs})
        return [{"kind": kind} for kind in self._chance.sample(missing, 3)]

    def twin(self, record: Mapping[str, Any], twin_id: str) -> Record:
        """The same thing said twice, under another id."""
        name = "project_id" if "project_id" in record else "commitment_id"
        return {**record, name: twin_id}

    def change(self, record: Mapping[str, Any]) -> Record:
        """A few fields of the record, as they may change."""
        other = self._chance.choice(self._projects if "project_id" in record else self._commitments)
        if "project_id" in record:
            changes = [
                {"stage": self._chance.choice(STAGES)},
                {"summary": other["summary"]},
                {"categories": other["categories"]},
                {"status": self._chance.choice(("actif", "suspendu"))},
            ]
        else:
            changes = [
                {"description": other["description"]},
                {"categories": other["categories"]},
                {"accepts_neighbours": not record["accepts_neighbours"]},
                {"status": self._chance.choice(("actif", "suspendu"))},
            ]
        return self._chance.choice(changes)

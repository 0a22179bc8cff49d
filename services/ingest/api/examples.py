"""Examples of the documentation: each is accepted as it stands."""

from typing import Any

from shared.events.vocabulary import EntityType

EXAMPLES: dict[EntityType, dict[str, Any]] = {
    "project": {
        "title": "Épicerie du port",
        "summary": "Une épicerie solidaire livrée de nuit par des vélos-cargos, ouverte aux habitants du quartier.",
        "owner": {"owner_id": "les-paniers", "name": "Les Paniers de Rezé", "legal_form": "association"},
        "place": {"name": "Rezé", "postal_code": "44400"},
        "categories": ["alimentation"],
        "stage": "amorcage",
        "needs": [
            {"kind": "mecenat-financier", "amount_eur": 20000, "label": "Vélos-cargos et chambre froide"},
            {"kind": "mecenat-nature", "objects": ["logistique-transport"], "label": "Un quai libre la nuit"},
        ],
        "amount_sought_eur": 20000,
        "deadline": "2027-12-31",
        "status": "actif",
        "contact": {"email": "paniers@example.org", "name": "Léa Martin"},
    },
    "commitment": {
        "title": "Des quais vides la nuit",
        "description": "Nos quais sont libres de vingt heures à cinq heures : nous les prêtons aux circuits courts.",
        "company": {"company_id": "transports-a", "name": "Transports A", "size": "pme", "commune": "44109"},
        "kind": "mecenat-nature",
        "objects": ["logistique-transport"],
        "total_eur": 24000,
        "per_project_eur": {"min": 2000, "max": 12000},
        "perimeter": [{"level": "epci", "code": "244400404"}],
        "accepts_neighbours": True,
        "categories": ["alimentation", "developpement-territorial-mobilite"],
        "stages": [],
        "legal_forms": [],
        "closes_on": "2028-08-31",
        "status": "actif",
        "contact": {"email": "rse@example.org"},
    },
    "fund": {
        "title": "Fonds d'amorçage solidaire",
        "description": "Amorcer des entreprises sociales dans toute la France.",
        "operator": "Banque solidaire",
        "nature": "fonds",
        "kinds": ["amorcage"],
        "recipients": ["porteur"],
        "ticket_eur": {"min": 5000, "max": 50000},
        "perimeter": [{"level": "national", "code": "FR"}],
        "accepts_neighbours": False,
        "categories": [],
        "stages": ["amorcage"],
        "legal_forms": [],
        "labelled_territories_only": False,
        "needs_barrier": False,
        "direct_funding": True,
        "apply_url": "https://fonds.example.org/candidater",
        "status": "actif",
    },
    "territory": {
        "name": "Pays de Redon",
        "kind": "bassin-pays",
        "perimeter": [{"level": "epci", "code": "243500741"}],
        "challenges": [
            {
                "challenge_id": "pays-de-redon-d1",
                "title": "Manger d'ici",
                "description": "Relocaliser les repas des cantines.",
                "axis": "social",
                "categories": ["alimentation"],
            }
        ],
        "status": "candidat",
    },
}
"""A submission of each type; the id is in the address."""

IDS: dict[EntityType, str] = {
    "project": "prj-epicerie",
    "commitment": "eng-quais",
    "fund": "fds-amorcage",
    "territory": "pays-de-redon",
}

PATCHES: dict[EntityType, dict[str, Any]] = {
    "project": {"stage": "developpement", "amount_sought_eur": 15000},
    "commitment": {"committed_eur": 8000},
    "fund": {"closes_on": "2028-12-31"},
    "territory": {"name": "Redon et son pays"},
}

IMPORT_CSV = (
    "project_id;title;summary;owner.owner_id;owner.name;owner.legal_form;place.name;place.postal_code;categories;stage;"
    "needs.mecenat-financier.amount_eur;amount_sought_eur;status\n"
    "prj-jardin;Jardin des écoles;Un jardin partagé entre trois écoles.;les-jardins;Les Jardins;association;Rezé;44400;"
    "alimentation|environnement;idee;8 000 €;8000;actif\n"
)
"""A file of one project, as a spreadsheet saves it."""

"""Each call of the API in words: what the documentation says of it, with an example to paste."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from services.ingest.api.answers import PLURALS
from services.ingest.api.examples import EXAMPLES, IDS, IMPORT_CSV, PATCHES
from shared.events.vocabulary import EntityType

NAMES: dict[EntityType, tuple[str, str]] = {
    "project": ("un projet", "les projets"),
    "commitment": ("un engagement", "les engagements"),
    "fund": ("un fonds", "les fonds"),
    "territory": ("un territoire", "les territoires"),
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One call; `example_path` has an id where `path` has a variable."""

    tag: str
    name: str
    method: str
    path: str
    summary: str
    description: str
    scope: str
    problems: tuple[str, ...]
    entity_type: EntityType | None = None
    example_path: str = ""
    example: Any = None
    content_type: str = "application/json"
    answers: dict[int, str] = field(default_factory=dict)


TITLES: dict[EntityType, str] = {
    "project": "Projets",
    "commitment": "Engagements",
    "fund": "Fonds",
    "territory": "Territoires",
}
"""The heading above the calls of each type."""

_READ_PROBLEMS = ("cle-requise", "portee-manquante", "trop-d-appels", "indisponible")
_WRITE_PROBLEMS = (
    "json-invalide", "cle-requise", "portee-manquante", "pas-a-vous", "version-depassee", "contenu-trop-grand",
    "type-refuse", "refuse", "cle-reutilisee", "trop-d-appels", "indisponible",
)  # fmt: skip
_TAKEN = {
    202: "Enregistré, et son événement avec : l'un ne va pas sans l'autre.",
    200: "Inchangé : ce contenu était déjà enregistré, ou la demande déjà traitée.",
}


def operations() -> Iterator[Operation]:
    """Every documented call, in the order of the page."""
    for entity_type in PLURALS:
        yield from _of_entity(entity_type)
    yield from _others()


def _of_entity(entity_type: EntityType) -> Iterator[Operation]:
    yield from _writing(entity_type)
    yield from _reading(entity_type)
    yield from _ending(entity_type)


def _places(entity_type: EntityType) -> tuple[str, str, str]:
    """The path of all entities of the type, that of one, and that of the example."""
    base = f"/v1/{PLURALS[entity_type]}"
    return base, f"{base}/{{entity_id}}", f"{base}/{IDS[entity_type]}"


def _writing(entity_type: EntityType) -> Iterator[Operation]:
    title, one, scope = TITLES[entity_type], NAMES[entity_type][0], f"{PLURALS[entity_type]}:write"
    _, path, example_path = _places(entity_type)
    yield Operation(
        title, f"put_{entity_type}", "PUT", path, f"Déposer ou remplacer {one}",
        "Le contenu remplace tout ce qui était enregistré ; le contact est gardé s'il n'en est rien dit. Tous les"
        " défauts sont dits d'un coup. « If-Match » : seulement si la fiche est à cette version ;"
        " « If-None-Match: * » : seulement si elle n'existe pas.",
        scope, _WRITE_PROBLEMS, entity_type, example_path, EXAMPLES[entity_type], answers=_TAKEN,
    )  # fmt: skip
    yield Operation(
        title, f"change_{entity_type}", "PATCH", path, f"Modifier {one}",
        "Fusion (RFC 7396) : ce qui est donné remplace, null retire, le reste demeure.",
        scope, (*_WRITE_PROBLEMS, "introuvable"), entity_type, example_path, PATCHES[entity_type],
        "application/merge-patch+json", _TAKEN,
    )  # fmt: skip


def _reading(entity_type: EntityType) -> Iterator[Operation]:
    title, (one, many) = TITLES[entity_type], NAMES[entity_type]
    base, path, example_path = _places(entity_type)
    yield Operation(
        title, f"read_{entity_type}", "GET", path, f"Lire {one}",
        "La fiche telle que déposée, avec sa version et ce qu'Essaim y ajoute (« suggested_categories »,"
        " « duplicate_of », « concluded »). Renvoyée telle quelle, elle ne change rien.",
        "read", (*_READ_PROBLEMS, "pas-a-vous", "introuvable"), entity_type, example_path,
        answers={200: "La fiche.", 304: "Inchangée depuis l'ETag donné par « If-None-Match »."},
    )  # fmt: skip
    yield Operation(
        title, f"list_{PLURALS[entity_type]}", "GET", base, f"Lister {many}",
        "Par pages : « limit » (50, au plus 200), puis « after » avec la valeur de « next ». Filtres par nom de champ,"
        " à plusieurs valeurs séparées par des virgules. On ne voit que ce qui est à soi, territoires mis à part.",
        "read", (*_READ_PROBLEMS, "refuse"), entity_type, f"{base}?status={EXAMPLES[entity_type]['status']}&limit=10",
        answers={200: "Une page."},
    )  # fmt: skip


def _ending(entity_type: EntityType) -> Iterator[Operation]:
    title, one, scope = TITLES[entity_type], NAMES[entity_type][0], f"{PLURALS[entity_type]}:write"
    _, path, example_path = _places(entity_type)
    if entity_type != "territory":
        yield Operation(
            title, f"withdraw_{entity_type}", "DELETE", path, f"Retirer {one}",
            "La fiche reste lisible, au statut « retire » ; ses rapprochements ne tiennent plus.",
            scope, (*_WRITE_PROBLEMS, "introuvable"), entity_type, example_path, answers=_TAKEN,
        )  # fmt: skip
    yield Operation(
        title, f"erase_{entity_type}", "POST", f"{path}/erasure", f"Effacer {one}",
        "Pour toujours : contenu, contact et rapprochements disparaissent, ici et dans tous les services. Déposer à"
        " nouveau sous cet identifiant crée une fiche neuve, qui ne retrouve rien de l'ancienne.",
        scope, (*_READ_PROBLEMS, "pas-a-vous", "introuvable"), entity_type, f"{example_path}/erasure",
        answers={202: "Effacé ici ; les autres services suivent.", 200: "C'était déjà fait."},
    )  # fmt: skip


def _others() -> Iterator[Operation]:
    yield Operation(
        "Fichiers", "import_file", "POST", "/v1/imports", "Déposer un fichier",
        "JSON Lines, CSV (« ; », « , » ou tabulation) ou classeur XLSX, dans le corps ou par formulaire, 50 Mo et"
        " 100 000 lignes au plus. La réponse dit ligne par ligne ce qu'il en est : accepted, unchanged, refused avec"
        " champ, raison et remède. Une ligne refusée n'empêche pas les autres. Colonnes : les noms de champs, reliés"
        " par un point ; listes séparées par « | » ; périmètre « epci:244400404|commune:44109 » ; besoins"
        " « needs.mecenat-financier.amount_eur ». « type » dit ce que sont les lignes sans identifiant.",
        "celle de chaque ligne", (*_READ_PROBLEMS, "contenu-trop-grand", "refuse"), None, "/v1/imports?type=projects",
        IMPORT_CSV, "text/csv", {200: "Un rapport, une ligne JSON par ligne du fichier."},
    )  # fmt: skip
    gone = {202: "Effacé ici ; les autres services suivent.", 200: "C'était déjà fait."}
    yield Operation(
        "Organisations", "erase_organisation", "POST", "/v1/organisations/{organisation_id}/erasure",
        "Effacer une organisation",
        "Ses clés et tout ce qu'elle a déposé, ou qui l'a été pour elle. Réservé à l'opérateur.",
        "admin", (*_READ_PROBLEMS, "introuvable"), None, "/v1/organisations/les-jardins/erasure", answers=gone,
    )  # fmt: skip
    yield Operation(
        "Personnes", "erase_person", "POST", "/v1/persons/{person_id}/erasure", "Effacer une personne",
        "Son adresse, son nom et les projets qu'elle porte en son nom. Réservé à l'opérateur et à la personne même.",
        "admin", (*_READ_PROBLEMS, "introuvable"), None, "/v1/persons/per-0123456789abcdef/erasure", answers=gone,
    )  # fmt: skip

"""What ingest finds wrong with a deposit, beside the field of our form and in the words of a page, never of the API."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from services.console.views.deposit import Options, Typed

_SAYS_ITSELF = ""

_WORDS: Mapping[str, tuple[str, str]] = {
    "obligatoire": ("Ce champ est obligatoire.", "{example}"),
    "lieu-absent": ("Il manque la commune où le projet se déroule.", "Par exemple Rezé."),
    "valeur-inconnue": ("Ce choix n'est pas dans la liste.", "Choisissez-en un autre."),
    "agrement-pas-forme": ("C'est un agrément, non une forme juridique.", "Cochez-le sous « Agréments »."),
    "forme-pas-agrement": ("C'est une forme juridique, non un agrément.", "Choisissez-la sous « Forme juridique »."),
    "texte-attendu": ("Un texte est attendu.", "{example}"),
    "entier-attendu": ("Un nombre entier est attendu.", "Par exemple 20 000."),
    "date-invalide": ("Cette date n'existe pas.", "Écrivez jour/mois/année, par exemple 30/06/2027."),
    "dates-inversees": ("La fin précède le début.", "Inversez les deux dates ou corrigez l'une d'elles."),
    "nombre-trop-petit": (_SAYS_ITSELF, "Écrivez un nombre plus grand que zéro, ou laissez vide."),
    "depasse-le-total": ("Cette part dépasse le total.", "Augmentez le total, ou diminuez cette part."),
    "format-invalide": ("Ce n'est pas écrit comme il faut.", "{example}"),
    "adresse-dans-le-texte": (
        _SAYS_ITSELF,
        "Retirez-la : la vôtre est déjà connue, et n'est transmise qu'à la mise en relation.",
    ),
    "telephone-dans-le-texte": (
        _SAYS_ITSELF,
        "Retirez-le : les coordonnées s'échangent à la mise en relation, avec votre accord.",
    ),
    "siren-invalide": (_SAYS_ITSELF, "Vérifiez les neuf chiffres, par exemple 542 051 180, ou laissez vide."),
    "commune-inconnue": ("Aucune commune actuelle ne répond à ce choix.", "Écrivez son nom, par exemple Rezé."),
    "lieu-inconnu": (
        "Aucune commune ne porte ce nom.",
        "Choisissez un nom proche s'il y en a un ci-dessous, ou vérifiez le vôtre, par exemple Rezé, 44400.",
    ),
    "lieu-ambigu": (
        "Plusieurs communes répondent à ce nom.",
        "Choisissez la vôtre ci-dessous, ou donnez son code postal, par exemple 44400.",
    ),
    "lieu-contradictoire": ("Le nom et le choix désignent deux communes.", "Gardez l'un des deux."),
    "code-inconnu": ("Un de ces lieux n'existe plus.", "Décochez-le, et choisissez celui qui l'a remplacé."),
    "defi-inconnu": ("Ce défi n'est plus publié.", "Choisissez-en un autre, ou aucun."),
    "territoire-inconnu": ("Ce territoire n'est plus suivi ici.", "Choisissez-en un autre."),
    "a-une-autre-organisation": (
        "Cette fiche est celle d'une autre organisation.",
        "Demandez à cette organisation de la changer.",
    ),
    "invalide": ("Cette valeur n'est pas valable.", "Corrigez-la, ou laissez ce champ vide."),
}
"""Code of a fault -> message and remedy on a page; an empty message is ingest's own. Codes left out say it all well."""

NOTICES: Mapping[str, str] = {
    "echeance-passee": "Échéance passée : tel quel, ce projet ne sera rapproché d'aucune offre. Pour qu'il le soit, "
    "donnez une date à venir dans sa fiche, ou laissez l'échéance vide.",
    "cloture-passee": "Fermeture passée : telle quelle, cette offre ne sera rapprochée d'aucun projet. Pour qu'elle "
    "le soit, donnez une date à venir dans sa fiche, ou laissez la fermeture vide.",
}
"""Code of what is accepted and warned of -> its words on the page after the deposit."""

_BEYOND_FORMS = frozenset(
    {
        "champ-inconnu",
        "booleen-attendu",
        "liste-attendue",
        "objet-attendu",
        "trop-profond",
        "json-invalide",
        "type-inconnu",
        "curseur-invalide",
        "filtre-inconnu",
        "portee-manquante",
        "identifiant-different",
        "identifiant-immuable",
    }
)
"""What no form of ours can bring about."""

_MOVED = (
    "Cette fiche a changé pendant que vous écriviez, et rien de ce que vous avez écrit n'est encore enregistré. "
    "Vérifiez les champs signalés, puis enregistrez de nouveau : ce qui est écrit ici remplacera ce qui est enregistré."
)
_UNPLACED = "Une partie de cette fiche que ce formulaire ne montre pas est à revoir"


def placed_faults(
    errors: Iterable[Mapping[str, Any]], field_of: Callable[[str], str], examples: Mapping[str, str]
) -> dict[str, str]:
    """Ingest's faults by field of our form; several of one field are joined, those of no field go under ``.

    `examples`: field of the form -> a value as it should be written.
    """
    faults: dict[str, str] = {}
    for error in errors:
        name = field_of(str(error.get("field", "")))
        words = page_words(error, examples.get(name, ""))
        if not name:
            words = f"{_UNPLACED} : {words}"
        faults[name] = f"{faults[name]} {words}" if name in faults else words
    return faults


def page_words(error: Mapping[str, Any], example: str = "") -> str:
    """What is wrong and what to do, as a page says it."""
    code = str(error.get("code", ""))
    said, done = str(error.get("message", "")), str(error.get("remedy", ""))
    if code in _BEYOND_FORMS:
        code = "invalide"
    message, remedy = _WORDS.get(code, (said, done))
    shown = remedy.format(example=f"Par exemple {example}." if example else "")
    return f"{message or said} {shown}".strip()


def moved_faults(now: Typed, typed: Typed, labels: Iterable[str], options: Mapping[str, Options]) -> dict[str, str]:
    """Beside each field that a change made meanwhile left different from what was typed: what is kept now."""
    faults = {}
    for name in labels:
        if set(now.all(name)) != set(typed.all(name)):
            words = dict(options.get(name, ()))
            kept = ", ".join(words.get(value, value) for value in now.all(name)) or "rien"
            faults[name] = f"Enregistré entre-temps : {kept}."
    return {"": _MOVED, **faults} if faults else {}

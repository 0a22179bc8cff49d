"""The words of faults of form: types, lengths, formats, what a text may not hold."""

from services.ingest.intake.sentences import Sentences, words_of

_ALLOWED_FR = ("Vouliez-vous dire « {suggestion} » ?", "Valeurs possibles : {allowed}.")
_ALLOWED_EN = ("Did you mean “{suggestion}”?", "Possible values: {allowed}.")

FORM: dict[str, Sentences] = {
    "obligatoire": words_of(
        "Ce champ est obligatoire.", "Ajoutez « {field} ».", "This field is required.", "Add “{field}”."
    ),
    "lieu-absent": words_of(
        "Il manque la commune où le projet se déroule.",
        "Ajoutez « commune » (son code INSEE), ou « place » avec « name » et, au besoin, « postal_code » ou"
        " « departement ».",
        "The commune where the project takes place is missing.",
        "Add “commune” (its INSEE code), or “place” with “name” and, where needed, “postal_code” or “departement”.",
    ),
    "champ-inconnu": words_of(
        "Le champ « {name} » n'existe pas.",
        ("Vouliez-vous dire « {suggestion} » ?", "Retirez tout champ qui n'est pas documenté."),
        "There is no field “{name}”.",
        ("Did you mean “{suggestion}”?", "Remove any field that is not documented."),
    ),
    "valeur-inconnue": words_of(
        ("Cette valeur n'est pas dans la liste.", "Reçu : « {value} »."),
        _ALLOWED_FR,
        ("This value is not in the list.", "Received: “{value}”."),
        _ALLOWED_EN,
    ),
    "agrement-pas-forme": words_of(
        "« {value} » est un agrément, non une forme juridique.",
        "Mettez-le dans « owner.accreditations » et donnez ici la forme juridique.",
        "“{value}” is an accreditation, not a legal form.",
        "Put it in “owner.accreditations” and give the legal form here.",
    ),
    "forme-pas-agrement": words_of(
        "« {value} » est une forme juridique, non un agrément.",
        "Mettez-la dans « owner.legal_form ».",
        "“{value}” is a legal form, not an accreditation.",
        "Put it in “owner.legal_form”.",
    ),
    "texte-attendu": words_of(
        "Un texte est attendu.", "Mettez la valeur entre guillemets.", "A text is expected.", "Put the value in quotes."
    ),
    "entier-attendu": words_of(
        "Un nombre entier est attendu.",
        "Écrivez le nombre sans guillemets, sans décimale ni espace, par exemple 20000.",
        "A whole number is expected.",
        "Write the number without quotes, decimals or spaces, such as 20000.",
    ),
    "booleen-attendu": words_of(
        "Oui ou non est attendu.",
        "Écrivez true ou false, sans guillemets.",
        "Yes or no is expected.",
        "Write true or false, without quotes.",
    ),
    "liste-attendue": words_of(
        "Une liste est attendue.",
        "Mettez la valeur entre crochets : [ ].",
        "A list is expected.",
        "Put the value in brackets: [ ].",
    ),
    "objet-attendu": words_of(
        "Un objet est attendu.",
        "Mettez ses champs entre accolades : {{ }}.",
        "An object is expected.",
        "Put its fields in braces: {{ }}.",
    ),
    "date-invalide": words_of(
        "Cette date n'existe pas ou n'est pas écrite comme il faut.",
        "Écrivez année-mois-jour, par exemple 2027-03-31.",
        "This date does not exist or is not written as it should be.",
        "Write year-month-day, such as 2027-03-31.",
    ),
    "date-hors-limites": words_of(
        "Cette date est hors de l'époque attendue (1990 à 2100).",
        "Vérifiez l'année.",
        "This date is outside the expected years (1990 to 2100).",
        "Check the year.",
    ),
    "dates-inversees": words_of(
        "Cette date ({value}) précède « {other} » ({earlier}).",
        "Inversez les deux dates ou corrigez l'une d'elles.",
        "This date ({value}) is before “{other}” ({earlier}).",
        "Swap the two dates or correct one of them.",
    ),
    "nombre-trop-petit": words_of(
        "Ce nombre est trop petit.",
        "Donnez au moins {limit}, ou retirez le champ.",
        "This number is too small.",
        "Give at least {limit}, or remove the field.",
    ),
    "nombre-trop-grand": words_of(
        "Ce nombre est trop grand.", "Donnez au plus {limit}.", "This number is too large.", "Give at most {limit}."
    ),
    "minimum-superieur": words_of(
        "Le minimum ({minimum}) dépasse le maximum ({maximum}).",
        "Inversez-les ou corrigez l'un des deux.",
        "The minimum ({minimum}) exceeds the maximum ({maximum}).",
        "Swap them or correct one of the two.",
    ),
    "depasse-le-total": words_of(
        "Ce montant ({value}) dépasse « {other} » ({total}).",
        "Augmentez le total ou diminuez ce montant.",
        "This amount ({value}) exceeds “{other}” ({total}).",
        "Raise the total or lower this amount.",
    ),
    "trop-court": words_of(
        "Ce texte est trop court.",
        "Écrivez au moins {limit} caractères.",
        "This text is too short.",
        "Write at least {limit} characters.",
    ),
    "trop-long": words_of(
        "Ce texte est trop long.",
        "Écrivez au plus {limit} caractères.",
        "This text is too long.",
        "Write at most {limit} characters.",
    ),
    "liste-trop-courte": words_of(
        "Cette liste est trop courte.",
        "Donnez au moins {limit} élément.",
        "This list is too short.",
        "Give at least {limit} item.",
    ),
    "liste-trop-longue": words_of(
        "Cette liste est trop longue.",
        "Donnez au plus {limit} éléments.",
        "This list is too long.",
        "Give at most {limit} items.",
    ),
    "format-invalide": words_of(
        "Cette valeur n'est pas écrite comme il faut.",
        "Exemple : {example}.",
        "This value is not written as it should be.",
        "Example: {example}.",
    ),
    "caractere-interdit": words_of(
        "Ce texte contient un caractère invisible ou invalide.",
        "Retapez ce texte sans caractère de contrôle.",
        "This text holds an invisible or invalid character.",
        "Type it again without control characters.",
    ),
    "trop-profond": words_of(
        "La valeur est trop imbriquée.",
        "Suivez la forme documentée.",
        "The value is nested too deeply.",
        "Follow the documented shape.",
    ),
    "json-invalide": words_of(
        ("Le contenu n'est pas un document JSON valable.", "{where_fr}"),
        "Vérifiez guillemets, virgules et accolades ; l'encodage attendu est UTF-8.",
        ("The content is not a valid JSON document.", "{where_en}"),
        "Check quotes, commas and braces; the expected encoding is UTF-8.",
    ),
    "adresse-dans-le-texte": words_of(
        "Ce texte contient une adresse électronique ; il sera public.",
        "Retirez-la et mettez-la dans « contact.email » : elle n'est transmise qu'à la mise en relation.",
        "This text holds an e-mail address; it will be public.",
        "Remove it and put it in “contact.email”: it is only shared at the introduction.",
    ),
    "particulier-nomme": words_of(
        "Le nom d'un particulier n'est pas publié.",
        "Écrivez « le porteur » à la place du nom.",
        "The name of an individual is not published.",
        "Write “the project holder” instead of the name.",
    ),
    "telephone-dans-le-texte": words_of(
        "Ce texte contient un numéro de téléphone ; il sera public.",
        "Retirez-le : l'échange se fait par « contact.email » à la mise en relation.",
        "This text holds a phone number; it will be public.",
        "Remove it: people are put in touch through “contact.email” at the introduction.",
    ),
}

"""The words of faults of fact: places, ids, doubles, rights, files."""

from services.ingest.intake.sentences import Sentences, words_of

FACTS: dict[str, Sentences] = {
    "besoin-en-double": words_of(
        "Le besoin « {value} » est déjà dans la liste.",
        "Gardez un seul besoin de chaque sorte et réunissez les montants.",
        "The need “{value}” is already in the list.",
        "Keep one need of each kind and add up the amounts.",
    ),
    "echeance-passee": words_of(
        "Échéance passée : {value}. Ce projet ne sera rapproché d'aucune offre.",
        "Donnez une date à venir, ou retirez l'échéance.",
        "The deadline is past: {value}. This project will be matched with no offer.",
        "Give a day to come, or remove the deadline.",
    ),
    "cloture-passee": words_of(
        "Fermeture passée : {value}. Cette offre ne sera rapprochée d'aucun projet.",
        "Donnez une date à venir, ou retirez la fermeture.",
        "The closing day is past: {value}. This offer will be matched with no project.",
        "Give a day to come, or remove the closing day.",
    ),
    "siren-invalide": words_of(
        "Ce numéro SIREN n'existe pas (sa clé de contrôle est fausse).",
        "Vérifiez les neuf chiffres, ou retirez le champ.",
        "This SIREN number does not exist (its check digit is wrong).",
        "Check the nine digits, or remove the field.",
    ),
    "commune-inconnue": words_of(
        ("Aucune commune n'a ce code.", "Reçu : « {value} »."),
        (
            "« {value} » est un code postal de : {served}.",
            "Donnez le code INSEE de la commune, par exemple 44143 pour Rezé, ou « place » avec son nom.",
        ),
        ("No commune has this code.", "Received: “{value}”."),
        (
            "“{value}” is a post code of: {served}.",
            "Give the commune's INSEE code, such as 44143 for Rezé, or “place” with its name.",
        ),
    ),
    "lieu-inconnu": words_of(
        "Aucune commune ne s'appelle « {value} ».",
        ("Noms proches : {near}.", "Vérifiez le nom, ou donnez « commune » avec le code INSEE."),
        "No commune is called “{value}”.",
        ("Near names: {near}.", "Check the name, or give “commune” with the INSEE code."),
    ),
    "lieu-ambigu": words_of(
        "Plusieurs communes peuvent répondre à « {value} » : {near}.",
        "Précisez « place.postal_code » ou « place.departement », ou donnez « commune » avec le code INSEE.",
        "Several communes may answer to “{value}”: {near}.",
        "Add “place.postal_code” or “place.departement”, or give “commune” with the INSEE code.",
    ),
    "lieu-contradictoire": words_of(
        "« place » désigne {found}, « commune » une autre commune ({value}).",
        "Gardez l'un des deux.",
        "“place” means {found}, “commune” another commune ({value}).",
        "Keep one of the two.",
    ),
    "code-inconnu": words_of(
        "Aucun territoire de niveau « {level} » n'a le code « {value} ».",
        (
            "Au niveau « {other_level} », ce code est : {name}.",
            "Vérifiez le niveau et le code (INSEE, ou SIREN pour une intercommunalité).",
        ),
        "No unit of level “{level}” has the code “{value}”.",
        (
            "At level “{other_level}” this code is: {name}.",
            "Check the level and the code (INSEE, or SIREN for an intercommunal body).",
        ),
    ),
    "defi-inconnu": words_of(
        "Aucun territoire n'a publié de défi « {value} ».",
        ("Le plus proche : « {suggestion} ».", "Retirez le champ si le projet ne répond à aucun défi publié."),
        "No territory has published a challenge “{value}”.",
        ("The nearest: “{suggestion}”.", "Remove the field if the project answers no published challenge."),
    ),
    "defi-d-un-autre-territoire": words_of(
        "Le défi « {value} » est celui du territoire « {territory} ».",
        "Donnez à ce défi un autre identifiant, par exemple « {example} ».",
        "The challenge “{value}” is that of territory “{territory}”.",
        "Give this challenge another id, such as “{example}”.",
    ),
    "defi-en-double": words_of(
        "Deux défis portent l'identifiant « {value} ».",
        "Donnez à chacun le sien.",
        "Two challenges have the id “{value}”.",
        "Give each its own.",
    ),
    "territoire-inconnu": words_of(
        "Aucun territoire n'a l'identifiant « {value} ».",
        (
            "Le plus proche : « {suggestion} ».",
            "Retirez le champ en cas de doute : les territoires d'une commune sont calculés.",
        ),
        "No territory has the id “{value}”.",
        ("The nearest: “{suggestion}”.", "Remove the field when in doubt: the territories of a commune are computed."),
    ),
    "fait-partie-de-soi": words_of(
        "Un dispositif ne peut pas faire partie de lui-même.",
        "Retirez le champ.",
        "A fund cannot be part of itself.",
        "Remove the field.",
    ),
    "identifiant-different": words_of(
        "L'identifiant du contenu (« {value} ») n'est pas celui de l'adresse (« {expected} »).",
        "Retirez-le du contenu, ou corrigez l'adresse.",
        "The id in the body (“{value}”) is not the one in the address (“{expected}”).",
        "Remove it from the body, or correct the address.",
    ),
    "identifiant-immuable": words_of(
        "L'identifiant ne peut pas changer.",
        "Déposez une nouvelle fiche, puis retirez celle-ci.",
        "The id cannot change.",
        "Submit a new one, then withdraw this one.",
    ),
    "courriel-invalide": words_of(
        "Cette adresse électronique n'est pas valable.",
        "Exemple : prenom.nom@exemple.fr.",
        "This e-mail address is not valid.",
        "Example: first.last@example.org.",
    ),
    "type-inconnu": words_of(
        "On ne sait pas s'il s'agit d'un projet, d'un engagement ou d'un fonds.",
        "Ajoutez « project_id », « commitment_id » ou « fund_id », ou précisez « type ».",
        "It is unclear whether this is a project, a commitment or a fund.",
        "Add “project_id”, “commitment_id” or “fund_id”, or say “type”.",
    ),
    "adresse-web-privee": words_of(
        "Cette adresse web n'est pas ouverte à tous.",
        "Donnez l'adresse publique, par exemple https://www.exemple.fr/candidater.",
        "This web address is not open to all.",
        "Give the public address, such as https://www.exemple.fr/candidater.",
    ),
    "nom-d-un-autre-territoire": words_of(
        "« {value} » est le nom du territoire « {territory} ».",
        "Donnez à ce territoire un nom qui le distingue.",
        "“{value}” is the name of territory “{territory}”.",
        "Give this territory a name that tells it apart.",
    ),
    "ligne-trop-longue": words_of(
        "Cette ligne est trop longue.",
        "Limitez-la à {limit} caractères.",
        "This line is too long.",
        "Limit it to {limit} characters.",
    ),
    "trop-de-lignes": words_of(
        "Le fichier a trop de lignes.",
        "Coupez-le en fichiers de {limit} lignes au plus.",
        "The file has too many lines.",
        "Split it into files of at most {limit} lines.",
    ),
    "trop-de-colonnes": words_of(
        "Le fichier a trop de colonnes.",
        "Gardez {limit} colonnes au plus, celles de la documentation.",
        "The file has too many columns.",
        "Keep at most {limit} columns, those of the documentation.",
    ),
    "classeur-trop-lourd": words_of(
        "Ce classeur est trop lourd pour être lu.",
        "Copiez les lignes dans un classeur neuf, sans mise en forme, ou enregistrez la feuille en CSV.",
        "This workbook is too heavy to be read.",
        "Copy its lines into a new workbook, without formatting, or save the sheet as CSV.",
    ),
    "identifiant-en-double": words_of(
        "La ligne {first} de ce fichier porte déjà l'identifiant « {value} » : celle-ci n'est pas prise.",
        "Gardez une seule ligne par identifiant.",
        "Line {first} of this file already has the id “{value}”: this one is not taken.",
        "Keep one line for each id.",
    ),
    "colonnes-en-trop": words_of(
        "Cette ligne a plus de cellules que l'en-tête.",
        "Vérifiez le séparateur et les guillemets.",
        "This line has more cells than the header.",
        "Check the separator and the quotes.",
    ),
    "colonne-en-double": words_of(
        "La colonne « {name} » est là deux fois.", "Gardez-en une.", "The column “{name}” is there twice.", "Keep one."
    ),
    "champ-en-double": words_of(
        "Le champ « {name} » est là deux fois dans le même objet.",
        "Gardez-en un seul.",
        "The field “{name}” is there twice in the same object.",
        "Keep only one.",
    ),
    "adresse-web-invalide": words_of(
        "Cette adresse web n'est pas écrite comme il faut.",
        "Écrivez-la en entier, sans espace ni guillemet, par exemple https://www.exemple.fr/candidater.",
        "This web address is not written as it should be.",
        "Write it in full, without spaces or quotes, such as https://www.exemple.fr/candidater.",
    ),
    "fichier-illisible": words_of(
        "Ce fichier n'est ni un classeur XLSX en bon état ni un texte lisible.",
        "Envoyez du JSON Lines, du CSV (séparé par ; ou ,) ou un classeur XLSX.",
        "This file is neither a sound XLSX workbook nor a text that can be read.",
        "Send JSON Lines, CSV (separated by ; or ,) or an XLSX workbook.",
    ),
    "fichier-vide": words_of(
        "Le fichier ne contient aucune ligne.",
        "Vérifiez que c'est le bon fichier.",
        "The file holds no line.",
        "Check that it is the right file.",
    ),
    "a-une-autre-organisation": words_of(
        "« {value} » appartient à une autre organisation.",
        "Utilisez un identifiant à vous, ou demandez à cette organisation de déposer.",
        "“{value}” belongs to another organisation.",
        "Use an id of your own, or ask that organisation to submit it.",
    ),
    "nom-d-un-autre-organisme": words_of(
        "« {value} » est le nom d'un autre organisme.",
        "Décrivez vos propres fonds ; si vous êtes de cet organisme, demandez une clé à l'opérateur d'Essaim.",
        "“{value}” is the name of another body.",
        "Describe your own funds; if you belong to that body, ask Essaim's operator for a key.",
    ),
    "reserve-a-l-operateur": words_of(
        "Seul l'opérateur d'Essaim peut fixer cette valeur.",
        "Gardez « {allowed} » et demandez-lui la labellisation.",
        "Only Essaim's operator may set this value.",
        "Keep “{allowed}” and ask them for the label.",
    ),
    "reserve-aux-coordinateurs": words_of(
        "Seule une personne qui coordonne un territoire peut en déclarer un.",
        "Demandez à l'opérateur d'Essaim de vous inscrire comme coordinateur.",
        "Only someone who coordinates a territory may declare one.",
        "Ask Essaim's operator to add you as a coordinator.",
    ),
    "portee-manquante": words_of(
        "Cette clé n'a pas la portée « {scope} ».",
        "Demandez à l'opérateur une clé qui l'a.",
        "This key does not have the scope “{scope}”.",
        "Ask the operator for a key that has it.",
    ),
    "filtre-inconnu": words_of(
        "Ce filtre n'existe pas.",
        ("Vouliez-vous dire « {suggestion} » ?", "Filtres possibles : {allowed}."),
        "There is no such filter.",
        ("Did you mean “{suggestion}”?", "Possible filters: {allowed}."),
    ),
    "curseur-invalide": words_of(
        "Ce curseur n'est pas valable.",
        "Reprenez la valeur de « next » de la page précédente.",
        "This cursor is not valid.",
        "Use the value of “next” of the previous page.",
    ),
    "non-traite": words_of(
        "Le service s'est interrompu avant cette ligne.",
        "Renvoyez le fichier : ce qui est déjà fait ne changera pas.",
        "The service stopped before this line.",
        "Send the file again: what is done will not change.",
    ),
    "invalide": words_of(
        "Cette valeur n'est pas valable.",
        "Consultez la documentation de ce champ.",
        "This value is not valid.",
        "See this field's documentation.",
    ),
}

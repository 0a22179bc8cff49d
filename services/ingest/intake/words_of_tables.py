"""The words of faults of form where they stand in a spreadsheet: cells and columns, neither quotes nor brackets."""

from services.ingest.intake.sentences import Sentences, words_of

TABLES: dict[str, Sentences] = {
    "obligatoire": words_of(
        "Cette colonne doit être remplie.",
        "Remplissez « {field} », ou ajoutez cette colonne.",
        "This column must be filled.",
        "Fill “{field}”, or add this column.",
    ),
    "lieu-absent": words_of(
        "Il manque la commune où le projet se déroule.",
        "Remplissez la colonne « commune » (son code INSEE), ou « place.name » et, au besoin, « place.postal_code ».",
        "The commune where the project takes place is missing.",
        "Fill column “commune” (its INSEE code), or “place.name” and, where needed, “place.postal_code”.",
    ),
    "entier-attendu": words_of(
        "Un nombre entier est attendu.",
        "Écrivez des chiffres, sans décimale, par exemple 20 000 ou 20 000 €.",
        "A whole number is expected.",
        "Write digits without decimals, such as 20 000.",
    ),
    "booleen-attendu": words_of(
        "Oui ou non est attendu.", "Écrivez oui ou non.", "Yes or no is expected.", "Write yes or no."
    ),
    "date-invalide": words_of(
        "Cette date n'existe pas ou n'est pas écrite comme il faut.",
        "Écrivez 31/03/2027 ou 2027-03-31.",
        "This date does not exist or is not written as it should be.",
        "Write 31/03/2027 or 2027-03-31.",
    ),
    "type-inconnu": words_of(
        "Aucune colonne ne dit s'il s'agit de projets, d'engagements ou de fonds : rien n'est pris de ce fichier.",
        "Ajoutez la colonne « project_id », « commitment_id » ou « fund_id ».",
        "No column tells whether these are projects, commitments or funds: nothing is taken from this file.",
        "Add column “project_id”, “commitment_id” or “fund_id”.",
    ),
}
"""Code of a fault -> its sentences about a cell; codes left out are said as elsewhere."""

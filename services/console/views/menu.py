"""The main menu: where this reader's things are."""

from dataclasses import dataclass

from services.console.views.rights import Person
from shared.words.names import Names


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One entry; `is_here` marks the page or the part being read."""

    label: str
    href: str
    is_here: bool


MOST_TERRITORIES = 2
"""Beyond these, a coordinator finds the other territories on the home page."""


def main_menu(person: Person | None, names: Names, path: str) -> tuple[MenuItem, ...]:
    """What this reader may open from any page, in the order of use."""
    entries: list[tuple[str, str]] = []
    if person:
        for territory_id in sorted(person.territories)[:MOST_TERRITORIES]:
            name = names.territories.get(territory_id, territory_id)
            of_which = f", {name}" if len(person.territories) > 1 else ""
            entries.append((name, f"/territoires/{territory_id}/flux"))
            entries.append((f"Suivi{of_which}", f"/territoires/{territory_id}/suivi"))
        if person.commitments or person.funds or person.organisations:
            entries.append(("Mes offres", "/mes-offres"))
        if person.projects:
            entries.append(("Mes projets", "/mes-projets"))
        if not entries:
            entries += [("Déposer un projet", "/projets/nouveau"), ("S'engager", "/offres/nouvelle")]
            entries.append(("Décrire un fonds", "/fonds/nouveau"))
        entries.append(("Mes alertes", "/alertes"))
    else:
        entries.append(("Territoires", "/#territoires"))
        entries.append(("Comment ça marche", "/aide"))
    return tuple(MenuItem(label, href, path == href or path.startswith(f"{href}/")) for label, href in entries)

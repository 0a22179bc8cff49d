"""The part of a project's form that says where: a typed name, or one of the communes that ingest named for it."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.console.views.deposit import Options, Reader, Typed, pruned
from shared.reference.geography import Unit, load_geography
from shared.reference.places import Resolved, resolve_place


def read_place(reader: Reader) -> dict[str, Any]:
    """`place` as typed, or `commune` once one of the candidates was chosen for what is typed."""
    typed = reader.typed
    name = reader.required("commune", "Donnez la commune où le projet se déroule, par exemple Rezé.")
    if typed.one("commune_choisie") and typed.one("commune_pour") == place_key(typed):
        return {"commune": typed.one("commune_choisie")}
    return {"place": pruned({"name": name, "postal_code": typed.one("code_postal").replace(" ", "") or None})}


def place_values(commune: str) -> dict[str, str]:
    """The `place` of a commune, as `read_place` reads it back."""
    geography = load_geography()
    if not geography.exists(Unit("commune", commune)):
        return {}
    found = geography.commune(commune)
    return {"name": found.name, **({"postal_code": found.postal_codes[0]} if found.postal_codes else {})}


def moved(kept: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a merge patch that moves a project; empty when it stays where it is."""
    if "commune" in said:
        return {} if said["commune"] == kept.get("commune") else {"commune": said["commune"]}
    return {} if said["place"] == place_values(kept.get("commune", "")) else {"place": said["place"]}


def commune_choices(typed: Typed, errors: Iterable[Mapping[str, Any]]) -> Options:
    """The communes to choose between: those ingest just named, else those it named for the same place before."""
    named = [str(one["commune"]) for error in errors for one in error.get("candidates", ())]
    if not named and typed.one("commune_pour") == place_key(typed):
        named = list(typed.all("candidat"))
    geography = load_geography()
    return tuple((code, _described(code)) for code in named if geography.exists(Unit("commune", code)))


def typed_commune(typed: Typed) -> str | None:
    """The commune that the place means as it is typed; nothing while none is, or several may be meant."""
    if typed.one("commune_choisie") and typed.one("commune_pour") == place_key(typed):
        return typed.one("commune_choisie")
    found = resolve_place(typed.one("commune"), typed.one("code_postal").replace(" ", "") or None)
    return found.commune.code if isinstance(found, Resolved) else None


def place_key(typed: Typed) -> str:
    """The place as it is typed: a commune chosen among candidates serves for these words alone."""
    return f"{typed.one('commune')}|{typed.one('code_postal')}"


def _described(code: str) -> str:
    geography = load_geography()
    found = geography.commune(code)
    departement = geography.name(Unit("departement", found.departement))
    return f"{found.name} ({', '.join((departement, *found.postal_codes[:2]))})"

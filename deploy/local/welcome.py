"""The words by which the demonstration says that it is ready, where, and how to enter."""

from pathlib import Path

from deploy.local.services import DEMO_ADDRESSES, MAIL_WINDOW_S, SUGGESTIONS_APART_S, Ports
from services.console.views.sign_in import DEMO_ROLES


def welcome(ports: Ports, api_key_file: Path, *, quiet: bool) -> str:
    """A block of lines for a terminal."""
    console, ingest = ports.url("console"), ports.url("ingest")
    addresses = {
        "Pages": console,
        "Mails reçus": ports.url("mail_page"),
        "API, documentation": f"{ingest}/docs",
        "Événements (AsyncAPI)": f"{ingest}/asyncapi.json",
        "Clé d'API": str(api_key_file),
        "Journaux": f"{api_key_file.parent / 'run'}/*.log",
    }
    width = max(map(len, [*addresses, *(role.label for role in DEMO_ROLES)]))
    lines = ["", "Essaim est prêt.", ""]
    lines += [f"  {name:<{width}}  {address}" for name, address in addresses.items()]
    lines += ["", f"  Pour entrer : {console}/connexion, un bouton par rôle, ou un lien envoyé à l'adresse :"]
    lines += [f"  {role.label:<{width}}  {DEMO_ADDRESSES.get(role.role, role.address)}" for role in DEMO_ROLES]
    feed = "Rien ne bouge tout seul (--quiet)." if quiet else "Projets, engagements et réponses arrivent en continu."
    lines += [
        "",
        f"  Ici les mails se pressent : {MAIL_WINDOW_S} s d'attente et {SUGGESTIONS_APART_S} s entre deux suggestions,",
    ]
    lines += ["  au lieu d'une minute et d'une heure dans une installation réelle."]
    return "\n".join([*lines, "", f"  {feed} Ctrl-C arrête tout.", ""])

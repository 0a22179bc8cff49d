"""What signing in says and allows: the mail, where one goes next, the roles of the demonstration."""

import hashlib
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlencode

LINK_MINUTES = 15
"""A link serves for so long; limits count over the same time, so that who is refused has a link that serves."""
MOST_PER_ADDRESS = 5
MOST_PER_NETWORK = 20
LONGEST_ADDRESS = 254

_ADDRESS = re.compile(
    r"(?!\.)(?!.*\.[.@])(?!.*=\?)[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}"
)
"""What ingest takes, less `=?`, which a mail's header would read as an encoded word."""


@dataclass(frozen=True, slots=True)
class DemoRole:
    """A role one may try in the demonstration, and the address that plays it unless the settings say otherwise."""

    role: str
    label: str
    hint: str
    address: str
    lands_on: str


DEMO_ROLES: tuple[DemoRole, ...] = (
    DemoRole(
        "coordination",
        "Coordination de Nantes Métropole",
        "Voir les rapprochements arriver, mettre en relation.",
        "coordination-nantes-metropole@example.org",
        "/territoires/nantes-metropole/flux",
    ),
    DemoRole(
        "entreprise",
        "Entreprise engagée",
        "Recevoir des projets qui valent son engagement.",
        "engagement-001@example.org",
        "/mes-offres",
    ),
    DemoRole(
        "porteur",
        "Porteur de projet",
        "Trouver financements et entreprises, voir ce qui manque.",
        "projet-028@example.org",
        "/mes-projets",
    ),
    DemoRole(
        "financeur",
        "Financeur ou guichet",
        "Voir quels projets correspondent à son dispositif.",
        "financeur@example.org",
        "/mes-offres",
    ),
)


def looks_like_address(text: str) -> bool:
    """Whether a mail could go there, by form alone: ASCII, one @, a domain with a dot."""
    return len(text) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None


def network_of(host: str) -> str:
    """What one household or office has: an IPv4 address, the /64 around an IPv6 one; the text itself otherwise."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    if mapped or isinstance(address, IPv4Address):
        return str(mapped or address)
    return str(ip_network((address, 64), strict=False))


def link_digest(token: str) -> str:
    """What ties the signed address of a link to its token, and tells nothing of the token."""
    return hashlib.sha256(f"sign-in:{token}".encode()).hexdigest()


def safe_path(asked: str) -> str:
    """Where to go after signing in: a path of ours, else the home page.

    Browsers read a backslash as a slash, and drop tabs and line ends: `/<tab>/elsewhere` would leave this site.
    """
    is_ours = asked.startswith("/") and not asked.startswith(("//", "/connexion")) and len(asked) < 500
    return asked if is_ours and asked.isprintable() and not set(asked) & {" ", "\\"} else "/"


def sign_in_text(public_url: str, token: str, then: str, *, account: str = "") -> str:
    """The mail with a link that works once; `account` is the signed address of who is not known yet."""
    said = {"jeton": token, "compte": account, "suite": "" if then == "/" else then}
    query = urlencode({name: value for name, value in said.items() if value})
    opens = "Il ouvre votre espace : vous n'avez encore rien déposé avec cette adresse.\n" if account else ""
    return (
        "Bonjour,\n\n"
        "Voici le lien que vous avez demandé pour entrer dans Essaim :\n\n"
        f"{public_url}/connexion/entrer?{query}\n\n"
        f"{opens}"
        f"Il sert une seule fois, pendant {LINK_MINUTES} minutes.\n"
        "Si vous n'avez rien demandé, ignorez ce message : personne n'entre sans ce lien.\n\n"
        "Essaim rapproche les projets d'innovation sociale, les entreprises qui s'engagent et les financeurs.\n"
    )

"""Who may submit and who coordinates: what `essaim organisation|key|coordinator add|list|revoke` does."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from services.ingest.announcing import publish
from services.ingest.intake.known import known_of, reference_known
from services.ingest.intake.outcome import Contact
from services.ingest.intake.reading import valid_email, valid_id
from services.ingest.people import described_person
from services.ingest.store import accounts, entities, people
from services.ingest.store.accounts import ApiKey, Coordinator, Organisation
from services.ingest.submissions import locked
from shared.database import Connection, Pool, in_transaction
from shared.text.folding import fold

SCOPES = ("projects:write", "commitments:write", "funds:write", "territories:write", "read", "admin")
"""What a key may do; `admin` is the operator's: everything, on everybody's things."""

_MARK = "essaim"


class RefusedAccount(ValueError):
    """What was asked cannot be done; the message says why, in French."""


async def add_organisation(pool: Pool, organisation_id: str, name: str) -> None:
    """Adds an organisation; a second call renames it, and restores it if it was revoked."""
    if not valid_id(organisation_id):
        raise RefusedAccount(
            f"« {organisation_id} » n'est pas un identifiant : lettres, chiffres, point, tiret, 80 au plus"
        )
    if not name.strip():
        raise RefusedAccount("le nom de l'organisation est vide")
    await accounts.put_organisation(pool, organisation_id, name.strip())


async def list_organisations(pool: Pool) -> list[Organisation]:
    """All organisations, revoked ones too."""
    return await accounts.organisations(pool)


async def require_organisation(pool: Pool, organisation_id: str) -> None:
    """Raises `RefusedAccount`, naming near ones, unless an active organisation has this id."""
    active = [each.organisation_id for each in await accounts.organisations(pool) if each.revoked_at is None]
    if organisation_id not in active:
        raise RefusedAccount(
            f"aucune organisation active n'a l'identifiant « {organisation_id} »{_near(organisation_id, active)} :"
            " ajoutez-la par essaim organisation add"
        )


async def revoke_organisation(pool: Pool, organisation_id: str) -> bool:
    """Ends an organisation's access, with all its keys; what it submitted stays. False when nothing was to revoke."""
    return await in_transaction(pool, lambda c: accounts.revoke_organisation(c, organisation_id))


async def add_key(
    pool: Pool, organisation_id: str, scopes: Sequence[str], label: str = "", *, key: str | None = None
) -> str:
    """A new key with these scopes, whole: only a digest is kept, so that it can never be shown again.

    `key` gives one made before by `new_key`, which lets a script keep its key over a reset of the database.
    """
    await require_organisation(pool, organisation_id)
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise RefusedAccount(
            f"portées inconnues : {', '.join(unknown) or 'aucune donnée'} ; possibles : {', '.join(SCOPES)}"
        )
    whole = key or new_key()
    prefix, secret = split_key(whole) or ("", "")
    if not prefix:
        raise RefusedAccount("cette clé n'a pas la forme essaim_<préfixe>_<secret>")
    scopes = [scope for scope in SCOPES if scope in scopes]
    kept = await accounts.add_key(
        pool, prefix, digest_of(secret), organisation_id=organisation_id, scopes=scopes, label=label
    )
    if not kept:
        raise RefusedAccount(f"aucune organisation active n'a l'identifiant « {organisation_id} »")
    return whole


async def list_keys(pool: Pool, organisation_id: str | None = None) -> list[ApiKey]:
    """Keys by prefix, with scopes and dates, without secrets. Raises `RefusedAccount` of an unknown organisation."""
    known = [each.organisation_id for each in await accounts.organisations(pool)]
    if organisation_id is not None and organisation_id not in known:
        raise RefusedAccount(
            f"aucune organisation n'a l'identifiant « {organisation_id} »{_near(organisation_id, known)} :"
            " voyez essaim organisation list"
        )
    return await accounts.keys(pool, organisation_id)


async def revoke_key(pool: Pool, prefix: str) -> bool:
    """Ends a key, named by its prefix; False when nothing was to revoke."""
    return await accounts.revoke_key(pool, prefix)


async def add_coordinator(pool: Pool, territory_id: str, email: str, name: str | None = None) -> str:
    """Makes whoever has this address coordinator of a known territory; returns their person id."""
    await _require_territory(pool, territory_id)
    if not valid_email(email):
        raise RefusedAccount(
            f"« {email} » n'est pas une adresse électronique : écrivez-la comme prenom.nom@example.org"
        )

    async def work(connection: Connection) -> str:
        # The address too, or who has it could be erased meanwhile.
        await locked(connection, [("territory", territory_id)], also=frozenset({people.address_lock(email)}))
        person_id = await described_person(connection, Contact(email, name))
        await people.answer_for(connection, ("territory", territory_id), person_id)
        await _say_territory(connection, territory_id)
        return person_id

    return await in_transaction(pool, work)


async def list_coordinators(pool: Pool, territory_id: str | None = None) -> list[Coordinator]:
    """The coordinators of a known territory, or of all."""
    if territory_id is not None:
        await _require_territory(pool, territory_id)
    return await accounts.coordinators(pool, territory_id)


async def revoke_coordinator(pool: Pool, territory_id: str, email: str) -> bool:
    """Ends a coordination; False when there was none."""
    address = people.normalised(email)

    async def work(connection: Connection) -> bool:
        removed = await accounts.remove_coordinator(connection, territory_id, address)
        if removed:
            await _say_territory(connection, territory_id)
        return removed

    return await in_transaction(pool, work)


async def _require_territory(pool: Pool, territory_id: str) -> None:
    known = known_of(*await entities.published_challenges(pool)).territories
    if territory_id not in known:
        raise RefusedAccount(
            f"aucun territoire n'a l'identifiant « {territory_id} »{_near(territory_id, known)} :"
            " déclarez-le d'abord par PUT /v1/territories"
        )


def _near(text: str, known: Iterable[str]) -> str:
    close = get_close_matches(fold(text).replace(" ", "-"), sorted(known), n=3)
    return f" (proches : {', '.join(close)})" if close else ""


async def _say_territory(connection: Connection, territory_id: str) -> None:
    """Publishes the territory again, if it is declared: whether someone coordinates it is part of its event."""
    for kept in (await locked(connection, [("territory", territory_id)])).values():
        await publish(connection, kept, reference_known())


def new_key() -> str:
    """A key nobody else has: a prefix to name it by, and 256 random bits."""
    return f"{_MARK}_{secrets.token_hex(4)}_{secrets.token_urlsafe(32)}"


def split_key(key: str) -> tuple[str, str] | None:
    """Prefix and secret of a key; nothing when it is not written as one."""
    mark, _, rest = key.partition("_")
    prefix, _, secret = rest.partition("_")
    return (prefix, secret) if mark == _MARK and prefix.isalnum() and len(secret) >= 20 and key.isascii() else None


def digest_of(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()

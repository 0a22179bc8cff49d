"""Territories, projects and offers as they now stand."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.console.views.words import offer_words, project_words
from shared.database import Connection
from shared.events.shapes import Commitment, Fund, Project, Territory
from shared.events.vocabulary import OfferType
from shared.words.names import reference_names


async def upsert_territory(connection: Connection, territory: Territory, said_at: datetime) -> None:
    """Keep a territory in its newest state."""
    await connection.execute(
        """
        insert into territories (territory_id, body, said_at) values ($1, $2, $3)
        on conflict (territory_id) do update set body = excluded.body, said_at = excluded.said_at
        """,
        territory.territory_id,
        _body(territory),
        said_at,
    )


async def upsert_project(connection: Connection, project: Project, said_at: datetime) -> None:
    """Keep a project in its newest state."""
    await connection.execute(
        """
        insert into projects (project_id, owner_id, title, status, challenge_id, words, body, said_at)
        values ($1, $2, $3, $4, $5, to_tsvector('simple', $6), $7, $8)
        on conflict (project_id) do update set owner_id = excluded.owner_id, title = excluded.title,
          status = excluded.status, challenge_id = excluded.challenge_id, words = excluded.words, body = excluded.body,
          said_at = excluded.said_at
        """,
        project.project_id,
        project.owner.owner_id,
        project.title,
        project.status,
        project.challenge_id,
        project_words(project, reference_names()),
        _body(project),
        said_at,
    )


async def upsert_commitment(connection: Connection, commitment: Commitment, said_at: datetime) -> None:
    """Keep a commitment in its newest state."""
    await _upsert_offer(
        connection,
        "commitment",
        commitment.commitment_id,
        commitment,
        organisation_id=commitment.company.company_id,
        said_at=said_at,
    )


async def upsert_fund(connection: Connection, fund: Fund, said_at: datetime) -> None:
    """Keep a fund in its newest state."""
    await _upsert_offer(
        connection,
        "fund",
        fund.fund_id,
        fund,
        organisation_id=fund.operator or fund.fund_id,
        said_at=said_at,
    )


async def _upsert_offer(
    connection: Connection,
    offer_type: OfferType,
    offer_id: str,
    offer: Commitment | Fund,
    *,
    organisation_id: str,
    said_at: datetime,
) -> None:
    await connection.execute(
        """
        insert into offers (offer_type, offer_id, organisation_id, title, status, words, body, said_at)
        values ($1, $2, $3, $4, $5, to_tsvector('simple', $6), $7, $8)
        on conflict (offer_type, offer_id) do update set organisation_id = excluded.organisation_id,
          title = excluded.title, status = excluded.status, words = excluded.words, body = excluded.body,
          said_at = excluded.said_at
        """,
        offer_type,
        offer_id,
        organisation_id,
        offer.title,
        offer.status,
        offer_words(offer, reference_names()),
        _body(offer),
        said_at,
    )


async def delete_territory(connection: Connection, territory_id: str) -> None:
    """Forget a territory; nothing when it is not there."""
    await connection.execute("delete from territories where territory_id = $1", territory_id)


async def delete_project(connection: Connection, project_id: str) -> None:
    """Forget a project; nothing when it is not there."""
    await connection.execute("delete from projects where project_id = $1", project_id)


async def delete_offer(connection: Connection, offer_type: OfferType, offer_id: str) -> None:
    """Forget an offer; nothing when it is not there."""
    await connection.execute("delete from offers where offer_type = $1 and offer_id = $2", offer_type, offer_id)


async def territories(connection: Connection) -> list[Territory]:
    """All of them, in no order: names are sorted as French sorts them where they are shown."""
    rows = await connection.fetch("select body from territories")
    return [Territory.model_validate(row["body"]) for row in rows]


async def project(connection: Connection, project_id: str) -> Project | None:
    """One project, or nothing."""
    body = await connection.fetchval("select body from projects where project_id = $1", project_id)
    return Project.model_validate(body) if body else None


async def projects(connection: Connection, project_ids: Sequence[str]) -> list[Project]:
    """The projects of these ids that are there, by title."""
    rows = await connection.fetch(
        "select body from projects where project_id = any($1::text[]) order by title, project_id", list(project_ids)
    )
    return [Project.model_validate(row["body"]) for row in rows]


async def projects_of_challenge(connection: Connection, challenge_id: str) -> list[Project]:
    """The active projects that answer a défi, by title; duplicates left out."""
    rows = await connection.fetch(
        """
        select body from projects
        where challenge_id = $1 and status = 'actif' and not body ? 'duplicate_of' order by title, project_id
        """,
        challenge_id,
    )
    return [Project.model_validate(row["body"]) for row in rows]


async def commitments_for_challenge(connection: Connection, challenge_id: str) -> list[Commitment]:
    """The active commitments that name a défi, by title; duplicates left out."""
    rows = await connection.fetch(
        """
        select body from offers where offer_type = 'commitment' and status = 'actif'
          and body -> 'challenges' ? $1 and not body ? 'duplicate_of' order by title, offer_id
        """,
        challenge_id,
    )
    return [Commitment.model_validate(row["body"]) for row in rows]


async def offer(connection: Connection, offer_type: OfferType, offer_id: str) -> Commitment | Fund | None:
    """One offer, or nothing."""
    body = await connection.fetchval(
        "select body from offers where offer_type = $1 and offer_id = $2", offer_type, offer_id
    )
    return _offer(offer_type, body) if body else None


async def offers(connection: Connection, offer_type: OfferType, offer_ids: Sequence[str]) -> list[Commitment | Fund]:
    """The offers of these ids that are there, by title."""
    rows = await connection.fetch(
        "select body from offers where offer_type = $1 and offer_id = any($2::text[]) order by title, offer_id",
        offer_type,
        list(offer_ids),
    )
    return [_offer(offer_type, row["body"]) for row in rows]


async def active_funds(connection: Connection) -> list[Fund]:
    """Every fund that its author left active, context included and duplicates left out, by title."""
    rows = await connection.fetch(
        """
        select body from offers where offer_type = 'fund' and status = 'actif' and not body ? 'duplicate_of'
        order by title, offer_id
        """
    )
    return [Fund.model_validate(row["body"]) for row in rows]


def _offer(offer_type: OfferType, body: dict[str, Any]) -> Commitment | Fund:
    return Commitment.model_validate(body) if offer_type == "commitment" else Fund.model_validate(body)


def _body(shape: Territory | Project | Commitment | Fund) -> dict[str, Any]:
    return shape.model_dump(mode="json", exclude_none=True)

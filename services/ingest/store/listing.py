"""Every SQL statement behind the lists of the API: pages of submissions, filtered by field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.ingest.intake.rights import Submitter
from services.ingest.store.entities import COLUMNS, Kept, kept_row
from shared.database import Connection, Pool
from shared.events.vocabulary import EntityType


@dataclass(frozen=True, slots=True)
class Page:
    """Submissions by rising id, and the id after which the next page begins."""

    items: tuple[Kept, ...]
    next_after: str | None


async def page(
    connection: Connection | Pool,
    entity_type: EntityType,
    who: Submitter,
    *,
    filters: Mapping[str, Sequence[str]],
    after: str,
    limit: int,
) -> Page:
    """At most `limit` submissions after the id `after` that `who` may see, with one of the values of each filter.

    A filter is a path in the content, as `stage` or `owner.owner_id`; a list matches when one of its items does.
    """
    bound: list[object] = [entity_type, after, limit + 1, who.operator or entity_type == "territory"]
    bound += [who.organisation_id, [entity_id for kind, entity_id in who.entities if kind == entity_type]]
    conditions = []
    for path, values in filters.items():
        bound += ["$." + ".".join(f'"{name}"' for name in path.split(".")) + "[*]", list(values)]
        conditions.append(
            f"EXISTS (SELECT FROM jsonb_path_query(content, ${len(bound) - 1}::text::jsonpath) AS found"
            f" WHERE found #>> '{{}}' = ANY (${len(bound)}::text[]))"
        )
    rows = await connection.fetch(
        f"SELECT {COLUMNS} FROM submissions WHERE entity_type = $1 AND entity_id > $2"  # noqa: S608 - only placeholders
        " AND ($4 OR organisation_id = $5 OR party_id = $5 OR entity_id = ANY ($6::text[]))"
        + "".join(f" AND {condition}" for condition in conditions)
        + " ORDER BY entity_id LIMIT $3",
        *bound,
    )
    items = tuple(kept_row(row) for row in rows[:limit])
    return Page(items, items[-1].entity_id if len(rows) > limit else None)


async def active_of(connection: Connection | Pool, entity_type: EntityType, organisation_id: str) -> list[Kept]:
    """The active submissions of one type by an organisation, by rising id."""
    rows = await connection.fetch(
        f"SELECT {COLUMNS} FROM submissions WHERE entity_type = $1 AND organisation_id = $2"  # noqa: S608
        " AND content ->> 'status' = 'actif' ORDER BY entity_id",
        entity_type,
        organisation_id,
    )
    return [kept_row(row) for row in rows]

"""What an audit reads of the read model: versions heard, and whether a page shows what they were heard of."""

from collections.abc import Mapping
from typing import Any

from shared.database import Connection

LONG = 600.0

_HELD = """
select key, version, shown.id is not null as is_live from heard_versions
left join (select {column} as id from {table} where {which}) as shown on shown.id = key
where topic = '{topic}'
"""
_KEPT = {
    "territories": ("territories", "territory_id", "true"),
    "projects": ("projects", "project_id", "true"),
    "commitments": ("offers", "offer_id", "offer_type = 'commitment'"),
    "funds": ("offers", "offer_id", "offer_type = 'fund'"),
    "matches": ("matches", "match_id", "true"),
}
VERSIONS = {
    topic: _HELD.format(topic=topic, table=table, column=column, which=which)
    for topic, (table, column, which) in _KEPT.items()
}
"""Topic -> what is held of it: key, version, and whether it is shown."""
VERSIONS_ALONE = "select key, version, null::boolean from heard_versions where topic = $1"


async def rows_without_version(connection: Connection) -> list[tuple[str, str]]:
    """(topic, key) of what is shown though no event of it was ever heard."""
    found = []
    for topic, (table, column, which) in _KEPT.items():
        rows = await connection.fetch(
            f"select {column} as key from {table} where {which} and not exists (select from heard_versions"  # noqa: S608  # names above
            f" where topic = '{topic}' and key = {column}) order by 1",
            timeout=LONG,
        )
        found += [(topic, row["key"]) for row in rows]
    return found


async def shown(connection: Connection, topic: str, versions: Mapping[str, int]) -> dict[str, Any]:
    """key -> what pages show of those of these keys whose last version heard is the one given."""
    table, column, which = _KEPT[topic]
    rows = await connection.fetch(
        f"select key, body from unnest($2::text[], $3::bigint[]) as said (key, version) join heard_versions"  # noqa: S608  # names above
        f" using (key, version) join {table} on {column} = key where heard_versions.topic = $1 and {which}",
        topic,
        list(versions),
        list(versions.values()),
    )
    return {row["key"]: row["body"] for row in rows}


async def projects_without_answers(connection: Connection) -> frozenset[str]:
    """Projects that answers were given to and that are not held: erased, most likely with answers that waited."""
    rows = await connection.fetch(
        """
        select key from key_versions where topic = 'answers'
        and not exists (select from projects where projects.project_id = key)
        """,
        timeout=LONG,
    )
    return frozenset(row["key"] for row in rows)

"""One thing at a time that is made wrong in a quiet installation, and what an audit is to name: nothing else."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Wrong:
    """`statement`, run by the administrator, returns the ids that each finding of (service, what) is to have."""

    name: str
    schema: str
    statement: str
    findings: tuple[tuple[str, str], ...]


_PROJECT_LIST = "SELECT project_id FROM matcher.project_lists WHERE cardinality(offer_ids) > 1 ORDER BY 1 LIMIT 1"
_PROPOSED = "SELECT match_id FROM matcher.match_heads WHERE state = 'proposed' ORDER BY 1 LIMIT 1"
_SHORTER = "project_ids = trim_array(project_ids, 1), scores = trim_array(scores, 1)"
_LAST_TOLD = """
    SELECT person_id, match_id, kind, began_at FROM notifier.ledger JOIN matcher.match_heads USING (match_id)
    WHERE state IN ('proposed', 'revised') AND party_type = 'project' AND kind = 'suggestions'
    AND head::jsonb -> 'listed_by' ? 'project' ORDER BY 1, 2 LIMIT 1
"""


def _first(table: str, key: str, where: str = "true") -> str:
    return f"SELECT {key} FROM {table} WHERE {where} ORDER BY 1 LIMIT 1"


_A_PROJECT = _first("ingest.submissions", "entity_id", "entity_type = 'project'")


def _wrong(name: str, statement: str, *findings: str) -> Wrong:
    """`findings` as "service: what"; the first names whose table it is."""
    pairs = tuple((each.partition(": ")[0], each.partition(": ")[2]) for each in findings)
    return Wrong(name, pairs[0][0], statement, pairs)


WRONGS = (
    _wrong(
        "an entry of a project's list is lost",
        "UPDATE matcher.project_lists SET offer_types = trim_array(offer_types, 1), scores = trim_array(scores, 1),"
        f" offer_ids = trim_array(offer_ids, 1) WHERE project_id = ({_PROJECT_LIST}) RETURNING project_id",
        "matcher: project list",
    ),
    _wrong(
        "a score of a project's list is wrong",
        f"UPDATE matcher.project_lists SET scores[1] = scores[1] + 1 WHERE project_id = ({_PROJECT_LIST})"
        " RETURNING project_id",
        "matcher: project list",
    ),
    _wrong(
        "a merged list lacks one",
        f"UPDATE matcher.merged_lists SET {_SHORTER} WHERE (offer_type, offer_id) = (SELECT offer_type, offer_id"
        " FROM matcher.merged_lists WHERE project_ids <> '{}' ORDER BY 2, 1 LIMIT 1)"
        " RETURNING offer_type || ' ' || offer_id",
        "matcher: offer list",
    ),
    _wrong(
        "a partition's list lacks one",
        f"UPDATE matcher.offer_lists SET {_SHORTER} WHERE (offer_type, offer_id, partition) ="
        " (SELECT offer_type, offer_id, partition FROM matcher.offer_lists ORDER BY 2, 1, 3 LIMIT 1)"
        " RETURNING offer_type || ' ' || offer_id || '/' || partition",
        "matcher: partition list",
    ),
    _wrong(
        "a match that lists hold is withdrawn",
        "UPDATE matcher.match_heads SET state = 'withdrawn',"
        """ head = jsonb_set(head::jsonb, '{state}', '"withdrawn"')"""
        f" WHERE match_id = ({_PROPOSED}) RETURNING match_id",
        "matcher: match",
        "matcher: told",
    ),
    _wrong(
        "a match has another score",
        "UPDATE matcher.match_heads SET head = jsonb_set(head::jsonb, '{score_ppm}', '1')"
        f" WHERE match_id = ({_PROPOSED}) RETURNING match_id",
        "matcher: reasons",
        "matcher: told",
    ),
    _wrong(
        "the state beside a match is another",
        f"UPDATE matcher.match_heads SET state = 'revised' WHERE match_id = ({_PROPOSED}) RETURNING match_id",
        "matcher: beside",
    ),
    _wrong(
        "a match is not marked as listed",
        "UPDATE matcher.match_heads SET in_offer_list = NOT in_offer_list"
        f" WHERE match_id = ({_PROPOSED}) RETURNING match_id",
        "matcher: marks",
    ),
    _wrong(
        "the last answer was set aside, and its match is concluded",
        "WITH aside AS (INSERT INTO matcher.dead_letters (topic, partition, record_offset, record_timestamp, reason)"
        " SELECT topic, partition, next_offset - 1, highest_timestamp, 'test' FROM matcher.offsets"
        " WHERE (topic, partition) IN (SELECT 'answers', partition FROM matcher.match_heads WHERE state = 'concluded'))"
        " SELECT match_id FROM matcher.match_heads WHERE state = 'concluded'",
        "matcher: answer",
    ),
    _wrong(
        "one person was told twice",
        "INSERT INTO notifier.ledger SELECT person_id, match_id, kind, party_type, party_id, 'mail-again', 'again',"
        f" began_at + interval '1 second', told_at + interval '1 second' FROM ({_LAST_TOLD}) AS one"
        " JOIN notifier.ledger USING (person_id, match_id, kind, began_at)"
        " RETURNING match_id || ' (suggestions) ' || person_id",
        "notifier: told-twice",
    ),
    _wrong(
        "nobody was told",
        f"DELETE FROM notifier.ledger WHERE (person_id, match_id, kind, began_at) IN ({_LAST_TOLD})"
        " RETURNING match_id || ' (suggestions)'",
        "notifier: untold",
    ),
    _wrong(
        "somebody was told of what never was",
        "INSERT INTO notifier.ledger SELECT person_id, 'prj-no~fund~fds-no', kind, party_type, party_id, mail_id,"
        " message_id, began_at, told_at FROM notifier.ledger LIMIT 1 RETURNING match_id",
        "notifier: told-of-nothing",
    ),
    _wrong(
        "an event that was sent is in the outbox",
        "INSERT INTO matcher.outbox (topic, key, partition_key, version, body) SELECT topic, key, key, version, '{}'"
        f" FROM matcher.key_versions WHERE (topic, key) = ('matches', ({_PROPOSED})) RETURNING topic || '/' || key",
        "matcher: sent-already",
    ),
    _wrong(
        "an event waits for an hour",
        "INSERT INTO console.outbox (topic, key, partition_key, version, body, announced_at)"
        " VALUES ('preferences', 'per-no', 'per-no', 1, '{}', now() - interval '1 hour') RETURNING topic || '/' || key",
        "console: waiting",
    ),
    _wrong(
        "an offset lies beyond the end",
        "UPDATE console.offsets SET next_offset = next_offset + 100000 WHERE topic = 'projects' AND partition ="
        " (SELECT min(partition) FROM console.offsets WHERE topic = 'projects') RETURNING topic || '/' || partition",
        "console: offset",
    ),
    _wrong(
        "an offset was read from another cluster",
        "UPDATE console.offsets SET cluster_id = 'elsewhere' WHERE topic = 'projects' AND partition ="
        " (SELECT min(partition) FROM console.offsets WHERE topic = 'projects') RETURNING topic || '/' || partition",
        "console: offset",
    ),
    _wrong(
        "a partition is not read any more",
        "DELETE FROM ingest.offsets WHERE topic = 'matches' AND partition = (SELECT min(partition)"
        " FROM ingest.offsets WHERE topic = 'matches' AND next_offset > 0) RETURNING topic || '/' || partition",
        "ingest: standstill",
    ),
    _wrong(
        "the console lacks a project",
        f"DELETE FROM console.projects WHERE project_id = ({_first('console.projects', 'project_id')})"
        " RETURNING 'projects/' || project_id",
        "console: view",
    ),
    _wrong(
        "the console shows another match",
        """UPDATE console.matches SET body = jsonb_set(body, '{state}', '"mutual"') WHERE match_id ="""
        f" ({_first('console.matches', 'match_id')}) RETURNING 'matches/' || match_id",
        "console: body",
    ),
    _wrong(
        "the console shows a match that never was",
        'INSERT INTO console.matches SELECT (jsonb_populate_record(one, \'{"match_id": "no"}\')).*'
        " FROM console.matches AS one LIMIT 1 RETURNING 'matches/' || match_id",
        "console: view",
    ),
    _wrong(
        "the matcher holds an older project",
        "UPDATE matcher.projects SET version = version - 1 WHERE project_id ="
        f" ({_first('matcher.projects', 'project_id', 'body IS NOT NULL')}) RETURNING 'projects/' || project_id",
        "matcher: unheard",
    ),
    _wrong(
        "an entity of ingest is not in its topic",
        'WITH kept AS (INSERT INTO ingest.submissions SELECT (jsonb_populate_record(one, \'{"entity_id": "no"}\')).*'
        " FROM ingest.submissions AS one WHERE entity_type = 'project' LIMIT 1 RETURNING entity_id, version)"
        " INSERT INTO ingest.key_versions (topic, key, version) SELECT 'projects', entity_id, version FROM kept"
        " RETURNING topic || '/' || key",
        "ingest: unsent",
    ),
    _wrong(
        "an entity of ingest changed and was not said",
        "UPDATE ingest.submissions SET version = version + 1 WHERE entity_type = 'project' AND entity_id ="
        f" ({_A_PROJECT}) RETURNING 'projects/' || entity_id",
        "ingest: submission",
    ),
    _wrong(
        "ingest never said what a topic holds",
        "DELETE FROM ingest.key_versions WHERE topic = 'days' RETURNING topic || '/' || key",
        "ingest: never-said",
    ),
    _wrong(
        "a conclusion lowered nothing",
        "DELETE FROM ingest.conclusions RETURNING (SELECT match_id FROM matcher.match_heads WHERE state = 'concluded')",
        "ingest: conclusion",
    ),
)

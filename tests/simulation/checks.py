"""What must hold: all the time, and whenever nothing is left to do."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from services.matcher.audit import head_differences, list_differences, read_all
from services.matcher.matching.head import Head
from services.matcher.matching.rows import HeadRow
from services.matcher.store.heads import all_heads
from shared.events.matches import MatchChanged
from tests.simulation.partners import PREFIX, TOPICS
from tests.simulation.scripted_log import ScriptedLog

HEARD = ("projects", "answers", "territories", "commitments", "funds", "days")
WHOLE = ("territories", "commitments", "funds", "days")

WATCH = """
CREATE TABLE offences (at timestamptz DEFAULT clock_timestamp(), what text);
CREATE FUNCTION only_the_owner() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE holder text; number integer := 0; me text := current_setting('application_name');
BEGIN
    IF TG_TABLE_NAME <> 'whole_entities' THEN number := NEW.partition; END IF;
    SELECT owner INTO holder FROM leases WHERE partition = number;
    IF holder IS DISTINCT FROM me THEN
        INSERT INTO offences (what) VALUES (
            format('%s wrote %s of partition %s, held by %s', me, TG_TABLE_NAME, number, holder));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER watched AFTER INSERT OR UPDATE ON projects FOR EACH ROW EXECUTE FUNCTION only_the_owner();
CREATE TRIGGER watched AFTER INSERT OR UPDATE ON project_lists FOR EACH ROW EXECUTE FUNCTION only_the_owner();
CREATE TRIGGER watched AFTER INSERT OR UPDATE ON offer_lists FOR EACH ROW EXECUTE FUNCTION only_the_owner();
CREATE TRIGGER watched AFTER INSERT OR UPDATE ON whole_entities FOR EACH ROW EXECUTE FUNCTION only_the_owner();
CREATE FUNCTION epochs_grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.epoch < OLD.epoch OR NEW.revision < OLD.revision OR (NEW.owner <> OLD.owner AND NEW.epoch = OLD.epoch) THEN
        INSERT INTO offences (what) VALUES (format('lease %s went from %s to %s', NEW.partition, OLD, NEW));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER watched AFTER UPDATE ON leases FOR EACH ROW EXECUTE FUNCTION epochs_grow();
CREATE FUNCTION offsets_grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.next_offset < OLD.next_offset THEN
        INSERT INTO offences (what) VALUES (
            format('offset of %s/%s went from %s to %s', NEW.topic, NEW.partition, OLD.next_offset, NEW.next_offset));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER watched AFTER UPDATE ON offsets FOR EACH ROW EXECUTE FUNCTION offsets_grow();
"""
"""Has PostgreSQL itself note every committed write by another than the lease's holder, and all that went back."""


async def offences(connection: Any) -> list[str]:
    """What must never be committed, and was."""
    return [row["what"] for row in await connection.fetch("SELECT what FROM offences ORDER BY at LIMIT 5")]


async def unfinished(connection: Any, log: ScriptedLog) -> list[str]:
    """What is still to be done before lists can be compared."""
    rows = await connection.fetch("SELECT topic, partition, next_offset FROM offsets")
    done = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
    found = []
    for place, partition in log.partitions.items():
        topic = place.topic.removeprefix(PREFIX)
        last = max((each.offset for each in partition.entries if each.is_readable), default=-1)
        if topic in HEARD and done.get((topic, place.partition), 0) <= last:
            found.append(f"{topic}/{place.partition} is handled to {done.get((topic, place.partition))} of {last}")
    left = await connection.fetchval("SELECT count(*) FROM outbox")
    waiting = await connection.fetchval("SELECT count(*) FROM merged_lists WHERE pending_since IS NOT NULL")
    leases = await connection.fetchval("SELECT count(*) FROM leases")
    found += [f"{left} events have not left"] * bool(left) + [f"{waiting} versions wait"] * bool(waiting)
    return found + [f"{leases} leases"] * (leases < TOPICS["projects"])


async def faults(connection: Any, log: ScriptedLog) -> list[str]:
    """What is stored or said, and not as what was heard says."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        stored = await read_all(connection)
        expected = stored.expected()
        kept = [row async for rows in all_heads(connection) for row in rows]
        headless = sorted(expected.pairs() - {row.pair for row in kept})
        differences = list_differences(expected, stored.lists)
        differences += head_differences([*kept, *(HeadRow(pair, -1) for pair in headless)], expected, stored)
        found = [f"{each.what} of {each.id}: {each.found} instead of {each.expected}" for each in differences]
        found += await _entity_faults(connection, log)
        found += await _answer_faults(connection, log)
        rows = await connection.fetch("SELECT key, version FROM key_versions WHERE topic = 'matches'")
        heads = {row.pair.match_id: row.head for row in kept}
    return [*found, *_match_faults(log, {row["key"]: row["version"] for row in rows}, heads)]


async def _entity_faults(connection: Any, log: ScriptedLog) -> list[str]:
    """Every key must be stored at the highest version that was said, and erased where that erased it."""
    rows = await connection.fetch("SELECT project_id, version, body IS NULL AS gone FROM projects")
    stored = {("projects", row["project_id"]): (row["version"], row["gone"]) for row in rows}
    rows = await connection.fetch("SELECT topic, key, version, body IS NULL AS gone FROM whole_entities")
    stored |= {(row["topic"], row["key"]): (row["version"], row["gone"]) for row in rows}
    said: dict[tuple[str, str], tuple[int, bool]] = {}
    for topic in ("projects", *WHOLE):
        for entry in log.readable(PREFIX + topic):
            key = (topic, (entry.key or b"").decode())
            said[key] = max(said.get(key, (0, False)), (entry.version, entry.value is None))
    return [
        f"{key} is stored as {stored.get(key)}, said as {said.get(key)}"
        for key in sorted(said.keys() | stored.keys())
        if said.get(key) != stored.get(key)
    ]


async def _answer_faults(connection: Any, log: ScriptedLog) -> list[str]:
    """Every answer was handled, or set aside; an erasure takes what was set aside of its party."""
    erased = {
        (each.key or b"").decode()
        for topic in ("projects", *WHOLE)
        for each in log.readable(PREFIX + topic)
        if each.value is None
    }
    rows = await connection.fetch("SELECT partition, record_offset FROM dead_letters WHERE topic = 'answers'")
    aside = {(row["partition"], row["record_offset"]) for row in rows}
    rows = await connection.fetch("SELECT key, version FROM heard_versions WHERE topic = 'answers'")
    heard = {row["key"]: row["version"] for row in rows}
    found = []
    for entry in log.readable(PREFIX + "answers"):
        event = entry.value or b""
        match_id = event.decode().partition('"match_id":"')[2].partition('"')[0]
        if erased & set(match_id.split("~")):
            continue
        if (entry.partition, entry.offset) not in aside and heard.get(match_id, 0) < entry.version:
            found.append(f"answer {entry.version} to {match_id} is lost")
    return found


def _match_faults(log: ScriptedLog, given: dict[str, int], heads: dict[str, Head | None]) -> Iterator[str]:
    """What a reader of `matches` gets, who ignores versions not above the one it holds."""
    read: dict[str, list[tuple[int, MatchChanged | None]]] = defaultdict(list)
    for entry in log.readable(PREFIX + "matches"):
        key, version = (entry.key or b"").decode(), entry.version
        if version > (read[key][-1][0] if read[key] else 0):
            read[key].append((version, MatchChanged.model_validate_json(entry.value) if entry.value else None))
    for key in sorted(given.keys() | heads.keys() | read.keys()):
        heard = read.get(key, [])
        last = heard[-1][0] if heard else 0
        if last != given.get(key, 0):
            yield f"{key}: version {last} was said last, {given.get(key)} was given"
        yield from _life_faults(key, heard)
        yield from _head_faults(key, heard[-1][1] if heard else None, heads.get(key))


def _life_faults(key: str, heard: list[tuple[int, MatchChanged | None]]) -> Iterator[str]:
    """Versions are said once, in order, but for what an erasure took back; each entry into a list is told once."""
    before: MatchChanged | None = None
    last = 0
    for version, event in heard:
        if version != last + 1 and event is not None:
            yield f"{key}: version {version} follows {last}"
        if event is not None and before is not None and before.state in {"proposed", "revised"}:
            told_again = set(event.entered) & set(before.listed_by) if event.change == "proposed" else set()
            if told_again and event.began_at == before.began_at:
                yield f"{key}: version {version} tells {told_again} again what version {last} told"
        before, last = event, version


def _head_faults(key: str, event: MatchChanged | None, head: Head | None) -> Iterator[str]:
    """The last event tells the head."""
    if event is None or head is None:
        if (event is None) != (head is None):
            yield f"{key}: {event and event.state} was said last, the head is {head and head.state}"
        return
    for name in (
        "state",
        "change",
        "began_at",
        "interested_sides",
        "declined_side",
        "project_version",
        "offer_version",
    ):
        if getattr(event, name) != getattr(head, name):
            yield f"{key}: {name} was said as {getattr(event, name)}, the head has {getattr(head, name)}"

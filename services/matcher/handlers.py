"""What the matcher does with what it hears: one function per topic, each called within one transaction."""

import logging
from collections import defaultdict

from services.matcher.matching.heard import objection
from services.matcher.matching.partitions import Arrival
from services.matcher.owners import Owners
from services.matcher.store import entities
from shared.database import Connection
from shared.dead_letter import forget
from shared.events.entities import ProjectPublished
from shared.events.people import AnswerGiven
from shared.offsets import AfterCommit, Batch

logger = logging.getLogger(__name__)


async def on_projects(owners: Owners, connection: Connection, batch: Batch) -> AfterCommit:
    """Judge the projects that arrived, the newest of each; a tombstone ends its matches and purges what named it."""
    arrived: dict[str, Arrival] = {}
    for record in batch.records:
        found = objection(record.event, owners.catalogue.preparation.geography)
        if found:
            batch.reject(record, found)
        elif record.key not in arrived or arrived[record.key].version < record.version:
            project = record.event.project if isinstance(record.event, ProjectPublished) else None
            arrived[record.key] = Arrival(record.version, project)
    done = await owners.judge_batch(connection, batch.partition, arrived)
    await forget(connection, *(key for key, each in arrived.items() if each.project is None))
    return done.after_commit


async def on_answers(owners: Owners, connection: Connection, batch: Batch) -> AfterCommit:
    """Move the matches that were answered, each by its answers in order; an answer to no match is set aside."""
    given = [(record, record.event) for record in batch.records if isinstance(record.event, AnswerGiven)]
    newer = await entities.newer_answers(connection, [answer for _, answer in given])
    answers: dict[str, list[AnswerGiven]] = defaultdict(list)
    for answer in newer:
        answers[answer.match_id].append(answer)
    done = await owners.judge_batch(connection, batch.partition, answers=answers)
    for record, answer in given:
        if answer.match_id in done.unknown:
            batch.reject(record, "unknown-match")
    await entities.note_answers(connection, [each for each in newer if each.match_id not in done.unknown])
    return done.after_commit

"""Decides what becomes of the matches that a transaction touches: who entered and left lists, verdicts, answers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.matcher.matching.catalogue import Catalogue
from services.matcher.matching.facts import Facts
from services.matcher.matching.head import Head
from services.matcher.matching.life import FOLLOWED
from services.matcher.matching.merging import Merged
from services.matcher.matching.model import Pair
from services.matcher.matching.moves import Moves, Verdict, moves_of, verdict_of
from services.matcher.matching.parties import Parties
from services.matcher.matching.partitions import Answers, Partition, Plan
from services.matcher.matching.project_shelf import HeardProject
from services.matcher.matching.rows import HeadRow, StoredHead, StoredProject
from services.matcher.matching.shortlists import ProjectList, offer_of


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one match, with the facts its events show; none where it announces nothing."""

    moves: Moves
    facts: Facts | None


@dataclass(frozen=True, slots=True)
class Changes:
    """Who entered and left which lists: `pairs` are all of them, with the partition of their project.

    `listed`, where the partition's heads are behind, are its pairs that offers' lists hold, whatever marks say.
    """

    partition: Partition
    plan: Plan
    pairs: dict[Pair, int]
    entered: frozenset[Pair]
    left: frozenset[Pair]
    listed: frozenset[Pair] | None = None

    @classmethod
    def of(cls, partition: Partition, plan: Plan, merged: Merged) -> "Changes":
        """The differences that a plan and the merges of its offers make; where heads are behind, all that is listed."""
        merges = merged.merges
        entered = {pair: number for each in merges for pair, number in each.entered.items()}
        left = frozenset(pair for each in merges for pair in each.left)
        pairs = dict.fromkeys(left, partition.number) | entered
        changed = plan.project_lists if merged.listed is None else {**partition.project_lists, **plan.project_lists}
        for project_id, new in changed.items():
            old = partition.project_lists.get(project_id, ()) if merged.listed is None else ()
            for offer in {rank.offer for rank in old} ^ {rank.offer for rank in new}:
                pairs[Pair(project_id, offer.offer_type, offer.offer_id)] = partition.number
        if merged.listed is None:
            return cls(partition, plan, pairs, frozenset(entered), left)
        ours = plan.changed_projects, partition.projects
        listed = frozenset(pair for pair in merged.pairs() if any(pair.project_id in each for each in ours))
        return cls(partition, plan, pairs | dict.fromkeys(listed, partition.number), frozenset(entered), left, listed)

    def marked(self, row: HeadRow) -> HeadRow:
        """The row with the marks of the lists that hold its pair now."""
        in_project_list = row.in_project_list
        if row.partition == self.partition.number:
            held = self.partition.project_lists.get(row.pair.project_id, ())
            listed: ProjectList = self.plan.project_lists.get(row.pair.project_id, held)
            in_project_list = any(rank.offer == offer_of(row.pair) for rank in listed)
        in_offer_list = row.pair in self.entered or (row.in_offer_list and row.pair not in self.left)
        if self.listed is not None and row.partition == self.partition.number:
            in_offer_list = row.pair in self.listed
        return replace(row, in_project_list=in_project_list, in_offer_list=in_offer_list)


def parties_of(catalogue: Catalogue, changes: Changes, stored: Sequence[StoredProject]) -> Parties:
    """Both sides of the pairs; `stored` are the projects of other partitions among them."""
    foreign = {each.project_id: _held(catalogue, each) for each in stored}
    return Parties(catalogue, changes.partition, changes.plan, foreign)


def decide(
    parties: Parties,
    changes: Changes,
    rows: Iterable[StoredHead],
    check: Callable[[], None],
    *,
    answers: Answers,
    at: datetime,
) -> list[Decision]:
    """What becomes of each of these locked heads; those that nothing changes or answers are left out.

    The plan has a day. `check` is called between pairs: what it raises ends the deciding.
    """
    partition, plan = changes.partition, changes.plan
    assert plan.day is not None
    decisions = []
    for unread in rows:
        check()
        row, pair = unread.read(), unread.pair
        marked = changes.marked(row)
        is_ours = row.partition == partition.number
        moves = moves_of(
            marked,
            parties.verdict(pair, plan.day) if is_ours else _foreign_verdict(parties, marked),
            day=plan.day,
            at=at,
            answers=answers.get(pair.match_id, ()),
            is_due=is_ours and plan.day != partition.day,
        )
        facts = parties.facts(pair) if moves.announced or (is_ours and _is_followed(moves.row.head)) else None
        moves = moves.showing(facts) if facts else moves
        if moves.row != row or moves.row.is_empty or moves.outcomes:
            decisions.append(Decision(moves, facts))
    return decisions


def _held(catalogue: Catalogue, stored: StoredProject) -> HeardProject:
    prepare = catalogue.preparation.project
    return HeardProject(stored.version, prepare(stored.project) if stored.project else None)


def _is_followed(head: Head | None) -> bool:
    return head is not None and head.state in FOLLOWED


def _foreign_verdict(parties: Parties, row: HeadRow) -> Verdict:
    """A pair that another partition judges: what it last said, else what its stored project says.

    An erased offer ends it whoever says so: there is nothing left to show of it.
    """
    heard = parties.catalogue.heard_of(offer_of(row.pair))
    if heard is not None and heard.is_erased:
        return Verdict(is_erased=True)
    if row.head is not None and row.head.state != "withdrawn":
        return verdict_of(row.head)
    return parties.fit_by_other(row.pair) if row.in_offer_list else Verdict()

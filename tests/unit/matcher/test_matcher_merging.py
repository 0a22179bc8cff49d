"""How lists change by differences, merge across partitions, and which refused pairs are shown."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.matcher.matching.merging import PATIENCE, merge
from services.matcher.matching.rows import MergedList, PartitionList
from services.matcher.matching.shortlists import LENGTH, OfferKey, ProjectRank, best, may_enter, revised

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
OFFER = OfferKey("eng-a", "commitment")


def ranks(scores: dict[int, int]) -> list[ProjectRank]:
    """One entry per project, with its score."""
    return [ProjectRank(-score, f"prj-{number:03}") for number, score in scores.items()]


all_scores = st.dictionaries(st.integers(0, 60), st.integers(0, 30), max_size=60)


@given(all_scores, st.dictionaries(st.integers(0, 60), st.one_of(st.none(), st.integers(0, 30)), max_size=20))
def test_a_revised_list_is_the_list_made_anew_or_says_that_it_cannot_know(
    before: dict[int, int], changes: dict[int, int | None]
) -> None:
    old = best(ranks(before))
    changed = {f"prj-{number:03}" for number in changes}
    kept = [rank for rank in old if rank.project_id not in changed]
    arrived = ranks({number: score for number, score in changes.items() if score is not None})
    after = {**before, **changes}
    anew = best(ranks({number: score for number, score in after.items() if score is not None}))
    assert revised(old, kept, arrived) in {None, anew}


@given(all_scores, st.integers(0, 30))
def test_a_list_with_nothing_lost_is_always_certain(before: dict[int, int], score: int) -> None:
    old = best(ranks(before))
    newcomer = ProjectRank(-score, "prj-new")
    assert revised(old, old, [newcomer]) == best([*ranks(before), newcomer])
    assert may_enter(old, newcomer) == (newcomer in best([*ranks(before), newcomer]))


@given(all_scores, st.lists(st.integers(0, 2), min_size=61, max_size=61))
def test_partitions_merge_to_the_list_of_all(scores: dict[int, int], places: list[int]) -> None:
    parts = [best(ranks({n: score for n, score in scores.items() if places[n] == part})) for part in range(3)]
    assert best(rank for part in parts for rank in part) == best(ranks(scores))


def stored(partition: int, version: int, *names: str) -> PartitionList:
    """The list of one partition."""
    return PartitionList(OFFER, partition, version, tuple(ProjectRank(-900, name) for name in names))


def held(version: int, *names: str, pending: tuple[int, datetime] | None = None) -> MergedList:
    """The merged list."""
    entries = tuple(ProjectRank(-900, name) for name in names)
    return MergedList(OFFER, version, entries, *(pending or (None, None)))


def test_a_merge_tells_who_entered_from_where_and_who_left() -> None:
    merged = merge(
        held(3, "prj-a", "prj-b"), [stored(0, 3, "prj-b"), stored(1, 3, "prj-c")], 3, all_judged=True, now=NOW
    )
    assert merged is not None
    assert [rank.project_id for rank in merged.merged.entries] == ["prj-b", "prj-c"]
    assert {(pair.project_id, number) for pair, number in merged.entered.items()} == {("prj-c", 1)}
    assert [pair.project_id for pair in merged.left] == ["prj-a"]


def test_who_has_not_heard_the_newest_version_merges_nothing() -> None:
    assert merge(held(3), [stored(0, 4, "prj-a")], 3, all_judged=True, now=NOW) is None
    assert merge(held(4), [], 3, all_judged=True, now=NOW) is None


def test_a_new_version_waits_for_all_partitions_but_not_for_ever() -> None:
    lists = [stored(0, 4, "prj-a")]
    waiting = merge(held(3, "prj-b"), lists, 4, all_judged=False, now=NOW)
    assert waiting is not None
    assert waiting.merged == held(3, "prj-b", pending=(4, NOW))
    assert not waiting.entered
    later = merge(waiting.merged, lists, 4, all_judged=False, now=NOW + PATIENCE - timedelta(seconds=1))
    assert later is not None
    assert later.merged == waiting.merged
    ended = merge(waiting.merged, lists, 4, all_judged=False, now=NOW + PATIENCE)
    assert ended is not None
    assert ended.merged == held(4, "prj-a")


def test_a_version_already_merged_waits_for_nobody() -> None:
    merged = merge(held(3), [stored(0, 3, "prj-a")], 3, all_judged=False, now=NOW)
    assert merged is not None
    assert merged.merged == held(3, "prj-a")


def test_lists_are_twenty_long() -> None:
    assert len(best(ranks({number: 1 for number in range(30)}))) == LENGTH == 20

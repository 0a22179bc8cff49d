"""What an audit compares, on plain values: each kind of difference is found, and nothing else."""

from collections.abc import Mapping

import pytest

from shared.auditing import (
    Finding,
    Held,
    HeldKey,
    Last,
    Said,
    TopicView,
    above,
    by_service,
    held_differences,
    lag_differences,
    said_differences,
    sent_differences,
    standing,
)

LIVE, TOMBSTONE = Last(3, 0, 7, 900, False), Last(3, 0, 7, 900, True)


def view(last: Mapping[str, Last], end: int = 8) -> TopicView:
    """A topic of one partition."""
    return TopicView("projects", dict(last), {0: end})


def whats(findings: object) -> list[tuple[str, str]]:
    return [(each.what, each.id) for each in findings]  # type: ignore[attr-defined]


def held(keys: Mapping[str, HeldKey], *, handled: int = 8, excused: frozenset[str] = frozenset()) -> Held:
    return Held(keys, {0: handled}, excused=excused)


def test_what_was_said_and_stands_in_the_log_is_no_difference() -> None:
    said = {"a": Said(3, False), "gone": Said(9, True)}
    assert not list(said_differences("ingest", view({"a": LIVE}), said, {}, frozenset()))


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ({}, Said(3, False)),
        ({"a": LIVE}, Said(4, False)),
        ({"a": LIVE}, Said(4, True)),
        ({"a": LIVE}, Said(3, True)),
        ({"a": TOMBSTONE}, Said(3, False)),
    ],
)
def test_what_left_the_outbox_and_is_not_in_the_log_is_named(last: dict[str, Last], said: Said) -> None:
    found = list(said_differences("ingest", view(last), {"a": said}, {}, frozenset()))
    assert whats(found) == [("unsent", "projects/a")]


def test_what_waits_or_was_rightly_forgotten_may_lack() -> None:
    assert not list(said_differences("ingest", view({}), {"a": Said(3, False, waits=True)}, {}, frozenset()))
    assert not list(said_differences("ingest", view({}), {"a": Said(3, False)}, {}, frozenset({"a"})))


def test_what_the_service_said_while_the_log_was_read_is_no_difference() -> None:
    before = {"a": Said(2, False)}
    assert above(view({"a": LIVE}), before) == {"a"}
    assert not list(said_differences("ingest", view({"a": LIVE}), before, {"a": Said(3, False)}, frozenset()))


def test_what_the_service_never_said_is_named() -> None:
    found = list(said_differences("ingest", view({"a": LIVE, "b": LIVE}), {"a": Said(2, False)}, {}, frozenset()))
    assert whats(found) == [("never-said", "projects/a"), ("never-said", "projects/b")]


def test_an_event_that_the_log_has_and_the_outbox_too_is_named() -> None:
    assert whats(sent_differences("ingest", view({"a": LIVE}), {"a": 3, "b": 1})) == [("sent-already", "projects/a")]
    assert not list(sent_differences("ingest", view({"a": LIVE}), {"a": 4}))


@pytest.mark.parametrize(
    ("last", "has", "what"),
    [
        (LIVE, None, "unheard"),
        (LIVE, HeldKey(2, True), "unheard"),
        (LIVE, HeldKey(4, True), "unknown-to-log"),
        (LIVE, HeldKey(3, False), "view"),
        (TOMBSTONE, HeldKey(3, True), "view"),
        (LIVE, HeldKey(3, True), None),
        (LIVE, HeldKey(3), None),
        (TOMBSTONE, HeldKey(3, False), None),
        (TOMBSTONE, None, None),
    ],
)
def test_what_a_reader_holds_is_what_the_log_ends_with(last: Last, has: HeldKey | None, what: str | None) -> None:
    keys = {"a": has} if has else {}
    found = list(held_differences("console", view({"a": last}), held(keys)))
    assert whats(found) == ([(what, "projects/a")] if what else [])


def test_what_is_not_handled_yet_set_aside_or_rightly_forgotten_is_not_expected() -> None:
    assert not list(held_differences("console", view({"a": LIVE}), held({}, handled=7)))
    assert not list(held_differences("console", view({"a": LIVE}), Held({}, {0: 8}, frozenset({(0, 7, 900)}))))
    assert not list(held_differences("console", view({"a": LIVE}), held({}, excused=frozenset({"a"}))))


def test_a_dead_letter_of_the_log_before_excuses_nothing_of_a_log_that_was_made_anew() -> None:
    found = held_differences("console", view({"a": LIVE}), Held({}, {0: 8}, frozenset({(0, 7, 899)})))
    assert whats(found) == [("unheard", "projects/a")]


def test_what_a_reader_shows_and_the_log_has_not_is_named_unless_the_log_moved_on() -> None:
    keys = {"a": HeldKey(3, True), "b": HeldKey(5, False), "c": HeldKey(5)}
    assert whats(held_differences("console", view({}), held(keys))) == [("unknown-to-log", "projects/a")]
    assert not list(held_differences("console", view({}), held(keys, handled=9)))
    assert not list(held_differences("console", view({"a": LIVE}), held({"a": HeldKey(9, True)}, handled=9)))


def test_a_repeated_record_counts_from_where_it_stood_first() -> None:
    from shared.received import Received
    from tests.factories import project_published

    topic = TopicView("projects")
    for offset, version in ((4, 1), (5, 2), (9, 2), (10, 1)):
        topic.add(Received("projects", 0, offset, "prj-a", version, project_published(version=version), 0))
    assert topic.last == {"prj-a": Last(2, 0, 5, 0, False)}


def test_a_partition_that_is_behind_says_where_it_stands() -> None:
    assert not list(lag_differences("console", view({}), {0: 8}))
    (found,) = lag_differences("console", view({}), {0: 5})
    assert (found.what, found.id, found.found) == ("standstill", "projects/0", "5")


class Clock:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def pause(self, seconds: float) -> None:
        self.now += seconds


def finding(found: str, expected: str = "3") -> Finding:
    return Finding("matcher", "project list", "prj-a", expected, found)


async def looked(*answers: list[Finding]) -> tuple[list[Finding], int]:
    """What stands of what successive looks see, the last one again and again; and how many looks it took."""
    looks = 0

    async def look() -> list[Finding]:
        nonlocal looks
        looks += 1
        return answers[min(looks, len(answers)) - 1]

    clock = Clock()
    return await standing({"lists": look}, patience=30, every=10, clock=clock, pause=clock.pause), looks


async def test_where_nothing_differs_nobody_looks_twice() -> None:
    assert await looked([]) == ([], 1)


async def test_what_stays_as_it_was_is_reported_after_the_patience() -> None:
    assert await looked([finding("2")], [finding("2", expected="4")]) == ([finding("2", expected="4")], 4)


async def test_what_goes_or_moves_meanwhile_is_at_work() -> None:
    assert await looked([finding("2")], []) == ([], 2)
    assert await looked([finding("1")], [finding("2")]) == ([], 2)
    assert await looked([], [finding("2")]) == ([], 1)


def test_findings_are_counted_by_service() -> None:
    assert by_service([finding("1"), finding("2")]) == {"matcher": 2}

"""What an audit compares: what a service gave versions to, what the log ends with, what its readers hold of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from shared.received import Place, Received, TopicPartitionNumber

PATIENCE_SECONDS = 60.0
"""What differs for no longer than this may be on its way: a list is merged at the latest after thirty seconds."""
LOOK_EVERY_SECONDS = 10.0


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is not as it should be: of which service, what, the id, what it should be, what it is."""

    service: str
    what: str
    id: str
    expected: str
    found: str

    @property
    def standing(self) -> tuple[str, str, str, str]:
        """What stays the same in a thing that nobody has touched; what it should be may have moved on."""
        return self.service, self.what, self.id, self.found


Look = Callable[[], Awaitable[list[Finding]]]
Progress = Callable[[str, int, int], None]
"""Called with the name of the look that begins, how many are done, and of how many; without a name while waiting."""


@dataclass(frozen=True, slots=True)
class Last:
    """The highest version that the log holds of a key, where it stands first, and whether it is a tombstone."""

    version: int
    partition: int
    offset: int
    timestamp: int
    is_tombstone: bool

    @property
    def place(self) -> Place:
        """Where it stands in its topic."""
        return self.partition, self.offset, self.timestamp


@dataclass(slots=True)
class TopicView:
    """What one topic ends with, by key; `ends` is the offset after the last record of each partition that has one."""

    topic: str
    last: dict[str, Last] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)

    def add(self, record: Received) -> None:
        """Take in the next event of its partition; a version that is not above the one held changes nothing."""
        held = self.last.get(record.key)
        if held is None or record.version > held.version:
            self.last[record.key] = Last(record.version, *record.place, record.event is None)


@dataclass(frozen=True, slots=True)
class Said:
    """The last version that a service gave a key; `waits` while any event of it is still in the outbox.

    It is 0 where nothing was said, or where nothing is left of it since a restoration.
    """

    version: int
    is_erased: bool
    waits: bool = False


@dataclass(frozen=True, slots=True)
class HeldKey:
    """What a reader holds of a key; `is_live` is unknown (None) where it does not keep which are gone."""

    version: int
    is_live: bool | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """What a reader holds of a topic, read in one snapshot.

    `handled` is the next offset of each partition, `set_aside` are the places of its dead letters, `excused`
    are keys that it rightly forgot. `is_complete`: the log, too, still holds all that is live.
    """

    keys: Mapping[str, HeldKey]
    handled: Mapping[int, int]
    set_aside: frozenset[Place] = frozenset()
    excused: frozenset[str] = frozenset()
    is_complete: bool = True


def said_differences(
    service: str, view: TopicView, before: Mapping[str, Said], after: Mapping[str, Said], forgotten: frozenset[str]
) -> Iterator[Finding]:
    """Where a topic is not what its only writer said; `before` was read before the log, `after` once it was read.

    `after` needs those keys alone that the log shows above `before`. `forgotten`: keys whose last events may rightly be
    missing from the log.
    """
    for key, said in sorted(before.items()):
        last = view.last.get(key)
        is_nothing = last is None and (said.is_erased or not said.version)
        if said.waits or key in forgotten or is_nothing:
            continue
        if last is None or last.version < said.version:
            yield Finding(service, "unsent", f"{view.topic}/{key}", _version(said.version), _last(last))
        elif last.version == said.version and last.is_tombstone != said.is_erased:
            yield Finding(service, "unsent", f"{view.topic}/{key}", _state(said.is_erased), _state(last.is_tombstone))
    for key in sorted(above(view, before)):
        given = after[key].version if key in after else 0
        if view.last[key].version > given:
            yield Finding(service, "never-said", f"{view.topic}/{key}", _version(given), _last(view.last[key]))


def sent_differences(service: str, view: TopicView, waiting: Mapping[str, int]) -> Iterator[Finding]:
    """Events (lowest version by key) that still wait in the outbox, read after the log, though the log has them.

    A relay deletes what it sent at once: one that stays would be sent again and again.
    """
    for key, version in sorted(waiting.items()):
        last = view.last.get(key)
        if last and version <= last.version:
            yield Finding(service, "sent-already", f"{view.topic}/{key}", "sent", _version(version))


def above(view: TopicView, said: Mapping[str, Said]) -> set[str]:
    """The keys of which the log holds a higher version than was given when `said` was read."""
    return {key for key, last in view.last.items() if key not in said or last.version > said[key].version}


def held_differences(service: str, view: TopicView, held: Held) -> Iterator[Finding]:
    """Where a reader, whose state was read after the log, holds something else than what it has handled of a topic."""
    for key, last in sorted(view.last.items()):
        if _is_handled(last, held) and key not in held.excused:
            moved_on = _moved_on(view, held, last.partition)
            yield from _key_differences(service, f"{view.topic}/{key}", last, held.keys.get(key), moved_on)
    if held.is_complete and not any(_moved_on(view, held, partition) for partition in held.handled):
        for key in sorted(key for key, has in held.keys.items() if has.is_live and key not in view.last):
            found = _version(held.keys[key].version)
            yield Finding(service, "unknown-to-log", f"{view.topic}/{key}", "absent", found)


def _is_handled(last: Last, held: Held) -> bool:
    return last.offset < held.handled.get(last.partition, 0) and last.place not in held.set_aside


def _moved_on(view: TopicView, held: Held, partition: int) -> bool:
    """Whether the reader has heard more of a partition than the view shows."""
    return held.handled.get(partition, 0) > view.ends.get(partition, 0)


def _key_differences(service: str, place: str, last: Last, has: HeldKey | None, moved_on: bool) -> Iterator[Finding]:
    if has is None:
        if not last.is_tombstone:
            yield Finding(service, "unheard", place, _version(last.version), "absent")
    elif has.version < last.version:
        yield Finding(service, "unheard", place, _version(last.version), _version(has.version))
    elif has.version > last.version:
        if not moved_on:
            yield Finding(service, "unknown-to-log", place, _version(last.version), _version(has.version))
    elif has.is_live is not None and has.is_live == last.is_tombstone:
        yield Finding(service, "view", place, _state(last.is_tombstone), _state(not has.is_live))


def lags(view: TopicView, held: Mapping[int, int]) -> dict[TopicPartitionNumber, int]:
    """How many offsets of each partition are not handled yet, for those that are behind."""
    behind = {(view.topic, number): end - held.get(number, 0) for number, end in view.ends.items()}
    return {place: count for place, count in behind.items() if count > 0}


def lag_differences(service: str, view: TopicView, held: Mapping[int, int]) -> Iterator[Finding]:
    """Partitions that are behind: only one that stays where it is differs, which a second look tells."""
    for (topic, number), _ in sorted(lags(view, held).items()):
        yield Finding(service, "standstill", f"{topic}/{number}", str(view.ends[number]), str(held.get(number, 0)))


async def standing(
    looks: Mapping[str, Look],
    *,
    patience: float = PATIENCE_SECONDS,
    every: float = LOOK_EVERY_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    progress: Progress = lambda *_: None,
) -> list[Finding]:
    """What differs at the first look and has stayed as it was at every later one, for `patience` seconds.

    Where nothing differs nobody looks twice. What changes meanwhile is at work: another run tells.
    """
    since = clock()
    found = {}
    for done, (name, look) in enumerate(looks.items()):
        progress(name, done, len(looks))
        found[name] = await look()
    while (doubtful := {name for name, some in found.items() if some}) and clock() - since < patience:
        progress("", len(looks) - len(doubtful), len(looks))
        await pause(every)
        for name in sorted(doubtful):
            before = {each.standing for each in found[name]}
            found[name] = [each for each in await looks[name]() if each.standing in before]
    return sorted(each for some in found.values() for each in some)


def by_service(findings: Iterable[Finding]) -> dict[str, int]:
    """How many findings each service has."""
    counts: dict[str, int] = {}
    for each in findings:
        counts[each.service] = counts.get(each.service, 0) + 1
    return counts


def _version(version: int) -> str:
    return f"version {version}" if version else "absent"


def _last(last: Last | None) -> str:
    return _version(last.version) if last else "absent"


def _state(is_erased: bool) -> str:
    return "erased" if is_erased else "live"

"""Lists taken out of PostgreSQL's binary stream are those that it holds, in whatever pieces the stream comes."""

import struct
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matcher.matching import streamed
from services.matcher.matching.laid import Gathering
from services.matcher.matching.streamed import Streamed
from tests.compiled import compiled_indexes

TEXT, INT4 = 25, 23
LETTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
NAMES = st.one_of(st.sampled_from(["prj-a", "prj-b", ""]), st.text(LETTERS, max_size=9))
LISTS = st.dictionaries(
    st.text(LETTERS, max_size=9), st.lists(st.tuples(NAMES, st.integers(-(2**31), 2**31 - 1)), max_size=20), max_size=30
)
Lists = dict[str, list[tuple[str, int]]]


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    compiled_indexes()


def sized(value: bytes) -> bytes:
    """A value as the stream has it, behind its size."""
    return struct.pack(">i", len(value)) + value


def array(kind: int, elements: Sequence[bytes]) -> bytes:
    """PostgreSQL's binary form of an array: dimensions, no nulls, type, length, lower bound, elements."""
    if not elements:
        return struct.pack(">3i", 0, 0, kind)
    return struct.pack(">5i", 1, 0, kind, len(elements), 1) + b"".join(map(sized, elements))


def row(owner: str, names: Sequence[str], scores: Sequence[int]) -> bytes:
    """A row of three columns."""
    columns = (
        owner.encode(),
        array(TEXT, [name.encode() for name in names]),
        array(INT4, [struct.pack(">i", score) for score in scores]),
    )
    return struct.pack(">h", len(columns)) + b"".join(map(sized, columns))


def stream(*rows: bytes) -> bytes:
    """The binary form of `COPY`: signature, flags, nothing that extends them, rows, trailer."""
    return b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"".join(rows) + struct.pack(">h", -1)


@settings(deadline=None)
@given(LISTS, st.lists(st.integers(0, 4_000)))
def test_what_is_streamed_is_what_is_read_one_by_one(lists: Lists, cuts: list[int]) -> None:
    """Names of any letters, lists of any length; a piece may end within a row, a number, or the signature."""
    names = [[name for name, _ in each] for each in lists.values()]
    scores = [[score for _, score in each] for each in lists.values()]
    data = stream(*map(row, lists, names, scores))
    found, expected = Streamed(), Gathering()
    places = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
    for begin, end in pairwise(places):
        found.add(data[begin:end])
    expected.add(lists, names, scores)
    for one, other in zip(found.gathered(), expected.gathered(), strict=True):
        assert list(one) == list(other)


def test_more_names_than_there_was_room_for_keep_their_numbers() -> None:
    """The table grows many times; each name is then found where it was."""
    found = Streamed()
    data = stream(*(row(f"eng-{owner}", [f"prj-{owner}", f"prj-{owner // 2}"], [2, 1]) for owner in range(5_000)))
    for begin in range(0, len(data), 1_000):
        found.add(data[begin : begin + 1_000])
    gathered = found.gathered()
    assert gathered.names == [f"prj-{number}" for number in range(5_000)]
    assert gathered.others.tolist() == [number for owner in range(5_000) for number in (owner, owner // 2)]


def test_names_of_one_hash_have_numbers_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What tells names apart is their letters."""
    monkeypatch.setattr(streamed, "_SALT", np.uint64(0))
    names = [f"prj-{number}" for number in range(60)]
    found = Streamed()
    found.add(stream(row("eng-a", names, range(60)), row("eng-b", names[::-1], range(60))))
    gathered = found.gathered()
    assert gathered.names == names
    assert gathered.others.tolist() == [*range(60), *range(59, -1, -1)]


WELL = row("eng-a", ["prj-a"], [1])
NULL = struct.pack(">i", -1)


@pytest.mark.parametrize(
    "wrong",
    [
        row("eng-a", ["prj-a"], [1, 2]),
        row("eng-a", ["prj-a", "prj-b"], []),
        row("eng-a", [], [1]),
        struct.pack(">h", 2) + WELL[2:],
        WELL[:2] + NULL + WELL[11:],
        WELL.replace(sized(b"prj-a"), NULL + b"prj-a"),
        WELL.replace(sized(b"prj-a"), struct.pack(">i", 999) + b"prj-a"),
        WELL.replace(struct.pack(">5i", 1, 0, TEXT, 1, 1), struct.pack(">5i", 2, 0, TEXT, 1, 1)),
        WELL.replace(struct.pack(">5i", 1, 0, TEXT, 1, 1), struct.pack(">5i", 1, 0, TEXT, 2**30, 1)),
        WELL.replace(sized(struct.pack(">i", 1)), sized(struct.pack(">i", 1) * 2)),
        row("eng-a", ["prj-a"] * 2, [1]).replace(
            struct.pack(">5i", 1, 0, INT4, 1, 1), struct.pack(">5i", 1, 0, INT4, 2, 1)
        ),
    ],
)
def test_what_is_no_list_is_refused(wrong: bytes) -> None:
    """And nothing is read beside it."""
    with pytest.raises(ValueError, match="no rows of an owner"):
        Streamed().add(stream(WELL, wrong, WELL))


@pytest.mark.parametrize("cut", [0, 5, 19, 30, -2, -1])
def test_a_stream_without_its_end_is_refused(cut: int) -> None:
    """A partition that knew some of its lists only would propose again what others hold."""
    found = Streamed()
    found.add(stream(WELL)[:cut])
    with pytest.raises(ValueError, match="their end"):
        found.gathered()

"""A catalogue that loads packed rows is the one that hears the same as JSON; what is not whole is read as JSON."""

import inspect
import os
import re
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from errno import ENOSPC
from resource import RLIMIT_FSIZE, getrlimit, setrlimit

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matcher.matching.bodies import InMemory
from services.matcher.matching.catalogue import Catalogue
from services.matcher.matching.facts import offer_facts
from services.matcher.matching.index.layout import Numbers, offer_row
from services.matcher.matching.index.packed import are_whole, pack_offer, unpack, vector_of
from services.matcher.matching.index.packed_records import offer_records
from services.matcher.matching.index.records import APART, SEVERAL, offer_brief, offer_record
from services.matcher.matching.model import PreparedOffer
from services.matcher.matching.packing import MADE_BY, packed_as
from services.matcher.matching.rows import WholeRow
from services.matcher.matching.shortlists import OfferKey
from services.matcher.spool import Spool
from shared.events.shapes import Commitment, Fund
from shared.text.vectors import TextModel
from tests.factories import a_commitment, a_fund
from tests.unit.matcher.judged import DAY, PREPARATION, RULE, commitments, fund, funds, project

NAME = packed_as(PREPARATION)
FUNDS = [
    a_fund("fds-a"),
    a_fund("fds-whole", opens_on="2026-12-08"),
    a_fund("fds-part", part_of="fds-whole", managed=True),
    a_fund("fds-shown", kinds=[]),
]
OFFERS = [*(a_commitment(f"eng-{letter}") for letter in "abc"), *FUNDS]


def stored(offers: Sequence[Commitment | Fund] = OFFERS) -> list[WholeRow]:
    """What a matcher stored of some offers, `eng-c` of them erased."""
    heard = Catalogue(PREPARATION)
    heard.take_in(
        WholeRow(_topic(key), key.offer_id, 3, 1, place, offer.model_dump_json().encode())
        for place, (key, offer) in enumerate((_key(offer), offer) for offer in offers)
    )
    heard.take_in([WholeRow("commitments", "eng-c", 4, 1, 50, None)])
    keys = [(_topic(key), key.offer_id) for key in map(_key, offers)]
    return heard.rows(keys, {"commitments": {1: 99}, "funds": {1: 99}})


def _key(offer: object) -> OfferKey:
    commitment_id = getattr(offer, "commitment_id", None)
    return OfferKey(commitment_id, "commitment") if commitment_id else OfferKey(getattr(offer, "fund_id", ""), "fund")


def _topic(key: OfferKey) -> str:
    return f"{key.offer_type}s"


def told(catalogue: Catalogue) -> dict[OfferKey, object]:
    """All that is told of each offer, and whom searches find."""
    found: dict[OfferKey, object] = {}
    for key in map(_key, OFFERS):
        heard = catalogue.heard_of(key)
        assert heard is not None
        shown = None if heard.is_erased else offer_facts(catalogue.shown(key))
        found[key] = heard, key in catalogue.offers, shown
    found[OfferKey("", "fund")] = catalogue.index.search(project(), DAY).best
    return found


@pytest.mark.parametrize("at_once", [1, 2, 99])
def test_what_is_loaded_packed_is_what_is_heard_as_json(at_once: int) -> None:
    """DESIGN §5: « Entities are also stored packed […] so that a cold start parses no JSON »; in any pieces."""
    rows = stored()
    heard, loaded = Catalogue(PREPARATION), Catalogue(PREPARATION, bodies=Spool)
    heard.take_in(row._replace(packed=None) for row in rows)
    for place in range(0, len(rows), at_once):
        assert loaded.load(rows[place : place + at_once]) == []
    loaded.loaded()
    assert told(loaded) == told(heard)
    assert len(loaded.offers) == 4
    for positions in ({}, {"funds": {1: 5}}, {"commitments": {1: 51}, "funds": {1: 99}}):
        assert loaded.changed_since(positions) == heard.changed_since(positions)
    assert loaded.opened_between(DAY, DAY.replace(day=8)) == heard.opened_between(DAY, DAY.replace(day=8))
    keys, ends = [(row.topic, row.key) for row in rows], {"commitments": {1: 99}, "funds": {1: 99}}
    assert loaded.rows(keys, ends) == sorted(rows, key=lambda row: (row.topic, row.key))


def test_a_whole_fund_is_matched_again_without_its_parts() -> None:
    catalogue = Catalogue(PREPARATION)
    catalogue.load(stored())
    whole = OfferKey("fds-whole", "fund")
    assert whole not in catalogue.offers
    catalogue.take_in([WholeRow("funds", "fds-part", 4, 1, 60, None)])
    assert whole in catalogue.offers


def test_a_commitment_with_the_id_of_a_whole_fund_is_matched() -> None:
    """Ids are of their kind: a partner's commitment may have that of somebody's fund."""
    catalogue, offers = Catalogue(PREPARATION), [*FUNDS, a_commitment("fds-whole")]
    assert catalogue.load(stored(offers)) == []
    assert OfferKey("fds-whole", "commitment") in catalogue.offers
    assert OfferKey("fds-whole", "fund") not in catalogue.offers


def test_what_was_packed_otherwise_or_damaged_is_read_as_json() -> None:
    """The issue of packing: a new model or release works, slower the first time; so does a damaged row."""
    rows = stored()
    [first, second, third] = [row for row in rows if row.packed is not None][:3]
    packed = second.packed or b""
    others = {
        first.key: first._replace(packed_as=f"{NAME}-of-before"),
        second.key: second._replace(packed=packed[:40] + bytes([packed[40] ^ 1]) + packed[41:]),
        third.key: third._replace(packed=(third.packed or b"")[:-1]),
    }
    catalogue, expected = Catalogue(PREPARATION), Catalogue(PREPARATION)
    assert {row.key for row in catalogue.load([others.get(row.key, row) for row in rows])} == others.keys()
    expected.load(rows)
    assert told(catalogue) == told(expected)


def test_how_offers_are_packed_is_named_by_model_and_code() -> None:
    """Bytes must never mean something else than they did to who packed them."""
    model = PREPARATION.model
    renamed = TextModel(model.vocabulary, model.idf, model.words, "another")
    assert packed_as(replace(PREPARATION, model=renamed)) == f"another/{NAME.partition('/')[2]}"


def test_all_code_that_bytes_depend_on_names_them() -> None:
    """Bytes made by other code would score otherwise in one process than in another; data has names of its own."""
    named = {module.__name__ for module in MADE_BY}
    used = {
        module
        for each in MADE_BY
        for module in re.findall(r"^(?:from|import) (\w[\w.]+)", inspect.getsource(each), re.MULTILINE)
        if module.split(".")[0] not in sys.stdlib_module_names
    }
    assert used - named == {
        "numpy",
        "numpy.typing",
        "pydantic",
        "services.matcher.matching.index.table",  # kinds of columns
        "shared.events.matches",  # what is told of pairs
        "shared.reference.geography",  # units stand as their codes
        "shared.reference.taxonomy",  # is in the name as a whole
        "shared.reference.territory_index",  # projects alone
    }


@settings(RULE, max_examples=25)
@given(st.one_of(commitments("off-a"), funds("off-b")))
def test_bytes_hold_the_text(offer: PreparedOffer) -> None:
    packed = pack_offer(offer, 7, is_context=False)
    assert are_whole([(packed, 7), (packed, 8), (None, 7), (b"", 7), (packed[:20], 7)]) == [True, *[False] * 4]
    found = vector_of(packed, offer.vector.words)
    assert found.indices.tolist() == offer.vector.indices.tolist()
    assert found.weights.tolist() == offer.vector.weights.tolist()
    assert (found.norm, found.norm_sq) == (offer.vector.norm, offer.vector.norm_sq)
    assert (found.words, found.own_words) == (offer.vector.words, offer.vector.own_words)
    assert unpack([packed, packed]).some([1]).names == unpack([packed]).names


@settings(RULE, max_examples=25)
@given(st.one_of(commitments("off-a"), funds("off-b")), st.integers(0, 2))
def test_records_made_at_once_are_those_made_of_each(offer: PreparedOffer, challenges: int) -> None:
    """DESIGN §5: « exact: same top 20 »; what is filed of an offer must not depend on how it was loaded."""
    heads, values = unpack([pack_offer(offer, 7, is_context=False)] * 2).heads, offer_row(offer, Numbers())
    flags = (0 if offer.offer.accepts_neighbours else APART) | (SEVERAL if len(offer.units) > 1 else 0)
    units, named, signatures = (np.full(2, each) for each in (len(offer.units), challenges, 9))
    records, briefs = offer_records(np.array([3, 4], np.int32), heads, units, named, signatures)
    assert records.tolist() == [offer_record(row, values, flags, challenges, 9) for row in (3, 4)]
    assert briefs.tolist() == [offer_brief(values, flags, challenges)] * 2


def test_a_later_version_takes_the_place_of_what_was_loaded() -> None:
    catalogue = Catalogue(PREPARATION, bodies=Spool)
    catalogue.load(stored())
    later = a_fund("fds-a", title="Un autre titre")
    catalogue.take_in([WholeRow("funds", "fds-a", 2, 1, 60, b"older: not even read")])
    catalogue.take_in([WholeRow("funds", "fds-a", 9, 1, 61, later.model_dump_json().encode())])
    assert catalogue.shown(OfferKey("fds-a", "fund")).offer == later
    assert catalogue.packed_of(OfferKey("fds-a", "fund"), 9) == pack_offer(PREPARATION.fund(later), 9, is_context=False)
    assert catalogue.packed_of(OfferKey("fds-a", "fund"), 8) is None


class Full(InMemory):
    """A disk with room for so many pieces."""

    room = 2

    def __len__(self) -> int:
        return len(self._held)

    def put_all(self, bodies: Sequence[bytes]) -> list[int]:
        if len(self) + len(bodies) > self.room:
            raise OSError(ENOSPC, "No space left on device")
        return super().put_all(bodies)


@pytest.mark.parametrize("is_packed", [True, False])
def test_a_full_disk_changes_nothing_of_what_is_held(is_packed: bool) -> None:
    """DESIGN §3: « No pair is missed »; what is heard again once there is room must be news then, all of it."""
    bodies = Full()
    full, expected = Catalogue(PREPARATION, bodies=lambda: bodies), Catalogue(PREPARATION)
    rows, positions = [row for row in stored() if row.body], {"funds": {1: 99}}
    hear = Catalogue.load if is_packed else Catalogue.take_in
    with pytest.raises(OSError, match="No space"):
        hear(full, rows)
    assert len(bodies) == len(full.offers) == len(full.changed_since({})) == 0
    assert full.version_of(OfferKey("eng-a", "commitment")) == 0
    bodies.room = 99
    assert hear(full, rows) == hear(expected, rows)
    assert len(full.offers) == len(expected.offers) == 4
    assert full.changed_since(positions) == expected.changed_since(positions)


def test_another_catalogue_follows_in_pieces_and_what_came_meanwhile() -> None:
    """DESIGN §3: a new model's lists are built aside, from all that was heard; as objects, only a piece of it."""
    first, second = Catalogue(PREPARATION), Catalogue(PREPARATION)
    first.load(stored())
    first.restore((), {"commitments": {1: 60}, "funds": {1: 60}})
    begun = first.told(()).positions
    for key in first.keys():  # noqa: SIM118 - no mapping
        second.follow(first.told([key]))
        later, other = (a_fund(each, title="Un autre titre").model_dump_json().encode() for each in ("fds-a", "fds-b"))
        first.take_in([WholeRow("funds", "fds-a", 9, 1, 61, later), WholeRow("funds", "fds-b", 1, 1, 62, other)])
    assert sorted(first.keys(begun)) == [("funds", "fds-a"), ("funds", "fds-b")]
    second.follow(first.told(first.keys(begun)))
    assert told(second) == told(first)
    assert second.positions == first.positions
    assert len(second.offers) == len(first.offers) == 5


def test_a_spool_overwrites_what_is_forgotten_as_soon_as_the_disk_lets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that writes elsewhere needs room to overwrite, too: what follows must not fail for that."""
    spool, write = Spool(), os.pwrite
    place = spool.put_all([b"x" * 300])[0]

    def full(*_: object) -> int:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    spool.drop(place, 300)
    with pytest.raises(OSError, match="No space"):
        spool.put_all([b"y" * 300])
    assert spool.get(place, 300) == b"x" * 300
    monkeypatch.setattr(os, "pwrite", write)
    other = spool.put_all([b"z" * 900])[0]
    assert (spool.get(place, 300), spool.get(other, 900)) == (bytes(300), b"z" * 900)


def test_whoever_finds_an_offer_from_another_thread_finds_what_was_heard_of_it() -> None:
    """What a transaction merges asks on the event loop how far others have heard, while the judge hears more."""
    catalogue, found, is_over = Catalogue(PREPARATION), set[int | None](), threading.Event()

    def look() -> None:
        while not is_over.is_set():
            last = max(0, len(catalogue.offer_keys) - 1)
            for number in (last, last + 1):
                heard = catalogue.heard_of(OfferKey(f"fds-{number}", "fund"))
                found.add(heard and heard.version)

    looking, before = threading.Thread(target=look), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    looking.start()
    try:
        for number in range(2_000):
            catalogue.take_in([WholeRow("funds", f"fds-{number}", 7, 1, number, None)])
    finally:
        is_over.set()
        looking.join()
        sys.setswitchinterval(before)
    assert found <= {None, 7}
    assert 7 in found


def test_a_spool_overwrites_what_is_forgotten_and_uses_its_place_again() -> None:
    """DESIGN §2: what is erased is forgotten, in whatever file it was."""
    spool = Spool()
    first, second = spool.put_all([b"x" * 300])[0], spool.put_all([b"y" * 300])[0]
    spool.drop(first, 300)
    assert spool.get(first, 300) == bytes(300)
    assert spool.put_all([b"z" * 400])[0] == first
    assert spool.get(second, 300) == b"y" * 300
    assert spool.put_all([fund().offer.model_dump_json().encode()])[0] > second


def test_what_the_disk_refuses_takes_none_of_its_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once there is a little, a little is kept: a batch that had none has nothing to be overwritten first."""
    spool, write, room = Spool(), os.pwrite, [1_000]

    def on_disk(file: int, body: bytes, place: int) -> int:
        grows = max(0, place + len(body) - os.fstat(file).st_size)
        if grows > room[0]:
            raise OSError(ENOSPC, "No space left on device")
        room[0] -= grows
        return write(file, body, place)

    monkeypatch.setattr(os, "pwrite", on_disk)
    [first, second] = spool.put_all([b"x" * 200, b"y" * 200])
    spool.drop(first, 200)
    with pytest.raises(OSError, match="No space"):
        spool.put_all([b"v" * 200, *([b"w" * 900] * 1_000)])
    assert spool.get(0, 1 << 20) == bytes(256) + b"y" * 200 + bytes(56)
    room[0] = 600
    places = spool.put_all([b"z" * 300, b"u" * 100])
    assert [spool.get(*each) for each in zip((second, *places), (200, 300, 100), strict=True)] == [
        b"y" * 200,
        b"z" * 300,
        b"u" * 100,
    ]


def test_pieces_put_together_stand_each_in_its_place_and_where_others_were() -> None:
    """They are written side by side where they follow one another."""
    spool = Spool()
    bodies = [bytes([65 + number]) * size for number, size in enumerate((300, 256, 0, 700, 1))]
    places = spool.put_all(bodies)
    spool.drop(places[1], 256)
    spool.drop(places[3], 700)
    more = [b"y" * 100, b"z" * 600, b"w" * 200]
    others = spool.put_all(more)
    assert others[:2] == [places[1], places[3]]
    assert spool.get(others[1], 768) == b"z" * 600 + bytes(168)
    kept = [*zip(places, bodies, strict=True)]
    for place, body in [kept[0], kept[2], kept[4], *zip(others, more, strict=True)]:
        assert spool.get(place, len(body)) == body


@pytest.mark.parametrize("later", [b"", a_fund("fds-a").model_dump_json().encode()])
def test_what_is_erased_or_replaced_stays_in_no_file(later: bytes) -> None:
    """DESIGN §2: every service purges what was erased; bytes hold the words of a text that the model does not know."""
    spool = Spool()
    catalogue = Catalogue(PREPARATION, bodies=lambda: spool)
    marked = a_fund("fds-a", title="Fonds Zorglub").model_dump_json().encode()
    catalogue.take_in([WholeRow("funds", "fds-a", 1, 1, 1, marked)])
    assert spool.get(0, 1 << 20).lower().count(b"zorglub") == 2
    catalogue.take_in([WholeRow("funds", "fds-a", 2, 1, 2, later or None)])
    assert b"zorglub" not in spool.get(0, 1 << 20).lower()


def test_a_spool_says_that_the_disk_is_full_and_keeps_no_half_of_a_piece() -> None:
    """The system writes a part of what it is given before it says so."""
    spool, (soft, hard) = Spool(), getrlimit(RLIMIT_FSIZE)
    first = spool.put_all([b"x" * 400])[0]
    setrlimit(RLIMIT_FSIZE, (1_000, hard))
    try:
        with pytest.raises(OSError, match="large"):
            spool.put_all([b"v" * 300, b"y" * 700])
    finally:
        setrlimit(RLIMIT_FSIZE, (soft, hard))
    assert spool.get(512, 1_280).strip(b"\0") == b""
    assert spool.put_all([b"z" * 700, b"w" * 300]) == [512, 1_280]
    assert spool.get(first, 400) == b"x" * 400


def test_bytes_of_an_older_version_or_of_an_erased_offer_are_not_used() -> None:
    """As an older release leaves them, which knows no packed rows and writes the JSON alone."""
    [row, *_] = [row for row in stored() if row.key == "eng-a"]
    later = a_commitment("eng-a", title="Un autre titre")
    catalogue, key = Catalogue(PREPARATION), OfferKey("eng-a", "commitment")
    newer = row._replace(version=row.version + 1, body=later.model_dump_json().encode())
    assert catalogue.load([newer]) == [newer]
    assert catalogue.shown(key).offer == later
    erased = Catalogue(PREPARATION)
    assert erased.load([row._replace(body=None)]) == []
    assert key not in erased.offers

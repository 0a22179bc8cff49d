"""Filters live in the address: whatever is in it, they read back what they wrote, and keep what they say."""

from hypothesis import given
from hypothesis import strategies as st

from services.console.store.feed import FeedEntry
from services.console.views.filters import ADVANCEMENTS, FUNDS, Filters, passes, read_filters
from services.console.views.pager import PAGE_SIZE, pager
from services.console.views.stream import unknown_words

CHALLENGES = ("nantes-metropole-d1", "nantes-metropole-d2")
CATEGORIES = ("alimentation", "numerique")
KINDS = ("mecenat-nature", "rse")

filters = st.builds(
    Filters,
    challenge_id=st.sampled_from([None, *CHALLENGES]),
    category=st.sampled_from([None, *CATEGORIES]),
    offer=st.sampled_from([None, FUNDS, *KINDS]),
    advancement=st.sampled_from(list(ADVANCEMENTS)),
    minimum=st.sampled_from([None, "bonne", "forte"]),
    order=st.sampled_from(["recent", "adequation"]),
)


def read(query: dict[str, str]) -> Filters:
    return read_filters(query, challenges=CHALLENGES, categories=CATEGORIES, kinds=KINDS, advancements=ADVANCEMENTS)


def entry(**changes: object) -> FeedEntry:
    base: dict[str, object] = {
        "feed_id": 1,
        "match_id": "prj-a~commitment~eng-a",
        "change": "proposed",
        "state": "proposed",
        "territories": ("nantes-metropole",),
        "challenge_id": "nantes-metropole-d2",
        "categories": ("alimentation",),
        "kinds": ("mecenat-nature",),
        "score": 0.6,
    }
    return FeedEntry(**(base | changes))  # type: ignore[arg-type]  # the fields of a feed entry


@given(filters)
def test_what_filters_write_in_the_address_they_read_back(chosen: Filters) -> None:
    query = dict(pair.split("=") for pair in chosen.query()[1:].split("&") if pair)
    assert read(query) == chosen


@given(st.dictionaries(st.sampled_from(["defi", "theme", "offre", "avancement", "tri", "page"]), st.text()))
def test_any_address_is_read_and_what_names_nothing_is_not_there(query: dict[str, str]) -> None:
    chosen = read(query)
    assert chosen.challenge_id in {None, *CHALLENGES}
    assert chosen.advancement in ADVANCEMENTS
    assert 1 <= chosen.page <= 10_000


def test_value_that_names_nothing_is_told_and_lifted_by_the_address_of_the_rest() -> None:
    chosen = read({"theme": "numerik", "defi": CHALLENGES[0], "page": "deux", "tri": "hasard"})
    assert unknown_words(chosen) == (
        "Thème\u00a0: «\u00a0numerik\u00a0»",
        "Ordre\u00a0: «\u00a0hasard\u00a0»",
        "Page\u00a0: «\u00a0deux\u00a0»",
    )
    assert chosen.query() == f"?defi={CHALLENGES[0]}"
    assert unknown_words(read({"theme": "numerique"})) == ()


def test_stream_of_a_territory_knows_nothing_put_aside() -> None:
    chosen = read_filters({"avancement": "mis-de-cote"}, challenges=(), categories=(), kinds=())
    assert (chosen.advancement, chosen.unknown) == ("en-cours", (("avancement", "mis-de-cote"),))


def test_usual_order_of_a_list_is_left_out_of_its_address() -> None:
    best = read_filters({}, challenges=(), categories=(), kinds=(), usual_order="adequation")
    assert (best.order, best.query()) == ("adequation", "")
    recent = read_filters({"tri": "recent"}, challenges=(), categories=(), kinds=(), usual_order="adequation")
    assert recent.query() == "?tri=recent"


def test_page_of_any_length_is_bounded() -> None:
    assert read({"page": "9" * 5_000}).page == 10_000
    assert read({"page": "0"}).page == 1
    assert read({"page": "12"}).page == 12


def test_usual_filters_leave_the_address_bare() -> None:
    assert Filters().query() == ""
    assert Filters(page=3).query(page=1) == ""


def test_each_filter_keeps_its_own() -> None:
    assert passes(Filters(), "nantes-metropole", entry())
    assert not passes(Filters(), "figeac", entry())
    for kept, left_out in (
        (Filters(challenge_id="nantes-metropole-d2"), Filters(challenge_id="nantes-metropole-d1")),
        (Filters(category="alimentation"), Filters(category="numerique")),
        (Filters(offer="mecenat-nature"), Filters(offer=FUNDS)),
        (Filters(advancement="propose"), Filters(advancement="conclu")),
        (Filters(minimum="bonne"), Filters(minimum="forte")),
    ):
        assert passes(kept, "nantes-metropole", entry())
        assert not passes(left_out, "nantes-metropole", entry())


def test_kind_shared_by_commitments_and_funds_keeps_commitments_alone() -> None:
    fund = entry(match_id="prj-a~fund~fds-a", kinds=("accompagnement",))
    assert passes(Filters(offer=FUNDS), "nantes-metropole", fund)
    assert not passes(Filters(offer="accompagnement"), "nantes-metropole", fund)


def test_what_ended_is_hidden_until_asked_for() -> None:
    ended = entry(state="withdrawn")
    assert not passes(Filters(), "nantes-metropole", ended)
    assert passes(Filters(advancement="ne-tient-plus"), "nantes-metropole", ended)
    assert passes(Filters(advancement="tous"), "nantes-metropole", ended)


@given(st.integers(0, 5_000), st.integers(-5, 10_000))
def test_page_shown_is_always_one_that_is_there(total: int, asked: int) -> None:
    shown = pager(total, asked)
    assert 1 <= shown.page <= shown.last
    assert 0 <= shown.offset <= max(0, total - 1)
    assert shown.last_shown - shown.first_shown < PAGE_SIZE
    numbers = [number for number in shown.around if number]
    assert numbers == sorted(set(numbers))
    assert {1, shown.page, shown.last} <= set(numbers)


def test_unknown_order_is_told_by_either_of_its_names() -> None:
    assert unknown_words(read({"ordre": "zzz"})) == ("Ordre\u00a0: «\u00a0zzz\u00a0»",)
    assert read({"ordre": "adequation"}).order == "adequation"

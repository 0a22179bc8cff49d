"""A signed link is believed for its purpose, until it expires, and never once altered."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.links import alerts_link, match_link, sign, verify

SECRET = "a secret of some length"
NOW = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
FIELDS = {"person": "per-a", "match": "prj-a~commitment~eng-a", "side": "offer"}


@given(st.dictionaries(st.text(), st.text()), st.integers(1, 10**6))
def test_what_was_signed_is_read_until_it_expires(fields: dict[str, str], seconds: int) -> None:
    expires = NOW + timedelta(seconds=seconds)
    token = sign(SECRET, "match", fields, expires)
    assert verify(SECRET, "match", token, NOW) == fields
    assert verify(SECRET, "match", token, expires) is None


@given(st.text())
def test_nothing_else_is_believed(token: str) -> None:
    assert verify(SECRET, "match", token, NOW) is None


def test_another_purpose_secret_or_body_is_refused() -> None:
    token = sign(SECRET, "match", FIELDS, NOW + timedelta(days=1))
    other = sign(SECRET, "match", FIELDS | {"person": "per-b"}, NOW + timedelta(days=1))
    mixed = f"{other.split('.')[0]}.{token.split('.')[1]}"
    assert verify(SECRET, "alerts", token, NOW) is None
    assert verify("another secret, as long", "match", token, NOW) is None
    assert verify(SECRET, "match", mixed, NOW) is None


def test_a_short_secret_signs_nothing() -> None:
    with pytest.raises(ValueError, match="16"):
        sign("short", "match", {}, NOW)


def test_addresses_are_those_of_the_console() -> None:
    match = match_link("https://essaim.example/", "prj-a~commitment~eng-a", "t.s")
    assert match == "https://essaim.example/rapprochements/prj-a~commitment~eng-a?lien=t.s"
    decline = match_link("https://essaim.example", "prj-a~fund~f", "t.s", declines=True)
    assert decline == "https://essaim.example/rapprochements/prj-a~fund~f?reponse=declined&lien=t.s"
    assert alerts_link("https://essaim.example", "t.s") == "https://essaim.example/alertes?lien=t.s"

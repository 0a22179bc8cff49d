"""What is read of a text keeps a misspelt word near the right one, and counts more where the text tells its problem."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text.features import ASKED, EMPHASES, FEATURES, LATE, counts


def test_a_misspelt_word_shares_most_groups_of_letters_with_the_right_one() -> None:
    """« misspelt texts must work »: the stems differ, the letters hardly."""
    right, wrong = counts("ressourcerie", ("grams",), "even"), counts("resourcerie", ("grams",), "even")
    assert counts("ressourcerie", ("terms",), "even") != counts("resourcerie", ("terms",), "even")
    assert len(right & wrong) >= len(wrong) * 0.6


def test_words_and_pairs_keep_what_terms_leave_out() -> None:
    """A stage is said by « pas encore » and « depuis dix ans »."""
    assert "pas encor" in counts("Rien n'est pas encore ouvert", ("pairs",), "even")
    assert "depui 0" in counts("Depuis vingt-deux ans", ("pairs",), "even")
    assert counts("depuis 12 ans", ("pairs",), "even") == counts("Depuis quatre-vingts ans", ("pairs",), "even")


def test_what_follows_a_turn_counts_double() -> None:
    """« the problem a project wants to solve counts, not its means »."""
    told = counts("On plante des tomates. Mais le vrai sujet est la solitude.", ("terms",), "turn")
    assert (told["tomat"], told["solitud"]) == (1, LATE)
    assert counts("On plante des tomates. On les mange.", ("terms",), "turn")["tomat"] == 1


def test_a_sentence_that_asks_counts_more() -> None:
    told = counts("Nos légumes poussent. Nous cherchons un tracteur.", ("words",), "ask")
    assert (told["=legum"], told["=tracteur"]) == (1, ASKED)


@pytest.mark.parametrize("text", ["", "   ", "!", "…", "123"])
def test_a_text_without_words_is_read_without_failing(text: str) -> None:
    assert set(counts(text, tuple(FEATURES), "turn")) <= {"=0", "=!", "^ 0", "0 $", "^ !", "! $", "^ $"}


@given(st.text(max_size=200), st.sampled_from(sorted(EMPHASES)))
def test_kinds_of_features_never_share_a_name(text: str, emphasis: str) -> None:
    found = [set(counts(text, (name,), emphasis)) for name in FEATURES]
    assert sum(map(len, found)) == len(set().union(*found))

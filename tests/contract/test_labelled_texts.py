"""The labelled texts bear ids of the taxonomy alone, are told once, and name nobody."""

import re
from collections import Counter
from typing import get_args

import pytest

from services.matcher.learning.labelled import JUDGE, TEACHERS, texts_of
from shared.events.vocabulary import Category, CommitmentKind, Stage

AUTHORS = (*TEACHERS, JUDGE)
STYLES = {"neutre", "terse", "long", "fautes", "regional", "trompeur", "jargon", "oral"}


@pytest.mark.parametrize("author", AUTHORS)
def test_labels_are_of_the_taxonomy(author: str) -> None:
    texts = texts_of(author)
    assert {each.author for each in texts} == {author}
    assert {category for each in texts for category in each.categories} <= set(get_args(Category))
    assert {each.stage for each in texts if each.stage} <= set(get_args(Stage))
    assert {kind for each in texts for kind in each.needs} <= set(get_args(CommitmentKind))
    assert {each.style for each in texts} <= STYLES
    assert all(len(set(each.categories)) == len(each.categories) <= 3 for each in texts)


@pytest.mark.parametrize("author", AUTHORS)
def test_every_category_stage_and_kind_is_told_of(author: str) -> None:
    texts = texts_of(author)
    mains = Counter(each.categories[0] for each in texts if each.categories)
    assert min(mains[category] for category in get_args(Category)) >= 15
    assert min(Counter(each.stage for each in texts)[stage] for stage in get_args(Stage)) >= 15
    assert min(Counter(kind for each in texts for kind in each.needs)[kind] for kind in get_args(CommitmentKind)) >= 10
    assert any(not each.categories for each in texts)


def test_no_text_is_told_twice() -> None:
    texts = [each for author in AUTHORS for each in texts_of(author)]
    assert len({each.text_id for each in texts}) == len(texts)
    assert len({" ".join(re.findall(r"\w+", each.text.lower())) for each in texts}) == len(texts)


def test_no_text_holds_an_address_or_a_number_to_call() -> None:
    told = [each.text for author in AUTHORS for each in texts_of(author)]
    assert [text for text in told if re.search(r"\S@\S|(?:\d[ .]?){9,}", text)] == []

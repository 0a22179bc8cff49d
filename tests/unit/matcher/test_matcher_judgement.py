"""A classifier is judged by what it says first, and by what it says although the text does not."""

from services.matcher.learning.evaluate import NONE, judge, predicted, table
from services.matcher.learning.labelled import JUDGE, Labelled, texts_of
from shared.text.classify import Classification
from shared.text.model import load_classifier


def told(text_id: str, *categories: str, stage: str | None = None, needs: tuple[str, ...] = ()) -> Labelled:
    return Labelled(text_id, "a", text_id, categories, stage, needs, "neutre")


def test_only_the_main_category_said_first_counts() -> None:
    texts = [told("1", "seniors", "numerique"), told("2", "seniors"), told("3")]
    said = [
        Classification((("seniors", 0.9),), "idee", ("rse",)),
        Classification((("numerique", 0.6), ("seniors", 0.4))),
        Classification(),
    ]
    found = judge(texts, said)
    assert found.main_first == 2 / 3
    assert found.confusion == {("seniors", "seniors"): 1, ("seniors", "numerique"): 1, (NONE, NONE): 1}
    assert found.stages_f1 == 0
    assert found.needs_f1 == 0


def test_what_is_said_as_it_is_told_is_worth_all() -> None:
    texts = [told("1", "seniors", stage="idee", needs=("rse", "partenariat"))]
    found = judge(texts, [Classification((("seniors", 1.0),), "idee", ("rse", "partenariat"))])
    assert (found.main_first, found.needs_f1) == (1, 1)
    assert table(found).splitlines()[6].split()[7] == "1"


def test_the_committed_classifier_is_better_than_chance_on_the_judge() -> None:
    texts = texts_of(JUDGE)
    found = judge(texts, predicted(load_classifier(), texts))
    assert found.categories_f1 > 0.4

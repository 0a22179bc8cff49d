"""Judges a classifier by labelled texts; run as a module, prints what the committed one makes of each author's.

The judge's texts count: `python -m services.matcher.learning.evaluate`. Measures are those of scikit-learn.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from sklearn.metrics import confusion_matrix, f1_score
from sklearn.preprocessing import MultiLabelBinarizer

from services.matcher.learning.labelled import JUDGE, TEACHERS, Labelled, texts_of
from shared.events.vocabulary import Category, CommitmentKind, Stage
from shared.text.classify import Classification, Classifier
from shared.text.model import load_classifier

NONE = "aucune"
"""What stands for a text without a category, a stage or a prediction of one."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Shares in 0..1: of main categories found first, macro-F1 of main categories and of stages, micro-F1 of needs.

    `confusion` counts texts by (main category, category said first).
    """

    texts: int
    main_first: float
    categories_f1: float
    stages_f1: float
    needs_f1: float
    confusion: Counter[tuple[str, str]]


def judge(texts: Sequence[Labelled], said: Sequence[Classification]) -> Judgement:
    """What predictions are worth for these texts, in their order."""
    mains = [(each.categories or (NONE,))[0] for each in texts]
    firsts = [each.categories[0][0] if each.categories else NONE for each in said]
    stages, told = [each.stage or NONE for each in texts], [each.stage or NONE for each in said]
    kinds = MultiLabelBinarizer(classes=get_args(CommitmentKind))
    needs = kinds.fit_transform([each.needs for each in texts])
    return Judgement(
        len(texts),
        sum(main == first for main, first in zip(mains, firsts, strict=True)) / len(texts),
        _macro_f1(mains, firsts, get_args(Category)),
        _macro_f1(stages, told, get_args(Stage)),
        float(f1_score(needs, kinds.transform([each.needs for each in said]), average="micro", zero_division=0)),
        Counter(zip(mains, firsts, strict=True)),
    )


def predicted(classifier: Classifier, texts: Sequence[Labelled]) -> list[Classification]:
    """What a classifier says of these texts."""
    return [classifier.predict(each.text) for each in texts]


def table(judgement: Judgement) -> str:
    """The confusion as text: a row per main category, a column per category said first, in the same order."""
    labels = [*get_args(Category), NONE]
    pairs = list(judgement.confusion.elements())
    counts = confusion_matrix([main for main, _ in pairs], [first for _, first in pairs], labels=labels)
    rows = (
        f"{label:>36} " + " ".join(f"{count:3}" for count in row) for label, row in zip(labels, counts, strict=True)
    )
    return "\n".join(rows)


def _macro_f1(true: Sequence[str], said: Sequence[str], labels: Sequence[str]) -> float:
    return float(f1_score(true, said, labels=list(labels), average="macro", zero_division=0))


def main() -> None:
    """Print the judgement of the committed classifier by each author."""
    classifier = load_classifier()
    for author in (*TEACHERS, JUDGE):
        texts = texts_of(author)
        found = judge(texts, predicted(classifier, texts))
        print(  # noqa: T201 - what the module is run for
            f"author {author}, {found.texts} texts: main category first {found.main_first:.3f}, macro-F1"
            f" {found.categories_f1:.3f}; stage macro-F1 {found.stages_f1:.3f}; needs micro-F1 {found.needs_f1:.3f}"
        )
    print(table(found))  # noqa: T201 - the judge's


if __name__ == "__main__":
    main()

"""Judges a classifier by labelled texts; run as a module, prints what the committed one makes of the judge's.

`python -m services.matcher.learning.evaluate` judges the committed classifier by the author kept apart. With `--folds`
it also fits anew without an author, or without a fifth of the reference's défis, and judges what was left out.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from sklearn.metrics import confusion_matrix, f1_score
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import MultiLabelBinarizer

from services.matcher.learning.corpus import Document, documents
from services.matcher.learning.fit import fit_classifier
from services.matcher.learning.labelled import JUDGE, TEACHERS, Labelled, texts_of
from services.matcher.learning.reliability import Reliability, reliability
from shared.events.vocabulary import Category, CommitmentKind, Stage
from shared.text.classify import Classification, Classifier
from shared.text.model import load_classifier

NONE = "aucune"
"""What stands for a text without a category, a stage or a prediction of one."""
_PARTS = 5


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


def sentence(judgement: Judgement) -> str:
    """The shares of a judgement on one line."""
    return (
        f"{judgement.texts} texts: main category first {judgement.main_first:.3f},"
        f" macro-F1 {judgement.categories_f1:.3f}; stage macro-F1 {judgement.stages_f1:.3f};"
        f" needs micro-F1 {judgement.needs_f1:.3f}"
    )


def by_author() -> Iterator[tuple[Classifier, list[Labelled]]]:
    """For each author who teaches, a classifier that learned nothing from them, and their texts."""
    corpus = documents()
    for author in TEACHERS:
        others = [each for other in TEACHERS if other != author for each in texts_of(other)]
        yield fit_classifier(corpus, [others[::2], others[1::2]]), texts_of(author)


def by_challenge() -> Iterator[tuple[Classifier, list[Labelled]]]:
    """For each fifth of the reference's défis, a classifier that learned nothing of them, and what speaks of them."""
    corpus, authors = documents(), [texts_of(author) for author in TEACHERS]
    grouped = [document for document in corpus if document.group and document.categories]
    groups = [document.group for document in grouped]
    for _rest, left in GroupKFold(_PARTS).split(groups, groups=groups):
        held = {groups[place] for place in left}
        learned = [document for document in corpus if document.group not in held]
        yield fit_classifier(learned, authors), [_labelled(grouped[place]) for place in left]


def _labelled(document: Document) -> Labelled:
    """A document as a text whose declared labels count as told."""
    return Labelled("", "", document.text, document.categories, document.stage, document.needs or (), "neutre")


def _macro_f1(true: Sequence[str], said: Sequence[str], labels: Sequence[str]) -> float:
    return float(f1_score(true, said, labels=list(labels), average="macro", zero_division=0))


def _report(title: str, folds: Sequence[tuple[Classifier, Sequence[Labelled]]]) -> Iterator[str]:
    texts = [each for _classifier, fold in folds for each in fold]
    found = judge(texts, [said for classifier, fold in folds for said in predicted(classifier, fold)])
    yield f"{title}, {sentence(found)}"
    for name in ("categories", "stage", "needs"):
        yield f"{name}: {_sure(name, folds)}"
    yield table(found)


def _sure(name: str, folds: Sequence[tuple[Classifier, Sequence[Labelled]]]) -> Reliability:
    """How far the probabilities of one head can be believed: of the label it holds likeliest, or of each kind."""
    true: Callable[[Labelled], tuple[str, ...]] = {
        "categories": lambda each: each.categories[:1] or ("",),
        "stage": lambda each: (each.stage or "",),
        "needs": lambda each: each.needs,
    }[name]
    odds, held = [], []
    for classifier, fold in folds:
        for each in fold:
            shares = getattr(classifier, name).probabilities(each.text)
            likely = shares if name == "needs" else [max(shares, key=lambda label: (shares[label], label))]
            odds += [shares[label] for label in likely]
            held += [label in true(each) for label in likely]
    return reliability(np.array(odds), np.array(held))


def main() -> None:
    """Print the judgement of the committed classifier, and of those fitted without what judges them when asked."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--folds", action="store_true", help="fit anew and cross-validate (minutes)")
    runs: dict[str, Callable[[], Iterator[tuple[Classifier, list[Labelled]]]]] = {
        f"author {JUDGE}": lambda: iter([(load_classifier(), texts_of(JUDGE))])
    }
    if asked.parse_args().folds:
        runs |= {f"authors {' and '.join(TEACHERS)}, each by the other": by_author, "défis": by_challenge}
    for title, run in reversed(runs.items()):
        print("\n".join(_report(title, list(run()))), flush=True)  # noqa: T201 - what the module is run for


if __name__ == "__main__":
    main()

"""What each head of the classifier learns from: the reference, the lexicon, and texts of authors who teach."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, get_args

from services.matcher.learning.corpus import Document
from services.matcher.learning.labelled import Labelled
from services.matcher.learning.lexicon import Part, lexicon
from shared.events.vocabulary import Category, CommitmentKind, Stage
from shared.text.classify import SILENCE
from shared.text.features import counts

SECONDARY = 0.4
"""How much a text teaches of a category that is not its main one, of what it teaches of that."""
_TOLD = 3.0
"""What a labelled text weighs: its labels are all that it says, where those of the reference are what is known."""
_WORD = {"categories": 0.5, "stage": 1.0, "needs": 1.0}
_ELSEWHERE = {"categories": 0.1, "stage": 0.3, "needs": 0.3}
"""What an entry of the lexicon teaches a head that is not its own: that it says nothing there."""
_PROJECT, _COMMITMENT = 0.3, 0.5
"""Stage and needs of a sample project, and kind of a commitment: declared beside the text, which may not say them."""


class Example(NamedTuple):
    """A text with the labels that it says, and how much it teaches."""

    text: str
    labels: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Task:
    """One head: its labels, what it reads and how, and whether a text says one label at most."""

    name: str
    labels: tuple[str, ...]
    features: tuple[str, ...]
    emphasis: str
    exclusive: bool


TASKS = (
    Task("categories", (*get_args(Category), SILENCE), ("terms", "pairs", "grams"), "turn", exclusive=True),
    Task("stage", (*get_args(Stage), SILENCE), ("words", "pairs", "grams"), "even", exclusive=True),
    Task("needs", get_args(CommitmentKind), ("words", "pairs", "grams"), "ask", exclusive=False),
)


def examples(task: Task, documents: Sequence[Document], texts: Sequence[Labelled]) -> list[Example]:
    """Everything that a head learns, always in the same order; an exclusive head gets one example per label."""
    return list(
        {"categories": _on_categories, "stage": _on_stages, "needs": _on_needs}[task.name](documents, texts),
    )


def digest(documents: Sequence[Document], texts: Sequence[Labelled]) -> str:
    """Names what the heads learn and how they read it: another example, weight or feature is another digest."""
    known = sha256()
    for task in TASKS:
        known.update(repr(task).encode())
        for example in examples(task, documents, texts):
            read = sorted(counts(example.text, task.features, task.emphasis).items())
            known.update(json.dumps([example, read], ensure_ascii=False).encode())
    return known.hexdigest()


def _on_categories(documents: Sequence[Document], texts: Sequence[Labelled]) -> Iterator[Example]:
    for document in documents:
        yield from _ranked(document.text, document.categories, 1.0)
    yield from (Example(word, (label,), _WORD["categories"]) for word, label in lexicon("categories"))
    yield from _silent("categories", "stages", "needs", labels=(SILENCE,))
    for each in texts:
        yield from _ranked(each.text, each.categories or (SILENCE,), _TOLD)


def _silent(head: str, *parts: Part, labels: tuple[str, ...]) -> Iterator[Example]:
    return (Example(word, labels, _ELSEWHERE[head]) for part in parts for word, _label in lexicon(part))


def _ranked(text: str, categories: tuple[str, ...], weight: float) -> Iterator[Example]:
    for place, category in enumerate(categories):
        yield Example(text, (category,), weight * SECONDARY if place else weight)


def _on_stages(documents: Sequence[Document], texts: Sequence[Labelled]) -> Iterator[Example]:
    for document in documents:
        if document.stage:
            yield Example(document.text, (document.stage,), _PROJECT if document.needs else 1.0)
    yield from (Example(word, (label,), _WORD["stage"]) for word, label in lexicon("stages"))
    yield from _silent("stage", "categories", "needs", labels=(SILENCE,))
    yield from (Example(each.text, (each.stage or SILENCE,), _TOLD) for each in texts)


def _on_needs(documents: Sequence[Document], texts: Sequence[Labelled]) -> Iterator[Example]:
    for document in documents:
        if document.needs is not None:
            weight = _PROJECT if document.stage else _COMMITMENT if document.categories else 1.0
            yield Example(document.text, document.needs, weight)
    yield from (Example(word, (label,), _WORD["needs"]) for word, label in lexicon("needs"))
    yield from _silent("needs", "categories", "stages", labels=())
    yield from (Example(each.text, each.needs, _TOLD) for each in texts)

"""Fits the text model and the classifier on data of the repository; run as a module, writes what is committed.

`python -m services.matcher.learning.fit` writes the classifier; with `--text-model`, the text model too, whose epoch
names the scores of matches: where it is another, so must `EPOCH` be.
"""

import argparse
import math
from collections import Counter
from collections.abc import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer
from threadpoolctl import threadpool_limits

from services.matcher.learning.corpus import Document, documents
from services.matcher.learning.examples import TASKS, digest
from services.matcher.learning.heads import fit_head
from services.matcher.learning.labelled import TEACHERS, Labelled, texts_of
from services.matcher.learning.synonyms import groups, synonyms
from shared.text.classify import Classifier
from shared.text.model import CLASSIFIER, TEXT_MODEL
from shared.text.terms import shown, spelt, terms
from shared.text.vectors import TextModel

EPOCH = "2026-12-b"
"""Names the text model for ever: change it whenever that changes. The classifier scores no match and needs no name."""


def fit_text_model(corpus: Sequence[Document], epoch: str = EPOCH) -> TextModel:
    """The vocabulary of a corpus with its smoothed idf; each term is shown by its most frequent word.

    Synonyms are one term, shown by the word that stands for them. All terms that are not there have the idf that the
    same formula gives to a term of no document.
    """
    same = synonyms()
    vectorizer = TfidfVectorizer(analyzer=lambda text: [same.get(term, term) for term in terms(text)], smooth_idf=True)
    vectorizer.fit(document.text for document in corpus)
    idf = dict(zip(vectorizer.get_feature_names_out().tolist(), vectorizer.idf_.tolist(), strict=True))
    spellings: dict[str, Counter[str]] = {}
    for document in corpus:
        for term, word in shown(spelt(document.text)).items():
            spellings.setdefault(term, Counter())[word] += 1
    words = {term: min(found, key=lambda word: (-found[word], len(word), word)) for term, found in spellings.items()}
    words |= {head: word for word in groups() for head in terms(word)}
    return TextModel.quantised(idf, words, epoch, unknown=idf_of_unknown(len(corpus)), synonyms=same)


def text_corpus() -> list[Document]:
    """What the text model is fitted on: the reference, and texts as people write them, for their everyday words."""
    return [*documents(), *(Document(each.text) for author in TEACHERS for each in texts_of(author))]


def idf_of_unknown(size: int) -> float:
    """The smoothed idf of a term that none of so many documents has."""
    return math.log(1 + size) + 1


def fit_classifier(corpus: Sequence[Document], folds: Sequence[Sequence[Labelled]]) -> Classifier:
    """Three heads that learned a corpus and all folds of labelled texts; the same gives the same classifier."""
    with threadpool_limits(1):  # several threads gain nothing on such small matrices, and add in another order
        categories, stage, needs = (fit_head(task, corpus, folds) for task in TASKS)
    return Classifier(categories, stage, needs, digest(corpus, [each for fold in folds for each in fold]))


def main() -> None:
    """Write the artefacts."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--text-model", action="store_true", help="fit the text model too, for another epoch")
    if asked.parse_args().text_model:
        TEXT_MODEL.write_bytes(fit_text_model(text_corpus()).to_bytes())
    CLASSIFIER.write_bytes(fit_classifier(documents(), [texts_of(author) for author in TEACHERS]).to_bytes())


if __name__ == "__main__":
    main()

"""What looking a text up costs, against `TfidfVectorizer.transform` of scikit-learn, over the same terms, in one run.

scikit-learn is fitted on the same corpus, with a vocabulary that also holds the terms of the texts which the corpus has
not. Before it measures, it checks that the two agree: term frequencies and idf as the model has them before it rounds
them give the vectors of scikit-learn to 1e-9, and its whole numbers stay within `ROUNDED` of these.
"""

import json
import math
import statistics
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from benchmarks.clock import median_us
from services.matcher.learning.corpus import Document
from services.matcher.learning.fit import fit_text_model, idf_of_unknown, text_corpus
from services.matcher.learning.labelled import JUDGE, texts_of
from shared.text.vectors import TextModel

RESULT = Path(__file__).parent / "results" / "text.json"
ROUNDED = 0.01
"""How far a weight of a text of norm 1 may lie from its unrounded value."""
_ROUNDS = 5


def vectorizer_of(corpus: Sequence[Document], model: TextModel, texts: Sequence[str]) -> TfidfVectorizer:
    """scikit-learn's, fitted on this corpus, that knows the terms of these texts too."""
    said = {term for text in texts for term in model.terms(text) if model.id_of(term) is not None}
    known = sorted(said | model.vocabulary.keys())
    vectorizer = TfidfVectorizer(analyzer=model.terms, sublinear_tf=True, vocabulary=known)
    return vectorizer.fit(document.text for document in corpus)


def unrounded(idf: Mapping[str, float], terms: Iterable[str]) -> dict[str, float]:
    """The weight of each known term: (1 + ln tf) * idf, divided by the norm of all."""
    counts = Counter(term for term in terms if term in idf)
    weights = {term: (1 + math.log(count)) * idf[term] for term, count in counts.items()}
    norm = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return {term: weight / norm for term, weight in weights.items()}


def farthest(corpus: Sequence[Document], model: TextModel, texts: Sequence[str]) -> tuple[float, float]:
    """How far any weight of any text lies from scikit-learn's: unrounded, and in the model's whole numbers.

    The model is that of the corpus.
    """
    vectorizer, unknown = vectorizer_of(corpus, model, texts), idf_of_unknown(len(corpus))
    names = vectorizer.get_feature_names_out().tolist()
    pairs = zip(names, vectorizer.idf_.tolist(), strict=True)
    idf = {term: weight if term in model.vocabulary else unknown for term, weight in pairs}
    column = {term: place for place, term in enumerate(names)}
    column_of_id = {model.id_of(term): place for term, place in column.items()}
    plain, whole = 0.0, 0.0
    for text in texts:
        theirs = vectorizer.transform([text]).toarray()[0]
        ours: NDArray[np.float64] = np.zeros(len(names))
        for term, weight in unrounded(idf, model.terms(text)).items():
            ours[column[term]] = weight
        plain = max(plain, float(np.abs(ours - theirs).max()))
        vector = model.vectorise(text)
        ours[:] = 0
        ours[[column_of_id[each] for each in vector.indices.tolist()]] = vector.unit_weights()
        whole = max(whole, float(np.abs(ours - theirs).max()))
    return plain, whole


def main() -> int:
    """Print and write the ratio; the exit code is 1 where the two do not agree."""
    corpus = text_corpus()
    model, texts = fit_text_model(corpus), [each.text for each in texts_of(JUDGE)]
    plain, whole = farthest(corpus, model, texts)
    vectorizer = vectorizer_of(corpus, model, texts)
    ours = median_us(model.vectorise, texts * _ROUNDS)
    theirs = median_us(lambda text: vectorizer.transform([text]), texts * _ROUNDS)
    together = median_us(vectorizer.transform, [texts] * _ROUNDS) / len(texts)
    result = {
        "texts": len(texts),
        "terms_per_text": round(statistics.mean(len(model.vectorise(text)) for text in texts), 1),
        "of_these_unknown": round(statistics.mean(len(model.vectorise(text).own_words) for text in texts), 1),
        "ours_us": round(ours, 1),
        "scikit_learn_us": round(theirs, 1),
        "ratio": round(ours / theirs, 3),
        "scikit_learn_all_at_once_us": round(together, 1),
        "farthest_unrounded": plain,
        "farthest_rounded": round(whole, 5),
    }
    text = json.dumps(result, indent=2)
    RESULT.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")
    return 0 if plain <= 1e-9 and whole <= ROUNDED else 1


if __name__ == "__main__":
    sys.exit(main())

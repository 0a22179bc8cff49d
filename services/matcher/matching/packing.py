"""Names how entities are packed: by the model, and by the sources of all that makes the bytes.

What was packed under another name is packed anew from its JSON, so that bytes never mean what they did to older code.
"""

import inspect
import unicodedata
from functools import lru_cache
from hashlib import blake2b

from snowballstemmer import basestemmer, french_stemmer

from services.matcher.matching import eligibility, model, place, prepare, themes
from services.matcher.matching.index import layout, packed, packed_projects, records
from services.matcher.matching.prepare import Preparation
from shared.events import shapes, vocabulary
from shared.text import folding, stop_words, terms, vectors

MADE_BY = (
    basestemmer,
    eligibility,
    folding,
    french_stemmer,
    layout,
    model,
    packed,
    packed_projects,
    place,
    prepare,
    records,
    shapes,
    stop_words,
    terms,
    themes,
    vectors,
    vocabulary,
)


def packed_as(preparation: Preparation) -> str:
    """The name of how this preparation packs."""
    return f"{preparation.model.epoch}/{_made(repr(preparation.taxonomy))}"


@lru_cache(4)
def _made(taxonomy: str) -> str:
    found = blake2b(f"{unicodedata.unidata_version} {taxonomy}".encode(), digest_size=8)
    for each in MADE_BY:
        found.update(inspect.getsource(each).encode())
    return found.hexdigest()

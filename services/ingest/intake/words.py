"""The sentences of every fault: what is wrong, then what to do; a clause is said only when its facts are known."""

from services.ingest.intake.sentences import Sentences
from services.ingest.intake.words_of_facts import FACTS
from services.ingest.intake.words_of_form import FORM

WORDS: dict[str, Sentences] = {**FORM, **FACTS}
"""Code of a fault -> its sentences."""

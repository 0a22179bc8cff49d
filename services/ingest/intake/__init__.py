"""Reads submissions: pure decisions, used by the HTTP API, the imports, the connectors and `essaim rank`."""

from services.ingest.intake.duplicates import marked, twin_key
from services.ingest.intake.known import Known, reference_known
from services.ingest.intake.outcome import Accepted, Completion, Contact, Fault, Reading, Refused
from services.ingest.intake.reading import read, read_commitment, read_fund, read_project, read_territory, type_of
from services.ingest.intake.wording import language_of, say, say_all

__all__ = [
    "Accepted",
    "Completion",
    "Contact",
    "Fault",
    "Known",
    "Reading",
    "Refused",
    "language_of",
    "marked",
    "read",
    "read_commitment",
    "read_fund",
    "read_project",
    "read_territory",
    "reference_known",
    "say",
    "say_all",
    "twin_key",
    "type_of",
]

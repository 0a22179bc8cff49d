"""The texts that the models learn from: the taxonomy, the défis, the funds and the samples of the reference."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.reference.samples import funds, sample_commitments, sample_projects
from shared.reference.taxonomy import Taxonomy, load_taxonomy
from shared.reference.territories import load_territories


@dataclass(frozen=True, slots=True)
class Document:
    """A text with what is known of it: categories, main first; a stage; kinds of needs (none: not known)."""

    text: str
    categories: tuple[str, ...] = ()
    stage: str | None = None
    needs: tuple[str, ...] | None = None
    group: str = ""
    """Documents of one group speak of the same thing: a measure never learns from one to judge the other."""


def documents() -> list[Document]:
    """All documents, always in the same order."""
    taxonomy = load_taxonomy()
    return [*_definitions(taxonomy), *_challenges(), *_funds(), *_projects(), *_commitments()]


def _definitions(taxonomy: Taxonomy) -> Iterator[Document]:
    """What each category, stage and kind of commitment means; a keyword alone is a small document."""
    for category in taxonomy.categories.values():
        own = (category.id,)
        yield Document(f"{category.label_fr}. {category.definition_fr}", own)
        yield from (Document(text, own) for text in (*category.includes, *category.keywords))
    for stage in taxonomy.stages.values():
        yield Document(f"{stage.label_fr}. {stage.definition_fr}", stage=stage.id)
    for kind in taxonomy.commitment_kinds.values():
        yield Document(f"{kind.label_fr}. {kind.definition_fr}", needs=(kind.id,))


def _challenges() -> Iterator[Document]:
    for territory in load_territories():
        for challenge in territory.challenges:
            text = f"{challenge.title}. {challenge.description}"
            yield Document(text, challenge.categories, group=challenge.challenge_id)


def _funds() -> Iterator[Document]:
    for fund in funds():
        yield Document(f"{fund['title']}. {fund['description']}", tuple(fund["categories"]))


def _projects() -> Iterator[Document]:
    for project in sample_projects():
        group = str(project.get("challenge_id", project["project_id"]))
        kinds = tuple(need["kind"] for need in project["needs"])
        text = f"{project['title']}. {project['summary']}"
        yield Document(text, tuple(project["categories"]), project["stage"], kinds, group)
        for need in project["needs"]:
            yield Document(need["label"], needs=(need["kind"],), group=group)


def _commitments() -> Iterator[Document]:
    for commitment in sample_commitments():
        yield Document(
            f"{commitment['title']}. {commitment['description']}",
            tuple(commitment["categories"]),
            needs=(commitment["kind"],),
            group=_group(commitment),
        )


def _group(commitment: Mapping[str, Any]) -> str:
    challenges: list[str] = commitment.get("challenges", [])
    return challenges[0] if challenges else str(commitment["commitment_id"])

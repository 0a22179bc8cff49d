"""A project in words: who, what, how much, until when."""

from dataclasses import dataclass
from datetime import date

from shared.events.shapes import Need, PerimeterUnit, Project
from shared.words.french import clauses, dated, days, due, labelled, money
from shared.words.names import Names


@dataclass(frozen=True, slots=True)
class ProjectSummary:
    """A project in one line or two."""

    project_id: str
    title: str
    who: str
    place: str
    stage: str
    status: str
    is_active: bool
    sought: str | None
    deadline: str | None


def summary_of(project: Project, names: Names, today: date) -> ProjectSummary:
    """The project in short."""
    place = PerimeterUnit(level="commune", code=project.commune)
    is_awaiting = project.status != "actif" or project.deadline is None or today <= project.deadline
    return ProjectSummary(
        project.project_id,
        project.title,
        project.owner.name,
        names.places(place),
        names.label("stages", project.stage),
        names.label("statuses", project.status) if is_awaiting else "Échéance passée",
        is_awaiting and project.status == "actif" and project.duplicate_of is None,
        f"{money(project.amount_sought_eur)} à trouver" if project.amount_sought_eur else None,
        due(project.deadline, today) if project.deadline else None,
    )


def project_facts_rows(project: Project, names: Names, today: date) -> tuple[tuple[str, str], ...]:
    """Label and value of each fact that the project gives."""
    themes = project.categories or project.suggested_categories
    deduced = "" if project.categories or not themes else " (déduits du texte)"
    challenge = names.challenges.get(project.challenge_id or "")
    rows = (
        ("Lieu", names.places(PerimeterUnit(level="commune", code=project.commune))),
        ("Agit aussi sur", names.perimeter(project.perimeter)),
        ("Défi", challenge or ""),
        ("Thèmes", names.labels_of("categories", themes) + deduced),
        ("Stade", names.label("stages", project.stage)),
        ("Porteur", f"{project.owner.name}, {names.word('legal_forms', project.owner.legal_form)}"),
        ("Reste à trouver", money(project.amount_sought_eur) if project.amount_sought_eur is not None else ""),
        ("Déjà trouvé", money(project.amount_secured_eur) if project.amount_secured_eur is not None else ""),
        ("Échéance", dated(project.deadline, today) if project.deadline else ""),
    )
    return tuple((label, value) for label, value in rows if value)


def need_words(need: Need, names: Names) -> str:
    """« Mécénat de compétences : 20 jours ; Appui d'un paysagiste »."""
    sizes = [money(need.amount_eur)] if need.amount_eur else []
    if need.days:
        sizes.append(days(need.days))
    kind = names.label("commitment_kinds", need.kind)
    said = labelled(kind, " et ".join(sizes)) if sizes else kind
    details = [detail for detail in (need.label, names.words_of("objects", need.objects)) if detail]
    return clauses(said, *details)

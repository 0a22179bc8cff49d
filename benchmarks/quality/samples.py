"""Counts the sample commitments that name a challenge, and those that have a project of it first."""

from collections.abc import Mapping
from datetime import date

from services.matcher.offline import rank
from shared.events.shapes import Commitment, Project
from shared.reference.samples import SAMPLE_DAY, sample_commitments, sample_projects

DAYS = (SAMPLE_DAY, date(2027, 3, 1))


def challenges_first(day: date) -> Mapping[str, float]:
    """On a day: commitments `naming` a challenge, those with an `eligible` project of it, the share with one first."""
    projects = [Project.model_validate(record) for record in sample_projects()]
    commitments = [Commitment.model_validate(record) for record in sample_commitments()]
    named = {offer.commitment_id: set(offer.challenges) for offer in commitments if offer.challenges}
    challenge = {project.project_id: project.challenge_id for project in projects}
    lines = rank(projects, commitments, [], on=day, top=len(projects), direction="offer")
    answers = [line for line in lines if challenge[line["candidate"]] in named.get(line["for"], ())]
    eligible = {line["for"] for line in answers}
    first = {line["for"] for line in answers if line["rank"] == 1}
    return {"naming": len(named), "eligible": len(eligible), "first": len(first) / max(1, len(eligible))}

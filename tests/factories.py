"""Builders of valid values: each takes what a test is about and fills the rest."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from shared.events.entities import CommitmentPublished, FundPublished, ProjectPublished, TerritoryPublished
from shared.events.matches import HistoryEntry, MatchChanged, OfferFacts, ProjectFacts, Reason, match_id_of
from shared.events.people import AnswerGiven, DayStarted, Erased, MailDelivered, PreferenceSet
from shared.events.shapes import Commitment, Fund, Project, Territory

NOW = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
NANTES = {"level": "epci", "code": "244400404", "name": "Nantes Métropole"}
FRANCE = {"level": "national", "code": "FR", "name": "France"}


def event_id(*parts: object) -> UUID:
    """The same id for the same parts."""
    return uuid5(NAMESPACE_URL, "/".join(str(part) for part in parts))


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in (base | changes).items() if value is not None}


def a_project(project_id: str = "prj-a", **changes: Any) -> Project:
    """A project in Rezé that seeks 20 000 € and logistics, on food."""
    base: dict[str, Any] = {
        "project_id": project_id,
        "title": "Épicerie du port",
        "summary": "Une épicerie solidaire livrée de nuit par des vélos-cargos, ouverte aux habitants du quartier.",
        "owner": {"owner_id": f"por-{project_id}", "name": "Les Paniers de Rezé", "legal_form": "association"},
        "commune": "44143",
        "challenge_id": "nantes-metropole-d2",
        "categories": ["alimentation", "developpement-territorial-mobilite"],
        "stage": "amorcage",
        "needs": [
            {"kind": "mecenat-nature", "amount_eur": 12_000, "objects": ["logistique-transport"]},
            {"kind": "mecenat-financier", "amount_eur": 20_000},
        ],
        "amount_sought_eur": 20_000,
        "deadline": "2027-06-30",
        "status": "actif",
    }
    return Project.model_validate(_merged(base, changes))


def a_commitment(commitment_id: str = "eng-a", **changes: Any) -> Commitment:
    """Night docks lent in Nantes Métropole, for food and mobility."""
    base: dict[str, Any] = {
        "commitment_id": commitment_id,
        "title": "Des quais vides la nuit",
        "description": "Nos quais sont libres la nuit : nous les prêtons aux circuits alimentaires de proximité.",
        "company": {"company_id": f"ent-{commitment_id}", "name": "Entreprise engagée A", "commune": "44109"},
        "kind": "mecenat-nature",
        "objects": ["logistique-transport"],
        "total_eur": 24_000,
        "committed_eur": 0,
        "per_project_eur": {"min": 2_000, "max": 24_000},
        "perimeter": [NANTES],
        "accepts_neighbours": False,
        "categories": ["alimentation", "developpement-territorial-mobilite"],
        "challenges": ["nantes-metropole-d2"],
        "stages": ["amorcage", "experimentation"],
        "legal_forms": [],
        "opens_on": "2026-09-01",
        "closes_on": "2028-08-31",
        "status": "actif",
    }
    return Commitment.model_validate(_merged(base, changes))


def a_fund(fund_id: str = "fds-a", **changes: Any) -> Fund:
    """A national seed fund."""
    base: dict[str, Any] = {
        "fund_id": fund_id,
        "title": "Fonds d'amorçage solidaire",
        "description": "Amorcer des entreprises sociales dans toute la France.",
        "operator": "Banque solidaire",
        "nature": "fonds",
        "kinds": ["amorcage"],
        "recipients": ["porteur"],
        "ticket_eur": {"min": 5_000, "max": 100_000},
        "perimeter": [FRANCE],
        "accepts_neighbours": False,
        "categories": [],
        "stages": ["amorcage"],
        "legal_forms": [],
        "labelled_territories_only": False,
        "needs_barrier": False,
        "direct_funding": True,
        "apply_url": "https://example.org/candidater",
        "last_checked_on": "2026-11-02",
        "status": "actif",
    }
    return Fund.model_validate(_merged(base, changes))


def a_territory(territory_id: str = "ter-a", **changes: Any) -> Territory:
    """A candidate territory over Nantes Métropole with one challenge."""
    base: dict[str, Any] = {
        "territory_id": territory_id,
        "name": "Territoire candidat",
        "kind": "metropole",
        "perimeter": [NANTES],
        "challenges": [
            {
                "challenge_id": f"{territory_id}-d1",
                "title": "Nourrir la ville",
                "description": "Rapprocher les producteurs et les quartiers.",
                "axis": "environnement",
                "categories": ["alimentation"],
            }
        ],
        "status": "candidat",
    }
    return Territory.model_validate(_merged(base, changes))


def project_published(project: Project | None = None, *, version: int = 1) -> ProjectPublished:
    """The event of `project` at `version`."""
    project = project or a_project()
    return ProjectPublished(
        version=version, event_id=event_id(project.project_id, version), occurred_at=NOW, project=project
    )


def commitment_published(commitment: Commitment | None = None, *, version: int = 1) -> CommitmentPublished:
    """The event of `commitment` at `version`."""
    commitment = commitment or a_commitment()
    return CommitmentPublished(
        version=version, event_id=event_id(commitment.commitment_id, version), occurred_at=NOW, commitment=commitment
    )


def fund_published(fund: Fund | None = None, *, version: int = 1) -> FundPublished:
    """The event of `fund` at `version`."""
    fund = fund or a_fund()
    return FundPublished(version=version, event_id=event_id(fund.fund_id, version), occurred_at=NOW, fund=fund)


def territory_published(territory: Territory | None = None, *, version: int = 1) -> TerritoryPublished:
    """The event of `territory` at `version`."""
    territory = territory or a_territory()
    return TerritoryPublished(
        version=version, event_id=event_id(territory.territory_id, version), occurred_at=NOW, territory=territory
    )


def day_started(day: date = date(2026, 12, 1), *, version: int = 1) -> DayStarted:
    """The event of `day`."""
    return DayStarted(version=version, event_id=event_id("day", day), occurred_at=NOW, day=day)


def answer_given(answer: str = "interested", side: str = "project", *, version: int = 1, **changes: Any) -> AnswerGiven:
    """An answer to the match of `a_project` and `a_commitment`."""
    base: dict[str, Any] = {
        "version": version,
        "event_id": event_id("answer", side, answer, version),
        "occurred_at": NOW,
        "match_id": match_id_of("prj-a", "commitment", "eng-a"),
        "project_id": "prj-a",
        "offer_type": "commitment",
        "offer_id": "eng-a",
        "side": side,
        "answer": answer,
    }
    return AnswerGiven.model_validate(_merged(base, changes))


def preference_set(person_id: str = "per-a", *, version: int = 1, **changes: Any) -> PreferenceSet:
    """Someone who wants one mail a day."""
    base: dict[str, Any] = {
        "version": version,
        "event_id": event_id("preference", person_id, version),
        "occurred_at": NOW,
        "person_id": person_id,
        "frequency": "daily",
    }
    return PreferenceSet.model_validate(_merged(base, changes))


def erased(subject: str = "project", subject_id: str = "prj-a", *, version: int = 1) -> Erased:
    """The erasure of one entity, or of someone who leaves none."""
    return Erased.model_validate(
        {
            "version": version,
            "event_id": event_id("erased", subject, subject_id),
            "occurred_at": NOW,
            "subject": subject,
            "subject_id": subject_id,
            "entities": [] if subject in {"person", "organisation"} else [(subject, subject_id)],
        }
    )


def mail_delivered(delivery_id: str = "mail-a", *, version: int = 1) -> MailDelivered:
    """A mail about the match of `a_project` and `a_commitment`."""
    return MailDelivered(
        version=version,
        event_id=event_id("mail", delivery_id),
        occurred_at=NOW,
        delivery_id=delivery_id,
        person_id="per-a",
        kind="suggestions",
        match_ids=(match_id_of("prj-a", "commitment", "eng-a"),),
        message_id="<mail-a@essaim.example.org>",
        outcome="sent",
    )


def match_changed(
    project_id: str = "prj-a", offer_id: str = "eng-a", *, version: int = 1, **changes: Any
) -> MatchChanged:
    """The match of Épicerie du port and Des quais vides la nuit, just proposed to both sides."""
    base: dict[str, Any] = {
        "version": version,
        "event_id": event_id("match", project_id, offer_id, version),
        "occurred_at": NOW,
        "match_id": match_id_of(project_id, changes.get("offer_type", "commitment"), offer_id),
        "project_id": project_id,
        "offer_type": "commitment",
        "offer_id": offer_id,
        "project_version": 1,
        "offer_version": 1,
        "change": "proposed",
        "state": "proposed",
        "score": 0.82,
        "reasons": [
            Reason(code="defi-identique", share=0.25, challenge_id="nantes-metropole-d2"),
            Reason(code="theme-principal", share=0.2, categories=("alimentation",)),
            Reason.model_validate({"code": "geo-contenu", "share": 0.15, "unit": NANTES}),
            Reason(code="objet-commun", share=0.12, objects=("logistique-transport",)),
            Reason(code="montant-compatible", share=0.1, covers_eur=12_000, need_eur=12_000),
            Reason(code="stade-admis", share=0, stage="amorcage"),
        ],
        "model": "2026-12-a",
        "listed_by": ["project", "offer"],
        "entered": ["project", "offer"],
        "project": ProjectFacts(
            title="Épicerie du port",
            owner_id="por-prj-a",
            owner_name="Les Paniers de Rezé",
            legal_form="association",
            commune="44143",
            commune_name="Rezé",
            territories=("nantes-metropole",),
            challenge_id="nantes-metropole-d2",
            categories=("alimentation", "developpement-territorial-mobilite"),
            stage="amorcage",
            needs=a_project().needs,
            amount_sought_eur=20_000,
            deadline=date(2027, 6, 30),
        ),
        "offer": OfferFacts.model_validate(
            {
                "title": "Des quais vides la nuit",
                "organisation_id": "ent-eng-a",
                "organisation_name": "Entreprise engagée A",
                "kinds": ["mecenat-nature"],
                "objects": ["logistique-transport"],
                "perimeter": [NANTES],
                "categories": ["alimentation", "developpement-territorial-mobilite"],
                "stages": ["amorcage", "experimentation"],
                "min_eur": 2_000,
                "max_eur": 24_000,
                "remaining_eur": 24_000,
                "opens_on": "2026-09-01",
                "closes_on": "2028-08-31",
            }
        ),
        "history": [HistoryEntry(at=NOW, change="proposed", score=0.82, model="2026-12-a")],
    }
    return MatchChanged.model_validate(_merged(base, changes))

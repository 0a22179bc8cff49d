"""Prepared projects and offers for the tests of the engine, and strategies for any of them."""

from datetime import date, timedelta
from typing import Any, get_args

from hypothesis import settings
from hypothesis import strategies as st

from services.matcher.matching.model import PreparedOffer, PreparedProject
from services.matcher.matching.prepare import Preparation
from shared.events import vocabulary
from shared.events.shapes import Commitment, Fund, Project
from shared.reference.geography import Unit, load_geography
from shared.reference.taxonomy import load_taxonomy
from shared.reference.territories import load_territories
from shared.reference.territory_index import TerritoryIndex
from shared.text.model import load_text_model
from tests.factories import a_commitment, a_fund, a_project

DAY = date(2026, 12, 1)
RULE = settings(max_examples=50, deadline=None)
"""For a rule that holds for any pair: enough tries to find what breaks it, few enough to run at each commit."""
GEOGRAPHY = load_geography()
PREPARATION = Preparation(GEOGRAPHY, load_taxonomy(), TerritoryIndex(load_territories()), load_text_model())

REZE, NANTES_CITY, LILLE, FIGEAC = "44143", "44109", "59350", "46102"
REZE_UNIT = {"level": "commune", "code": REZE}
NANTES_METROPOLE = {"level": "epci", "code": "244400404"}
LOIRE_ATLANTIQUE = {"level": "departement", "code": "44"}
VENDEE = {"level": "departement", "code": "85"}
PAYS_DE_LA_LOIRE = {"level": "region", "code": "52"}
FRANCE = {"level": "national", "code": "FR"}


def project(project_id: str = "prj-a", **changes: Any) -> PreparedProject:
    """The project of the factories, changed, as the engine judges it."""
    return PREPARATION.project(a_project(project_id, **changes))


def commitment(commitment_id: str = "eng-a", **changes: Any) -> PreparedOffer:
    """The commitment of the factories, changed, as the engine judges it."""
    return PREPARATION.commitment(a_commitment(commitment_id, **changes))


def fund(fund_id: str = "fds-a", **changes: Any) -> PreparedOffer:
    """The fund of the factories, changed, as the engine judges it."""
    return PREPARATION.fund(a_fund(fund_id, **changes))


def _some(literal: Any, *, least: int = 0, most: int = 3) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(get_args(literal)), min_size=least, max_size=most, unique=True)


KINDS = get_args(vocabulary.CommitmentKind)
UNITS = (
    *(Unit("commune", code) for code in (REZE, NANTES_CITY, "44035", LILLE, "59512", "75056", "93048", "97608")),
    *(Unit("epci", code) for code in ("244400404", "200093201", "200067361")),
    Unit("ept", "200057875"),
    *(Unit("departement", code) for code in ("44", "85", "59", "93", "976")),
    *(Unit("region", code) for code in ("52", "32", "11", "06")),
    Unit("national", "FR"),
)
PERIMETERS = st.lists(st.sampled_from((*UNITS, *UNITS[-4:], *UNITS[-1:] * 8)), min_size=1, max_size=3, unique=True).map(
    lambda units: [{"level": unit.level, "code": unit.code} for unit in units]
)
_OPENS = st.sampled_from([None, *(DAY + timedelta(days=shift) for shift in (-30, -9, -8, -7, -1, 0, 1))])
_CLOSES = st.sampled_from([None, *(DAY + timedelta(days=shift) for shift in (30, 9, 8, 7, 1, 0, -1))])
_AMOUNTS = st.sampled_from([None, None, 5_000, 20_000, 3_000_000, 1_000, 999, 1, 0])
_COUNTS = st.sampled_from([None, None, 20, 9, 5, 1, 0])
_STATUSES = st.sampled_from(["actif"] * 30 + ["suspendu", "clos", "retire"])
_RARELY = st.sampled_from([False, False, False, True])
_CHALLENGES = ("nantes-metropole-d1", "nantes-metropole-d2", "roubaix-d1")
_SIRENS = st.sampled_from([None, None, None, "123456789", "000000001"])
_WORDS = ("épicerie", "quais", "vélos", "nuit", "jardin", "numérique", "aînés", "locaux", "compost", "xyzzy")
_TEXTS = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=6).map(" ".join)


@st.composite
def _ranges(draw: st.DrawFn) -> dict[str, int] | None:
    ends = sorted(amount for amount in (draw(_AMOUNTS), draw(_AMOUNTS)) if amount is not None)
    return dict(
        zip(draw(st.permutations(["min", "max"]))[:1] if len(ends) == 1 else ["min", "max"], ends, strict=False)
    )


_ASKED = [
    {"amount_eur": euros, "days": days, "objects": objects}
    for euros in (None, 20_000, 1_000, 0)
    for days in (None, 9, 1)
    for objects in ([], ["locaux"], ["locaux", "velos"], ["textile", "droit"])
]


@st.composite
def projects(draw: st.DrawFn, project_id: str = "prj-a") -> PreparedProject:
    """Any project around a few places, themes and words, so that many pairs are eligible."""
    kinds = draw(st.sampled_from([KINDS, KINDS[1:], KINDS[:5]]))
    needs = [{"kind": kind, **draw(st.sampled_from(_ASKED))} for kind in kinds]
    owner = {
        "owner_id": draw(st.sampled_from(["org-c", "org-b", "org-a"])),
        "name": "Porteur",
        "legal_form": draw(st.sampled_from(["association", "association-droit-local", "scop", "societe"])),
        "accreditations": draw(_some(vocabulary.Accreditation, most=1)),
        "siren": draw(_SIRENS),
    }
    return PREPARATION.project(
        Project.model_validate(
            {
                "project_id": project_id,
                "title": draw(_TEXTS),
                "summary": draw(_TEXTS),
                "owner": owner,
                "commune": draw(st.sampled_from([unit.code for unit in UNITS if unit.level == "commune"])),
                "perimeter": draw(st.just([]) | PERIMETERS),
                "challenge_id": draw(st.none() | st.sampled_from(_CHALLENGES)),
                "categories": draw(_some(vocabulary.Category)),
                "suggested_categories": draw(_some(vocabulary.Category, most=1)),
                "stage": draw(st.sampled_from(get_args(vocabulary.Stage))),
                "needs": needs,
                "amount_sought_eur": draw(_AMOUNTS),
                "deadline": draw(_CLOSES),
                "barrier": draw(st.none() | st.just({"kind": "norme-nationale", "text": "Une norme."})),
                "status": draw(_STATUSES),
                "duplicate_of": draw(st.sampled_from([None] * 30 + ["prj-0"])),
            }
        )
    )


_SHARED = st.fixed_dictionaries(
    {
        "title": _TEXTS,
        "description": _TEXTS,
        "perimeter": PERIMETERS,
        "accepts_neighbours": st.booleans(),
        "categories": st.just([]) | _some(vocabulary.Category, most=5),
        "stages": st.just([]) | _some(vocabulary.Stage, most=4),
        "legal_forms": st.sampled_from([[], [], ["association", "esus"], ["association", "societe"], ["scop"]]),
        "opens_on": _OPENS,
        "closes_on": _CLOSES,
        "status": _STATUSES,
        "duplicate_of": st.sampled_from([None] * 30 + ["twin"]),
    }
)


@st.composite
def commitments(draw: st.DrawFn, commitment_id: str = "eng-a") -> PreparedOffer:
    """Any commitment around the same places, themes and words."""
    return PREPARATION.commitment(
        Commitment.model_validate(
            {
                **draw(_SHARED),
                "commitment_id": commitment_id,
                "company": {
                    "company_id": draw(st.sampled_from(["org-d", "org-e", "org-a"])),
                    "name": "Entreprise",
                    "siren": draw(_SIRENS),
                },
                "kind": draw(st.sampled_from(get_args(vocabulary.CommitmentKind))),
                "objects": draw(
                    st.sampled_from([[], [], ["locaux"], ["velos", "textile"], ["droit", "locaux", "velos"]])
                ),
                "total_eur": draw(_AMOUNTS),
                "committed_eur": draw(st.none() | st.sampled_from([0, 500])),
                "per_project_eur": draw(st.none() | _ranges()),
                "days": draw(_COUNTS),
                "committed_days": draw(st.none() | st.sampled_from([0, 1])),
                "per_project_days": draw(st.none() | st.just({"min": 2, "max": 10})),
                "challenges": draw(st.lists(st.sampled_from(_CHALLENGES), max_size=2, unique=True)),
            }
        )
    )


@st.composite
def funds(draw: st.DrawFn, fund_id: str = "fds-a") -> PreparedOffer:
    """Any fund around the same places, themes and words."""
    return PREPARATION.fund(
        Fund.model_validate(
            {
                **draw(_SHARED),
                "fund_id": fund_id,
                "nature": "fonds",
                "kinds": draw(_some(vocabulary.FundKind, least=1)),
                "recipients": ["porteur"],
                "envelope_eur": draw(_AMOUNTS),
                "ticket_eur": draw(st.none() | _ranges()),
                "labelled_territories_only": draw(_RARELY),
                "needs_barrier": draw(_RARELY),
                "direct_funding": True,
            }
        )
    )


OFFERS = commitments() | funds()

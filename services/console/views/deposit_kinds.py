"""The three things a person deposits by page: where each one's pages are, which form it has, how it is called."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from services.console.views import fund_form, offer_form, project_form
from services.console.views.atlas import Atlas
from services.console.views.deposit import Options, Typed, field_in
from services.console.views.perimeter_form import Perimeters
from shared.events.vocabulary import EntityType

Body = Mapping[str, Any]
Values = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Words:
    """How a kind is called in sentences."""

    new: str
    """« Déposer un projet »: the title of its new form."""
    lead: str
    send: str
    """« Déposer le projet »: the button of its new form."""
    this: str
    """« ce projet »."""
    mine: str
    """« Mes projets »: the title of the list it is in."""
    others: str
    """What it is matched with."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of deposit: its addresses, its form, its words."""

    entity_type: EntityType
    id_field: str
    id_prefix: str
    pages: str
    """Its pages start so: « /projets »."""
    new_page: str
    list_page: str
    api: str
    """Ingest keeps it there."""
    template: str
    words: Words
    read: Callable[[Typed, Perimeters], tuple[dict[str, Any], dict[str, str]]]
    values: Callable[[Body, Perimeters], Values]
    next: Callable[[Body, str], Values]
    change: Callable[[Body, Body], dict[str, Any]]
    options: Callable[[Atlas, Body], dict[str, Options]]
    labels: Callable[[Atlas], dict[str, str]]
    field_of: Callable[[str, Typed], str]
    examples: Mapping[str, str]
    party: tuple[str, str, str] | None
    """Who it is of, where it has one: the object, its id's field and the prefix of a new id."""
    checked_on: str | None = None
    """The field that says when it was last checked, where it has one: whoever saves the form vouches for it."""

    def page(self, entity_id: str, page: str = "modifier") -> str:
        """The address of one of its pages."""
        return f"{self.pages}/{quote(entity_id, safe='~')}/{page}"

    def kept_at(self, entity_id: str) -> str:
        """Where ingest keeps one."""
        return f"{self.api}/{quote(entity_id, safe='~')}"


def _labels(labels: dict[str, str], _atlas: Atlas) -> dict[str, str]:
    return labels


def _field(fields: Mapping[str, str], path: str, _typed: Typed) -> str:
    return field_in(fields, path)


PROJECT = Kind(
    entity_type="project",
    id_field="project_id",
    id_prefix="prj",
    pages="/projets",
    new_page="/projets/nouveau",
    list_page="/mes-projets",
    api="/v1/projects",
    template="project_form.html",
    words=Words(
        new="Déposer un projet",
        lead="Quelques minutes suffisent. Les fonds et les entreprises qui lui correspondent s'affichent aussitôt, "
        "avec leurs raisons.",
        send="Déposer le projet",
        this="ce projet",
        mine="Mes projets",
        others="Les fonds et les entreprises",
    ),
    read=project_form.read_project,
    values=project_form.project_values,
    next=project_form.next_project,
    change=project_form.change_project,
    options=project_form.project_options,
    labels=project_form.project_labels,
    field_of=project_form.project_field_of,
    examples=project_form.EXAMPLES,
    party=("owner", "owner_id", "por"),
)

COMMITMENT = Kind(
    entity_type="commitment",
    id_field="commitment_id",
    id_prefix="eng",
    pages="/offres",
    new_page="/offres/nouvelle",
    list_page="/mes-offres",
    api="/v1/commitments",
    template="offer_form.html",
    words=Words(
        new="Proposer un engagement",
        lead="Ce que votre entreprise apporte, à quels projets, où et jusqu'à quand. Ce qui reste vide n'exclut "
        "personne.",
        send="Déposer l'engagement",
        this="cet engagement",
        mine="Mes offres",
        others="Les projets",
    ),
    read=offer_form.read_commitment,
    values=offer_form.commitment_values,
    next=offer_form.next_commitment,
    change=offer_form.change_commitment,
    options=offer_form.commitment_options,
    labels=partial(_labels, offer_form.LABELS),
    field_of=partial(_field, offer_form.FIELD_OF),
    examples=offer_form.EXAMPLES,
    party=("company", "company_id", "ent"),
)

FUND = Kind(
    entity_type="fund",
    id_field="fund_id",
    id_prefix="fds",
    pages="/fonds",
    new_page="/fonds/nouveau",
    list_page="/mes-offres",
    api="/v1/funds",
    template="fund_form.html",
    words=Words(
        new="Décrire un fonds ou un guichet",
        lead="Un fonds, un programme, un appel ou un guichet : ce qu'il apporte, à qui, où et jusqu'à quand. Ce qui "
        "reste vide n'exclut personne.",
        send="Déposer le fonds",
        this="ce fonds",
        mine="Mes offres",
        others="Les projets",
    ),
    read=fund_form.read_fund,
    values=fund_form.fund_values,
    next=fund_form.next_fund,
    change=fund_form.change_fund,
    options=fund_form.fund_options,
    labels=partial(_labels, fund_form.LABELS),
    field_of=partial(_field, fund_form.FIELD_OF),
    examples=fund_form.EXAMPLES,
    party=None,
    checked_on="last_checked_on",
)

KINDS: Mapping[str, Kind] = {kind.entity_type: kind for kind in (PROJECT, COMMITMENT, FUND)}
"""Type of entity -> what is known of its deposits."""

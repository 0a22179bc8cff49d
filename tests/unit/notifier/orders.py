"""Orders for mails, as the notifier makes them: each kind, to each side, alone and grouped."""

from datetime import UTC, date, datetime
from typing import Any

from services.notifier.messages.compose import best_first
from services.notifier.messages.letter import Contact, Item, Order
from services.notifier.messages.links import Links
from services.notifier.messages.notices import Party
from shared.events.matches import MatchChanged
from shared.events.people import MailKind
from tests.factories import NOW, match_changed

TODAY = date(2026, 12, 1)
LINKS = Links("https://essaim.example", "a secret for tests only", datetime(2026, 12, 1, 9, 30, tzinfo=UTC))
PROJECT = Party("project", "prj-a")
OFFER = Party("commitment", "eng-a")
FUND = Party("fund", "fds-a")
TERRITORY = Party("territory", "nantes-metropole")
FUND_FACTS = {"nature": "fonds", "kinds": ("amorcage",), "title": "Fonds d'amorçage solidaire"}


def recipient(party: Party, person_id: str = "per-a") -> Contact:
    """Someone who answers for `party`."""
    return Contact(party, person_id, f"{person_id}@example.org", "Marie Dupont")


def a_match(number: int = 0, **changes: Any) -> MatchChanged:
    """A match; a number makes another project, less fitting."""
    match = match_changed(f"prj-{number}" if number else "prj-a", **changes)
    if not number:
        return match
    project = match.project.model_copy(update={"title": f"Projet numéro {number}", "owner_name": f"Structure {number}"})
    return match.model_copy(update={"project": project, "score": round(0.8 - number / 100, 2)})


def an_order(kind: MailKind, party: Party, *items: Item, person: str = "per-a") -> Order:
    """A mail of `kind` to whoever answers for `party`."""
    return Order(kind, recipient(party, person), best_first(list(items)), TODAY)


def fund_match(*, managed: bool = True, **changes: Any) -> MatchChanged:
    """A match with a fund."""
    match = match_changed(offer_id="fds-a", offer_type="fund", **changes)
    return match.model_copy(update={"offer": match.offer.model_copy(update=FUND_FACTS | {"managed": managed})})


def _introduced() -> MatchChanged:
    return a_match(state="introduced", change="introduced", interested_sides=("project", "offer"))


def _concluded(**changes: Any) -> MatchChanged:
    step = {"at": NOW, "change": "concluded", "side": "offer", "amount_eur": 12_000}
    return a_match(state="concluded", change="concluded", concluded_eur=12_000, history=[step], **changes)


def orders() -> dict[str, Order]:
    """Every case that has a golden file, by its name."""
    interested = {"state": "interested", "change": "interested"}
    mutual = {"state": "mutual", "change": "mutual", "introduce_on": "2026-12-08"}
    colleague = Contact(OFFER, "per-b", "partenariats@example.org", "Anne Martin")
    individual = a_match(**interested, interested_sides=("project",))
    individual = individual.model_copy(
        update={
            "project": individual.project.model_copy(
                update={"legal_form": "entreprise-individuelle", "owner_name": "Porteur individuel, Rezé"}
            )
        }
    )
    return {
        "suggestion-offer": an_order("suggestions", OFFER, Item(a_match(), OFFER)),
        "suggestion-project": an_order("suggestions", PROJECT, Item(a_match(), PROJECT)),
        "suggestion-project-fund": an_order("suggestions", PROJECT, Item(fund_match(managed=False), PROJECT)),
        "suggestion-fund": an_order("suggestions", FUND, Item(fund_match(), FUND)),
        "suggestions-offer": an_order("suggestions", OFFER, *(Item(a_match(n), OFFER) for n in range(8))),
        "suggestions-mixed": an_order("suggestions", OFFER, Item(a_match(), OFFER), Item(fund_match(), FUND)),
        "interest-project": an_order(
            "interest", PROJECT, Item(a_match(**interested, interested_sides=("offer",)), PROJECT)
        ),
        "interest-offer-individual": an_order("interest", OFFER, Item(individual, OFFER)),
        "mutual-coordinator": an_order("mutual", TERRITORY, Item(a_match(**mutual), TERRITORY)),
        "introduction-project": an_order("introduction", PROJECT, Item(_introduced(), PROJECT, (colleague,))),
        "introduction-without-contact": an_order("introduction", OFFER, Item(_introduced(), OFFER)),
        "concluded-project": an_order("concluded", PROJECT, Item(_concluded(), PROJECT)),
    }

"""Subjects and first lines: each says the fact, in French that no title, name or number can break."""

from typing import NamedTuple

from services.notifier.messages.letter import Item, Order
from shared.events.matches import MatchChanged, OfferFacts, ProjectFacts
from shared.events.vocabulary import INDIVIDUALS, FundNature
from shared.words.french import at_place, count, labelled, listed, one_line, quoted
from shared.words.names import Names

_LONGEST_TITLE = 70


class OfferNoun(NamedTuple):
    """How one kind of offer is called: « le fonds », « proposé »."""

    noun: str
    article: str
    offered: str


_COMMITMENT = OfferNoun("engagement", "L'", "proposé")
_NATURES: dict[FundNature, OfferNoun] = {
    "fonds": OfferNoun("fonds", "Le ", "proposé"),
    "convention": OfferNoun("convention", "La ", "proposée"),
    "programme": OfferNoun("programme", "Le ", "proposé"),
    "appel": OfferNoun("appel", "L'", "proposé"),
    "guichet": OfferNoun("guichet", "Le ", "proposé"),
    "appui": OfferNoun("appui", "L'", "proposé"),
    "reseau": OfferNoun("réseau", "Le ", "proposé"),
    "plan-local": OfferNoun("plan local", "Le ", "proposé"),
}


def title(text: str) -> str:
    """A title in guillemets, on one line, shortened at a word where it is long."""
    words = one_line(text)
    if len(words) > _LONGEST_TITLE:
        words = words[:_LONGEST_TITLE].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
    return quoted(words)


def offer_noun(offer: OfferFacts) -> OfferNoun:
    """How this offer is called."""
    return _NATURES[offer.nature] if offer.nature else _COMMITMENT


def offer_by(offer: OfferFacts, names: Names) -> str:
    """« Engagement (mécénat en nature), proposé par : Entreprise A »."""
    noun, _, offered = offer_noun(offer)
    kinds = f" ({names.kinds(offer.kinds)})" if offer.kinds else ""
    return labelled(f"{noun.capitalize()}{kinds}, {offered} par", offer.organisation_name)


def project_by(project: ProjectFacts, owner: str, names: Names) -> str:
    """« Projet à Rezé, porté par : Les Paniers de Rezé (association) »."""
    start = f"Projet {at_place(project.commune_name)}, porté par"
    if project.legal_form in INDIVIDUALS and owner == project.owner_name:
        return f"{start} un particulier"
    return labelled(start, f"{owner} ({names.word('legal_forms', project.legal_form)})")


def both(match: MatchChanged) -> str:
    """« Épicerie du port » et « Des quais vides la nuit »."""
    return f"{title(match.project.title)} et {title(match.offer.title)}"


def yours(item: Item) -> str:
    """« votre projet « … » », « votre fonds « … » »."""
    if item.side == "project":
        return f"votre projet {title(item.match.project.title)}"
    return f"votre {offer_noun(item.match.offer).noun} {title(item.match.offer.title)}"


def all_yours(order: Order) -> str:
    """The recipient's things that the mail is about: one by its title, several together."""
    if len(order.parties) == 1:
        return yours(order.items[0])
    sides = {item.side for item in order.items}
    return {frozenset({"project"}): "vos projets", frozenset({"offer"}): "vos offres"}.get(
        frozenset(filter(None, sides)), "vos projets et vos offres"
    )


def interested_party(item: Item) -> str:
    """Who said yes: « Les Paniers de Rezé », « un particulier à Rezé »."""
    project = item.match.project
    if item.side == "project":
        return item.match.offer.organisation_name
    if project.legal_form in INDIVIDUALS and item.owner_name is None:
        return f"un particulier {at_place(project.commune_name)}"
    return item.owner


def headline(order: Order) -> str:
    """The fact, as the subject and the first line of a mail say it."""
    return (_one if len(order.items) == 1 else _several)(order)


def _one(order: Order) -> str:
    item = order.items[0]
    match = item.match
    if order.kind == "suggestions":
        if item.side == "offer":
            return f"Un projet {at_place(match.project.commune_name)} correspond à {yours(item)}"
        noun, article, _ = offer_noun(match.offer)
        return f"{article}{noun} {title(match.offer.title)} correspond à {yours(item)}"
    if order.kind == "interest":
        return labelled(f"Intérêt pour {yours(item)}", interested_party(item))
    label = {"mutual": "À mettre en relation", "introduction": "Mise en relation", "concluded": "Conclu"}[order.kind]
    return labelled(label, both(match))


def _several(order: Order) -> str:
    number = len(order.items)
    if order.kind == "suggestions":
        return f"{count(number, _what(order))} correspondent à {all_yours(order)}"
    if order.kind == "interest":
        said = count(number, "marque d'intérêt", "marques d'intérêt")
        return f"{said} pour {all_yours(order)}"
    if order.kind == "mutual":
        return f"{count(number, 'mise en relation', 'mises en relation')} vous attendent"
    if order.kind == "introduction":
        return labelled(count(number, "mise en relation", "mises en relation"), "voici à qui écrire")
    return f"{count(number, 'rapprochement')} conclus, pour {all_yours(order)}"


def _what(order: Order) -> str:
    """What the items bring: projects or offers, unless one comes twice or both are there."""
    sides = {item.side for item in order.items}
    brought = [item.match.offer_id if item.side == "project" else item.match.project_id for item in order.items]
    if len(sides) > 1 or len(set(brought)) < len(brought):
        return "rapprochement"
    return "offre" if sides == {"project"} else "projet"


def why_you(order: Order, names: Names) -> str:
    """Why the recipient gets this mail."""
    start = "Vous recevez ce message parce que vous"
    if order.parties[0].type == "territory":
        places = ", ".join(names.territories.get(party.id, party.id) for party in order.parties)
        return f"{labelled(f'{start} animez', places)}."
    mine = list(dict.fromkeys(yours(item) for item in order.items))
    told = mine if len(mine) <= 3 else [*mine[:2], "d'autres"]
    return f"{start} êtes le contact indiqué pour {listed(told)}."

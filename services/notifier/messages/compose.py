"""Makes the letter of one mail: who and what, why, how much and until when, what to do."""

from collections.abc import Callable
from dataclasses import replace

from services.notifier.messages import phrases
from services.notifier.messages.letter import SHOWN, Card, Item, Letter, Link, Order
from services.notifier.messages.links import Links
from shared.events.people import MailKind
from shared.words.bands import fit
from shared.words.facts import offer_amount, offer_dates, project_dates, project_need
from shared.words.french import capitalised, count, day, days, labelled, listed, money, one_line
from shared.words.names import Names
from shared.words.reasons import best_reasons, reason_sentence

BRAND = "Essaim"
REASONS = 3
"""Reasons told for a match; amount and dates stand apart."""

_BUTTONS: dict[MailKind, str] = {
    "suggestions": "Voir et répondre",
    "interest": "Voir et répondre",
    "mutual": "Mettre en relation",
    "introduction": "Voir la mise en relation",
    "concluded": "Voir le rapprochement",
}
_ASK: tuple[MailKind, ...] = ("suggestions", "interest")


def compose(order: Order, names: Names, links: Links) -> Letter:
    """The letter of `order`; the same order at the same time gives the same letter."""
    names = _with_names_of(order, names)
    return Letter(
        sender=_sender(order, names),
        subject=phrases.headline(order),
        opening=_opening(order),
        cards=tuple(_card(order, item, names, links) for item in order.shown),
        rest=_rest(order, links),
        settings=Link("Régler mes alertes", links.alerts(order.recipient.person_id)),
        footer=(
            "Essaim rapproche des projets d'innovation sociale et ce qu'offrent entreprises et financeurs, "
            "territoire par territoire.",
            phrases.why_you(order, names),
        ),
    )


def _with_names_of(order: Order, names: Names) -> Names:
    """`names`, with those that the matches carry of their territories and défis: declared later, or renamed."""
    projects = [item.match.project for item in order.items]
    territories = dict(names.territories)
    challenges = dict(names.challenges)
    for each in projects:
        territories.update(zip(each.territories, each.territory_names, strict=False))  # earlier events say no names
        if each.challenge_id and each.challenge_title:
            challenges[each.challenge_id] = each.challenge_title
    return replace(names, territories=territories, challenges=challenges)


def best_first(items: list[Item]) -> tuple[Item, ...]:
    """By score, ties by match id: the order in which a mail tells them."""
    return tuple(sorted(items, key=lambda item: (-item.match.score, item.match.match_id)))


def _sender(order: Order, names: Names) -> str:
    item = order.items[0]
    places = (item.party.id,) if item.side is None else item.match.project.territories
    name = next((names.territories[place] for place in places if place in names.territories), None)
    return f"{BRAND} · {name}" if name else BRAND


def _opening(order: Order) -> str | None:
    """The first two titles of several; a single match begins with its own title."""
    if len(order.items) == 1:
        return None
    titles = list(dict.fromkeys(_title(item) for item in order.items))
    told, left = titles[:2], len(titles) - 2
    return listed([*told, count(left, "autre")] if left > 0 else told)


def _rest(order: Order, links: Links) -> Link | None:
    left = len(order.items) - SHOWN
    if left <= 0:
        return None
    label = "Voir l'autre rapprochement" if left == 1 else f"Voir les {left} autres rapprochements"
    return Link(label, links.rest(order))


def _title(item: Item) -> str:
    facts = item.match.offer if item.side == "project" else item.match.project
    return one_line(facts.title)


def _named(order: Order, item: Item) -> str:
    """What tells this match from the others of its mail."""
    name = _title(item)
    if [_title(each) for each in order.items].count(name) == 1:
        return name
    mine = item.match.project if item.side == "project" else item.match.offer
    return f"{name}, pour {one_line(mine.title)}"


def _card(order: Order, item: Item, names: Names, links: Links) -> Card:
    asks = order.kind in _ASK
    action, decline = _BUTTONS[order.kind], "Pas pour nous"
    if asks and not item.match.offer.managed:
        action = "Voir comment candidater"
    if len(order.items) > 1:
        named = _named(order, item)
        action, decline = labelled(action, named), labelled(decline, named)
    person = order.recipient.person_id
    return Card(
        title=_title(item),
        who=_who(item, names),
        lines=_lines(order, item, names),
        fit=capitalised(fit(item.match.score)) if asks else None,
        reasons=_reasons(item, names) if asks or order.kind == "mutual" else (),
        facts=_facts(order, item, names),
        contacts=_contacts(item) if order.kind == "introduction" else (),
        button=Link(action, links.answer(person, item)),
        decline=Link(decline, links.answer(person, item, declines=True)) if asks else None,
    )


def _who(item: Item, names: Names) -> str:
    if item.side == "project":
        return phrases.offer_by(item.match.offer, names)
    return phrases.project_by(item.match.project, item.owner, names)


def _reasons(item: Item, names: Names) -> tuple[str, ...]:
    match = item.match
    best = best_reasons(match.reasons, REASONS, leave=("montant-compatible", "montant-partiel", "calendrier-ouvert"))
    return tuple(reason_sentence(each, match.project, match.offer, names, reader=item.side) for each in best)


def _lines(order: Order, item: Item, names: Names) -> tuple[str, ...]:
    said = _SAID[order.kind](item, names)
    return (f"Pour {phrases.yours(item)}", *said) if order.kind in _ASK else said


def _suggestion_lines(item: Item, names: Names) -> tuple[str, ...]:
    return ()


def _interest_lines(item: Item, names: Names) -> tuple[str, ...]:
    return ("Si cela vous intéresse aussi, répondez oui : les coordonnées sont alors données aux deux parties.",)


def _mutual_lines(item: Item, names: Names) -> tuple[str, ...]:
    match = item.match
    waiting = "Les deux parties ont dit oui et attendent que vous les présentiez."
    if match.introduce_on:
        waiting += f" Sans vous, la mise en relation se fera d'office le {day(match.introduce_on)}."
    return (f"Avec {phrases.title(match.offer.title)}", phrases.offer_by(match.offer, names), waiting)


def _introduction_lines(item: Item, names: Names) -> tuple[str, ...]:
    said_yes = f"Vous avez dit oui, l'autre partie aussi, pour {phrases.yours(item)}."
    if item.counterparts:
        return (said_yes, "À vous de vous écrire :")
    return (said_yes, "Les coordonnées de l'autre partie sont sur la page du rapprochement.")


def _concluded_lines(item: Item, names: Names) -> tuple[str, ...]:
    match = item.match
    by = next((step.side for step in reversed(match.history) if step.change == "concluded"), None)
    who = "L'autre partie" if by else "La coordination du territoire"
    return (f"{who} a déclaré ce rapprochement conclu, pour {phrases.yours(item)}.",)


_SAID: dict[MailKind, Callable[[Item, Names], tuple[str, ...]]] = {
    "suggestions": _suggestion_lines,
    "interest": _interest_lines,
    "mutual": _mutual_lines,
    "introduction": _introduction_lines,
    "concluded": _concluded_lines,
}


def _facts(order: Order, item: Item, names: Names) -> tuple[tuple[str, str], ...]:
    match = item.match
    if order.kind == "concluded":
        agreed = [money(match.concluded_eur)] if match.concluded_eur else []
        agreed += [days(match.concluded_days)] if match.concluded_days else []
        return (("Convenu", " et ".join(agreed)),) if agreed else ()
    if order.kind not in _ASK:
        return ()
    if item.side == "project":
        found = (("Montant", offer_amount(match.offer)), ("Dates", offer_dates(match.offer, order.today)))
    else:
        found = (
            ("Besoin", project_need(match.project, match.offer, names)),
            ("Dates", project_dates(match.project, order.today)),
        )
    return tuple((label, value) for label, value in found if value)


def _contacts(item: Item) -> tuple[Link, ...]:
    return tuple(
        Link(labelled(contact.name, contact.email) if contact.name else contact.email, f"mailto:{contact.email}")
        for contact in item.counterparts
    )

"""Mails say the fact, the same in both parts, fetch nothing, and no title or name can break them."""

import os
import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.messages.compose import compose
from services.notifier.messages.letter import Item, Letter, Order
from services.notifier.messages.mime import Headers, to_bytes
from services.notifier.messages.notices import Party
from services.notifier.messages.render import as_html, as_text
from shared.events.matches import Reason
from shared.words.names import reference_names
from tests.unit.notifier.orders import LINKS, OFFER, PROJECT, a_match, an_order, orders

GOLDEN = Path(__file__).parent / "golden"
CASES = orders()
NAMES = reference_names()


def letter_of(order: Order) -> Letter:
    return compose(order, NAMES, LINKS)


def mail_of(order: Order, *, name: str | None = None, subject: str | None = None) -> bytes:
    letter = letter_of(order)
    headers = Headers(
        message_id="<mail-a@essaim.example>",
        sent_at=LINKS.now,
        sender=letter.sender,
        from_address="bonjour@essaim.example",
        to_name=name or order.recipient.name,
        to_address=order.recipient.email,
        subject=subject or letter.subject,
        settings_url=letter.settings.url,
    )
    return to_bytes(headers, as_text(letter), as_html(letter))


def parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


class Lines(HTMLParser):
    """What a reader of the HTML part sees, line by line, with the address each link leads to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self._text = ""
        self._silent = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._silent += tag in {"style", "title"}
        if tag != "strong":
            self._flush()
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"style", "title"}
        if tag == "strong":
            return
        self._flush()
        if tag == "a" and not self.links[-1].startswith("mailto:"):
            self.lines.append(self.links[-1])

    def handle_data(self, data: str) -> None:
        self._text += "" if self._silent else data

    def _flush(self) -> None:
        line = re.sub(r"[ \n]+", " ", self._text).strip(" ")
        self._text = ""
        if line:
            self.lines.append(line)


def lines_of_text(text: str) -> list[str]:
    said = (re.sub(r"[ \n]+", " ", line).strip(" ").removeprefix("- ") for line in text.split("\n"))
    return [line for line in said if line and line != "----"]


def test_a_territory_and_a_challenge_declared_later_are_named() -> None:
    match = a_match(reasons=[Reason(code="defi-identique", share=0.8, challenge_id="estuaire-d1")])
    facts = {
        "territories": ("estuaire",),
        "territory_names": ("Estuaire",),
        "challenge_id": "estuaire-d1",
        "challenge_title": "Livrer la nuit",
    }
    match = match.model_copy(update={"project": match.project.model_copy(update=facts)})
    letter = letter_of(an_order("suggestions", PROJECT, Item(match, PROJECT)))
    assert letter.sender == "Essaim · Estuaire"
    assert "Livrer la nuit" in letter.cards[0].reasons[0]
    estuaire = Party("territory", "estuaire")
    assert "Estuaire" in letter_of(an_order("mutual", estuaire, Item(match, estuaire))).footer[1]


@pytest.mark.parametrize("name", CASES)
def test_a_mail_is_as_its_golden_file(name: str) -> None:
    letter = letter_of(CASES[name])
    made = f"De : {letter.sender}\nObjet : {letter.subject}\n\n{as_text(letter)}"
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("REWRITE_GOLDEN"):
        golden.write_text(made)
    assert made == golden.read_text()


def test_every_golden_file_has_its_case() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_both_parts_say_the_same(name: str) -> None:
    letter = letter_of(CASES[name])
    assert Lines(as_html(letter)).lines == lines_of_text(as_text(letter))


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_fetched_and_links_stay_on_the_console(name: str) -> None:
    html = as_html(letter_of(CASES[name]))
    assert not re.search(r"(?i)\bsrc\s*=|url\(|@import|<(img|link|script|iframe|object|video|form)\b|background=", html)
    assert all(link.startswith(("https://essaim.example/", "mailto:")) for link in Lines(html).links)


@pytest.mark.parametrize("name", CASES)
def test_the_html_part_can_be_read_by_ear(name: str) -> None:
    html = as_html(letter_of(CASES[name]))
    headings = [tag for tag in Lines(html).tags if re.fullmatch(r"h\d", tag)]
    assert headings[0] == "h1"
    assert set(headings[1:]) <= {"h2"}
    assert '<html lang="fr">' in html
    assert html.count("<table") == html.count('<table role="presentation"')
    labels = re.findall(r"<a [^>]*>([^<]+)</a>", html)
    assert len(labels) == len(set(labels))


def test_at_most_five_matches_are_told_best_first_with_a_link_to_the_rest() -> None:
    letter = letter_of(CASES["suggestions-offer"])
    assert [card.title for card in letter.cards] == ["Épicerie du port", *(f"Projet numéro {n}" for n in range(1, 5))]
    assert letter.rest is not None
    assert letter.rest.label == "Voir les 3 autres rapprochements"
    assert letter.rest.url == "https://essaim.example/offres/eng-a"


def test_at_most_three_reasons_are_told_amount_and_dates_apart() -> None:
    card = letter_of(CASES["suggestion-offer"]).cards[0]
    assert len(card.reasons) == 3
    assert [label for label, _ in card.facts] == ["Besoin", "Dates"]


def test_a_fund_that_nobody_manages_here_leads_to_how_to_apply() -> None:
    button = letter_of(CASES["suggestion-project-fund"]).cards[0].button
    assert button is not None
    assert button.label == "Voir comment candidater"


def test_the_same_project_for_two_offers_is_not_two_projects() -> None:
    assert letter_of(CASES["suggestions-mixed"]).subject.replace("\u00a0", " ") == (
        "2 rapprochements correspondent à vos offres"
    )


def test_an_individual_is_not_named_before_the_introduction() -> None:
    before = CASES["interest-offer-individual"]
    assert "un particulier" in letter_of(before).cards[0].who
    item = before.items[0]
    introduced = Item(item.match, item.party, owner_name="Camille Le Gall")
    assert "Camille Le Gall" in letter_of(an_order("introduction", OFFER, introduced)).cards[0].who


def test_a_title_in_a_subject_is_shortened_at_a_word() -> None:
    match = a_match()
    long = match.model_copy(update={"offer": match.offer.model_copy(update={"title": "Des quais " * 19})})
    subject = letter_of(an_order("suggestions", OFFER, Item(long, OFFER))).subject
    assert subject.endswith("Des quais Des…\u00a0»") or subject.endswith("Des quais…\u00a0»")
    assert len(subject) < 130


def test_a_mail_has_its_headers_and_two_parts() -> None:
    order = CASES["suggestion-offer"]
    message = parsed(mail_of(order))
    assert message["Message-ID"] == "<mail-a@essaim.example>"
    assert str(message["From"]) == "Essaim · Nantes Métropole <bonjour@essaim.example>"
    assert str(message["To"]) == "Marie Dupont <per-a@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    unsubscribe = mail_of(order).split(b"\r\n")[0].decode()
    assert unsubscribe == f"List-Unsubscribe: <{letter_of(order).settings.url}>"


def test_the_same_mail_has_the_same_bytes() -> None:
    order = CASES["suggestions-offer"]
    assert mail_of(order) == mail_of(order)


words = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\r\n\t<>&\"'"), min_size=3, max_size=60
)


@settings(deadline=None)
@given(title=words, organisation=words, owner=words, kind=st.sampled_from(["suggestions", "interest", "introduction"]))
def test_no_title_or_name_breaks_a_mail(title: str, organisation: str, owner: str, kind: str) -> None:
    match = a_match()
    hostile = match.model_copy(
        update={
            "project": match.project.model_copy(update={"title": title, "owner_name": owner}),
            "offer": match.offer.model_copy(update={"title": title, "organisation_name": organisation}),
        }
    )
    for party in (PROJECT, OFFER):
        order = an_order(kind, party, Item(hostile, party))  # type: ignore[arg-type] # drawn from its values
        message = parsed(mail_of(order, name=owner))
        headers = [name.lower() for name in message]
        assert len(headers) == len(set(headers))
        assert set(Lines(as_html(letter_of(order))).tags) <= {
            *("html", "head", "meta", "title", "style", "body", "div", "table", "tr", "td", "h1", "p", "ul", "li", "a"),
            "strong",
        }

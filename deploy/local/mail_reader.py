"""Plays the people who read their mail and answer: follows a link of the sink's mails and sends a form of its page."""

import random
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

_LINK = re.compile(r"https?://[^\s<>\"]+/rapprochements/[^\s<>\"]+")


@dataclass
class Form:
    """One form of a page: where it goes and what it carries."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


async def answer_one(
    mails: httpx.AsyncClient, pages: httpx.AsyncClient, chance: random.Random, answer: str, to: str
) -> bool:
    """Give `answer` to a match told of in a recent mail to an address that begins with `to`.

    Returns whether there was such a mail, and its page offered that answer. Raises `httpx.HTTPError`.
    """
    listed = (await mails.get("/api/v1/messages", params={"limit": "100"})).raise_for_status().json()["messages"]
    own = [mail for mail in listed if any(person["Address"].startswith(to) for person in mail["To"])]
    if not own:
        return False
    chosen = chance.choice(own)["ID"]
    text = (await mails.get(f"/api/v1/message/{chosen}")).raise_for_status().json()["Text"]
    links = _LINK.findall(text)
    if not links:
        return False
    pages.cookies.clear()
    page = await pages.get(chance.choice(links))
    form = next((one for one in forms_of(page.text) if one.fields.get("reponse") == answer), None)
    if form is None:
        return False
    sent = await pages.post(str(page.url.join(form.action)), data=form.fields)
    return sent.is_success


def forms_of(html: str) -> list[Form]:
    """The forms of a page with their hidden and filled fields, in order."""
    parser = _Forms()
    parser.feed(html)
    return parser.found


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(values.get("action", "")))
            self._inside = True
        elif self._inside and tag == "input" and values.get("name") and values.get("type") in (None, "hidden", "text"):
            self.found[-1].fields[values["name"]] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False

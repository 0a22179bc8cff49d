"""Fills the forms of pages as a browser without JavaScript does: what the page holds is sent, unless changed."""

from collections.abc import Mapping
from html.parser import HTMLParser

import httpx

from tests.integration.console_stage import Reader

Fields = dict[str, list[str]]


class _Forms(HTMLParser):
    """Every form of a page: its action, and the fields it would send."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, Fields]] = []
        self._select = self._area = ""
        self._first = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((said.get("action", ""), {}))
        elif tag == "input" and self.forms and "name" in said:
            if said.get("type") not in {"checkbox", "radio"} or "checked" in said:
                self._add(said["name"], said.get("value", ""))
        elif tag == "select":
            self._select, self._first = said["name"], True
        elif tag == "option" and self._select:
            self._choose(said)
        elif tag == "textarea":
            self._area = said["name"]
            self._add(self._area, "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1][1][self._area][-1] += data

    def _choose(self, said: Mapping[str, str]) -> None:
        if self._first or "selected" in said:
            self.forms[-1][1][self._select] = [said.get("value", "")]
            self._first = False

    def _add(self, name: str, value: str) -> None:
        self.forms[-1][1].setdefault(name, []).append(value)


def form_of(html: str, action: str) -> Fields:
    """What the form of this action would send as the page stands."""
    read = _Forms()
    read.feed(html)
    return next(fields for found, fields in read.forms if found == action)


async def fill(reader: Reader, page: str | httpx.Response, action: str, **typed: str | list[str]) -> httpx.Response:
    """Send the form of a page (an address, or the page in hand) with these fields changed."""
    html = (await reader.get(page)).text if isinstance(page, str) else page.text
    fields = form_of(html, action) | {
        name: [value] if isinstance(value, str) else value for name, value in typed.items()
    }
    return await reader.client.post(action, data=fields)

"""People who read their mails and answer through the links in them, as long as the post office gets any."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx

from tests.faults.log import Log
from tests.faults.post import Mail, PostOffice

_LINK = re.compile(r"https?://\S+/rapprochements/\S+")
_PATIENCE = 400
_AWAITED = "L&#39;autre partie a dit oui"
_LAST_STEPS = {"introduce", "concluded"}
_MOVED_ON = {403, 404, 409, 410, 422}
"""Answers that come too late: the match moved, or is not theirs any more."""


class Kept(NamedTuple):
    """An answer that the console took, and that nobody tried to take back."""

    match_id: str
    side: str
    answer: str


class People:
    """All readers of one post office.

    `given` counts the answers that the console took, `late` those that came too late, `shut` has the links that led
    nowhere with their status, `kept` each answer that must count.
    """

    def __init__(self, post: PostOffice, console_url: str, *, seed: int) -> None:
        self._post = post
        self._url = console_url
        self._chance = random.Random(f"{seed}/people")
        self._came = 0
        self._pressing: list[Mail] = []
        self._others: list[Mail] = []
        self._unasked = 0
        self._asked = asyncio.Event()
        self._answering = ""
        self.given: Counter[str] = Counter()
        self.late = 0
        self.shut: dict[str, int] = {}
        self.kept: set[Kept] = set()

    async def read_until(self, over: asyncio.Event, *, most: Callable[[], int]) -> None:
        """Read mails, the latest first, and answer some, until `over`; several may read at once.

        Who is asked answers, before anybody else does; no more than `most()` answers are given besides by now.
        """
        while not over.is_set():
            for mail in self._post.mails[self._came :]:
                self._came += 1
                (self._pressing if _is_pressing(mail) else self._others).append(mail)
            unread = self._pressing or self._others
            if not unread:
                await asyncio.sleep(0.1)
                continue
            for link in _LINK.findall(unread.pop().text):
                await self._consider(link, is_eager=self._unasked < most())

    async def asked(self) -> str:
        """The next match that somebody is about to answer."""
        self._asked.clear()
        await self._asked.wait()
        return self._answering

    async def _consider(self, link: str, *, is_eager: bool) -> None:
        """Open one link in a browser of its own, and answer with what the page offers; or leave it."""
        if "reponse=declined" in link:
            return
        place = urlsplit(link)
        async with httpx.AsyncClient(base_url=self._url, timeout=15) as browser:
            page = await self._patiently(browser, "GET", f"{place.path}?{place.query}")
            if page.status_code != 200:
                self.shut[link] = page.status_code
                return
            forms = _forms(page.text)
            is_asked = _AWAITED in page.text or any(form.answer in _LAST_STEPS for form in forms)
            if not forms or not (is_asked or (is_eager and self._chance.random() < 0.5)):
                return
            self._unasked += not is_asked
            form = self._chance.choices(forms, [_LIKING.get(form.answer, 0) for form in forms])[0]
            self._answering = place.path.rpartition("/")[2]
            self._asked.set()
            await self._answer(browser, link, form)

    async def _answer(self, browser: httpx.AsyncClient, link: str, form: "_Form") -> None:
        fields = {**form.fields, **(_AGREED if form.answer == "concluded" else {})}
        done = await self._patiently(browser, "POST", form.action, fields)
        if not self._is_taken(done, form.answer):
            return
        self.given[form.answer] += 1
        if form.answer in _HELD and self._chance.random() < _REGRET:
            # Whether the time to do so was over is not always known: where the first reply was lost.
            await self._take_back(browser, link)
            return
        self.kept.add(Kept(urlsplit(link).path.rpartition("/")[2], form.fields.get("qualite", ""), form.answer))

    async def _take_back(self, browser: httpx.AsyncClient, link: str) -> None:
        """Take back what was just answered, where the page still lets them."""
        place = urlsplit(link)
        page = await self._patiently(browser, "GET", f"{place.path}?{place.query}")
        for form in _all_forms(page.text):
            if urlsplit(form.action).path.endswith("/annuler"):
                done = await self._patiently(browser, "POST", form.action, form.fields)
                if self._is_taken(done, "take back") and "merci=taken-back" in done.headers["Location"]:
                    self.given["taken back"] += 1

    def _is_taken(self, done: httpx.Response, answer: str) -> bool:
        if done.status_code == 303:
            return True
        assert done.status_code in _MOVED_ON, f"{answer}: {done.status_code}"
        self.late += 1
        return False

    async def lost_links(self, log: Log) -> list[str]:
        """Links to matches that stand, which led nowhere as their mail came, and still do now that all is quiet."""
        stand = {key for key, record in log.compacted("matches").items() if record.body is not None}
        found = []
        async with httpx.AsyncClient(base_url=self._url, timeout=15) as browser:
            for place in (urlsplit(link) for link, status in self.shut.items() if status == 404):
                page = await self._patiently(browser, "GET", f"{place.path}?{place.query}")
                if page.status_code == 404 and place.path.rpartition("/")[2] in stand:
                    found.append(f"a mail's link leads nowhere: {place.path}")
        return found

    async def _patiently(
        self, browser: httpx.AsyncClient, method: str, address: str, form: dict[str, str] | None = None
    ) -> httpx.Response:
        """Ask again while the console is away: the same form sent twice is one answer."""
        for _ in range(_PATIENCE):
            try:
                answer = await browser.request(method, address, data=form)
                if answer.status_code < 500:
                    return answer
            except httpx.TransportError:
                pass
            await asyncio.sleep(self._chance.uniform(0.05, 0.3))
        raise AssertionError(f"the console did not come back for {method} {urlsplit(address).path}")


_AGREED = {"montant": "1000", "jours": "5", "confirme": "oui"}
_LIKING = {"interested": 70, "declined": 12, "later": 4, "introduce": 80, "concluded": 40, "applied": 20}
_HELD = {"declined", "concluded"}
_REGRET = 0.3


def _is_pressing(mail: Mail) -> bool:
    """Whether it asks for an answer: all but what suggests something new."""
    return "correspond" not in str(mail.message["Subject"])


@dataclass
class _Form:
    """One form of a page."""

    action: str
    fields: dict[str, str]

    @property
    def answer(self) -> str:
        return self.fields.get("reponse", "")


class _Forms(HTMLParser):
    """Collects the forms of a page with their hidden fields."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[_Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(_Form(said.get("action", ""), {}))
        elif tag == "input" and said.get("type") == "hidden" and self.found:
            self.found[-1].fields[said["name"]] = said["value"]


def _forms(page: str) -> list[_Form]:
    """The forms that give an answer."""
    return [form for form in _all_forms(page) if _LIKING.get(form.answer)]


def _all_forms(page: str) -> list[_Form]:
    parser = _Forms()
    parser.feed(page)
    return parser.found

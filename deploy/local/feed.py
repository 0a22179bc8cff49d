"""Keeps the demonstration alive: items appear, change, are answered and withdrawn, something every few seconds."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx

from deploy.local.invention import Invention, Record
from deploy.local.mail_reader import answer_one
from deploy.local.partner import Partner, Refused

# Beyond so many, an old item is withdrawn whenever a new one comes: a demonstration may run for days.
MOST_ACTIVE = 600
# How often each thing happens.
MOVES = {"new_project": 30, "new_commitment": 12, "change": 23, "answer": 28, "withdraw": 7}
ANSWERS = {"interested": 7, "declined": 2, "later": 1}
OUR_PEOPLE = "demo-"


@dataclass
class Told:
    """What the feed has said so far, kept between runs: numbers used, and changes made to each active item."""

    projects: int = 0
    commitments: int = 0
    moves: int = 0
    active: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Told":
        """What is kept, or a new one."""
        return cls(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else cls()

    def write(self, path: Path) -> None:
        """Keep it, whole or not at all."""
        part = path.with_suffix(".part")
        part.write_text(json.dumps(asdict(self)), encoding="utf-8")
        part.rename(path)


class Feed:
    """One seeded course of events; the same seed, day and mails give the same events."""

    def __init__(
        self, invention: Invention, partner: Partner, mails: httpx.AsyncClient, pages: httpx.AsyncClient, kept: Path
    ) -> None:
        self._invention = invention
        self._partner = partner
        self._mails = mails
        self._pages = pages
        self._kept = kept
        self.told = Told.read(kept)

    def opening(self, projects: int, commitments: int) -> list[Record]:
        """The items that make the country dense from the start, but for those already told."""
        wanted = [self._invention.commitment(n) for n in range(self.told.commitments, commitments)]
        wanted += [self._invention.project(n) for n in range(self.told.projects, projects)]
        return wanted

    def opened(self, projects: int, commitments: int) -> None:
        """Note that the opening was told."""
        self.told.active |= {f"project/{n}": 0 for n in range(self.told.projects, projects)}
        self.told.active |= {f"commitment/{n}": 0 for n in range(self.told.commitments, commitments)}
        self.told.projects = max(self.told.projects, projects)
        self.told.commitments = max(self.told.commitments, commitments)
        self.told.write(self._kept)

    async def run(self, pace_seconds: float, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Move for ever, about once in `pace_seconds`; what a service refuses or misses is let go."""
        while True:
            chance = self._chance()
            await pause(pace_seconds * chance.uniform(0.5, 1.5))
            try:
                await self.move(chance)
            except (httpx.HTTPError, Refused):
                await pause(pace_seconds)

    async def move(self, chance: random.Random | None = None) -> str:
        """Let one thing happen; returns which. Raises `httpx.HTTPError` or `Refused`."""
        chance = chance or self._chance()
        self.told.moves += 1
        move = chance.choices(list(MOVES), list(MOVES.values()))[0]
        if len(self.told.active) > MOST_ACTIVE:
            await self._withdraw(next(iter(self.told.active)))
        if move == "answer" and not await self._answer(chance):
            move = "new_project"
        if move in ("change", "withdraw") and not self.told.active:
            move = "new_project"
        if move.startswith("new_"):
            await self._new(move.removeprefix("new_"))
        elif move == "change":
            await self._change(chance.choice(list(self.told.active)))
        elif move == "withdraw":
            await self._withdraw(chance.choice(list(self.told.active)))
        self.told.write(self._kept)
        return move

    def _chance(self) -> random.Random:
        return self._invention.chance("move", self.told.moves)

    def _item(self, key: str) -> Record:
        """An active item as it was last submitted."""
        kind, _, number = key.partition("/")
        record = self._invention.project(int(number)) if kind == "project" else self._invention.commitment(int(number))
        for times in range(1, self.told.active.get(key, 0) + 1):
            record = self._invention.changed(record, times)
        return record

    async def _new(self, kind: str) -> None:
        number = self.told.projects if kind == "project" else self.told.commitments
        key = f"{kind}/{number}"
        await self._partner.put(self._item(key))
        self.told.active[key] = 0
        if kind == "project":
            self.told.projects += 1
        else:
            self.told.commitments += 1

    async def _change(self, key: str) -> None:
        self.told.active[key] += 1
        await self._partner.put(self._item(key))

    async def _withdraw(self, key: str) -> None:
        record = self._item(key)
        del self.told.active[key]
        await self._partner.withdraw(record)

    async def _answer(self, chance: random.Random) -> bool:
        answer = chance.choices(list(ANSWERS), list(ANSWERS.values()))[0]
        return await answer_one(self._mails, self._pages, chance, answer, OUR_PEOPLE)

"""What partners and people say in the simulation: a few parties that collide in lists, each key's versions rising."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import product

from aiokafka import TopicPartition

from shared.events.event import VERSION_HEADER, Event
from shared.events.matches import match_id_of
from shared.sending import partition_of
from tests.factories import (
    NANTES,
    a_commitment,
    a_fund,
    a_project,
    a_territory,
    answer_given,
    commitment_published,
    day_started,
    fund_published,
    project_published,
    territory_published,
)
from tests.simulation.scripted_log import ScriptedLog

PREFIX = "essaim."
TOPICS = {"projects": 3, "answers": 3, "territories": 1, "commitments": 2, "funds": 1, "days": 1, "matches": 3}
FIRST_DAY = date(2026, 12, 1)
PROJECTS = tuple(f"prj-{letter}" for letter in "abcdef")
OFFERS = (
    ("commitment", "eng-a"),
    ("commitment", "eng-b"),
    ("commitment", "eng-c"),
    ("fund", "fds-a"),
    ("fund", "fds-b"),
)
FOOD, DIGITAL = ["alimentation"], ["numerique"]
SAID = (
    "project",
    "project",
    "offer",
    "offer",
    "answer",
    "answer",
    "erase project",
    "erase offer",
    "day",
    "territory",
    "late",
    "compact",
)
LATE = ("matches", "projects", "commitments", "answers")
DAYS = (1, 7, 31)
ANSWERS = tuple(product(("interested", "declined", "later"), ("project", "offer")))


class Partners:
    """Whoever writes to the topics that the matcher hears."""

    def __init__(self, log: ScriptedLog) -> None:
        self._log = log
        self._versions: dict[tuple[str, str], int] = {}
        self._day = FIRST_DAY - timedelta(days=1)

    def begin(self) -> None:
        """What is there before anything happens."""
        self.next_day()
        self.territory(0)
        for place, offer in enumerate(OFFERS[:4]):
            self.offer(OFFERS.index(offer), place)
        for place in range(4):
            self.project(place, place)

    def say(self, what: str, place: int, variant: int) -> None:
        """What is said, by its name; `place` and `variant` are below six."""
        kind, _, thing = what.partition(" ")
        said: dict[str, Callable[[], None]] = {
            "project": lambda: self.project(place, variant),
            "offer": lambda: self.offer(place % len(OFFERS), variant),
            "answer": lambda: self.answer(place, variant % len(OFFERS), (place + variant) % len(ANSWERS)),
            "erase": lambda: self.erase(thing, place),
            "day": lambda: self.next_day(DAYS[variant % len(DAYS)]),
            "territory": lambda: self.territory(variant),
            "late": lambda: self.say_late(LATE[variant % len(LATE)], place),
            "compact": lambda: self._log.compact(PREFIX + LATE[variant % 3]),
        }
        said[kind]()

    def project(self, place: int, variant: int) -> None:
        """A project is submitted, or changed."""
        project_id = PROJECTS[place]
        seeks = 20_000 if variant % 2 else 6_000
        changes = {
            "title": f"Projet {variant}",
            "categories": DIGITAL if variant == 2 else FOOD,
            "status": "suspendu" if variant == 3 else "actif",
            "stage": "experimentation" if variant == 4 else "amorcage",
            "deadline": FIRST_DAY + timedelta(days=20) if variant == 5 else None,
            "amount_sought_eur": seeks,
            "needs": [{"kind": "mecenat-nature", "amount_eur": seeks}, {"kind": "mecenat-financier"}],
        }
        project = a_project(project_id, **changes)
        self._say(project_published(project, version=self._next("projects", project_id)))

    def offer(self, place: int, variant: int) -> None:
        """A commitment or a fund is submitted, or changed."""
        offer_type, offer_id = OFFERS[place]
        changes = {
            "title": f"Offre {variant}",
            "categories": DIGITAL if variant == 2 else (FOOD if variant % 2 else []),
            "status": "suspendu" if variant == 3 else "actif",
            "stages": ["experimentation"] if variant == 4 else [],
            "closes_on": FIRST_DAY + timedelta(days=20) if variant == 5 else None,
        }
        if offer_type == "commitment":
            body = a_commitment(offer_id, objects=[], **changes)
            self._say(commitment_published(body, version=self._next("commitments", offer_id)))
        else:
            part_of = "fds-a" if offer_id == "fds-b" and variant == 4 else None
            body = a_fund(offer_id, part_of=part_of, **changes)
            self._say(fund_published(body, version=self._next("funds", offer_id)))

    def territory(self, variant: int) -> None:
        """The territory is described anew; with an odd variant a défi of projects is its."""
        perimeter = [NANTES] if variant % 2 == 0 else [{"level": "commune", "code": "44109", "name": "Nantes"}]
        body = a_territory("nantes-metropole", perimeter=perimeter, status="labellise")
        self._say(territory_published(body, version=self._next("territories", "nantes-metropole")))

    def next_day(self, days: int = 1) -> None:
        """A day begins."""
        self._day += timedelta(days=days)
        self._say(day_started(self._day, version=self._next("days", "day")))

    def answer(self, project: int, offer: int, answer: int) -> None:
        """A side answers a match, or what it takes for one."""
        said, side = ANSWERS[answer]
        (offer_type, offer_id), project_id = OFFERS[offer], PROJECTS[project]
        match_id = match_id_of(project_id, offer_type, offer_id)
        self._say(
            answer_given(
                said,
                side,
                version=self._next("answers", match_id),
                match_id=match_id,
                project_id=project_id,
                offer_type=offer_type,
                offer_id=offer_id,
            )
        )

    def erase(self, thing: str, place: int) -> None:
        """A project or an offer is erased, also one that was never there."""
        if thing == "project":
            self._erase("projects", PROJECTS[place])
        else:
            offer_type, offer_id = OFFERS[place % len(OFFERS)]
            self._erase("commitments" if offer_type == "commitment" else "funds", offer_id)

    def say_late(self, topic: str, place: int) -> None:
        """Old bytes come again, as a late sender's do."""
        found = self._log.readable(PREFIX + topic)
        if found:
            old = found[place % len(found)]
            self._log.append(TopicPartition(old.topic, old.partition), old.key, old.value, old.headers)

    def _next(self, topic: str, key: str) -> int:
        self._versions[topic, key] = self._versions.get((topic, key), 0) + 1
        return self._versions[topic, key]

    def _say(self, event: Event) -> None:
        self._append(event.topic, event.key, event.partition_key, event.version, event.to_bytes())

    def _erase(self, topic: str, key: str) -> None:
        self._append(topic, key, key, self._next(topic, key), None)

    def _append(self, topic: str, key: str, partition_key: str, version: int, body: bytes | None) -> None:
        place = TopicPartition(PREFIX + topic, partition_of(partition_key, TOPICS[topic]))
        self._log.append(place, key.encode(), body, ((VERSION_HEADER, str(version).encode()),))

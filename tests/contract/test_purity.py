"""Pure code takes the time, ids and settings as arguments: what it answers depends on nothing else."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.documents import ROOT

PURE = (
    "shared/events",
    "shared/text",
    "shared/words",
    "services/ingest/intake",
    "services/matcher/matching",
    "services/notifier/messages",
    "services/console/views",
)
IMPURE_MODULES = {"os", "random", "secrets", "time", "socket", "subprocess", "threading", "asyncio"}
IMPURE_NAMES = {"utc_now", "today_in_paris", "uuid1", "uuid4", "default_rng"}
CLOCKS = {"now", "utcnow", "today"}


def impurities(source: str) -> Iterator[str]:
    """What a source imports or names that answers otherwise from one run to the next."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import():
                yield from (each.name for each in node.names if each.name.split(".")[0] in IMPURE_MODULES)
            case ast.ImportFrom(module=str(module)):
                yield from ([module] if module.split(".")[0] in IMPURE_MODULES else [])
                yield from (each.name for each in node.names if each.name in IMPURE_NAMES)
            case ast.Attribute(attr=name) if name in IMPURE_NAMES:
                yield name
            case ast.Attribute(value=ast.Name(id=of) | ast.Attribute(attr=of), attr=name) if name in CLOCKS:
                yield from ([name] if of in {"date", "datetime"} else [])


@pytest.mark.parametrize("folder", PURE)
def test_pure_code_asks_neither_clock_nor_chance_nor_environment(folder: str) -> None:
    paths = sorted(Path(ROOT / folder).rglob("*.py"))
    found = {str(path.relative_to(ROOT)): list(impurities(path.read_text(encoding="utf-8"))) for path in paths}
    assert found
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "import os.path",
        "from random import choice",
        "from datetime import date\ndate.today()",
        "import datetime\ndatetime.datetime.now(datetime.UTC)",
        "from uuid import uuid4",
        "import uuid\nuuid.uuid4()",
        "from shared.clock import utc_now",
    ],
)
def test_what_is_impure_is_found(source: str) -> None:
    assert list(impurities(source))

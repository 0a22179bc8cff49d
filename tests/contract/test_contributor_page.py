"""The contributor's page names the modules that keep its promises."""

import re
from importlib import import_module

import pytest

from deploy.documents import ROOT

PAGE = (ROOT / "docs" / "contributor.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("## Promises, one module each")[2].partition("\n## ")[0]
ROW = re.compile(r"^\| ([^|]+) \| ([^|]*) \| ([^|]*`[^|]*) \|$", re.MULTILINE)
ROWS = ROW.findall(TABLE)
NAMED = [(promise, path) for promise, paths, _ in ROWS for path in re.findall(r"`([^`]+)`", paths)]
SHOWN = [(promise, test) for promise, _, tests in ROWS for test in re.findall(r"`([^`]+)`", tests)]
LITTLE = {"also", "always", "another", "every", "have", "once", "that", "them", "this", "what", "when", "with", "which"}


def stems(sentence: str) -> set[str]:
    """The beginnings of its words that carry meaning."""
    return {
        word[:5] for word in re.findall(r"[a-z]{3,}", sentence.lower()) if len(word) > 3 or word in {"log", "one"}
    } - {word[:5] for word in LITTLE}


def test_the_page_has_promises() -> None:
    assert len(NAMED) > 12
    assert len(ROWS) == TABLE.count("\n| ") - 1


@pytest.mark.parametrize(("promise", "test"), SHOWN)
def test_a_promise_is_shown_by_tests_that_are_there(promise: str, test: str) -> None:
    path = ROOT / (test if "/" in test else f"tests/integration/{test}.py")
    assert path.exists(), promise
    assert "def test_" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("promise", "path"), NAMED)
def test_a_named_module_opens_with_its_promise(promise: str, path: str) -> None:
    module = import_module(path.removesuffix(".py").rstrip("/").replace("/", "."))
    first = (module.__doc__ or "").partition("\n")[0]
    assert first.endswith(".")
    assert stems(promise) & stems(first), f"{path} opens with: {first}"


def test_every_path_of_the_page_is_there() -> None:
    named = re.findall(r"`((?:services|shared|tests|docs|deploy)/[\w./-]+)`", PAGE)
    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).exists()] == []

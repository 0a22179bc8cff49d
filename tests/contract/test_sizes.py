"""Files and functions stay short enough to be read at once."""

import ast
from collections.abc import Iterator
from pathlib import Path

from deploy.documents import ROOT

MOST_LINES_OF_A_FILE = 300
MOST_LINES_OF_A_FUNCTION = 40
MOST_LINES_OF_A_HANDLER = 20


def sources() -> Iterator[tuple[Path, str]]:
    for folder in ("services", "shared", "deploy"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT), path.read_text(encoding="utf-8")


def test_no_file_is_too_long() -> None:
    counted = {path: len(text.splitlines()) for path, text in sources()}
    assert {str(path): lines for path, lines in counted.items() if lines > MOST_LINES_OF_A_FILE} == {}


def functions() -> dict[str, int]:
    """Path and name of each function -> its lines."""
    return {
        f"{path}:{node.name}": node.end_lineno - node.lineno + 1
        for path, text in sources()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None
    }


def test_no_function_is_too_long() -> None:
    found = functions()
    assert len(found) > 1_000
    assert {name: lines for name, lines in found.items() if lines > MOST_LINES_OF_A_FUNCTION} == {}


def test_no_handler_is_too_long() -> None:
    found = {name: lines for name, lines in functions().items() if "/handlers.py:on_" in name}
    assert len(found) > 10
    assert {name: lines for name, lines in found.items() if lines > MOST_LINES_OF_A_HANDLER} == {}

"""A process of ours that ends says why in one sentence, and what to do about it."""

import json
from pathlib import Path

from deploy.local.children import Child


def ended(folder: Path, *lines: str) -> Child:
    child = Child("matcher", folder)
    child.log.write_text("\n".join(lines), encoding="utf-8")
    return child


def test_the_last_critical_line_is_said_alone_with_what_a_command_for_stopped_services_needs(tmp_path: Path) -> None:
    info = json.dumps({"level": "info", "message": "Shutting down"})
    critical = {"level": "critical", "message": "matcher stops", "error": "ForeignLog: run `essaim restored matcher`"}
    said = ended(tmp_path, info, json.dumps(critical), info).ended("matcher s'est arrêté")
    assert said.what == "matcher s'est arrêté :\nForeignLog: run `essaim restored matcher`"
    assert "--servers-only" in said.remedy
    assert "make demo-reset" in said.remedy


def test_without_a_critical_line_the_end_of_the_log_is_shown(tmp_path: Path) -> None:
    said = ended(tmp_path, "Traceback", "ValueError: 3", "[]").ended("matcher s'est arrêté")
    assert said.what.endswith("Traceback\nValueError: 3\n[]")
    assert "--servers-only" not in said.remedy

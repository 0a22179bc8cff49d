"""Writes the documents made from the code, or checks that they are up to date: schemas, AsyncAPI, OpenAPI, settings."""

import argparse
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from shared.events.registry import EVENTS

ROOT = Path(__file__).parents[1]
SCHEMAS = ROOT / "shared" / "events" / "schemas"
SERVICES = ("ingest", "matcher", "notifier", "console")
SETTINGS_BEGIN, SETTINGS_END = "<!-- settings: written by make generate -->", "<!-- end of settings -->"


def _json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _yaml(document: Any) -> str:
    # Sorted: the framework keeps channels in sets.
    text: str = yaml.safe_dump(document, allow_unicode=True, sort_keys=True, width=120)
    return text


def schemas() -> Iterator[tuple[Path, str]]:
    """The JSON Schema of each event, with its file."""
    for topic, event in EVENTS.items():
        yield SCHEMAS / f"{topic}.json", _json(event.model_json_schema())


def descriptions() -> Iterator[tuple[Path, str]]:
    """What each service hears and says (AsyncAPI) and what ingest answers (OpenAPI), and their settings."""
    for service in SERVICES:
        app = importlib.import_module(f"services.{service}.app")
        yield ROOT / "docs" / "asyncapi" / f"{service}.yaml", _yaml(app.stream.schema.to_specification().to_jsonable())
    ingest = importlib.import_module("services.ingest.app").app
    yield ROOT / "docs" / "openapi" / "ingest.json", _json(ingest.openapi())
    yield settings()


def settings() -> tuple[Path, str]:
    """The operator's page with the table of each service's settings, from their classes, between two marks."""
    path = ROOT / "docs" / "operator.md"
    before, _, rest = path.read_text().partition(SETTINGS_BEGIN)
    _, _, after = rest.partition(SETTINGS_END)
    return path, f"{before}{SETTINGS_BEGIN}\n\n{''.join(map(_settings_of, SERVICES))}{SETTINGS_END}{after}"


def _settings_of(service: str) -> str:
    found: type[BaseSettings] = importlib.import_module(f"services.{service}.settings").Settings
    prefix = found.model_config["env_prefix"]
    lines = [f"**{service}**", "", "| variable | without it | meaning |", "|---|---|---|"]
    for name, field in found.model_fields.items():
        lines.append(f"| `{prefix}{name.upper()}` | {_default(field)} | {field.description or ''} |")
    return "\n".join([*lines, "", ""])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    return "none" if value in (None, (), {}) else f"`{json.dumps(value)}`".replace('"', "")


def breaks(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What readers of `old` would miss in `new`: a field that is gone or newly required."""
    found = []
    for name in {"", *old.get("$defs", {})}:
        before = old["$defs"][name] if name else old
        after = new.get("$defs", {}).get(name) if name else new
        if after is None:
            continue
        fields, required = before.get("properties", {}), set(after.get("required", []))
        found += [f"{name or 'event'}.{field} is gone" for field in fields if field not in after.get("properties", {})]
        found += [f"{name or 'event'}.{field} is now required" for field in required - set(before.get("required", []))]
    return sorted(found)


def main() -> int:
    """`python -m deploy.documents [--check | --allow-break]`; 1 when something is stale or would break a reader."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a document is stale")
    parser.add_argument("--allow-break", action="store_true", help="write a schema that breaks its readers")
    options = parser.parse_args()
    failed = False
    for path, text in (*schemas(), *descriptions()):
        current = path.read_text() if path.exists() else None
        if current == text:
            continue
        name = path.relative_to(ROOT)
        if options.check:
            print(f"{name} is stale: make generate", file=sys.stderr)  # noqa: T201 - a command's output
            failed = True
            continue
        lost = breaks(json.loads(current), json.loads(text)) if current and path.parent == SCHEMAS else []
        if lost and not options.allow_break:
            print(f"{name}: {'; '.join(lost)}: make it a new version", file=sys.stderr)  # noqa: T201 - same
            failed = True
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        print(f"{name} written")  # noqa: T201 - same
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

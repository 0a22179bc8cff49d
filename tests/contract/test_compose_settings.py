"""An installation with Docker can be set as the operator's page says: each setting reaches its own container."""

import re
from importlib import import_module
from typing import Any

import pytest
import yaml

from deploy.documents import ROOT, SERVICES

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
EXAMPLE = (ROOT / "deploy/example.env").read_text()


def environment(service: str) -> dict[str, Any]:
    found: dict[str, Any] = COMPOSE["services"][service]["environment"]
    return found


def settings_of(service: str) -> set[str]:
    return {f"{service}_{name}".upper() for name in import_module(f"services.{service}.settings").Settings.model_fields}


@pytest.mark.parametrize("service", SERVICES)
def test_every_documented_setting_reaches_its_container(service: str) -> None:
    given = environment(service)
    taken = {name for name, value in given.items() if value is None or str(value).startswith(f"${{{name}:-")}
    assert settings_of(service) - taken == set()


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_is_given_no_setting_that_its_service_lacks(service: str) -> None:
    assert set(environment(service)) - settings_of(service) == {"ESSAIM_SECRETS_DIR"}


def test_what_the_example_sets_is_read_and_documented() -> None:
    read = (ROOT / "docker-compose.yml").read_text()
    documented = (ROOT / "docs/operator.md").read_text().replace("`_", "`ESSAIM_SMTP_")
    named = re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", EXAMPLE, re.MULTILINE)
    assert named
    assert [name for name in named if name not in read or f"`{name}" not in documented] == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_setting_left_empty_is_as_one_left_out(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = import_module(f"services.{service}.settings").Settings
    optional = [name for name, field in found.model_fields.items() if not field.is_required()]
    for name, field in found.model_fields.items():
        monkeypatch.setenv(f"{service}_{name}".upper(), "long-enough-for-a-secret" if field.is_required() else "")
    read = found()
    assert [
        name
        for name in optional
        if getattr(read, name) != found.model_fields[name].get_default(call_default_factory=True)
    ] == []

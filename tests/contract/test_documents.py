"""The generated descriptions say what the code does now."""

from importlib import import_module

import pytest

from deploy.documents import ROOT, SERVICES, descriptions

FOUND = {path.relative_to(ROOT).as_posix(): (path, text) for path, text in descriptions()}


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_is_described(service: str) -> None:
    fields = import_module(f"services.{service}.settings").Settings.model_fields
    assert [name for name, field in fields.items() if not field.description] == []


@pytest.mark.parametrize("name", sorted(FOUND))
def test_a_generated_description_is_up_to_date(name: str) -> None:
    path, text = FOUND[name]
    assert path.read_text() == text, f"{name} is stale: make generate"

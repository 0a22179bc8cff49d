"""The generated descriptions say what the code does now."""

import pytest

from deploy.documents import ROOT, descriptions

FOUND = {path.relative_to(ROOT).as_posix(): (path, text) for path, text in descriptions()}


@pytest.mark.parametrize("name", sorted(FOUND))
def test_a_generated_description_is_up_to_date(name: str) -> None:
    path, text = FOUND[name]
    assert path.read_text() == text, f"{name} is stale: make generate"

"""Valid submissions for tests of the reading: each takes what a test is about."""

from typing import Any

from tests.factories import a_commitment, a_fund, a_project, a_territory


def project(**changes: Any) -> dict[str, Any]:
    """A project's submission; a change to None leaves the field out."""
    return _changed(a_project().model_dump(mode="json", exclude_defaults=True, exclude_none=True), changes)


def commitment(**changes: Any) -> dict[str, Any]:
    """A commitment's submission."""
    return _changed(a_commitment().model_dump(mode="json", exclude_defaults=True, exclude_none=True), changes)


def fund(**changes: Any) -> dict[str, Any]:
    """A fund's submission."""
    return _changed(a_fund().model_dump(mode="json", exclude_defaults=True, exclude_none=True), changes)


def territory(**changes: Any) -> dict[str, Any]:
    """A territory's submission."""
    return _changed(a_territory().model_dump(mode="json", exclude_defaults=True, exclude_none=True), changes)


def _changed(data: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**data, **changes}.items() if value is not None}

"""Changes a kept submission by a merge patch (RFC 7396), or withdraws it."""

from typing import Any


def merged(content: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """The content with the members of the patch: null removes one, objects are merged, the rest is replaced.

    A patch that says `place` and no `commune` moves the entity: the former commune goes.
    """
    result = _merge(content, patch)
    if "place" in patch and "commune" not in patch:
        result.pop("commune", None)
    if "contact" in patch:
        result["contact"] = patch["contact"]
    return result


def withdrawn(content: dict[str, Any]) -> dict[str, Any]:
    """The same content, withdrawn."""
    return {**content, "status": "retire"}


def _merge(target: Any, patch: dict[str, Any]) -> dict[str, Any]:
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            result[name] = _merge(result.get(name), value)
        else:
            result[name] = value
    return result

"""Compares the version of an entity with the one a request is made for: ETag, If-Match, If-None-Match."""

import re
from collections.abc import Callable

from fastapi import Request

from services.ingest.api.problems import Problem

_TAG = re.compile(r'(?:W/)?"([^"]*)"')


def etag(version: int) -> str:
    """The tag of a version."""
    return f'"{version}"'


def expected(request: Request) -> Callable[[int], bool] | None:
    """What the request demands of the current version (0: there is none yet); nothing when it demands nothing."""
    match, none_match = request.headers.get("if-match"), request.headers.get("if-none-match")
    if match is not None:
        wanted = _versions(match)
        return (lambda version: version > 0) if match.strip() == "*" else (lambda version: str(version) in wanted)
    if none_match is not None and none_match.strip() == "*":
        return lambda version: version == 0
    return None


def is_known_to(request: Request, version: int) -> bool:
    """Whether the reader says it holds this version: the answer is then 304."""
    return str(version) in _versions(request.headers.get("if-none-match", ""))


def require(request: Request, version: int) -> None:
    """Ends the request when it was made for another version."""
    demand = expected(request)
    if demand is not None and not demand(version):
        raise Problem("version-depassee", headers={"ETag": etag(version)} if version else None)


def _versions(header: str) -> set[str]:
    return set(_TAG.findall(header))

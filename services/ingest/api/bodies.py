"""Reads what a request carries as JSON that any database can keep."""

import json
from typing import Any, NoReturn

from fastapi import Request

from services.ingest.api.problems import Problem
from services.ingest.intake.outcome import Fault
from services.ingest.intake.structure import RepeatedField, each_once

_JSON = ("application/json", "application/merge-patch+json")


async def read_json(request: Request) -> tuple[Any, bytes]:
    """The JSON value of the body, and its bytes."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind not in _JSON:
        raise Problem("type-refuse", allowed=", ".join(_JSON))
    body = await request.body()
    return parsed(body), body


def parsed(body: bytes) -> Any:
    """The value of a JSON document; a problem when it is none."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant, object_pairs_hook=each_once)
    except RepeatedField as error:
        raise Problem("refuse", faults=[error.fault]) from None
    except json.JSONDecodeError as error:
        where = {
            "where_fr": f"Ligne {error.lineno}, colonne {error.colno}.",
            "where_en": f"Line {error.lineno}, column {error.colno}.",
        }
        raise Problem("json-invalide", faults=[Fault("", "json-invalide", where)]) from None
    except (ValueError, RecursionError):
        raise Problem("json-invalide", faults=[Fault("", "json-invalide")]) from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")

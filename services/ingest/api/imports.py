"""Many submissions at once: a file in the body, a report line per row in the answer, as it goes."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from typing import Annotated, Any, BinaryIO, cast

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from services.ingest.api.answers import PLURALS
from services.ingest.api.auth import Submission, submission
from services.ingest.api.context import ANSWER_WITHIN_S, context_of, known_now
from services.ingest.api.problems import Problem, language_for
from services.ingest.bulk import ReportLine, take_in
from services.ingest.intake.files import Row, read_stream
from services.ingest.intake.outcome import Fault
from services.ingest.intake.structure import nearest
from services.ingest.intake.wording import Language
from services.ingest.submissions import SubmitterGone
from shared.database import CONNECTION_LOST
from shared.events.vocabulary import EntityType

MOST_BYTES = 50 * 1024 * 1024
"""Of a file, in the body or in a form."""
_IN_MEMORY = 1024 * 1024
_STOPPED: tuple[type[BaseException], ...] = (*CONNECTION_LOST, SubmitterGone)
_TYPES: dict[str, EntityType] = {plural: entity_type for entity_type, plural in PLURALS.items()}

router = APIRouter(prefix="/v1/imports", tags=["imports"])


async def _writing(request: Request) -> Submission:
    """A dependency: who may write something at all; each row still needs its own scope."""
    found = await submission(request)
    if found.scopes is not None and not any(scope.endswith(":write") for scope in found.scopes):
        raise Problem("portee-manquante", scope="*:write")
    return found


@router.post("", name="import_file")
async def import_file(request: Request, submitted: Annotated[Submission, Depends(_writing)]) -> StreamingResponse:
    """Accepts a file of JSON Lines, CSV or XLSX, in the body or as the first file of a form."""
    entity_type = _asked_type(request)
    async with asyncio.timeout(ANSWER_WITHIN_S), context_of(request).pool.acquire(timeout=5) as connection:
        # While PostgreSQL is away nothing can be taken in: that must be a 503, not a broken report.
        await known_now(connection)
    stream = await _spooled(request)
    rows = read_stream(stream, entity_type)
    language = language_for(request)
    return StreamingResponse(
        _report(request, submitted, rows, language, stream),
        media_type="application/x-ndjson",
        headers={"Content-Language": language, "Vary": "Accept-Language", "Cache-Control": "no-store"},
    )


async def _report(
    request: Request, submitted: Submission, rows: Iterator[Row], language: Language, stream: BinaryIO
) -> AsyncIterator[bytes]:
    last = 0
    try:
        async for lines, _ in take_in(context_of(request).pool, submitted.who, rows, scopes=submitted.scopes):
            for line in lines:
                last = line.line
                yield _encoded(line.as_json(language))
    except _STOPPED:
        # The report has begun: its last line says where it stopped.
        interrupted = ReportLine(last + 1, "refused", faults=(Fault("", "non-traite"),))
        yield _encoded(interrupted.as_json(language))
    finally:
        stream.close()


def _encoded(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode() + b"\n"


def _asked_type(request: Request) -> EntityType | None:
    asked = request.query_params.get("type")
    if asked is None:
        return None
    if asked not in _TYPES:
        facts = {"value": asked[:80], "allowed": ", ".join(_TYPES), **nearest(asked, list(_TYPES))}
        raise Problem("refuse", faults=[Fault("type", "valeur-inconnue", facts)])
    return _TYPES[asked]


async def _spooled(request: Request) -> BinaryIO:
    """The file, on disk beyond a megabyte."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await _form_file(request)
    with ExitStack() as unless_whole:
        spooled = cast(BinaryIO, unless_whole.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY)))
        async for part in request.stream():
            spooled.write(part)
        # Closed when the report ends.
        unless_whole.pop_all()
    return spooled


async def _form_file(request: Request) -> BinaryIO:
    form = await request.form(max_files=1, max_fields=10)
    for value in form.values():
        if not isinstance(value, str):
            return value.file
    raise Problem("refuse", faults=[Fault("file", "obligatoire")])

"""Compiles the engine before anything is asked of it; what is kept of it for the next start is whole, and of this code.

It stands in a folder named by all that it was compiled from, with a digest: another version, or half of one, is never
loaded. It is code: nobody but who runs the matcher may write where it is kept.
"""

import hashlib
import logging
import os
import shutil
import tempfile
import threading
import time
from contextlib import suppress
from datetime import date
from pathlib import Path

from services.matcher.matching.catalogue import preparation
from services.matcher.matching.index import can_compile, warm_up
from shared.events.shapes import Commitment, Project

logger = logging.getLogger(__name__)

WHOLE = "whole"
"""The file that has the digest of all others."""
NAMED = "engine-"
FORGOTTEN_SECONDS = 86_400.0
"""What another version has kept goes when it is older."""
_DAY = date(2026, 1, 1)
_compiling = threading.Lock()


def compile_engine(folder: Path | None) -> None:
    """Have all that searches need compiled, in some seconds of a core, or loaded from what `folder` keeps.

    Once per process. Where numba is missing, or `folder` cannot be used, the log says so, and all works.
    """
    if not can_compile():
        _call_all()
        return
    from services.matcher.matching.index.kernels import compiled

    with _compiling:
        if folder is None or compiled.is_at_work():
            _call_all()
            return
        try:
            _compile_in(folder)
        except OSError as problem:
            logger.warning("the compiled engine cannot be kept: each start compiles it", exc_info=problem)
            compiled.keep_nowhere()
            _call_all()


def _compile_in(folder: Path) -> None:
    from services.matcher.matching import streamed  # noqa: F401 - its kernels are named
    from services.matcher.matching.index import offer_engine, project_engine  # noqa: F401 - so are theirs
    from services.matcher.matching.index.kernels import compiled

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o022 or folder.stat().st_uid != os.geteuid():
        raise PermissionError(f"{folder} must belong to who runs the matcher, and nobody else may write there")
    kept = folder / f"{NAMED}{compiled.fingerprint()}"
    if _is_whole(kept):
        compiled.keep_in(kept)
        _call_all()
        return
    part = Path(tempfile.mkdtemp(prefix=f"{NAMED}part-", dir=folder))
    compiled.keep_in(part)
    _call_all()
    (part / WHOLE).write_text(_digest(part), encoding="ascii")
    if not _is_whole(kept):  # else another process was first
        shutil.rmtree(kept, ignore_errors=True)
    try:
        part.rename(kept)
    except OSError:
        shutil.rmtree(part, ignore_errors=True)
    _forget_others(folder, kept)


def _call_all() -> None:
    """Search in both directions, and take in a list, which calls every kernel."""
    ready = preparation()
    commune = ready.geography.units("commune")[0].code
    project = Project.model_validate(
        {
            "project_id": "warm-up",
            "title": "Un projet",
            "summary": "Une épicerie solidaire livrée de nuit à vélo.",
            "owner": {"owner_id": "warm-up", "name": "Une association", "legal_form": "association"},
            "commune": commune,
            "stage": "amorcage",
            "needs": [{"kind": "mecenat-financier", "amount_eur": 1_000}],
            "status": "actif",
        }
    )
    commitment = Commitment.model_validate(
        {
            "commitment_id": "warm-up",
            "title": "Un engagement",
            "description": "Nous aidons une épicerie solidaire.",
            "company": {"company_id": "warm-up-2", "name": "Une entreprise"},
            "kind": "mecenat-financier",
            "perimeter": [{"level": "commune", "code": commune}],
            "accepts_neighbours": False,
            "categories": [],
            "stages": ["amorcage"],
            "legal_forms": [],
            "status": "actif",
        }
    )
    warm_up(ready.project(project), ready.offer(commitment), _DAY)
    if can_compile():
        from services.matcher.matching import streamed

        streamed.warm_up()


def _is_whole(kept: Path) -> bool:
    try:
        return (kept / WHOLE).read_text(encoding="ascii") == _digest(kept)
    except FileNotFoundError:
        return False


def _digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != WHOLE)
    digests = [(str(path.relative_to(folder)), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]
    return hashlib.sha256(repr(digests).encode()).hexdigest()


def _forget_others(folder: Path, kept: Path) -> None:
    for other in folder.glob(f"{NAMED}*"):
        with suppress(FileNotFoundError):  # another process forgets them, too
            if other != kept and time.time() - other.stat().st_mtime > FORGOTTEN_SECONDS:
                shutil.rmtree(other, ignore_errors=True)

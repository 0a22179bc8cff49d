"""Forgets the data of the demonstration, with a bare Python: what `make demo-reset` runs. Downloads are kept."""

import fcntl
import os
import shutil
import sys
from pathlib import Path

from deploy.local.machine import MachineError, check_owner
from deploy.local.state import home

KEPT = "cache"


def main() -> int:
    """Forget, and say so; returns the exit code."""
    try:
        forgotten = reset(home())
    except MachineError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(
        "Les données de la démonstration sont effacées.\n" if forgotten else "Il n'y avait rien à effacer.\n"
    )
    return 0


def reset(state: Path) -> bool:
    """Remove everything below `state` but the downloads; returns whether there was anything.

    Raises `MachineError` while the demonstration runs on it, or when it is another user's.
    """
    check_owner(state)
    lock = state / "run" / "lock"
    if lock.exists():
        _check_stopped(lock)
    elsewhere = state / "postgres" / "elsewhere"
    if elsewhere.exists():
        _remove_elsewhere(Path(elsewhere.read_text(encoding="utf-8")))
    found = [path for path in state.iterdir() if path.name != KEPT] if state.exists() else []
    for path in found:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return bool(found)


def _check_stopped(lock: Path) -> None:
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise MachineError("La démonstration tourne.", "Arrêtez-la d'abord (Ctrl-C dans son terminal).") from error


def _remove_elsewhere(folder: Path) -> None:
    """The data that root's run keeps where PostgreSQL's user can reach them; only a folder of that very kind."""
    if folder.name.startswith("essaim-") and folder.is_dir() and folder.stat().st_uid == os.geteuid():
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())

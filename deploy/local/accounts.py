"""Chooses the user that PostgreSQL runs as, since it refuses to run as root, and what that user can reach."""

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.local.machine import MachineError


@dataclass(frozen=True)
class Account:
    """The user that a child runs as, when this process is root and the child must not be."""

    uid: int
    gid: int


def unprivileged_account(data: Path) -> Account | None:
    """None unless this process is root; then who owns `data` already, the person behind `sudo`, `nobody` or `daemon`.

    Raises `MachineError` when none of them exists.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and data.stat().st_uid:
        return Account(data.stat().st_uid, data.stat().st_gid)
    for name in (os.environ.get("SUDO_USER", ""), "nobody", "daemon"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid:
            return Account(entry.pw_uid, entry.pw_gid)
    raise MachineError(
        "PostgreSQL refuse de tourner en root, et ce système n'a ni « nobody » ni « daemon ».",
        "Lancez la commande sous un compte ordinaire.",
    )


def runs_as(account: Account, command: list[str | Path]) -> bool:
    """Whether that user can run the command successfully."""
    try:
        result = subprocess.run(
            command,
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            timeout=20,
            check=False,
        )
    except OSError:
        return False
    return result.returncode == 0


def can_enter(account: Account | None, folder: Path) -> bool:
    """Whether that user can go into the folder through all of its parents."""
    return account is None or runs_as(account, ["/bin/sh", "-c", 'cd "$1"', "sh", folder])


def give(account: Account | None, path: Path) -> None:
    """Make that user own a file or folder of ours; its parents are left alone."""
    if account:
        os.chown(path, account.uid, account.gid)


def open_folder(state: Path) -> Path:
    """A folder of root's own that every user may cross, standing for a state folder that lies out of their reach.

    Raises `MachineError` when somebody else already made one of that name.
    """
    digest = hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:12]
    folder = Path("/var/tmp") / f"essaim-{digest}"  # noqa: S108 - the owner is checked below
    folder.mkdir(mode=0o755, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise MachineError(f"{folder} a été créé par un autre utilisateur.", f"Supprimez-le : rm -r {folder}")
    folder.chmod(0o755)
    return folder


def copied(folder: Path, target: Path) -> Path:
    """A copy of a program's folder where everybody can read it; made once, whole or not at all."""
    if not target.exists():
        part = target.with_name(target.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(folder, part, symlinks=True)
        part.rename(target)
    return target

"""Says whether this machine can run the local stack, and if not, what to do: standard library only."""

import os
import platform
import shutil
import ssl
import sys
from pathlib import Path

OLDEST_PYTHON = (3, 11)
OLDEST_GLIBC = (2, 28)


class MachineError(Exception):
    """Something that a person has to set right: what happened, then the remedy, both in French."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}\n→ {remedy}")
        self.what = what
        self.remedy = remedy


def certificates() -> str | None:
    """The file of the authorities this machine trusts, a company's own among them; None leaves each tool to its own."""
    named = (os.environ.get(name) for name in ("REQUESTS_CA_BUNDLE", "PIP_CERT", "SSL_CERT_FILE"))
    usual = (
        ssl.get_default_verify_paths().cafile,
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
    )
    return next((path for path in (*named, *usual) if path and Path(path).is_file()), None)


def check_machine(folder: Path, needed_bytes: int) -> None:
    """Raise `MachineError` when Python, the system or the free space (bytes, on the disk of `folder`) will not do."""
    _check_python()
    _check_system()
    if needed_bytes and shutil.disk_usage(folder).free < needed_bytes:
        raise disk_is_full_message(folder, needed_bytes)


def disk_is_full_message(folder: Path, needed_bytes: int) -> MachineError:
    """The error to raise when the disk of `folder` has no room for `needed_bytes` more."""
    free = shutil.disk_usage(folder).free
    return MachineError(
        f"Le disque de {folder} est presque plein : {free / 1e9:.1f} Go libres, il en faut {needed_bytes / 1e9:.1f}.",
        "Libérez de la place, ou placez le dépôt sur un autre disque.",
    )


def check_owner(folder: Path) -> None:
    """Raise `MachineError` when `folder`, or what lies right in it, is not this user's (but root's, most often)."""
    if not folder.exists():
        return
    for path in (folder, *(folder.iterdir() if os.access(folder, os.R_OK | os.X_OK) else ())):
        if not os.access(path, os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0)):
            raise foreign_file_message(path, folder)


def foreign_file_message(path: Path, folder: Path) -> MachineError:
    """The error to raise when `path`, below our `folder`, belongs to somebody else."""
    return MachineError(
        f"{path} appartient à un autre utilisateur (sans doute un lancement précédent en root).",
        f"Rendez le dossier vôtre : sudo chown -R {os.getuid()} {folder} ; ou supprimez-le : sudo rm -r {folder}",
    )


def _check_python() -> None:
    if sys.version_info[:2] < OLDEST_PYTHON:
        raise MachineError(
            f"Python {platform.python_version()} est trop ancien : il faut Python 3.11 ou plus récent.",
            "Installez-le, ou désignez-le : make PYTHON=/chemin/vers/python3.11 demo",
        )


def _check_system() -> None:
    docker = "Utilisez les conteneurs : docker compose up"
    if sys.platform not in ("linux", "darwin"):
        raise MachineError("La démonstration tourne sous Linux et macOS.", f"Sous Windows, passez par WSL. {docker}")
    if sys.platform == "darwin" and platform.machine() == "x86_64":
        raise MachineError("Les Mac à processeur Intel ne sont plus pris en charge par les paquets de calcul.", docker)
    if sys.platform == "linux":
        _check_libc(docker)


def _check_libc(docker: str) -> None:
    library, version = platform.libc_ver()
    if library != "glibc":
        raise MachineError(
            "Ce système n'utilise pas glibc (Alpine, sans doute) : des paquets n'y existent pas.", docker
        )
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_GLIBC:
        wanted = ".".join(map(str, OLDEST_GLIBC))
        raise MachineError(f"La bibliothèque glibc {version} est trop ancienne : il faut {wanted} ou plus.", docker)

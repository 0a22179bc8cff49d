"""Fetches the jars of Apache Kafka through `jgo` and checks each against the committed lock."""

import errno
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.machine import MachineError, certificates, disk_is_full_message
from deploy.local.progress import Progress

LOCK = Path(__file__).with_name("kafka-jars.lock")
THREADS = 16
ATTEMPTS = 4
NEEDED_BYTES = 100_000_000


@dataclass(frozen=True)
class Jar:
    """One file of the class path, by its coordinates, and the sha256 it must have (hexadecimal)."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str

    @property
    def path(self) -> str:
        """Where it lies below a repository's root."""
        suffix = f"-{self.classifier}" if self.classifier else ""
        return (
            f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.artifact}-{self.version}{suffix}.jar"
        )


def read_lock(path: Path = LOCK) -> list[Jar]:
    """The jars of the lock, in class path order."""
    lines = (
        line.split() for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")
    )
    return [_jar(coordinates, sha256) for coordinates, sha256 in lines]


def write_lock(path: Path, jars: Sequence[Jar]) -> None:
    """Replace the lock."""
    lines = [f"{':'.join(filter(None, (j.group, j.artifact, j.version, j.classifier)))} {j.sha256}" for j in jars]
    path.write_text("# Written by `python -m deploy.local.lock_jars`\n" + "\n".join(lines) + "\n", encoding="utf-8")


def sha256_of(path: Path) -> str:
    """The hexadecimal sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def class_path(folder: Path, progress: Progress, jars: Sequence[Jar] | None = None) -> list[Path]:
    """The jars of the lock below `folder`, in order, downloaded where missing and all checked.

    Several processes may call it at once. Raises `MachineError` when a download keeps failing
    or a file is not the pinned one.
    """
    jars = read_lock() if jars is None else jars
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder / ".lock"):
        missing = [jar for jar in jars if not (folder / jar.path).exists()]
        if missing:
            _download(folder, missing, progress)
        wrong = [jar for jar in jars if not _is_right(folder, jar)]
        if wrong:
            for jar in wrong:
                (folder / jar.path).unlink(missing_ok=True)
            _download(folder, wrong, progress)
    return [folder / jar.path for jar in jars]


def _jar(coordinates: str, sha256: str) -> Jar:
    group, artifact, version, *classifier = coordinates.split(":")
    return Jar(group, artifact, version, classifier[0] if classifier else "", sha256)


def _is_right(folder: Path, jar: Jar) -> bool:
    path = folder / jar.path
    return path.exists() and sha256_of(path) == jar.sha256


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _download(folder: Path, jars: Sequence[Jar], progress: Progress) -> None:
    from jgo.maven import MavenContext

    authorities = certificates()
    if authorities:
        os.environ.setdefault("REQUESTS_CA_BUNDLE", authorities)
    mirror = os.environ.get("ESSAIM_MAVEN_MIRROR")
    context = MavenContext(repo_cache=folder, timeout=30, remote_repos={"mirror": mirror} if mirror else None)

    def resolve(jar: Jar) -> None:
        context.project(jar.group, jar.artifact).at_version(jar.version).artifact(jar.classifier, "jar").resolve()

    with progress.step("Téléchargement d'Apache Kafka") as advance, ThreadPoolExecutor(THREADS) as pool:
        for done, _ in enumerate(pool.map(lambda jar: fetch(folder, jar, resolve), jars), start=1):
            advance(done, len(jars))


def fetch(folder: Path, jar: Jar, resolve: Callable[[Jar], None], pause: Callable[[float], None] = time.sleep) -> None:
    """Call `resolve` until the jar below `folder` is the pinned one, four times at most; a wrong file is deleted.

    Raises `MachineError`: disk full, a network that stays away, or a file that keeps differing.
    """
    reason = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            pause(2.0 ** (attempt - 1))
        try:
            resolve(jar)
        except (OSError, RuntimeError) as error:  # `requests` raises OSErrors, jgo RuntimeErrors
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise disk_is_full_message(folder, NEEDED_BYTES) from error
            reason = str(error)
        else:
            if _is_right(folder, jar):
                return
            reason = "la somme de contrôle (sha256) diffère de celle du dépôt"
        (folder / jar.path).unlink(missing_ok=True)
    raise _failed(folder, jar, reason)


def _failed(folder: Path, jar: Jar, reason: str) -> MachineError:
    if shutil.disk_usage(folder).free < NEEDED_BYTES // 10:
        return disk_is_full_message(folder, NEEDED_BYTES)
    return MachineError(
        f"Le téléchargement de {jar.artifact} {jar.version} n'aboutit pas : {reason[:300]}",
        "Vérifiez la connexion (mandataire : HTTPS_PROXY ; certificat d'entreprise : PIP_CERT ; "
        "miroir Maven : ESSAIM_MAVEN_MIRROR), puis relancez : ce qui est déjà téléchargé est gardé.",
    )

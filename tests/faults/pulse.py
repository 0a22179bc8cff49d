"""What a service's process looks like from outside: which one it is, its memory, how much it says in its log."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deploy.create_roles import SERVICES
from tests.faults.installation import Installation

_RESIDENT = re.compile(r"VmRSS:\s+(\d+) kB")
MOST_GROWTH_MB = 100
"""By how much a process may grow: caches that fill, and what the allocator does not give back."""


@dataclass(frozen=True)
class Pulse:
    """One process at one moment."""

    pid: int
    resident_mb: float
    log_lines: int


def pulses(installation: Installation, services: Iterable[str] = SERVICES) -> dict[str, Pulse]:
    """How the processes of these services are now."""
    return {service: _pulse(installation, service) for service in services}


def _pulse(installation: Installation, service: str) -> Pulse:
    pid = installation.pid(service)
    found = _RESIDENT.search(Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    logs = installation.servers.run.glob(f"{service}-*.log")
    lines = sum(len(path.read_bytes().splitlines()) for path in logs)
    return Pulse(pid, int(found[1]) / 1024 if found else 0.0, lines)


def pulse_faults(before: dict[str, Pulse], after: dict[str, Pulse], *, most_lines: int) -> list[str]:
    """Another process than before, one that grew, or one that said the same thing again and again."""
    found = []
    for service, was in before.items():
        now = after[service]
        if now.pid != was.pid:
            found.append(f"{service} is another process")
        if now.resident_mb > was.resident_mb + MOST_GROWTH_MB:
            found.append(f"{service} grew from {was.resident_mb:.0f} to {now.resident_mb:.0f} MB")
        if now.log_lines > was.log_lines + most_lines:
            found.append(f"{service} said {now.log_lines - was.log_lines} lines")
    return found

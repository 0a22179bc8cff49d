"""Puts the pinned packages in a virtual environment, with nothing but a bare Python: what `make install` runs.

Only the standard library is imported, and an older Python gets as far as being told that 3.11 is needed.

"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from deploy.local.machine import MachineError, certificates, check_machine, disk_is_full_message

ROOT = Path(__file__).resolve().parents[2]
# Free space asked for before anything is downloaded: packages, their unpacking, jars, and the servers' first data.
NEEDED_BYTES = 1_500_000_000
# Each set of packages has all of the one before.
SETS = ("demo", "dev", "bench")


def main() -> int:
    """Bring the environment to the wanted set of packages, or do nothing when it is there; returns the exit code."""
    parser = argparse.ArgumentParser(description="Installe les paquets d'Essaim dans un environnement virtuel.")
    parser.add_argument("packages", choices=SETS)
    parser.add_argument("--venv", type=Path, default=Path(".venv"))
    options = parser.parse_args()
    try:
        install(options.packages, (Path.cwd() / options.venv).absolute())
    except MachineError as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    return 0


def install(packages: str, venv: Path) -> None:
    """Install `packages`; an environment that has a greater set keeps it. Raises `MachineError`."""
    check_machine(venv.parent, needed_bytes=0)
    packages = max([packages, *(each for each in SETS if _stamp(venv, each).exists())], key=SETS.index)
    wanted = _fingerprint(packages)
    if _is_installed(venv, packages, wanted):
        return
    check_machine(venv.parent, needed_bytes=NEEDED_BYTES)
    for name in SETS:
        with suppress(FileNotFoundError):
            _stamp(venv, name).unlink()
    _create(venv)
    uv = _uv(venv)
    _say("Paquets Python (versions et sommes de contrôle fixées)")
    requirements = ROOT / "requirements"
    _run([uv, "pip", "sync", "-q", "--require-hashes", requirements / f"{packages}.txt"], venv)
    _run([uv, "pip", "install", "-q", "--no-deps", "--build-constraints", requirements / "build.txt", "-e", ROOT], venv)
    _stamp(venv, packages).write_text(wanted, encoding="utf-8")
    _say(f"Prêt : {os.path.relpath(venv / 'bin' / 'essaim')}")


def _is_installed(venv: Path, packages: str, wanted: str) -> bool:
    stamp = _stamp(venv, packages)
    ready = stamp.exists() and (venv / "bin" / "essaim").exists() and (venv / "bin" / "python").exists()
    return ready and stamp.read_text(encoding="utf-8") == wanted


def _fingerprint(packages: str) -> str:
    digest = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    for path in (ROOT / "requirements" / f"{packages}.txt", ROOT / "requirements" / "uv.txt", ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _stamp(venv: Path, packages: str) -> Path:
    return venv / f".installed-{packages}"


def _create(venv: Path) -> None:
    if (venv / "bin" / "python").exists() and _answers([venv / "bin" / "python", "-m", "pip", "--version"]):
        return
    _say(f"Environnement virtuel {os.path.relpath(venv)}")
    created = subprocess.run([sys.executable, "-m", "venv", venv], capture_output=True, text=True, check=False)
    if created.returncode:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise MachineError(
            "Python ne peut pas créer d'environnement virtuel : il lui manque le module « venv » ou « ensurepip ».",
            f"Sous Debian ou Ubuntu : sudo apt install python{version}-venv.\n"
            "  Ou choisissez un autre Python : make PYTHON=/chemin/vers/python3 install\n"
            f"{created.stdout}{created.stderr}",
        )


def _answers(command: list[str | Path]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _uv(venv: Path) -> Path:
    uv = venv / "bin" / "uv"
    if not uv.exists():
        _say("Installateur de paquets (uv)")
        pip: list[str | Path] = [venv / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        _run([*pip, "--require-hashes", "-r", ROOT / "requirements" / "uv.txt"], venv)
    return uv


def _run(command: list[str | Path], venv: Path) -> None:
    environment = {**os.environ, "VIRTUAL_ENV": str(venv)}
    if not sys.stderr.isatty():
        environment["UV_NO_PROGRESS"] = "1"
    _follow_pip(environment)
    result = subprocess.run(command, env=environment, cwd=ROOT, check=False)
    if result.returncode == 0:
        return
    if shutil.disk_usage(venv.parent).free < NEEDED_BYTES // 10:
        raise disk_is_full_message(venv.parent, NEEDED_BYTES)
    raise MachineError(
        "L'installation des paquets n'a pas abouti (voir le message ci-dessus).",
        "Si c'est le réseau, relancez la même commande : ce qui est déjà téléchargé est gardé. "
        "Derrière un mandataire (proxy), renseignez HTTPS_PROXY  ;\n"
        "  avec un miroir interne, PIP_INDEX_URL ; avec un certificat d'entreprise, PIP_CERT.",
    )


def _follow_pip(environment: "dict[str, str]") -> None:
    """A mirror or a certificate that pip is told of holds for uv, too."""
    told = {"UV_DEFAULT_INDEX": environment.get("PIP_INDEX_URL"), "UV_INDEX": environment.get("PIP_EXTRA_INDEX_URL")}
    for name, value in {**told, "SSL_CERT_FILE": certificates()}.items():
        if value:
            environment.setdefault(name, value)


def _say(text: str) -> None:
    sys.stdout.write(f"  {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

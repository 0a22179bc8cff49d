"""Where the demo keeps its things, and the secrets it makes for itself."""

import json
import os
import secrets
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def home() -> Path:
    """`ESSAIM_HOME`, else `.essaim` in the repository, else (where there is none) in the current folder."""
    named = os.environ.get("ESSAIM_HOME")
    if named:
        return Path(named).absolute()
    return (REPOSITORY if (REPOSITORY / "pyproject.toml").exists() else Path.cwd()) / ".essaim"


def default_cache() -> Path:
    """Where downloads are kept, whatever is forgotten: `ESSAIM_CACHE`, else `cache` in `home()`."""
    named = os.environ.get("ESSAIM_CACHE")
    return Path(named).absolute() if named else home() / "cache"


def own_secrets(folder: Path) -> dict[str, str]:
    """The secrets that the services share, made once, readable by this user alone."""
    path = folder / "secrets.json"
    if not path.exists():
        shared = {name: secrets.token_urlsafe(32) for name in ("service_token", "link_secret")}
        write_secret(path, json.dumps(shared))
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def write_secret(path: Path, text: str) -> None:
    """Write a file that this user alone may read, whole or not at all."""
    part = path.with_name(path.name + ".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    part.rename(path)

"""Where the demo keeps its things, and the secrets it makes for itself."""

import json
import os
import secrets
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
NAMES = ("service_token", "link_secret")


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
        part = path.with_suffix(".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump({name: secrets.token_urlsafe(32) for name in NAMES}, file)
        part.rename(path)
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found

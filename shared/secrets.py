"""A setting that must not stand in the environment is a file of the folder named by `ESSAIM_SECRETS_DIR`."""

import os
from pathlib import Path


def secrets_dir() -> str | None:
    """That folder, for `pydantic-settings`: each file bears a setting's whole name in lower case."""
    return os.environ.get("ESSAIM_SECRETS_DIR")


def secret(name: str) -> str | None:
    """The value of `name` (such as `INGEST_DATABASE_URL`): the environment's, else the file's, else none."""
    folder = secrets_dir()
    path = Path(folder, name.lower()) if folder else None
    return os.environ.get(name) or (path.read_text().strip() if path and path.exists() else None)

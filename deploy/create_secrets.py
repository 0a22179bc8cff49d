"""Makes the secrets of an installation, once: each service gets a folder that it alone reads, and no default value."""

import secrets
import sys
from pathlib import Path

SERVICES = ("ingest", "matcher", "notifier", "console")


def _keep(path: Path, value: str) -> str:
    """The value already there, else `value`, written readable by the containers alone."""
    if path.exists():
        return path.read_text()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value)
    path.chmod(0o444)
    return value


def create_secrets(root: Path, *, database_host: str = "postgres:5432") -> None:
    """Fills `root/postgres`, `root/roles` and `root/<service>`; a second call changes nothing."""
    _keep(root / "postgres" / "password", secrets.token_urlsafe(24))
    token = _keep(root / "roles" / "service_token", secrets.token_urlsafe(32))
    link = _keep(root / "roles" / "link_secret", secrets.token_urlsafe(32))
    _keep(root / "roles" / "postgres_password", (root / "postgres" / "password").read_text())
    for service in SERVICES:
        password = _keep(root / "roles" / service, secrets.token_urlsafe(24))
        folder = root / service
        _keep(folder / f"{service}_database_url", f"postgresql://essaim_{service}:{password}@{database_host}/essaim")
        _keep(folder / f"{service}_service_token", token)
        if service in {"notifier", "console"}:
            _keep(folder / f"{service}_link_secret", link)


if __name__ == "__main__":
    create_secrets(Path(sys.argv[1] if len(sys.argv) > 1 else "/secrets"))

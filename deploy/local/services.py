"""What each of the four services is told, in the variables of its environment."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.ports import preferred_port
from deploy.local.servers import LocalServers

# Who plays a role, where it is not the console's own choice: a company with many matching projects.
DEMO_ADDRESSES = {"entreprise": "engagement-004@example.org"}


@dataclass(frozen=True)
class Ports:
    """The loopback ports of the services and of the mail sink."""

    console: int
    ingest: int
    matcher: int
    notifier: int
    mail_page: int
    smtp: int

    @classmethod
    def preferred(cls) -> "Ports":
        """Those people know, or that the environment names."""
        names = ("CONSOLE", "INGEST", "MATCHER", "NOTIFIER", "MAIL_PAGE", "SMTP")
        return cls(*(preferred_port(f"ESSAIM_{name}_PORT") for name in names))

    def of(self, service: str) -> int:
        """The port of one service."""
        port: int = getattr(self, service)
        return port

    def url(self, service: str) -> str:
        """The address of one service, without a final slash."""
        return f"http://127.0.0.1:{self.of(service)}"


MAIL_WINDOW_S = 5
SUGGESTIONS_APART_S = 60
"""How long the demonstration's mails wait, in seconds; a real installation takes the notifier's defaults."""


LIMITS = ("--limit-concurrency", "1000")
"""Beyond so many connections a service answers 503 at once; the image has the same."""


def command(service: str, port: int) -> list[str | Path]:
    """How the service is started."""
    program = [sys.executable, "-m", "uvicorn", f"services.{service}.app:app"]
    return [*program, "--host", "127.0.0.1", "--port", str(port), "--no-access-log", "--no-proxy-headers", *LIMITS]


def environment(
    service: str, servers: LocalServers, ports: Ports, secrets: Mapping[str, str], topic_prefix: str
) -> dict[str, str]:
    """The whole environment of the service's process: this one's, and the service's settings under its own prefix."""
    smtp = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(ports.smtp)}
    pages = {"PUBLIC_URL": ports.url("console"), "LINK_SECRET": secrets["link_secret"]}
    own = {
        # Everything of the demo comes from one machine, and from few keys.
        "ingest": {"CALLS_PER_MINUTE": "100000"},
        # Some hundred offers, and nobody waits for a compiler.
        "matcher": {"ADDRESS": ports.url("matcher"), "ENGINE": "plain"},
        # Who tries the demo waits for a mail, not for an hour.
        "notifier": {
            "INGEST_URL": ports.url("ingest"),
            "WINDOW_SECONDS": str(MAIL_WINDOW_S),
            "SUGGESTIONS_APART_SECONDS": str(SUGGESTIONS_APART_S),
            **pages,
            **smtp,
        },
        "console": {
            "INGEST_URL": ports.url("ingest"),
            "MATCHER_URL": ports.url("matcher"),
            "DEMO": "true",
            "DEMO_ADDRESSES": json.dumps(DEMO_ADDRESSES),
            "DEMO_MAIL_PAGE": ports.url("mail_page"),
            **pages,
            **smtp,
        },
    }
    settings = {
        "DATABASE_URL": servers.service_dsn(service),
        "KAFKA_BOOTSTRAP_SERVERS": servers.bootstrap_servers,
        "TOPIC_PREFIX": topic_prefix,
        "SERVICE_TOKEN": secrets["service_token"],
        **own[service],
    }
    # Two services that compute must not fight for each core.
    return {"OMP_NUM_THREADS": "1", **os.environ, **{f"{service.upper()}_{name}": v for name, v in settings.items()}}

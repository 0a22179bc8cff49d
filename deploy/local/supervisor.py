"""Runs the whole of Essaim as child processes: servers, mail sink, migrations, topics, the four services."""

import sys
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.create_roles import SERVICES
from deploy.create_topics import ensure_topics
from deploy.local.children import Child
from deploy.local.machine import MachineError
from deploy.local.ports import PREFERRED, check_free, preferred_port
from deploy.local.progress import Progress
from deploy.local.servers import LocalServers, run_apart
from deploy.local.services import Ports, command, environment
from deploy.local.state import own_secrets
from shared.migrations import RefusedHistory, migrate

READY_SECONDS = 180
MAIL_SINK = "mailsink"


class Supervisor:
    """All processes of one Essaim, started in order and stopped in the opposite one; use it as a context manager.

    A process that ends by itself is not started again: `ended` names it. Call from the main thread.
    """

    def __init__(
        self, state: Path, progress: Progress, *, topic_prefix: str = "essaim.", servers_only: bool = False
    ) -> None:
        """`servers_only`: with their schemas and topics, and no service."""
        self.ports = Ports.preferred()
        self.servers = LocalServers(
            state,
            kafka_port=preferred_port("ESSAIM_KAFKA_PORT"),
            kafka_controller_port=preferred_port("ESSAIM_KAFKA_CONTROLLER_PORT"),
            postgres_port=preferred_port("ESSAIM_POSTGRES_PORT"),
            progress=progress,
        )
        self._progress = progress
        self._topic_prefix = topic_prefix
        self._servers_only = servers_only
        self._mail_sink = Child(MAIL_SINK, self.servers.run)
        self._services = {service: Child(service, self.servers.run) for service in SERVICES}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def secrets(self) -> dict[str, str]:
        """What the services share."""
        return own_secrets(self.servers.state)

    def ended(self) -> Child | None:
        """A process that ended by itself; None while all run."""
        children = [*self._services.values(), self._mail_sink, *self.servers.children]
        return next((child for child in children if child.exit_code is not None), None)

    def stop(self) -> None:
        """Stop everything cleanly, services first; a second call does nothing."""
        children = [*self._services.values(), self._mail_sink]
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.stop()
        self.servers.stop()

    def _start(self) -> None:
        self.servers.claim()
        check_free(list(PREFERRED), patience_seconds=3)
        if not self._servers_only:
            self._start_mail_sink()
        self.servers.start()
        with self._progress.step("Schémas et flux d'événements"):
            run_apart(self._prepare())
        if not self._servers_only:
            self._start_services()

    def _start_services(self) -> None:
        for service, child in self._services.items():
            settings = environment(service, self.servers, self.ports, self.secrets, self._topic_prefix)
            child.start(command(service, self.ports.of(service)), env=settings)
        with self._progress.step("Démarrage des services") as advance:
            for done, (service, child) in enumerate(self._services.items(), start=1):
                url = f"{self.ports.url(service)}/health/ready"
                child.wait_until(lambda url=url: answers(url), READY_SECONDS)  # type: ignore[misc]  # bound at once
                advance(done, len(self._services))
        self._mail_sink.wait_until(lambda: answers(f"{self.ports.url('mail_page')}/readyz"), READY_SECONDS)

    def _start_mail_sink(self) -> None:
        ports = ["--smtp-port", str(self.ports.smtp), "--page-port", str(self.ports.mail_page)]
        kept = ["--folder", str(self.servers.state / "mails"), "--pages", self.ports.url("console")]
        self._mail_sink.start([sys.executable, "-m", "deploy.local.mailsink", *kept, *ports])

    async def _prepare(self) -> None:
        for service in SERVICES:
            try:
                await migrate(self.servers.service_dsn(service), service)
            except RefusedHistory as error:
                raise MachineError(
                    f"Les données gardées ne vont pas avec cette version ({service} : {error}).",
                    "Repartez de données neuves : make demo-reset, puis make demo",
                ) from error
        await ensure_topics(self.servers.bootstrap_servers, prefix=self._topic_prefix)


def answers(url: str) -> bool:
    """Whether a GET of this address succeeds."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - an address of ours
            return bool(answer.status == 200)
    except (OSError, urllib.error.HTTPError):
        return False

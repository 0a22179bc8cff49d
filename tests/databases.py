"""Fresh databases for tests: one per test and service, cloned from a template migrated once per run."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from deploy.create_roles import SERVICES
from deploy.local.roles import dsn_of, prepare_roles
from deploy.local.servers import run_apart

ROOT = Path(__file__).resolve().parents[1]


class Databases:
    """Makes and drops databases on one server; call `drop_all` at the end."""

    def __init__(self, admin_dsn: str) -> None:
        self._admin_dsn = admin_dsn
        self._run = uuid4().hex[:8]
        self._templates: dict[str, str] = {}
        self._count = 0
        # The same in each run, since roles belong to the whole server and runs may share one.
        digest = hashlib.sha256(admin_dsn.encode()).hexdigest()[:24]
        self._passwords = {service: f"{service}-{digest}" for service in SERVICES}

    def create(self, service: str) -> str:
        """A fresh database with the service's migrations applied; returns its name."""
        template = self._templates.get(service) or self._make_template(service)
        self._count += 1
        name = f"essaim_test_{self._run}_{self._count}"
        run_apart(self._execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"))
        return name

    def dsn(self, service: str, name: str) -> str:
        """The DSN of the service's own role in that database."""
        return dsn_of(self.admin_dsn(name), service, self._passwords[service])

    def admin_dsn(self, name: str) -> str:
        """The administrator's DSN of that database."""
        return urlunsplit(urlsplit(self._admin_dsn)._replace(path=f"/{name}"))

    def drop(self, name: str) -> None:
        """Drop it, breaking off whoever is still connected."""
        run_apart(self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))

    def drop_all(self) -> None:
        """Drop the templates."""
        for template in self._templates.values():
            self.drop(template)
        self._templates.clear()

    def _make_template(self, service: str) -> str:
        name = f"essaim_test_{self._run}_{service}"
        run_apart(self._execute(f"CREATE DATABASE {name}"))
        self._templates[service] = name
        run_apart(prepare_roles(self.admin_dsn(name), self._passwords))
        migrate(service, self.dsn(service, name))
        return name

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self._admin_dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def migrate(service: str, dsn: str) -> None:
    """Apply the service's migrations as its deployment does; `AssertionError` with the output when that fails."""
    result = subprocess.run(
        [sys.executable, "-m", "shared.migrations", service],
        env={**os.environ, f"{service.upper()}_DATABASE_URL": dsn},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"migrations of {service} failed:\n{result.stdout}{result.stderr}"

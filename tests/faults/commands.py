"""What an operator types, on an installation of the tests: `essaim`, with the settings of every service."""

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT

from deploy.create_roles import SERVICES
from deploy.local.services import environment
from deploy.local.state import own_secrets
from tests.faults.installation import PREFIX, Installation

ANSWER_SECONDS = 300.0


async def essaim(installation: Installation, *arguments: str) -> tuple[int, str]:
    """The command's exit code and what it said."""
    settings: dict[str, str] = {}
    for service in SERVICES:
        secrets = own_secrets(installation.state)
        settings |= environment(service, installation.servers, installation.ports, secrets, PREFIX)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.cli", *arguments, env=settings, stdout=PIPE, stderr=STDOUT
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), ANSWER_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode is not None
    return process.returncode, said.decode(errors="replace")

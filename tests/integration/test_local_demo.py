"""The demonstration brings a newcomer from nothing to pages and mails, and leaves nothing running."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.children import started_at
from deploy.local.ports import PREFERRED, any_free_port
from deploy.local.supervisor import answers
from tests.deadline import wait_until

READY_SECONDS = 180


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="essaim-demo-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    from deploy.local.state import default_cache

    ports = {variable: str(any_free_port()) for variable in PREFERRED}
    return {**os.environ, **ports, "ESSAIM_CACHE": str(default_cache()), "ESSAIM_HOME": str(home)}


def demo(environment: dict[str, str], *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "deploy.local", *options]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=READY_SECONDS)
    assert process.returncode == 0, output
    return output


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """What the process writes, up to the line with these words; fails when it ends before."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if words in line:
            return "".join(said)
    raise AssertionError(f"it ended without saying {words}:\n{''.join(said)}")


def mails(environment: dict[str, str]) -> list[dict[str, Any]]:
    url = f"http://127.0.0.1:{environment['ESSAIM_MAIL_PAGE_PORT']}/api/v1/messages"
    if not answers(url):
        return []
    with urllib.request.urlopen(url, timeout=5) as answer:
        found: list[dict[str, Any]] = json.load(answer)["messages"]
    return found


def running(home: Path) -> list[int]:
    notes = [json.loads(note.read_text()) for note in (home / "run").glob("*.pid")]
    return [note["pid"] for note in notes if started_at(note["pid"]) == note["start"]]


def test_the_demonstration_sends_mails_and_ends_cleanly(home: Path, environment: dict[str, str]) -> None:
    process = demo(environment)
    try:
        said = read_until(process, "Essaim est prêt")
        assert wait_until(lambda: mails(environment) or process.poll() is not None, seconds=READY_SECONDS)
        assert process.poll() is None
        assert answers(f"http://127.0.0.1:{environment['ESSAIM_CONSOLE_PORT']}/connexion")
        assert len(running(home)) == 7
    finally:
        process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    with process.stdout:
        output = said + process.stdout.read()
    assert process.wait(READY_SECONDS) == 0, output
    assert "Refusé" not in output
    assert f"http://127.0.0.1:{environment['ESSAIM_CONSOLE_PORT']}" in output
    assert "Tout est arrêté" in output
    assert not list((home / "run").glob("*.pid"))


def test_a_killed_demonstration_leaves_nothing_and_starts_again(home: Path, environment: dict[str, str]) -> None:
    process = demo(environment, "--quiet")
    wait_until(lambda: len(running(home)) == 7 or process.poll() is not None, seconds=READY_SECONDS)
    process.kill()
    process.communicate()
    if sys.platform == "linux":
        wait_until(lambda: not running(home), seconds=30)
    assert "Essaim est prêt" in finish(demo(environment, "--quiet", "--stop-when-ready"))
    assert not running(home)


def test_a_taken_port_stops_the_demonstration_with_the_remedy(environment: dict[str, str]) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        process = demo({**environment, "ESSAIM_CONSOLE_PORT": port}, "--quiet", "--stop-when-ready")
        output, _ = process.communicate(timeout=READY_SECONDS)
    assert process.returncode == 1
    assert f"Le port {port} (les pages) est déjà pris." in output
    assert "ESSAIM_CONSOLE_PORT=" in output
    assert "Traceback" not in output


def test_with_the_servers_alone_a_service_of_the_demonstration_can_be_restored(
    home: Path, environment: dict[str, str]
) -> None:
    """Operator's page, backup and restore: the command needs PostgreSQL up and every service down."""
    process = demo(environment, "--servers-only")
    try:
        read_until(process, "Ctrl-C les arrête")
        restored = subprocess.run(
            [sys.executable, "-m", "services.cli", "restored", "console", "--yes"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=READY_SECONDS,
            check=False,
        )
        assert restored.returncode == 0, restored.stderr
        assert "console est repris" in restored.stdout
        assert "L'ordre est ingest, matcher, notifier, console" in restored.stdout
    finally:
        process.send_signal(signal.SIGINT)
        finish(process)
    assert running(home) == []

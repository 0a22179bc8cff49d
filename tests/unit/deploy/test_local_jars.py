"""A jar is used only when it is the pinned one, whatever the network did."""

import errno
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.jars import ATTEMPTS, Jar, class_path, fetch, read_lock, write_lock
from deploy.local.machine import MachineError
from deploy.local.progress import Silent

CONTENT = b"a jar"
JAR = Jar("org.example", "thing", "1.0", "", hashlib.sha256(CONTENT).hexdigest())


def network(folder: Path, *answers: bytes | Exception) -> Callable[[Jar], None]:
    """A resolver that gives these one after the other, and keeps a file that is there, as `jgo` does."""
    waiting = list(answers)

    def resolve(jar: Jar) -> None:
        path = folder / jar.path
        if path.exists():
            return
        answer = waiting.pop(0)
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(answer, Exception):
            path.write_bytes(b"half")
            raise answer
        path.write_bytes(answer)

    return resolve


def test_a_file_that_differs_is_fetched_again(tmp_path: Path) -> None:
    fetch(tmp_path, JAR, network(tmp_path, b"tampered", CONTENT), pause=lambda seconds: None)
    assert (tmp_path / JAR.path).read_bytes() == CONTENT


def test_a_download_cut_short_is_fetched_again(tmp_path: Path) -> None:
    answers = network(tmp_path, ConnectionError("reset"), RuntimeError("404"), CONTENT)
    fetch(tmp_path, JAR, answers, pause=lambda seconds: None)
    assert (tmp_path / JAR.path).read_bytes() == CONTENT


def test_pauses_grow_between_attempts(tmp_path: Path) -> None:
    pauses: list[float] = []
    with pytest.raises(MachineError, match="sha256"):
        fetch(tmp_path, JAR, network(tmp_path, *[b"tampered"] * ATTEMPTS), pause=pauses.append)
    assert pauses == [1, 2, 4]
    assert not (tmp_path / JAR.path).exists()


def test_a_network_that_stays_away_is_said_with_the_remedy(tmp_path: Path) -> None:
    answers = network(tmp_path, *[ConnectionError("no route")] * ATTEMPTS)
    with pytest.raises(MachineError, match=r"(?s)thing 1\.0.*no route.*relancez"):
        fetch(tmp_path, JAR, answers, pause=lambda seconds: None)


def test_a_full_disk_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="disque"):
        fetch(tmp_path, JAR, network(tmp_path, OSError(errno.ENOSPC, "full")), pause=lambda seconds: None)


def test_jars_that_are_there_need_no_network(tmp_path: Path) -> None:
    (tmp_path / JAR.path).parent.mkdir(parents=True)
    (tmp_path / JAR.path).write_bytes(CONTENT)
    assert class_path(tmp_path, Silent(), [JAR]) == [tmp_path / JAR.path]


def test_the_lock_reads_as_it_was_written(tmp_path: Path) -> None:
    jars = [JAR, Jar("org.example", "native", "2.0", "linux-x86_64", "0" * 64)]
    write_lock(tmp_path / "lock", jars)
    assert read_lock(tmp_path / "lock") == jars


def test_every_jar_of_the_broker_is_pinned() -> None:
    jars = read_lock()
    assert jars[0].artifact == "kafka_2.13"
    assert len({jar.path for jar in jars}) == len(jars) > 40
    assert all(len(jar.sha256) == 64 for jar in jars)

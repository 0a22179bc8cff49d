"""What a person has to set right is said in one message, with its remedy."""

import platform
import socket
import sys
from pathlib import Path

import pytest

from deploy.local import machine
from deploy.local.machine import MachineError, check_machine
from deploy.local.ports import PREFERRED, any_free_port, check_free, is_free, preferred_port


def refused(monkeypatch: pytest.MonkeyPatch, target: object, name: str, value: object) -> str:
    monkeypatch.setattr(target, name, value)
    with pytest.raises(MachineError) as caught:
        check_machine(Path(), needed_bytes=0)
    return str(caught.value)


def test_this_machine_will_do() -> None:
    check_machine(Path(), needed_bytes=1)


def test_an_old_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Python 3.11" in refused(monkeypatch, sys, "version_info", (3, 9, 0))


def test_a_libc_without_wheels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    assert "docker compose up" in refused(monkeypatch, platform, "libc_ver", lambda: ("", ""))
    assert "2.17" in refused(monkeypatch, platform, "libc_ver", lambda: ("glibc", "2.17"))


def test_intel_macs_and_windows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "WSL" in refused(monkeypatch, sys, "platform", "win32")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    assert "Intel" in refused(monkeypatch, sys, "platform", "darwin")


def test_a_full_disk_says_how_much_is_needed() -> None:
    with pytest.raises(MachineError, match=r"il en faut 1000000\.0"):
        check_machine(Path(), needed_bytes=10**15)


def test_a_file_of_somebody_else_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kafka").mkdir()
    machine.check_owner(tmp_path)
    monkeypatch.setattr(machine.os, "access", lambda path, mode: Path(path).name != "kafka")
    with pytest.raises(MachineError, match=r"(?s)kafka appartient.*chown"):
        machine.check_owner(tmp_path)


def test_a_taken_port_is_named_with_the_way_to_move_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("ESSAIM_KAFKA_PORT", str(port))
        assert not is_free(port)
        with pytest.raises(MachineError, match=rf"(?s){port} \(Kafka\).*ESSAIM_KAFKA_PORT="):
            check_free(["ESSAIM_KAFKA_PORT"])


def test_a_port_can_be_moved_and_must_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ESSAIM_CONSOLE_PORT", raising=False)
    assert preferred_port("ESSAIM_CONSOLE_PORT") == PREFERRED["ESSAIM_CONSOLE_PORT"] == 8000
    monkeypatch.setenv("ESSAIM_CONSOLE_PORT", "18000")
    assert preferred_port("ESSAIM_CONSOLE_PORT") == 18000
    monkeypatch.setenv("ESSAIM_CONSOLE_PORT", "80000")
    with pytest.raises(MachineError, match="80000"):
        preferred_port("ESSAIM_CONSOLE_PORT")


def test_a_free_port_is_free() -> None:
    assert is_free(any_free_port())


def test_no_port_is_given_twice() -> None:
    given = [any_free_port() for _ in range(300)]  # of 12 000: twice the same in all but one of forty draws by chance
    assert len(set(given)) == len(given)

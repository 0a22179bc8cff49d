"""What is compiled is kept for the next start: whole or not at all, and for the same code alone (decision 0012)."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from services.matcher import compiling
from services.matcher.compiling import compile_engine
from services.matcher.matching.index.kernels import compiled, shares
from tests.compiled import KEPT

START = """
import json, sys
from pathlib import Path
from services.matcher.compiling import compile_engine
compile_engine(Path(sys.argv[1]))
from services.matcher.matching.index.kernels.compiled import KERNELS
print(json.dumps([
    sum(sum(found.values()) for found in each)
    for each in zip(*((kernel.stats.cache_hits, kernel.stats.cache_misses) for kernel in KERNELS))
]))
"""


def started(folder: Path) -> list[int]:
    """How many kernels a process of its own loads, and how many it compiles."""
    done = subprocess.run([sys.executable, "-c", START, str(folder)], capture_output=True, check=True, text=True)
    found: list[int] = json.loads(done.stdout)
    return found


def test_a_second_start_compiles_nothing() -> None:
    started(KEPT)
    loaded, missed = started(KEPT)
    assert missed == 0
    assert loaded > 0


class Compiler:
    """In the place of numba's: tells which folders it was to keep things in, and puts something there."""

    def __init__(self) -> None:
        self.folders: list[Path] = []
        self.searches = 0
        self.fails: Callable[[], None] = lambda: None

    def keep_in(self, folder: Path) -> None:
        self.folders.append(folder)

    def search(self) -> None:
        self.searches += 1
        self.fails()
        if self.folders and not self.has_loaded:
            (self.folders[-1] / "kernel").write_bytes(b"compiled")

    @property
    def has_loaded(self) -> bool:
        """Whether the last start was given what is whole."""
        return bool(self.folders) and (self.folders[-1] / compiling.WHOLE).exists()


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch) -> Compiler:
    made = Compiler()
    monkeypatch.setattr(compiled, "keep_in", made.keep_in)
    monkeypatch.setattr(compiled, "keep_nowhere", made.folders.clear)
    monkeypatch.setattr(compiled, "is_at_work", lambda: False)
    monkeypatch.setattr(compiling, "_call_all", made.search)
    return made


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_whole_is_loaded(compiler: Compiler, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    compile_engine(folder)
    assert kept(folder) == [f"engine-{compiled.fingerprint()}"]
    compile_engine(folder)
    assert compiler.folders[-1] == folder / f"engine-{compiled.fingerprint()}"
    assert compiler.searches == 2


def test_what_is_not_whole_is_compiled_again(compiler: Compiler, tmp_path: Path) -> None:
    """As after a full disk, or a machine that stopped."""
    folder = tmp_path / "kept"
    compile_engine(folder)
    [name] = kept(folder)
    (folder / name / "kernel").write_bytes(b"comp")
    compile_engine(folder)
    assert compiler.folders[-1].name.startswith("engine-part-")
    assert kept(folder) == [name]
    assert (folder / name / "kernel").read_bytes() == b"compiled"


def test_what_a_killed_process_began_is_never_loaded(compiler: Compiler, tmp_path: Path) -> None:
    def killed() -> None:
        raise KeyboardInterrupt

    folder = tmp_path / "kept"
    compiler.fails = killed
    with pytest.raises(KeyboardInterrupt):
        compile_engine(folder)
    compiler.fails = lambda: None
    compile_engine(folder)
    assert compiler.folders[0] != compiler.folders[1]
    assert f"engine-{compiled.fingerprint()}" in kept(folder)


def test_another_weight_is_another_engine(compiler: Compiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """numba's own cache would go on with the old weight: it looks at sources alone. An old engine goes after a day."""
    folder = tmp_path / "kept"
    compile_engine(folder)
    before = compiled.fingerprint()
    monkeypatch.setattr(shares, "STAGE", shares.STAGE + 1)
    assert compiled.fingerprint() != before
    compile_engine(folder)
    assert len(kept(folder)) == 2
    os.utime(folder / f"engine-{before}", (0, 0))
    monkeypatch.setattr(shares, "STAGE", shares.STAGE + 2)
    compile_engine(folder)
    assert f"engine-{before}" not in kept(folder)
    assert len(kept(folder)) == 2


def test_what_no_fingerprint_tells_may_not_be_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "STAGE", [1])
    with pytest.raises(TypeError, match="reads STAGE"):
        compiled.fingerprint()


@pytest.mark.parametrize("spoilt", ["is a file", "others write there", "is full"])
def test_without_a_folder_of_its_own_it_compiles_at_each_start(
    compiler: Compiler, tmp_path: Path, caplog: pytest.LogCaptureFixture, spoilt: str
) -> None:
    folder = tmp_path / "kept"

    def full() -> None:
        compiler.fails = lambda: None
        raise OSError("no space left on device")

    match spoilt:
        case "is a file":
            folder.write_bytes(b"")
        case "others write there":
            folder.mkdir()
            folder.chmod(0o777)
        case "is full":
            compiler.fails = full
    with caplog.at_level(logging.WARNING):
        compile_engine(folder)
    assert compiler.folders == []
    assert compiler.searches == (2 if spoilt == "is full" else 1)
    assert [record.getMessage() for record in caplog.records] == [
        "the compiled engine cannot be kept: each start compiles it"
    ]

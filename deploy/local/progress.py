"""Shows how a long step goes: a live line on a terminal, plain dated lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Advance = Callable[[int, int], None]


class Progress(Protocol):
    """Where the local stack tells what it is doing, in French; steps may nest but do not overlap."""

    def step(self, title: str) -> AbstractContextManager[Advance]:
        """Announce a step; the value entered is called with (done, total) as it goes; leaving says how long it took."""

    def note(self, text: str) -> None:
        """Say one thing at once."""


class Silent:
    """Says nothing: for tests."""

    @contextmanager
    def step(self, title: str) -> Iterator[Advance]:
        """See `Progress.step`."""
        yield lambda done, total: None

    def note(self, text: str) -> None:
        """See `Progress.note`."""


class Plain:
    """One line when a step ends and, in a long one, one each five seconds: for logs and pipes."""

    def __init__(self, write: Callable[[str], object] | None = None) -> None:
        self._write = write or _write_line
        self._started = time.monotonic()

    @contextmanager
    def step(self, title: str) -> Iterator[Advance]:
        """See `Progress.step`."""
        started = said = time.monotonic()
        self.note(f"{title} …")

        def advance(done: int, total: int) -> None:
            nonlocal said
            if time.monotonic() - said >= 5:
                said = time.monotonic()
                self.note(f"{title} : {done}/{total}")

        yield advance
        took = time.monotonic() - started
        if took >= 0.5:
            self.note(f"{title} : fait en {took:.1f} s")

    def note(self, text: str) -> None:
        """See `Progress.note`."""
        self._write(f"[{time.monotonic() - self._started:5.1f} s] {text}")


class Live:
    """A spinner with a count, replaced by a tick when the step is done: for a terminal."""

    def __init__(self) -> None:
        from rich.console import Console

        self.console = Console(highlight=False)

    @contextmanager
    def step(self, title: str) -> Iterator[Advance]:
        """See `Progress.step`."""
        started = time.monotonic()
        with self.console.status(f"{title} …") as status:
            yield lambda done, total: status.update(f"{title} : {done}/{total}")
        self.console.print(f"[green]✓[/] {title} [dim]({time.monotonic() - started:.1f} s)[/]")

    def note(self, text: str) -> None:
        """See `Progress.note`."""
        self.console.print(text, markup=False, soft_wrap=True)


def for_terminal() -> Progress:
    """The progress that suits where the output goes."""
    return Live() if sys.stdout.isatty() else Plain()


def _write_line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()

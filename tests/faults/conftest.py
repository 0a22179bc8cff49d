"""One whole Essaim for all tests of this folder, which shows its logs when one of them fails."""

from collections.abc import Callable, Generator, Iterator

import pytest

from tests.faults.installation import Installation

_RUNNING: list[Installation] = []
_SAID: list[str] = []


@pytest.fixture(scope="module")
def installation(request: pytest.FixtureRequest) -> Iterator[Installation]:
    """Everything started, on ports of its own, with as many brokers as the module's `BROKERS` says, else one.

    Each test leaves it running and quiet.
    """
    made = Installation(brokers=getattr(request.module, "BROKERS", 1))
    _RUNNING.append(made)
    try:
        made.start()
        yield made
    finally:
        _RUNNING.clear()
        made.stop()


@pytest.fixture
def say() -> Callable[[str], None]:
    """Adds a line to what the run shows at its end, whether or not the test passes."""
    return _SAID.append


@pytest.fixture
def watch(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Shows a line of a long run while it happens; nothing where pytest is quiet, as it is by default."""

    def show(line: str) -> None:
        if pytestconfig.get_verbosity() < 0:
            return
        capture = pytestconfig.pluginmanager.getplugin("capturemanager")
        reporter = pytestconfig.pluginmanager.getplugin("terminalreporter")
        assert capture is not None
        assert reporter is not None
        with capture.global_and_fixture_disabled():
            reporter.write_line(line)

    return show


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what the tests said."""
    for line in _SAID:
        terminalreporter.write_line(f"faults: {line}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the end of every log to the report of a test that failed."""
    report = yield
    if report.failed and _RUNNING:
        report.sections += [(f"log of {name}", text) for name, text in _RUNNING[0].logs().items()]
    return report

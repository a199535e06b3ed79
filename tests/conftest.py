"""What several rooms' tests share."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.missing import without
from tests.servers import dovecot as real
from tests.servers.sink import Sink


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes minutes, unless it is asked for by `-m` or by its own name."""
    if config.option.markexpr or any("::" in argument for argument in config.args):
        return
    slow = [item for item in items if item.get_closest_marker("soak")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in slow]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests counted: each told it with `record_property("summary", "…")`."""
    told = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, value in report.user_properties
        if name == "summary"
    ]
    if told:
        terminalreporter.section("figures")
        terminalreporter.write_line("\n\n".join(told))


@pytest.fixture(scope="session")
def start_dovecot() -> Iterator[Callable[..., real.Dovecot]]:
    """`start_dovecot(form="mdbox", extra="…")`: a Dovecot of your own, ended with the session."""
    if not real.BINARY.exists():
        without(real.MISSING)
    with ExitStack() as servers:
        yield lambda form="maildir", extra="": servers.enter_context(real.running(form, extra))


@pytest.fixture(scope="session")
def dovecot(start_dovecot) -> real.Dovecot:
    """One real IMAP server for all tests; `dovecot.user()` is a fresh mailbox."""
    return start_dovecot()


@pytest.fixture
def http_sink() -> Iterator[Sink]:
    """A web server on loopback that records every request and misbehaves on demand."""
    with Sink() as sink:
        yield sink

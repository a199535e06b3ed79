"""What several rooms' tests share."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.missing import without
from tests.servers import dovecot as real
from tests.servers.sink import Sink

LONG = ("soak", "endurance", "shipping")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes minutes, unless it is asked for by `-m` or by its own name."""
    if config.option.markexpr or any("::" in argument for argument in config.args):
        return
    long = [item for item in items if any(item.get_closest_marker(name) for name in LONG)]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests counted, each of which told it with `record_property("summary", "…")`; and
    where the minutes went, when the long ones ran.
    """
    reports = [
        report
        for group in terminalreporter.stats.values()
        for report in group
        if isinstance(report, pytest.TestReport)
    ]
    told = [
        value
        for report in reports
        if report.when == "call"
        for name, value in report.user_properties
        if name == "summary"
    ]
    if told:
        terminalreporter.section("figures")
        terminalreporter.write_line("\n\n".join(told))
    if any(name in terminalreporter.config.option.markexpr for name in LONG):
        terminalreporter.section("minutes")
        minutes: Counter[str] = Counter()
        for report in reports:
            minutes[report.nodeid.partition("::")[0]] += report.duration / 60
        for file, spent in minutes.most_common():
            terminalreporter.write_line(f"{spent:6.1f}  {file}")


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

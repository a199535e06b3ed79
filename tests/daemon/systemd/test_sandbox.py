"""Hardening that stops the program is no hardening: it lives under its own filter here."""

import subprocess
import sys
from pathlib import Path

import pytest

from daemon.worker.reading import ReadingChild
from tests.missing import without
from tests.servers import sandbox

ROOT = Path(__file__).parents[3]
WORK = """
import sys
from datetime import UTC
from pathlib import Path

from daemon.worker.reading import ReadingChild
from parsers.frame import Frame
from daemon.service.metrics import Port
from daemon.push import Delivery, Notifier
from daemon.secrets import resolve
from daemon.settings import Secret
from daemon.store.store import Store

with Store.open(Path(sys.argv[1])) as store, store.read() as ledger:
    assert ledger.orders.count() == 0
assert resolve(Secret(command=("echo", "x")), what="a test") == "x"
Port(0, str).close()
with ReadingChild(None) as reads:
    print(*reads.confinement())
    print(reads(b"From: a@example.org\\nContent-Type: text/html\\n\\n<p>hello", Frame(zone=UTC)).outcome)
with Notifier() as sender:
    print(sender.send(Delivery(target="t", url=sys.argv[2], title="t", body="b", severity="info", key="k")).outcome)
"""


@pytest.fixture(scope="module", params=["orderbell.service", "user/orderbell.service"])
def under(request):
    """Run a script under a unit's filter; loud where that cannot be tried, a failure in CI."""
    if missing := sandbox.available():
        without(f"{missing}: the units' system call filter was NOT tried")
    unit = ROOT / "systemd" / request.param
    python = [sys.executable, "-m", "tests.servers.sandbox", str(unit), sys.executable, "-c"]
    return lambda *words: subprocess.run(
        [*python, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_the_program_reads_stores_and_sends_under_its_own_filter(under, tmp_path, http_sink):
    with ReadingChild(None) as reads:
        holds = reads.confinement()

    done = under(WORK, str(tmp_path / "ledger.db"), f"json://{http_sink.host}/")

    assert (done.returncode, done.stdout.split()) == (0, [*holds, "foreign", "sent"]), done.stderr
    assert len(http_sink.requests) == 1


@pytest.mark.parametrize("call", ["time.clock_settime(0, 1.0)", "os.chroot('/tmp')"])
def test_what_it_never_needs_is_refused(under, call):
    done = under(f"import os, time; {call}")

    assert "Operation not permitted" in done.stderr


@pytest.mark.soak
def test_the_whole_demo_runs_under_the_filter(under):
    script = (
        "import sys; from daemon.cli import main; sys.argv = ['orderbell', 'demo', '--once'];"
        " main()"
    )

    done = under(script)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "All four stories were seen" in done.stdout

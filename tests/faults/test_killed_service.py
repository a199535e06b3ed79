"""Row 1, the whole road: the service is killed at each of its steps, and half of the time the
server renumbers the
mails before it comes back. Nothing is lost, the ledger is right, and a repeat comes only where an
answer was lost.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from daemon.push.notifier import Notifier
from tests.faults.home import DISPUTE, MARKED, ORDERS, Home, idling, wait_until
from tests.servers import sample_mail
from tests.servers.fake_imap import Mail, running
from tests.servers.sink import Sink

ROOT = Path(__file__).parents[2]
EVERY = 12
"""In the normal suite every twelfth step is a place to die, and one side of a push; in the soak
each is.
"""


class Street:
    """A folder as it was after the first run, and what a service that nobody disturbs makes of the
    mails after it.
    """

    def __init__(self, folder: Path, sender: Notifier) -> None:
        self.sender = sender
        now = datetime.now(UTC)
        self.old = sample_mail.placed(ORDERS[0], at=now - timedelta(days=3))
        self.new = (
            sample_mail.cancel_requested(ORDERS[0], at=now - timedelta(minutes=4)),
            sample_mail.private(at=now - timedelta(minutes=3)),
            sample_mail.shipped(ORDERS[0], at=now - timedelta(minutes=2)),
            sample_mail.forged(ORDERS[0], at=now - timedelta(minutes=2)),
            sample_mail.judged(DISPUTE, at=now - timedelta(minutes=1)),
        )
        self.born = folder / "born"
        self.born.mkdir()
        with self.house(self.born) as home:
            home.mail.mails = {1: Mail(self.old)}
            home.once(send=sender.send)
        quiet = folder / "quiet"
        with self.house(quiet, self.born) as home:
            with victim(home, 0) as process:
                until_settled(home, process)
            self.ledger, self.told = home.ledger(), home.told()
            self.steps = tuple((quiet / "steps").read_text().split("\n")[:-1])

    @contextmanager
    def house(self, folder: Path, like: Path | None = None) -> Iterator[Home]:
        if like:
            shutil.copytree(like / "state", folder / "state")
            (folder / "state").chmod(0o700)
        with running() as mail, Sink() as sink:
            mail.mails = {uid: Mail(raw) for uid, raw in enumerate((self.old, *self.new), start=1)}
            yield Home(folder, mail, sink)


def until_settled(home: Home, process: subprocess.Popen) -> None:
    """Dead, or idling with everything told."""
    wait_until(lambda: process.poll() is not None or (idling(home.mail) and not waiting(home)), 40)


def waiting(home: Home) -> object:
    return home.ledger()["waiting"]


@contextmanager
def victim(home: Home, step: int | str) -> Iterator[subprocess.Popen]:
    command = [sys.executable, "-m", "tests.faults.killed_at_step", str(home.folder), str(step)]
    with (home.folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    with Notifier() as sender:
        yield Street(tmp_path_factory.mktemp("street"), sender)


def renumber(mail) -> None:
    mail.uidvalidity += 1
    mail.mails = {uid + 100: one for uid, one in mail.mails.items()}


def come_back(home: Home, sender: Notifier) -> None:
    """What a restart does, and the minutes after it."""
    for _ in range(3):
        home.once(send=sender.send)
        if not waiting(home):
            return
        home.hurry()


def die_and_come_back(folder: Path, street: Street, step: int | str) -> int:
    """How often news were told twice; fails when anything else is not as without the death."""
    folder.mkdir()
    with street.house(folder, street.born) as home:
        with victim(home, step) as process:
            until_settled(home, process)
        renumbered = isinstance(step, int) and step % 2
        if renumbered:
            renumber(home.mail)
        come_back(home, street.sender)
        name = street.steps[step - 1] if isinstance(step, int) else "the first"
        where = f"step {step}, {name}, {'renumbered' if renumbered else 'as it was'}"

        assert home.ledger() == street.ledger, where
        assert set(home.told()) == set(street.told), where
        twice = home.told() - street.told
        assert twice.total() <= 1, where
        for news in twice:
            titles = [title for _, title in home.pushes() if title.startswith(news)]
            assert titles[-1].endswith(MARKED), where
    shutil.rmtree(folder)
    return twice.total()


@pytest.mark.parametrize(
    "every", [EVERY, pytest.param(1, marks=[pytest.mark.soak, pytest.mark.timeout(900)])]
)
def test_killed_at_any_step_of_its_life_the_service_loses_nothing(
    tmp_path, street, every, record_property
):
    # By name: which number a push has differs from run to run.
    pushes = ("before the push", "after the push")
    chosen = [*range(1, len(street.steps) + 1, every), *pushes]
    with ThreadPoolExecutor(3) as several:
        doubled = list(
            several.map(lambda step: die_and_come_back(tmp_path / str(step), street, step), chosen)
        )
    record_property("tried", len(chosen))
    record_property("doubled", sum(doubled))

    assert sum(doubled) >= 1, "a push whose answer was lost with the process must be sent again"

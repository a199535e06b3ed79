"""The first run over a busy month: 1,700 mails of which 50 are a marketplace's, with the ledger
written and judged.

Floor: the same poll of the same mailbox in the same way, headers first and bodies of those 50, into
nothing.
"""

import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.result import Result
from benchmarks.unavailable import Unavailable
from daemon.mailbox.login import trust
from daemon.mailbox.session import Session
from daemon.pipeline.pipeline import Pipeline
from daemon.pipeline.setup import Setup, build
from daemon.service.mailbox_poll import MailboxPoll, Pace
from daemon.settings import Settings
from daemon.store.store import FILE, Store
from daemon.worker.reading import ReadingChild
from parsers.reader import Context, interesting
from tests.servers import dovecot, sample_mail

MAILS, OURS = 1_700, 50
ROUNDS = 3
LIMIT = 1.5


def run() -> Iterable[Result]:
    if not dovecot.BINARY.exists():
        raise Unavailable(dovecot.MISSING)
    with (
        dovecot.running() as server,
        tempfile.TemporaryDirectory(prefix="orderbell-bench-") as folder,
    ):
        user = server.user()
        server.burst(user, _mails())
        settings, setup = _setup(server, user)
        floor, ours = [], []
        for number in range(ROUNDS):
            floor.append(_bare(settings, setup))
            with (
                Store.open(Path(folder) / str(number) / FILE) as store,
                ReadingChild(None) as child,
            ):
                child(
                    sample_mail.private(), setup.frame("main")
                )  # it runs already, as it does in a service
                ours.append(_whole(settings, setup, store, child))
    measured, least = min(ours), min(floor)
    yield Result(
        workload=f"first run, {MAILS:,} mails of which {OURS} are a marketplace's",
        measured=measured,
        unit="ms",
        floor=least,
        promise=f"≤ {LIMIT} × floor ({measured / least:.2f} ×)",
        kept=measured <= LIMIT * least,
    )


def _mails() -> list[bytes]:
    every, now = MAILS // OURS, datetime.now(UTC)
    return [
        sample_mail.placed(f"249-0000000-{number:07d}", at=now - timedelta(minutes=MAILS - number))
        if number % every == 0 and number // every < OURS
        else sample_mail.private(
            f"Mail number {number} " + "of a long and friendly exchange " * 100
        )
        for number in range(MAILS)
    ]


def _setup(server: dovecot.Dovecot, user: str) -> tuple[Settings, Setup]:
    box = {
        "id": "main",
        "host": "127.0.0.1",
        "port": server.port,
        "tls": "none",
        "user": user,
        "password": {"value": server.password},
        "authserv_ids": [sample_mail.STAMP],
        "addresses": ["me@example.org"],
    }
    settings = Settings.model_validate({"version": 1, "mailboxes": [box]})
    return settings, build(settings, rules=None, packs=None)


def _session(settings: Settings) -> Session:
    box = settings.mailboxes[0]
    assert box.password is not None
    return Session.open(box, str(box.password.value), trust(None))


def _bare(settings: Settings, setup: Setup) -> float:
    context = Context.of(setup.library, setup.frame("main"))
    with _session(settings) as session:
        start = time.perf_counter()
        since = datetime.now(UTC) - settings.backfill
        session.poll(
            "INBOX", None, since, lambda header: interesting(header, context), lambda _mail: None
        )
        return (time.perf_counter() - start) * 1000


def _whole(settings: Settings, setup: Setup, store: Store, child: ReadingChild) -> float:
    pipeline = Pipeline(store, setup, child)
    with _session(settings) as session:
        start = time.perf_counter()
        pace = Pace.of(settings)
        MailboxPoll(session, pipeline, settings.mailboxes[0], pace).run()
        return (time.perf_counter() - start) * 1000

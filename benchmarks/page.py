"""Every page over a ledger of 100,000 orders, beside the same over one of 100, with the demo's
orders on top of both. Processor time of the whole process: what a page costs however busy the
machine is.
"""

import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from benchmarks.ledger import LARGE, NOW, SMALL, filled
from benchmarks.result import Result
from benchmarks.unavailable import Unavailable
from daemon.demo.play import STAMP, names
from daemon.demo.samples import age, sample_mail
from daemon.mailbox.arrived import Arrived
from daemon.pipeline.pipeline import Pipeline
from daemon.pipeline.setup import Setup
from daemon.service.files import Files
from daemon.store.store import FILE, Store
from daemon.worker.reading import Reads, inline

PROMISE, NOISE = 150.0, 15.0
"""Milliseconds: what a page may take, and what two sizes may differ by on a busy machine."""
BAND = 1.5
ROUNDS = 15
KNIFE = "8100000000000001"
PAGES = (
    "/",
    "/orders",
    "/orders?show=all",
    "/orders?show=problem",
    "/orders?show=all&marketplace=aliexpress",
    "/orders?q=kitchen",
    "/orders?q=nothing-is-called-so",
    "/orders?q=81000",
    f"/orders/aliexpress:buyer:{KNIFE}",
    "/disputes",
    "/calendar",
    "/alerts",
    "/alerts?all=1",
    "/alerts/1",
    "/unread",
    "/mails/1",
    "/rules",
    f"/rules/dispute-judged-invalid?order={KNIFE}",
    "/numbers",
    "/health",
    "/told",
    "/api/v1/orders",
    "/api/v1/cases",
    "/api/v1/watches",
    "/metrics",
)
CONFIG = f"""\
version: 1
mailboxes: [{{id: main, host: x.example, user: me, password: {{env: X}}, authserv_ids: [{STAMP}]}}]
targets: [{{id: phone, url: {{env: PHONE}}}}]
timezone: Asia/Tokyo
"""
SERIES = "WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {0})"
PAST = (
    "INSERT INTO message (id, at, kind) SELECT 1000000, at, kind FROM message LIMIT 1",
    """INSERT INTO alert (rule, about, subject, episode, scope, state, severity, since, order_key,
    payload, facts) {0} SELECT rule, about, 'past ' || n, 0, scope, 'resolved', severity,
    since - n, NULL, payload, facts FROM alert, series WHERE id = (SELECT min(id) FROM alert)""",
    """INSERT INTO outbox (key, target, message, state, severity, title, body, created_at, sent_at)
    {0} SELECT 'past ' || n, 'phone', 1000000, 'sent', severity, title, body, created_at, created_at
    FROM outbox, series WHERE id = (SELECT min(id) FROM outbox)""",
    """INSERT INTO mail (mailbox, folder, uidvalidity, uid, state, arrived, seen, size, outcome,
    marketplace, subject, sender) {0} SELECT mailbox, folder, uidvalidity, 100000 + n, state,
    arrived - n, seen - n, size, outcome, marketplace, subject, sender FROM mail, series
    WHERE id = (SELECT min(id) FROM mail WHERE outcome = 'notices')""",
)
"""An alert, a message and a mail an order, all of them over."""


def run(large: int = LARGE) -> Iterable[Result]:
    with tempfile.TemporaryDirectory(prefix="orderbell-bench-") as name:
        yield from _pages(Path(name), large)


def _pages(folder: Path, large: int) -> Iterator[Result]:
    setup, reads = _setup(folder), inline(None)
    with (
        _ledger(folder / "small" / FILE, SMALL, setup, reads) as few,
        _ledger(folder / "large" / FILE, large, setup, reads) as many,
        _client(few, setup, reads) as small,
        _client(many, setup, reads) as big,
    ):
        for path in PAGES:
            floor, measured = _median(small, path), _median(big, path)
            yield Result(
                workload=f"{path}, {large:,} orders",
                measured=measured,
                unit="ms",
                floor=floor,
                promise=f"≤ {PROMISE:.0f} ms, as with {SMALL} orders",
                kept=measured <= min(PROMISE, floor * BAND + NOISE),
            )


def _setup(folder: Path) -> Setup:
    config = folder / "config.yaml"
    config.touch(mode=0o600)
    config.write_text(CONFIG)
    files = Files(config=config, rules=folder / "r", packs=folder / "p", state=folder)
    return files.read()[1]


@contextmanager
def _client(store: Store, setup: Setup, reads: Reads) -> Iterator[object]:
    """Signed in, without a network."""
    try:
        from starlette.testclient import TestClient

        from daemon.web.application import application
        from daemon.web.site import InForce, Site
    except ImportError as error:
        raise Unavailable(f"the extra web: {error}") from error
    site = Site(
        store=store,
        state=store.path.parent,
        files=lambda: InForce(settings=None, setup=setup),
        reads=reads,
        metrics=lambda: "",
        clock=lambda: NOW,
        tries=lambda _target: None,
    )
    with TestClient(application(site), base_url="http://127.0.0.1") as client:
        client.cookies.set("orderbell", site.access.open_session("benchmark"))
        yield client


def _median(client, path: str) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        answer = client.get(path)
        times.append(time.process_time() - start)
        if answer.status_code not in (200, 403):
            raise AssertionError((path, answer.status_code, answer.text))
    return statistics.median(times[2:]) * 1000


@contextmanager
def _ledger(path: Path, orders: int, setup: Setup, reads: Reads) -> Iterator[Store]:
    with filled(path, orders) as store:
        _take_demo(store, setup, reads)
        with store.write() as ledger:
            for statement in PAST:
                ledger.connection.exec_driver_sql(statement.format(SERIES.format(orders)))
        yield store


def _take_demo(store: Store, setup: Setup, reads: Reads) -> None:
    pipeline = Pipeline(store, setup, reads, clock=lambda: NOW)
    poll = pipeline.begin_poll("main", backfill=timedelta(days=90))
    for uid, name in enumerate(sorted(names(), key=lambda name: age(name, NOW)), start=1):
        raw = sample_mail(name, NOW)
        arrived = Arrived(
            mailbox="main",
            folder="INBOX",
            uidvalidity=1,
            uid=uid,
            internal_date=NOW,
            size=len(raw),
            raw=raw,
            header=b"",
        )
        pipeline.take(poll, arrived)
    pipeline.end_poll(poll, NOW)
    pipeline.sweep()

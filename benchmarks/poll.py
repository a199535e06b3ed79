"""A mailbox is watched: polls of a large inbox, a month read at once, a mail that arrives; beside
bare imapclient.
"""

import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import imapclient

from benchmarks.result import Result
from benchmarks.unavailable import Unavailable
from daemon.mailbox.arrived import Cursor
from daemon.mailbox.login import trust
from daemon.mailbox.session import Session
from daemon.mailbox.wakeup import Wakeup
from daemon.settings import Mailbox, Secret
from tests.servers import dovecot

SMALL, LARGE = 2_000, 100_000
MONTH, RELEVANT = 1_700, 50
ROUNDS = 200


def run() -> Iterator[Result]:
    if not dovecot.BINARY.exists():
        raise Unavailable(dovecot.MISSING)
    with dovecot.running("mdbox") as server:
        yield from _unchanged(server)
        yield from _month(server)
        yield from _arrival(server)


def _result(
    workload: str, measured: float, unit: str, floor: float | None, promise: str, kept: bool
) -> Result:
    return Result(
        workload=workload, measured=measured, unit=unit, floor=floor, promise=promise, kept=kept
    )


def _mail(number: int, size: int) -> bytes:
    shop = number % (MONTH // RELEVANT) == 0
    sender = "auto-confirm@amazon.co.jp" if shop else f"list{number % 40}@example.org"
    head = (
        f"Received: from relay.example.org by mx.example.jp; Tue, 3 Mar 2026 09:00:00 +0900\r\n"
        f"From: Someone <{sender}>\r\nTo: me@example.jp\r\nSubject: letter {number}\r\n"
        f"Message-ID: <{number}@example.org>\r\nDate: Tue, 3 Mar 2026 09:00:00 +0900\r\n"
        f"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    )
    return head.encode() + (b"<p>" + b"x" * 70 + b"</p>\r\n") * (size // 80)


def _fill(server: dovecot.Dovecot, count: int, size: int) -> str:
    user = server.user()
    server.burst(user, [_mail(number, size) for number in range(count)])
    return user


def _open(server: dovecot.Dovecot, user: str) -> Session:
    account = Mailbox(
        id="bench",
        host=server.host,
        port=server.tls_port,
        tls="implicit",
        tls_ca_file=server.ca_file,
        user=user,
        password=Secret(value="unused"),
    )
    return Session.open(account, server.password, trust(server.ca_file))


def _bare(server: dovecot.Dovecot, user: str) -> imapclient.IMAPClient:
    client = imapclient.IMAPClient(
        server.host, server.tls_port, ssl_context=trust(server.ca_file), timeout=60
    )
    client.login(user, server.password)
    return client


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds on the wall and of this process."""
    wall, own = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - wall) * 1000, (time.process_time() - own) * 1000


def _median(works: list[Callable[[], object]], rounds: int) -> list[tuple[float, float]]:
    """The works in turn, so that a busy moment of the machine falls on all of them."""
    times: list[list[tuple[float, float]]] = [[] for _ in works]
    for _ in range(rounds):
        for spent, work in zip(times, works, strict=True):
            spent.append(_timed(work))
    return [
        (statistics.median(w for w, _ in spent), statistics.median(o for _, o in spent))
        for spent in times
    ]


def _drop(_mail: object) -> None:
    pass


def _latest(session: Session) -> Cursor:
    """The cursor of a mailbox whose mails are all known."""
    return session.poll(
        "INBOX", None, datetime.now(UTC) + timedelta(days=2), lambda _header: False, _drop
    ).cursor


def _unchanged(server: dovecot.Dovecot) -> Iterator[Result]:
    own: dict[int, float] = {}
    for count in (SMALL, LARGE):
        user = _fill(server, count, 400)
        with _open(server, user) as session, _bare(server, user) as bare:
            cursor = _latest(session)

            def poll(session: Session = session, cursor: Cursor = cursor) -> None:
                session.poll("INBOX", cursor, None, lambda _header: True, _drop)

            def floor(bare: imapclient.IMAPClient = bare) -> None:
                bare.select_folder("INBOX", readonly=True)

            (ours, cpu), (bare_wall, _) = _median([poll, floor], ROUNDS)
            own[count] = cpu
            before = session.meter.commands, session.meter.received + session.meter.sent
            poll()
            commands = session.meter.commands - before[0]
            size = session.meter.received + session.meter.sent - before[1]

        name = f"poll of {count:,} mails, nothing new, kept connection"
        yield _result(name, ours, "ms", bare_wall, "≤ 3 ms", ours <= 3)
        yield _result(f"{name}: client CPU", cpu, "ms", None, "≤ 3 ms", cpu <= 3)
        yield _result(f"{name}: commands", commands, "", None, "≤ 4", commands <= 4)
        yield _result(f"{name}: bytes", size, "B", None, "< 2000 B", size < 2000)

        def fresh(user: str = user, cursor: Cursor = cursor) -> None:
            with _open(server, user) as session:
                session.poll("INBOX", cursor, None, lambda _header: True, _drop)

        def fresh_floor(user: str = user) -> None:
            with _bare(server, user) as client:
                client.select_folder("INBOX", readonly=True)

        (ours, cpu), (bare_wall, _) = _median([fresh, fresh_floor], 20)
        name = f"poll of {count:,} mails, nothing new, new connection"
        yield _result(name, ours, "ms", bare_wall, "client CPU ≤ 25 ms", cpu <= 25)
        yield _result(f"{name}: client CPU", cpu, "ms", None, "≤ 25 ms", cpu <= 25)
    ratio = own[LARGE] / own[SMALL]
    yield _result(
        f"client CPU, {LARGE:,} mails against {SMALL:,}",
        ratio,
        "x",
        None,
        "flat (≤ 1.5x)",
        ratio <= 1.5,
    )


def _month(server: dovecot.Dovecot) -> Iterator[Result]:
    user = _fill(server, MONTH, 25_000)
    since = datetime.now(UTC) - timedelta(days=30)

    def ours() -> None:
        with _open(server, user) as session:
            polled = session.poll(
                "INBOX", None, since, lambda header: b"@amazon.co.jp" in header, _drop
            )
            assert polled.seen == MONTH

    def floor() -> None:
        with _bare(server, user) as client:
            client.select_folder("INBOX", readonly=True)
            uids = client.search(["SINCE", since.date()])
            chosen = []
            for start in range(0, len(uids), 200):
                items = ["INTERNALDATE", "RFC822.SIZE", "FLAGS", "BODY.PEEK[HEADER]"]
                found = client.fetch(uids[start : start + 200], items)
                chosen += [
                    uid
                    for uid, shown in found.items()
                    if b"@amazon.co.jp" in shown[b"BODY[HEADER]"]
                ]
            assert len(client.fetch(chosen, ["BODY.PEEK[]"])) == RELEVANT

    (wall, _), (bare_wall, _) = _median([ours, floor], 7)
    name = f"first run: {MONTH:,} mails of a month, {RELEVANT} wanted"
    yield _result(name, wall, "ms", bare_wall, "≤ 1.5x the floor", wall <= 1.5 * bare_wall)


def _arrival(server: dovecot.Dovecot) -> Iterator[Result]:
    """From APPEND to the body in hand, beside a bare socket that waits for the same EXISTS."""
    user = server.user()
    server.append(user, _mail(1, 400))
    ours: list[float] = []
    floors: list[float] = []
    dice = random.Random(1)
    wake = Wakeup()
    with _open(server, user) as session, _bare(server, user) as bare, server.client(user) as writer:
        cursor = _latest(session)
        bare.select_folder("INBOX", readonly=True)
        for number in range(20):
            heard = threading.Event()

            def wait(heard: threading.Event = heard) -> None:
                bare.idle()
                while not any(answer[1] == b"EXISTS" for answer in bare.idle_check(timeout=10)):
                    pass
                floors.append(time.perf_counter())
                bare.idle_done()
                heard.set()

            waiter = threading.Thread(target=wait)
            waiter.start()
            appended: list[float] = []

            def append(number: int = number, appended: list[float] = appended) -> None:
                time.sleep(0.3 + dice.random() / 10)
                writer.append("INBOX", _mail(number, 20_000))
                appended.append(time.perf_counter())

            author = threading.Thread(target=append)
            author.start()
            got: list[object] = []
            while not got:
                session.idle(20, wake)
                cursor = session.poll(
                    "INBOX", cursor, None, lambda _header: True, got.append
                ).cursor
            ours.append(time.perf_counter())
            author.join()
            heard.wait(10)
            waiter.join()
            ours[-1] -= appended[0]
            floors[-1] -= appended[0]
    wake.close()
    median, bare_median = statistics.median(ours) * 1000, statistics.median(floors) * 1000
    name = "mail arrives: APPEND to whole mail in hand"
    yield _result(name, median, "ms", bare_median, "≤ EXISTS + 30 ms", median <= bare_median + 30)

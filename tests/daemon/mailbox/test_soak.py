"""Minutes of trouble: `make soak`."""

import random
import threading
import time
from pathlib import Path

import pytest

from daemon.mailbox.arrived import Cursor
from daemon.mailbox.errors import MailboxError, next_try
from daemon.mailbox.login import trust
from daemon.mailbox.session import Session
from daemon.mailbox.transport import Limits
from daemon.mailbox.wakeup import Wakeup
from daemon.settings import Mailbox, Secret
from tests.servers.fake_imap import PASSWORD, USER, Faults, running

LIMITS = Limits(connect=2, read=0.5, command=2, bodies=2, done=0.5)


def news(number):
    return b"Subject: news %d\r\nMessage-ID: <%d@example.org>\r\n\r\nbody %d\r\n" % (
        number,
        number,
        number,
    )


def account(host, port, user=USER):
    return Mailbox(
        id="main", host=host, port=port, tls="none", user=user, password=Secret(value="x")
    )


class Reader(threading.Thread):
    """What the loop does with a mailbox: poll, idle, and after trouble wait as long as the trouble
    asks for.
    """

    def __init__(self, mailbox, password, limits=LIMITS, speed=1.0):
        super().__init__()
        self.mailbox, self.password, self.limits, self.speed = mailbox, password, limits, speed
        self.got, self.troubles, self.back = [], [], []
        self.wake, self.over = Wakeup(), False

    def run(self):
        cursor, failures = None, 0

        def sink(mail):
            nonlocal cursor
            self.got.append(mail)
            cursor = Cursor(uidvalidity=mail.uidvalidity, last_uid=mail.uid)

        while not self.over:
            try:
                with Session.open(
                    self.mailbox, self.password, trust(), limits=self.limits
                ) as session:
                    while not self.over:
                        cursor = session.poll(
                            "INBOX", cursor, None, lambda header: True, sink
                        ).cursor
                        if failures:
                            self.back.append(time.monotonic())
                        failures = 0
                        session.idle(2, self.wake)
            except MailboxError as error:
                self.troubles.append(error)
                failures += 1
                self.wake.wait(next_try(error.kind, failures, 0.5).total_seconds() * self.speed)

    def end(self):
        self.over = True
        self.wake.ring()
        self.join()
        self.wake.close()


def resident_kilobytes():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(30, marks=pytest.mark.soak),
        pytest.param(120, marks=pytest.mark.endurance),
    ],
)
def test_a_server_stopped_so_long_is_read_again_within_a_minute(start_dovecot, seconds):
    server = start_dovecot()
    user = server.user()
    server.append(user, news(0))
    reader = Reader(account(server.host, server.port, user), server.password, Limits())
    reader.start()
    try:
        time.sleep(2)
        server.stop()
        time.sleep(seconds)
        server.start()
        started = time.monotonic()
        server.append(user, *(news(n) for n in range(1, 20)))
        while len(reader.got) < 20 and time.monotonic() - started < 70:
            time.sleep(0.2)
    finally:
        reader.end()

    assert [mail.raw for mail in reader.got] == [news(n) for n in range(20)]
    assert reader.back[-1] - started < 60
    assert not any(trouble.permanent for trouble in reader.troubles)


@pytest.mark.soak
@pytest.mark.parametrize("seed", [1])
def test_random_faults_lose_no_mail_repeat_none_and_leave_nothing_behind(seed):
    dice = random.Random(seed)
    with running() as server:
        reader = Reader(account(server.host, server.port), PASSWORD, speed=0.01)
        reader.start()
        sent = 0
        descriptors, memory = [], []
        for second in range(60):
            match dice.randrange(7):
                case 0:
                    server.faults = Faults(cut_at=dice.randrange(2000))
                case 1:
                    server.faults = Faults(stall_at=dice.randrange(2000))
                case 2:
                    server.faults = Faults(split=True)
                case 3:
                    server.hang_up()
                case 4:
                    command = dice.choice(
                        ["CAPABILITY", "AUTHENTICATE", "EXAMINE", "UID SEARCH", "UID FETCH", "IDLE"]
                    )
                    server.answers[command] = [
                        dice.choice(
                            [
                                b"TAG NO [UNAVAILABLE] not now\r\n",
                                b"* BYE bye\r\n",
                                b"TAG BAD what\r\n",
                                b"\0\r\n",
                            ]
                        )
                    ]
                case _:
                    server.faults = Faults()
            for _ in range(dice.randrange(4)):
                server.deliver(news(sent))
                sent += 1
            time.sleep(0.5)
            if second % 20 == 19:
                descriptors.append(len(list(Path("/proc/self/fd").iterdir())))
                memory.append(resident_kilobytes())
        server.faults = Faults()
        server.answers.clear()
        end = time.monotonic() + 20
        while (
            len({mail.uid for mail in reader.got if not mail.missing}) < sent
            and time.monotonic() < end
        ):
            time.sleep(0.1)
        reader.end()

    whole = [mail.uid for mail in reader.got if not mail.missing]
    assert whole == sorted(set(whole))
    assert set(whole) | {mail.uid for mail in reader.got} == set(range(1, sent + 1))
    assert len(reader.troubles) > 5
    assert memory[-1] - memory[0] < 10_000

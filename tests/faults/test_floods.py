"""Floods of mail that nobody vouches for: a genuine critical alert is among the first ten messages,
and no quota is emptied.
"""

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from daemon.mailbox.arrived import Arrived
from daemon.pipeline.deliver import send_next
from daemon.pipeline.pipeline import Pipeline
from daemon.pipeline.setup import build
from daemon.pipeline.strangers import AT_ONCE
from daemon.push.delivery import SendOutcome, SendResult
from daemon.settings import Settings
from daemon.store.outbox import STRANGE
from daemon.store.store import Store
from daemon.worker.reading import inline
from tests.orders.events import AZ, AZ2, seen, sold
from tests.servers import sample_mail

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINE = [f"81000000000{number:05}" for number in range(12)]
MONTHLY = 12
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def strange(subject, *lines, at):
    sender = "transaction@notice.aliexpress.com"
    return sample_mail.mail(sender, subject, *lines, at=at, stamped=False, name="AliExpress")


def judged(number, at, *more, verdict="Invalid"):
    subject = f"AliExpress Dispute Order {number}: Judgement from AE"
    return strange(subject, f"Judgement from AE: {verdict}", f"Order {number}", *more, at=at)


def unread(number, at):
    subject = f"About your dispute, order {number}: please see to it by 5 March 2026"
    return strange(subject, "Please answer the dispute by 5 March 2026", f"Order {number}", at=at)


def of_many_cases(number, at):
    verdict = "Invalid" if number % 2 else "Valid"
    return judged(MINE[0], at, f"Dispute ID {70_000_000_000 + number}", verdict=verdict)


FLOODS = {
    "orders that nobody knows": lambda n, at: judged(f"8109{n:012}", at),
    "my own orders": lambda n, at: judged(MINE[n % len(MINE)], at),
    "my own order, other disputes": of_many_cases,
    "no known wording": lambda n, at: unread(8109000000000000 + n, at),
    "no number": lambda n, at: strange(
        "AliExpress Dispute: Judgement from AE", "Judgement from AE: Invalid", f"{n}", at=at
    ),
    "forged": lambda n, at: sample_mail.forged(f"249-{n:07}-0000001", at),
    "forged, naming my order": lambda n, at: sample_mail.forged(AZ, at + n * SECOND),
}


@cache
def reads():
    return inline(None)


@cache
def setup(monthly):
    box = {"id": "main", "host": "imap.example.org", "user": "me", "password": {"value": "x"}}
    box |= {"authserv_ids": [sample_mail.STAMP], "addresses": ["me@example.org"]}
    phone = {"id": "phone", "url": {"value": "json://localhost"}}
    phone |= {"monthly": monthly} if monthly else {}
    settings = {"version": 1, "mailboxes": [box], "targets": [phone]}
    return build(Settings.model_validate(settings), rules=None, packs=None)


class House:
    """The pipeline and one phone under a clock that moves by hand."""

    def __init__(self, monthly=None):
        self.now, self.sent, self.uid, self.truths = START, [], 0, 0
        self.store, self.setup = Store.memory(), setup(monthly)
        self.pipeline = Pipeline(self.store, self.setup, reads(), clock=lambda: self.now)
        for _ in range(2):
            self.poll = self.pipeline.begin_poll("main", backfill=timedelta(0))
            self.pipeline.end_poll(self.poll, self.now)
        for number in MINE:
            placed = "Order confirmed", f"Order {number}"
            self.arrive(sample_mail.aliexpress(f"Order {number}: {placed[0]}", *placed, at=START))
        self.arrive(sample_mail.placed(AZ, at=START))
        self.rest()

    def rest(self):
        """Until the next day, when every hour's share is whole again."""
        self.after(26 * HOUR, step=13 * HOUR)
        self.sent.clear()

    def arrive(self, raw):
        self.uid += 1
        mail = Arrived(
            mailbox="main",
            folder="INBOX",
            uidvalidity=1,
            uid=self.uid,
            internal_date=self.now,
            size=len(raw),
            raw=raw,
            header=b"",
            flags=(),
        )
        self.pipeline.take(self.poll, mail)

    def genuine(self):
        """A verified dispute is lost; the number of its order."""
        self.truths += 1
        number = f"81000000990{self.truths:05}"
        self.arrive(sample_mail.judged(number, at=self.now))
        self.after(SECOND, step=SECOND)
        return number

    def after(self, span, *, step):
        end = self.now + span
        while self.now < end:
            self.now = min(end, self.now + step)
            self.pipeline.sweep()
            while send_next(self.store, self.setup, self.send, "phone", lambda: self.now):
                pass

    def send(self, delivery):
        self.sent.append(delivery)
        return SendResult(outcome=SendOutcome.SENT)

    def flood(self, kind, count, *, every=SECOND):
        for number in range(count):
            self.arrive(FLOODS[kind](number, self.now))
            self.after(every, step=every)

    @property
    def strange(self):
        return [one for one in self.sent if STRANGE in one.key]


@pytest.fixture(scope="module")
def home():
    one = House()
    yield one
    one.store.close()


@pytest.fixture
def house(home):
    home.rest()
    return home


@pytest.mark.parametrize("kind", FLOODS)
@pytest.mark.parametrize("count", [12, pytest.param(150, marks=pytest.mark.soak)])
def test_a_genuine_critical_alert_is_among_the_first_ten_messages(
    house, kind, count, record_property
):
    house.flood(kind, count)
    number = house.genuine()
    house.after(2 * HOUR, step=10 * MINUTE)
    place = [number in one.title for one in house.sent].index(True)
    record_property("tried", count)

    assert place < 10
    assert STRANGE not in house.sent[place].key
    assert len(house.strange) <= AT_ONCE + 12, "one by one, then lists ten minutes apart"


def test_what_waited_is_told_as_one_list_that_leaves_nothing_out():
    house = House()
    house.flood("my own orders", len(MINE))
    house.after(20 * MINUTE, step=5 * MINUTE)
    said = "\n".join(f"{one.title}\n{one.body}" for one in house.sent)
    house.store.close()

    assert [number for number in MINE if number not in said] == []
    assert len(house.sent) == AT_ONCE + 1


def test_strangers_use_half_of_a_months_messages_at_most():
    house = House(monthly=MONTHLY)
    for number in range(8):
        house.arrive(FLOODS["forged"](number, house.now))
        house.after(timedelta(days=1), step=12 * HOUR)
    number = house.genuine()
    used = len(house.strange)
    told = [one.title for one in house.sent if number in one.title]
    house.store.close()

    assert MONTHLY // 4 <= used <= MONTHLY // 2
    assert len(told) == 1


def test_a_flood_of_weak_complaints_does_not_hide_the_believed_one():
    true = sold("shipment.shipped", 0), sold("message.received", 1, intent="cancel_complaint")
    weak = [
        sold("shipment.shipped", 0, AZ2),
        sold("message.received", 2, AZ2, intent="cancel_complaint", trust="unverified"),
    ]
    with Store.memory() as store, store.write() as ledger:
        ledger.orders.put(seen(*true, number=AZ))
        ledger.orders.put(seen(*weak, number=AZ2))
        kind = "cancel_complaint_without_request"
        (first,) = ledger.orders.findings(kind=kind, limit=1)
        newest = ledger.orders.findings(limit=1)[0]

    assert AZ in first.order_key
    assert AZ2 in newest.order_key

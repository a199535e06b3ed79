"""Row 16: the clock of the machine jumps, summer time comes and goes, the user moves, the machine
sleeps.
"""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from apscheduler.schedulers import base
from apscheduler.triggers import interval

from daemon.mailbox.arrived import Arrived
from daemon.pipeline.deliver import send_next
from daemon.pipeline.pipeline import LATE, Pipeline
from daemon.pipeline.setup import build, plan_of
from daemon.push.delivery import SendOutcome, SendResult
from daemon.service import service as loop
from daemon.settings import Settings
from daemon.store.store import Store
from daemon.worker.reading import inline
from tests.faults.home import DISPUTE, ORDERS, Home, idling, wait_until
from tests.servers import sample_mail
from tests.servers.fake_imap import Mail, running

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
SPRING = datetime(2026, 3, 28, 5, tzinfo=UTC)
"""The night after it, 02:00 in Berlin is 03:00."""
AUTUMN = datetime(2026, 10, 24, 5, tzinfo=UTC)
"""The night after it, 03:00 in Berlin is 02:00 again."""


RULES = """\
version: 1
rules:
  - {id: bought, about: order, when: {order.title: {contains: lamp}}, severity: info, title: "Bought: {order}"}
"""


@pytest.fixture(scope="module")
def reads():
    return inline(None)


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    """A rule whose alerts wait for the digest."""
    path = tmp_path_factory.mktemp("rules") / "rules.yaml"
    path.write_text(RULES)
    return path


class Life:
    """A ledger with a clock that may be put anywhere; mails come by the steady one."""

    def __init__(
        self, reads, start: datetime, zone: str = "Europe/Berlin", digest: str = "08:00", rules=None
    ) -> None:
        self.steady = self.now = start
        self.got: list[tuple[datetime, str, str]] = []
        self._reads, self._uid = reads, 0
        self._digest, self._rules = digest, rules
        self.store = Store.memory()
        self.pipeline = Pipeline(
            self.store, self.setup(zone), reads, clock=lambda: self.now, patience=LATE
        )
        self.receive()

    def setup(self, zone: str):
        box = {"id": "main", "host": "imap.example.org", "user": "me", "password": {"value": "x"}}
        box |= {"authserv_ids": [sample_mail.STAMP], "addresses": ["me@example.org"]}
        written = {
            "version": 1,
            "mailboxes": [box],
            "targets": [{"id": "phone", "url": {"value": "json://localhost"}}],
            "timezone": zone,
            "digest": {"at": self._digest},
            "quiet_hours": {"from": "22:30", "to": "07:00"},
        }
        settings = Settings.model_validate(written)
        key = (zone, self._digest, self._rules)
        if key not in SETUPS:
            SETUPS[key] = replace(
                build(settings, rules=self._rules, packs=None), plan=plan_of(settings)
            )
        return SETUPS[key]

    def receive(self, *mails: bytes) -> None:
        poll = self.pipeline.begin_poll("main", backfill=90 * DAY)
        for raw in mails:
            self._uid += 1
            self.pipeline.take(
                poll,
                Arrived(
                    mailbox="main",
                    folder="INBOX",
                    uidvalidity=1,
                    uid=self._uid,
                    internal_date=self.steady,
                    size=len(raw),
                    raw=raw,
                    header=b"",
                ),
            )
        self.pipeline.end_poll(poll, self.now)

    def pass_(self, span: timedelta, step: timedelta = MINUTE) -> None:
        end = self.steady + span
        while self.steady < end:
            self.steady += step
            self.now += step
            self.work()

    def work(self) -> None:
        self.pipeline.sweep()
        while (
            send_next(self.store, self.pipeline.setup, self._send, "phone", lambda: self.now)
            is not None
        ):
            pass

    def _send(self, parcel) -> SendResult:
        self.got.append((self.now, parcel.key, parcel.title))
        return SendResult(outcome=SendOutcome.SENT, reason="")

    def titles(self) -> Counter[str]:
        return Counter(title for _, _, title in self.got)

    def keys(self) -> Counter[str]:
        return Counter(key for _, key, _ in self.got)


SETUPS: dict[tuple[object, ...], object] = {}


def story(life: Life) -> None:
    """Two days: an order, a wish to cancel, the shipment in spite of it, a dispute."""
    life.receive(sample_mail.placed(ORDERS[0], at=life.steady))
    life.pass_(3 * 60 * MINUTE, 5 * MINUTE)
    life.receive(sample_mail.cancel_requested(ORDERS[0], at=life.steady))
    life.pass_(60 * MINUTE, 5 * MINUTE)
    life.receive(sample_mail.shipped(ORDERS[0], at=life.steady))
    life.pass_(8 * 60 * MINUTE, 10 * MINUTE)
    life.receive(sample_mail.judged(DISPUTE, "Invalid", at=life.steady))


JUMPS = {
    "an hour forward": timedelta(hours=1),
    "an hour back": timedelta(hours=-1),
    "a minute back": timedelta(minutes=-1),
    "a day back": timedelta(days=-1),
    "400 days forward": timedelta(days=400),
}


@pytest.fixture(scope="module")
def calm(reads):
    """What is told when no clock jumps."""
    life = Life(reads, datetime(2026, 3, 2, 8, tzinfo=UTC))
    story(life)
    life.pass_(DAY, 10 * MINUTE)
    return life


@pytest.mark.parametrize(
    "back",
    [False, pytest.param(True, marks=pytest.mark.soak)],
    ids=["for good", "and put right after ten minutes"],
)
@pytest.mark.parametrize("name", JUMPS)
def test_after_a_jump_of_the_clock_nothing_is_lost_and_nothing_told_twice(
    reads, calm, name, back, record_property
):
    life = Life(reads, datetime(2026, 3, 2, 8, tzinfo=UTC))
    story(life)
    life.pass_(5 * MINUTE)
    life.now += JUMPS[name]
    life.pass_(10 * MINUTE)
    if back:
        life.now -= JUMPS[name]
    life.pass_(DAY, 10 * MINUTE)
    life.receive(sample_mail.judged("8100000000000002", "Invalid", at=life.steady))
    life.pass_(60 * MINUTE, 5 * MINUTE)
    record_property("tried", 1)
    record_property("doubled", life.keys().total() - len(life.keys()))

    first = {title for title in calm.titles() if "Shipped" in title or "Invalid" in title}
    first = {title for title in first if not title.startswith("Reminder")}
    assert first
    assert set(life.keys().values()) == {1}
    assert first - set(life.titles()) == set()
    assert any("8100000000000002" in title for title in life.titles()), "alerts go on"


@pytest.mark.parametrize("start", [SPRING, AUTUMN], ids=["spring", "autumn"])
@pytest.mark.parametrize(
    "digest",
    ["02:30", *(pytest.param(at, marks=pytest.mark.soak) for at in ("01:30", "03:30", "08:00"))],
)
def test_the_digest_comes_once_a_day_whatever_the_clocks_in_the_town_do(
    reads, rules, start, digest, record_property
):
    life = Life(reads, start, digest=digest, rules=rules)
    for day in range(3):
        life.receive(
            sample_mail.placed(f"249-0000000-000000{day + 1}", "Garden lamp", at=life.steady)
        )
        life.pass_(DAY, 10 * MINUTE)
    days = Counter(at.astimezone(ZoneInfo("Europe/Berlin")).date() for at, _, _ in life.got[1:])
    record_property("tried", 3)
    record_property("doubled", life.keys().total() - len(life.keys()))

    assert set(life.keys().values()) == {1}
    assert set(days.values()) == {1}, life.got
    assert len(days) == 3


def test_who_moves_to_another_zone_hears_everything_once(reads, record_property):
    life = Life(reads, SPRING)
    story(life)
    for zone in ("Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati", "Europe/Berlin"):
        life.pipeline.setup = life.setup(zone)
        life.pipeline.rejudge()
        life.pass_(6 * 60 * MINUTE, 5 * MINUTE)
    record_property("tried", 4)

    assert set(life.keys().values()) == {1}
    assert sum("Invalid" in title for title in life.titles()) == 1


@pytest.mark.parametrize(
    "hours", [8, *(pytest.param(hours, marks=pytest.mark.soak) for hours in (1, 72))]
)
def test_a_machine_that_slept_tells_what_came_due_once(reads, hours, record_property):
    life = Life(reads, datetime(2026, 3, 2, 8, tzinfo=UTC))
    story(life)
    before = len(life.got)
    life.steady += timedelta(hours=hours)
    life.now += timedelta(hours=hours)
    life.pass_(60 * MINUTE)
    record_property("tried", 1)

    assert set(life.keys().values()) == {1}
    assert len(life.got) - before <= 4, "no flood after the sleep"


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(days=400)], ids=str)
def test_the_running_service_goes_on_after_a_jump(
    tmp_path, http_sink, monkeypatch, jump, record_property
):
    """APScheduler waits on the wall clock, and after an hour back it would sleep for that hour."""
    offset = timedelta(0)

    class Shifted(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + offset

    for module in (base, interval):
        if hasattr(module, "datetime"):
            monkeypatch.setattr(module, "datetime", Shifted)
    monkeypatch.setattr(loop, "GUARD", 0.3)
    monkeypatch.setattr(loop, "TICK", 1.0)
    with running() as mail:
        mail.mails = {1: Mail(sample_mail.placed(ORDERS[0], at=datetime.now(UTC) - 2 * DAY))}
        home = Home(tmp_path, mail, http_sink)
        with home.running(clock=lambda: datetime.now(UTC) + offset) as service:
            wait_until(lambda: idling(mail) and http_sink.requests)
            offset = jump
            sweeps = []
            sweep = service.pipeline.sweep
            monkeypatch.setattr(service.pipeline, "sweep", lambda: sweeps.append(1) or sweep())
            wait_until(lambda: len(sweeps) >= 2, 60, "the sweep stands still")
            mail.deliver(sample_mail.judged(DISPUTE, "Invalid", at=datetime.now(UTC)))
            wait_until(lambda: any(DISPUTE in one.json["message"] for one in http_sink.requests))
        told = home.told()
    record_property("tried", 1)

    assert set(told.values()) == {1}

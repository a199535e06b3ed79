"""Exchange gives a notice where it cannot convert a mail, with the mail's header or with one of its
own: the mail is told as one that could not be fetched, asked for again with growing pauses for 30
days, and read as soon as it comes.
"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from daemon.store.mails import ASKED_FOR, MailState, asked_after
from daemon.store.store import Store
from tests.faults.home import DISPUTE, ORDERS, Home
from tests.servers import sample_mail
from tests.servers.fake_imap import Mail, running

NOTICE = b"Retrieval using the IMAP4 protocol failed for the following message: 2"
BODY = (
    b'The server couldn\'t retrieve the following message:\r\n\r\nSubject: "Judgement"\r\n'
    b"\r\nThe message hasn't been deleted.\r\n"
)
BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
TRUE = sample_mail.judged(DISPUTE, at=BEGIN)
OWN_HEADER = b"Subject: " + NOTICE + b"\r\nMIME-Version: 1.0\r\n\r\n" + BODY
MAILS_HEADER = TRUE.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + NOTICE + b"\r\n\r\n" + BODY


class Life:
    """Polls by a clock that is set by hand."""

    def __init__(self, home) -> None:
        self.home, self.now = home, BEGIN

    def poll(self, after: timedelta = timedelta()) -> None:
        self.now += after
        self.home.once(clock=lambda: self.now)

    def rows(self):
        with Store.open(self.home.files.ledger) as store, store.read() as ledger:
            return {row.place.uid: row for row in ledger.mails.listed()}

    def fetches(self) -> int:
        return sum(b"BODY.PEEK[]" in line for line in self.home.mail.said)


@pytest.fixture(params=[OWN_HEADER, MAILS_HEADER], ids=["own header", "the mail's header"])
def life(request, tmp_path, http_sink):
    with running() as mail:
        mail.mails = {
            1: Mail(sample_mail.placed(ORDERS[0], at=BEGIN), received=BEGIN),
            2: Mail(request.param, received=BEGIN),
            3: Mail(sample_mail.shipped(ORDERS[0], at=BEGIN), received=BEGIN),
        }
        yield Life(Home(tmp_path, mail, http_sink))


def test_a_notice_in_the_place_of_a_mail_is_told_and_hides_no_other(life, record_property):
    for _ in range(3):
        life.poll(timedelta(minutes=5))
    rows = life.rows()
    record_property("tried", 1)

    assert [rows[uid].state for uid in (1, 2, 3)] == [
        MailState.READ,
        MailState.QUARANTINE,
        MailState.READ,
    ]
    assert rows[2].reason.startswith("could not be fetched")
    with Store.open(life.home.files.ledger) as store, store.read() as ledger:
        firing = {row.alert.rule for row in ledger.alerts.all_live()}
    assert "mail-set-aside" in firing  # of the daily digest


def test_it_is_read_as_soon_as_it_comes(life, record_property):
    for _ in range(3):
        life.poll(timedelta(minutes=5))
    life.home.mail.mails[2] = Mail(TRUE, received=BEGIN)
    life.poll(timedelta(days=1))
    record_property("tried", 1)

    assert life.rows()[2].state is MailState.READ
    assert any("judged Invalid" in title for title in life.home.told())


@pytest.mark.parametrize(
    "life",
    [OWN_HEADER, pytest.param(MAILS_HEADER, marks=pytest.mark.soak)],
    ids=["own header", "the mail's header"],
    indirect=True,
)
def test_it_is_asked_for_with_growing_pauses_and_for_thirty_days(life, record_property):
    asked = []
    while life.now < BEGIN + ASKED_FOR + timedelta(days=3):
        before = life.fetches()
        life.poll(timedelta(hours=12) if asked else timedelta(minutes=5))
        if life.fetches() > before:
            asked.append(life.now - BEGIN)
    record_property("tried", len(asked))
    pauses = [later - earlier for earlier, later in pairwise(asked)]

    assert 30 <= len(asked) <= 40
    assert max(pauses) <= timedelta(hours=30)
    assert pauses[-1] >= timedelta(hours=18)
    assert asked[-1] < ASKED_FOR


def test_the_pauses_grow():
    times = [asked_after(tries) for tries in range(3, 20)]
    pauses = [later - earlier for earlier, later in pairwise(times)]

    assert times[0] == timedelta(minutes=15)
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(days=1)

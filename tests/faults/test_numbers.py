"""Row 11, the whole road: servers that give UIDs anew each time, that count no generations, that go
back.
"""

from datetime import UTC, datetime, timedelta

import pytest

from daemon.push.notifier import Notifier
from tests.faults.home import DISPUTE, ORDERS, Home
from tests.servers import sample_mail
from tests.servers.fake_imap import Mail, running


@pytest.fixture
def home(tmp_path, http_sink):
    with running() as mail:
        now = datetime.now(UTC)
        mail.mails = {
            1: Mail(sample_mail.placed(ORDERS[0], at=now - timedelta(days=2))),
            2: Mail(sample_mail.private(at=now - timedelta(days=1))),
        }
        yield Home(tmp_path, mail, http_sink)


@pytest.fixture(scope="module")
def sender():
    with Notifier() as one:
        yield one


def each_session(mail, visit: int) -> None:
    mail.uidvalidity += 1


def renumbered(mail, visit: int) -> None:
    mail.uidvalidity += 1
    mail.mails = {uid + visit: one for uid, one in mail.mails.items()}


def lower(mail, visit: int) -> None:
    mail.uidvalidity = 1000 - visit


def none_at_all(mail, visit: int) -> None:
    mail.uidvalidity = 0


def not_told(mail, visit: int) -> None:
    mail.uidvalidity = None


def backwards(mail, visit: int) -> None:
    """No generations, and the mails numbered from 1 again."""
    mail.uidvalidity = 0
    mail.mails = dict(enumerate(mail.mails.values(), start=1))


@pytest.mark.parametrize(
    "change",
    [
        renumbered,
        backwards,
        *(
            pytest.param(one, marks=pytest.mark.soak)
            for one in (each_session, lower, none_at_all, not_told)
        ),
    ],
)
def test_however_a_server_numbers_its_mails_each_is_told_once(
    home, sender, change, record_property
):
    home.once(send=sender.send)
    for visit in range(1, 5):
        change(home.mail, visit)
        if visit == 2:
            home.mail.add(sample_mail.judged(DISPUTE, at=datetime.now(UTC)))
        if visit == 4:
            home.mail.add(sample_mail.cancel_requested(ORDERS[0], at=datetime.now(UTC)))
        home.once(send=sender.send)
    told = home.told()
    record_property("tried", 4)
    record_property("doubled", told.total() - len(told))

    assert set(told.values()) == {1}
    assert any(DISPUTE in request.json["message"] for request in home.sink.requests)
    assert len(home.ledger()["events"]) == 3

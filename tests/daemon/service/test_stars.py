"""☆ in a mail app acknowledges: a real IMAP server, the real service."""

import pytest

from rules.alert import AlertState
from tests.daemon.service.test_service import (
    AMAZON,
    Home,
    first_run_over,
    now,
    timedelta,
    wait_until,
)
from tests.servers import sample_mail

pytestmark = pytest.mark.dovecot


@pytest.fixture
def home(tmp_path, dovecot, http_sink):
    return Home(tmp_path, dovecot, http_sink)


def states(service):
    with service.store.read() as ledger:
        return {row.alert.rule: row.alert.state for row in ledger.alerts.all_live()}


def looked_at_flags(service, since):
    """The mail was seen without a flag, as it is by the time a person has read the alert."""
    with service.store.read() as ledger:
        told = ledger.state.get("flags:main")
    return told is not None and told.at > since


def star(home):
    """Flag the newest mail, as the user's own mail app would."""
    with home.dovecot.client(home.user) as app:
        app.select_folder("INBOX")
        app.add_flags(app.search("ALL")[-1:], [b"\\Flagged"])


def shipped_after_cancel(home):
    home.receive(
        sample_mail.placed(AMAZON, at=now() - timedelta(days=3)),
        sample_mail.cancel_requested(AMAZON, at=now() - timedelta(days=2)),
    )


def test_a_flag_set_in_any_mail_app_acknowledges_within_seconds(home):
    shipped_after_cancel(home)
    with home.running() as service:
        wait_until(lambda: first_run_over(service))
        sent = now()
        home.receive(sample_mail.shipped(AMAZON, at=sent))
        wait_until(lambda: states(service).get("shipped-after-cancel-request") is AlertState.FIRING)
        wait_until(lambda: looked_at_flags(service, sent))

        star(home)

        wait_until(lambda: states(service).get("shipped-after-cancel-request") is AlertState.ACKED)


def test_a_mail_that_came_flagged_acknowledges_nothing(home):
    shipped_after_cancel(home)
    with home.running() as service:
        wait_until(lambda: first_run_over(service))
        home.dovecot.append(home.user, sample_mail.shipped(AMAZON, at=now()), flags=[b"\\Flagged"])
        wait_until(lambda: states(service).get("shipped-after-cancel-request") is AlertState.FIRING)
        service.poll_now()
        home.pushed(2)

        assert states(service)["shipped-after-cancel-request"] is AlertState.FIRING

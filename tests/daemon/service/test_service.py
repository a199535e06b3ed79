"""The whole road: a real IMAP server, the real service, real Apprise, a real HTTP target."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from daemon.mailbox.errors import MailboxErrorKind
from daemon.service.files import Files
from daemon.service.once import once
from daemon.service.service import Service
from daemon.store.errors import StoreError, StoreErrorKind
from daemon.store.lock import Lock
from daemon.store.outbox import OutboxState
from daemon.store.state import FILES_REJECTED
from daemon.store.store import Store
from parsers import marketplaces
from parsers.user_yaml import UserFileError
from tests import packs_page
from tests.servers import sample_mail
from tests.servers.sink import Reply

pytestmark = pytest.mark.dovecot

AMAZON = "249-0000000-0000001"
ALIEXPRESS = "8100000000000001"


@pytest.fixture
def home(tmp_path, dovecot, http_sink):
    """Folders of one user whose mailbox lies on Dovecot and whose phone is the sink."""
    yield Home(tmp_path, dovecot, http_sink)
    marketplaces.use(None)


class Home:
    def __init__(self, folder, dovecot, sink) -> None:
        self.dovecot, self.sink = dovecot, sink
        self.user = dovecot.user()
        self.files = Files(
            config=folder / "config.yaml",
            rules=folder / "rules.yaml",
            packs=folder / "packs",
            state=folder / "state",
        )
        self.folder = folder
        (folder / "password").write_text(dovecot.password)
        (folder / "url").write_text(f"json://{sink.host}/")
        for secret in ("password", "url"):
            (folder / secret).chmod(0o600)
        self.configure()

    def configure(
        self,
        more: str = "",
        *,
        password: str = "password",
        backfill: str = "90d",
        poll: str = "5m",
        folders: str = "[INBOX]",
    ) -> None:
        self.files.config.write_text(f"""\
version: 1
mailboxes:
  - id: main
    host: 127.0.0.1
    port: {self.dovecot.tls_port}
    tls_ca_file: {self.dovecot.ca_file}
    user: {self.user}
    password: {{file: {self.folder}/{password}}}
    authserv_ids: [{sample_mail.STAMP}]
    addresses: [me@example.org]
    folders: {folders}
targets:
  - id: phone
    url: {{file: {self.folder}/url}}
notify: {{all: [phone]}}
alerts:
  critical: {{notify: [all]}}
  warning: {{notify: [all]}}
  info: {{notify: [all], group: now}}
group_wait: 1s
poll: {poll}
backfill: {backfill}
{more}
""")

    def receive(self, *mails: bytes) -> None:
        self.dovecot.append(self.user, *mails)

    @contextmanager
    def running(self, **more) -> Iterator[Service]:
        with Service(self.files, **more) as service:
            service.start()
            guard = threading.Thread(target=service.run)
            guard.start()
            try:
                yield service
            finally:
                service.stop()
                guard.join()

    def pushed(self, count: int, seconds: float = 30.0) -> list[dict]:
        return [request.json for request in self.sink.wait(count, seconds)]

    def ledger(self):
        return Store.open(self.files.ledger)


def now() -> datetime:
    return datetime.now(UTC)


def wait_until(condition, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(0.05)


def first_run_over(service: Service) -> bool:
    with service.store.read() as ledger:
        rows = ledger.mailboxes.all()
    return bool(rows) and all(not row.first_run for row in rows)


def test_the_first_run_is_silent_and_ends_in_one_message(home):
    home.receive(
        sample_mail.placed(AMAZON, at=now() - timedelta(days=3)),
        sample_mail.cancel_requested(AMAZON, at=now() - timedelta(days=2)),
        sample_mail.shipped(AMAZON, at=now() - timedelta(days=1)),
        sample_mail.private(at=now()),
    )

    with home.running():
        told = home.pushed(1)
        time.sleep(1.5)

    assert len(home.sink.requests) == 1
    assert told[0]["title"].startswith("3 mails, 1 order")
    assert "cancel" in told[0]["message"].lower()


def test_new_mail_rings_within_seconds(home):
    home.receive(sample_mail.placed(AMAZON, at=now() - timedelta(days=3)))

    with home.running() as service:
        wait_until(lambda: first_run_over(service))
        home.pushed(1)
        home.sink.clear()
        home.receive(sample_mail.judged(ALIEXPRESS, at=now()))
        told = home.pushed(1)

    assert ALIEXPRESS in told[0]["message"]
    assert told[0]["type"] == "failure"


def test_one_pass_reads_sends_and_ends(home):
    home.receive(sample_mail.placed(AMAZON, at=now()))
    first = once(home.files)
    home.receive(sample_mail.judged(ALIEXPRESS, at=now()), sample_mail.private())
    second = once(home.files)
    third = once(home.files)

    assert (first.mails, second.mails, third.mails) == ({"main": 1}, {"main": 2}, {"main": 0})
    assert (first.sent, second.sent, third.sent) == (1, 1, 0)
    assert len(home.sink.requests) == 2


def test_a_dry_run_tells_and_changes_nothing(home):
    home.receive(sample_mail.placed(AMAZON, at=now()))
    once(home.files)
    home.sink.clear()
    home.receive(sample_mail.judged(ALIEXPRESS, at=now()))

    dry = once(home.files, dry_run=True)
    with home.ledger() as store, store.read() as ledger:
        orders = ledger.orders.count()

    assert [row.alert.rule for message in dry.messages for row in message.said] != []
    assert orders == 1
    assert home.sink.requests == ()
    assert once(home.files).sent == 1


def test_the_mailbox_is_not_changed_by_a_byte(home):
    home.receive(sample_mail.placed(AMAZON), sample_mail.private())
    before = home.dovecot.files(home.user)

    once(home.files)

    assert home.dovecot.files(home.user) == before


def test_a_restart_tells_nothing_twice(home):
    home.receive(sample_mail.placed(AMAZON, at=now()))
    once(home.files)
    home.receive(sample_mail.judged(ALIEXPRESS, at=now()))
    for _ in range(3):
        once(home.files)

    assert len(home.sink.requests) == 2


def test_renumbered_mail_is_no_news(home):
    home.receive(
        sample_mail.placed(AMAZON, at=now()),
        sample_mail.judged(ALIEXPRESS, at=now()),
        sample_mail.private(),
    )
    once(home.files)
    home.sink.clear()

    home.dovecot.set_uid_validity(home.user, 4711)
    again = once(home.files)
    with home.ledger() as store, store.read() as ledger:
        events = len(tuple(ledger.all_events()))

    assert again.mails == {"main": 3}
    assert home.sink.requests == ()
    assert events == 2


def test_a_wrong_password_is_told_and_not_tried_fast(home):
    (home.folder / "wrong").write_text("nonsense")
    (home.folder / "wrong").chmod(0o600)
    home.configure(password="wrong")

    failed = once(home.files)

    assert failed.failures["main"].kind is MailboxErrorKind.WRONG_PASSWORD
    with home.ledger() as store, store.read() as ledger:
        row = ledger.mailboxes.get("main")
    assert row.permanent
    assert row.failing_since is not None


def test_a_target_that_is_down_gets_its_message_later(home):
    home.receive(sample_mail.placed(AMAZON, at=now()))
    home.sink.always = Reply(status=500)
    failed = once(home.files)
    home.sink.always = Reply()
    with home.ledger() as store, store.write() as ledger:
        waiting = ledger.outbox.listed(states=(OutboxState.NEW,))
        ledger.outbox.hurry("phone", now())
    later = once(home.files)

    assert (failed.sent, failed.undelivered) == (0, 1)
    assert [row.tries for row in waiting] == [1]
    assert later.sent == 1


def test_a_lost_answer_is_repeated_once_and_marked(home):
    home.receive(sample_mail.placed(AMAZON, at=now()))
    home.sink.plan.append(Reply(cut=True))
    once(home.files)
    with home.ledger() as store, store.write() as ledger:
        ledger.outbox.hurry("phone", now())
    once(home.files)
    once(home.files)

    titles = [request.json["title"] for request in home.sink.requests]
    assert titles == [titles[0], titles[0] + " (maybe a repeat)"]


def test_a_second_instance_is_refused(home):
    home.files.state.mkdir(mode=0o700)
    with Lock.take(home.files.state), pytest.raises(StoreError) as refusal:
        Service(home.files)

    assert refusal.value.trouble is StoreErrorKind.TAKEN


def test_a_broken_configuration_ends_the_start_with_every_fault(home):
    home.files.config.write_text("version: 2\nmailboxes: []\n")

    with pytest.raises(UserFileError) as refusal:
        Service(home.files)

    assert len(refusal.value.faults) == 2


def test_a_broken_rule_file_keeps_the_last_good_rules_and_is_told(home):
    home.receive(sample_mail.placed(AMAZON, at=now()))
    with home.running() as service:
        home.pushed(1)
        home.sink.clear()
        home.files.rules.write_text("version: 1\ndisable: [nothing-like-that]\n")
        service.ask_reload()
        told = home.pushed(1)
        home.receive(sample_mail.judged(ALIEXPRESS, at=now()))
        home.pushed(2)

    assert "rules.yaml" in told[0]["message"] + told[0]["title"]


def test_a_start_with_a_wrong_pack_reads_the_other_marketplaces_and_tells_of_it(home):
    folder = packs_page.write(home.files.packs, pack=("'promo'", "'promos'"))
    home.receive(sample_mail.judged(ALIEXPRESS, at=now()))
    with home.running() as service:
        told = [one["title"] + one["message"] for one in home.pushed(2)]
        packs_page.write(home.files.packs)
        assert service.reload()
        known = service.pipeline.setup.library.marketplaces

    assert any(f"{folder / 'pack.yaml'}:" in text for text in told)
    assert any(ALIEXPRESS in text for text in told)
    assert known == ("aliexpress", "amazon", "minatoya")


def test_a_file_saved_half_way_is_told_only_when_a_second_look_finds_it_so(home, monkeypatch):
    def rejected():
        with service.store.read() as ledger:
            row = ledger.state.get(FILES_REJECTED)
            return bool(row and row.value)

    home.receive(sample_mail.placed(AMAZON, at=now()))
    with home.running() as service:
        home.pushed(1)
        home.sink.clear()
        good = service.pipeline.setup
        home.files.rules.write_text("version: 1\ndisable: [")
        assert not service.reload(doubtful=True)
        assert (service.pipeline.setup, rejected()) == (good, False)

        home.files.rules.write_text("version: 1\ndisable: [shipped]\n")
        assert service.reload(doubtful=True)
        assert service.pipeline.setup is not good

        monkeypatch.setattr("daemon.service.service.HALF_SAVED", 0.0)
        home.files.rules.write_text("version: 1\ndisable: [")
        assert not service.reload(doubtful=True)
        service._look_at_files()
        [told] = home.pushed(1)
        assert rejected()

    assert "rules.yaml:2" in told["message"]


def test_a_reload_that_meets_a_defect_of_ours_keeps_what_was_good_and_is_told(home, monkeypatch):
    home.receive(sample_mail.placed(AMAZON, at=now()))
    with home.running() as service:
        home.pushed(1)
        home.sink.clear()
        good = service.pipeline.setup
        with monkeypatch.context() as broken:
            broken.setattr(Files, "read", lambda _files: timedelta(days=10**10))
            service.ask_reload()
            told = home.pushed(1)
        assert service.pipeline.setup is good
        home.receive(sample_mail.judged(ALIEXPRESS, at=now()))
        home.pushed(2)
        assert service.reload()

    assert "OverflowError" in told[0]["message"]


def test_rules_that_cannot_be_applied_are_taken_back(home, monkeypatch):
    home.receive(sample_mail.placed(AMAZON, at=now()))
    with home.running() as service:
        home.pushed(1)
        good, rejudge, calls = service.pipeline.setup, service.pipeline.rejudge, []

        def fails_once():
            calls.append(service.pipeline.setup)
            if len(calls) == 1:
                raise ArithmeticError
            rejudge()

        monkeypatch.setattr(service.pipeline, "rejudge", fails_once)
        home.files.rules.write_text("version: 1\ndisable: [shipped]\n")

        assert not service.reload()
        assert service.pipeline.setup is good
        assert calls[1:] == [good]
        assert service.reload()
        assert service.pipeline.setup is not good


def test_rules_whose_own_tests_fail_are_not_taken(home):
    home.receive(sample_mail.placed(AMAZON, at=now()))
    with home.running() as service:
        home.pushed(1)
        home.sink.clear()
        home.files.tests.write_text(
            "tests:\n  - {name: never so, about: order, facts: {}, fires: [shipped]}\n"
        )
        service.ask_reload()
        told = home.pushed(1)

    assert "rules.tests.yaml:2:1: test 'never so'" in told[0]["message"]


def test_new_rules_are_tried_on_orders_that_run(home):
    home.receive(sample_mail.placed(AMAZON, item="Garden gnome", at=now()))
    with home.running() as service:
        home.pushed(1)
        home.sink.clear()
        home.files.rules.write_text("""\
version: 1
rules:
  - id: gnome
    about: order
    when: {order.title: {contains: gnome}}
    severity: warning
    title: A gnome is on its way
""")
        service.ask_reload()
        told = home.pushed(1)

    assert "gnome" in told[0]["title"]


def test_the_server_may_be_away_for_a_while(start_dovecot, tmp_path, http_sink):
    home = Home(tmp_path, start_dovecot(), http_sink)
    home.receive(sample_mail.placed(AMAZON, at=now()))
    with home.running():
        home.pushed(1)
        home.sink.clear()
        home.dovecot.stop()
        time.sleep(3)
        home.dovecot.start()
        home.receive(sample_mail.judged(ALIEXPRESS, at=now()))
        told = home.pushed(1, 60)

    assert ALIEXPRESS in told[0]["message"]


def test_a_damaged_ledger_is_replaced_while_the_service_runs(home):
    home.receive(sample_mail.placed(AMAZON, at=now()))
    once(home.files)
    with home.ledger() as store:
        store.copy_daily(now())
    home.sink.clear()
    with home.running() as service:
        home.files.ledger.write_bytes(b"rubbish" * 10_000)
        service._trouble(StoreError(StoreErrorKind.CORRUPT, "made to look so"))
        # told by the side of the ledger, so the message of the new first run may come before it
        wait_until(lambda: any("restored" in one["title"] for one in home.pushed(1, 60)))
        wait_until(lambda: first_run_over(service))
        home.receive(sample_mail.judged(ALIEXPRESS, at=now()))
        home.pushed(2, 60)

    assert list(home.files.state.glob("ledger.sqlite.broken-*"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_service_within_ten_seconds(home, number):
    code = (
        "import sys; from pathlib import Path\nfrom daemon.service.files import Files; from"
        " daemon.service.service import run\nfolder = Path(sys.argv[1])\nrun(Files(config=folder /"
        " 'config.yaml', rules=folder / 'rules.yaml', packs=folder / 'packs', state=folder /"
        " 'state'))\n"
    )
    home.receive(sample_mail.placed(AMAZON, at=now()))
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(home.folder)], stderr=subprocess.PIPE
    )
    try:
        home.pushed(1)
        began = time.monotonic()
        os.kill(process.pid, number)
        _, told = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()

    assert process.returncode == 0, told
    assert b"Traceback" not in told
    assert time.monotonic() - began < 10


def test_nothing_of_a_private_mail_is_kept(home):
    home.receive(sample_mail.private("A secret between friends", at=now()))
    once(home.files)

    with home.ledger() as store, store.read() as ledger:
        rows = [tuple(row) for row in ledger.connection.exec_driver_sql("SELECT * FROM mail")]

    assert len(rows) == 1
    assert "secret" not in json.dumps(rows, default=str)


def test_after_a_jump_of_the_clock_everything_goes_on_and_nothing_comes_twice(home):
    """The clock goes back two hours, then on by four: APScheduler alone would stand still for the
    first two.
    """
    ahead = [timedelta(0)]
    home.receive(sample_mail.placed(AMAZON, at=now()))
    with home.running(clock=lambda: now() + ahead[0]) as service:
        home.pushed(1)
        home.sink.clear()
        for span in (timedelta(hours=-2), timedelta(hours=4)):
            wall, steady = service._clock(), time.monotonic()
            ahead[0] += span
            service._check_clock(wall, steady)
        with service.store.read() as ledger:
            jumped = ledger.state.get("clock").value
        home.receive(sample_mail.judged(ALIEXPRESS, at=now()))
        home.pushed(1)
        time.sleep(2)

    assert jumped is True
    assert sum(ALIEXPRESS in request.json["message"] for request in home.sink.requests) == 1


def test_a_hangup_reads_the_files_again(home):
    home.receive(sample_mail.placed(AMAZON, item="Garden gnome", at=now()))
    with home.running() as service:
        home.pushed(1)
        home.sink.clear()
        home.files.rules.write_text(
            "version: 1\nrules: [{id: gnome, about: order, nonsense: true}]\n"
        )
        service.ask_reload()
        told = home.pushed(1)
        home.files.rules.write_text("version: 1\n")
        service.ask_reload()
        told = home.pushed(2)

    assert [request["title"].startswith("Cleared") for request in told] == [False, True]


def test_a_folder_that_does_not_exist_is_told_and_hides_no_other(home):
    home.configure(folders="[Nowhere, INBOX, Shops]")
    home.dovecot.append(home.user, sample_mail.placed(AMAZON, at=now()), folder="Shops")
    with home.running() as service:
        wait_until(lambda: first_run_over(service))
        told = home.pushed(2)
        home.sink.clear()
        home.receive(sample_mail.judged(ALIEXPRESS, at=now()))
        home.pushed(1)
        with service.store.read() as ledger:
            row, orders = ledger.mailboxes.get("main"), ledger.orders.count()
        home.dovecot.append(home.user, sample_mail.private(), folder="Nowhere")
        service.poll_now()
        wait_until(
            lambda: any(one.json["title"].startswith("Cleared") for one in home.sink.requests)
        )

    [warning] = [one for one in told if one["title"].startswith("Mailbox main")]
    assert "no folder 'Nowhere'" in warning["message"]
    assert "the other folders are read" in warning["message"]
    assert (orders, row.last_error_kind, row.last_ok_at is not None) == (2, "folder", True)


def test_when_only_new_mail_is_wanted_a_first_poll_that_broke_off_forgets_none_of_it(home):
    home.configure(backfill="0d")
    home.receive(sample_mail.placed(AMAZON, at=now()))
    time.sleep(1.1)  # Dovecot knows whole seconds
    settings, _setup = home.files.read()
    with Service(home.files) as service:  # begins to look, and is ended before it has seen anything
        service.pipeline.begin_poll("main", backfill=settings.backfill)
    home.receive(sample_mail.judged(ALIEXPRESS, at=now()))
    time.sleep(1.1)

    once(home.files)

    with home.ledger() as store, store.read() as ledger:
        assert [row.number for row in ledger.orders.listed()] == [ALIEXPRESS]


def test_when_only_new_mail_is_wanted_a_mail_that_shows_late_is_still_found(home):
    home.configure(backfill="0d")
    home.receive(sample_mail.placed(AMAZON, at=now()))
    once(home.files)
    time.sleep(1.1)
    home.receive(sample_mail.judged(ALIEXPRESS, at=now()))
    with home.ledger() as store, store.write() as ledger:
        ledger.mailboxes.advance("main", "INBOX", *_beyond(ledger))  # UID 3 was shown before UID 2

    found = once(home.files)

    assert found.mails == {"main": 1}


def _beyond(ledger) -> tuple[int, int]:
    uidvalidity, last = ledger.mailboxes.cursor("main", "INBOX")
    return uidvalidity, last + 1


def test_one_pass_tells_of_the_folder_that_is_missing_and_reads_the_others(home):
    home.configure(folders="[Nowhere, INBOX]")
    home.receive(sample_mail.placed(AMAZON, at=now()))

    done = once(home.files)

    assert done.mails == {"main": 1}
    assert done.failures["main"].kind is MailboxErrorKind.FOLDER


def test_a_secret_that_cannot_be_had_is_no_refused_login_and_is_tried_again_at_a_reload(home):
    home.receive(sample_mail.placed(AMAZON, at=now()))
    (home.folder / "password").rename(home.folder / "elsewhere")
    with home.running() as service:
        home.pushed(1)
        with service.store.read() as ledger:
            row = ledger.mailboxes.get("main")
        home.sink.clear()
        (home.folder / "elsewhere").rename(home.folder / "password")
        service.ask_reload()
        home.pushed(1)

    assert (row.last_error_kind, row.permanent) == ("secret", True)
    assert "there is no file" in row.last_error


def test_a_token_comes_from_a_command_and_is_asked_for_at_each_login(home):
    home.files.config.write_text(
        home.files.config.read_text().replace(
            f"password: {{file: {home.folder}/password}}",
            f"token_command: [sh, {home.folder}/token.sh]",
        )
    )
    (home.folder / "token.sh").write_text(
        "echo once >> $(dirname $0)/asked; echo the login is over >&2; exit 3\n"
    )

    failed = once(home.files)

    assert failed.failures["main"].kind is MailboxErrorKind.SECRET
    assert "the command sh ended with 3" in failed.failures["main"].what
    assert "the login is over" not in str(failed.failures["main"])  # may hold a secret
    assert (home.folder / "asked").read_text() == "once\n"


def test_one_pass_says_that_the_ledger_was_damaged(home):
    home.receive(sample_mail.placed(AMAZON, at=now()))
    once(home.files)
    home.files.ledger.write_bytes(b"rubbish" * 1000)

    done = once(home.files)

    assert done.damaged is not None
    assert "ledger.sqlite.broken-" in done.damaged


def test_who_asks_for_the_holder_keeps_nobody_from_starting(home):
    home.files.state.mkdir(mode=0o700)
    with (home.files.state / "orderbell.lock").open("w") as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        threading.Timer(0.06, lambda: fcntl.flock(asking, fcntl.LOCK_UN)).start()
        with Lock.take(home.files.state):
            pass

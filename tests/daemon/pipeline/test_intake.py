"""What one mail does to the ledger, and what it must not do."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.mailbox.arrived import Arrived, Cursor, Polled
from daemon.pipeline.commands import CommandError
from daemon.pipeline.deliver import send_next
from daemon.pipeline.notes import Note
from daemon.pipeline.pipeline import Pipeline
from daemon.pipeline.setup import build
from daemon.push.delivery import SendOutcome, SendResult
from daemon.settings import Secret, Settings
from daemon.store.errors import StoreError, StoreErrorKind
from daemon.store.mails import MailState
from daemon.store.outbox import OutboxState
from daemon.store.store import Store
from daemon.worker.reading import ReadingError, inline
from parsers.frame import Frame
from parsers.notice import Kind, Outcome, Role
from rules import rulebook
from rules.alert import AlertState
from tests.servers import sample_mail

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
AMAZON = "249-0000000-0000001"
ALIEXPRESS = "8100000000000001"
DAY = timedelta(days=1)


@cache
def reads():
    return inline(None)


@cache
def setup(unverified: str = "open"):
    box = {
        "id": "main",
        "host": "imap.example.org",
        "user": "me@example.org",
        "password": {"env": "X"},
        "authserv_ids": [sample_mail.STAMP],
        "unverified": unverified,
    }
    channel = {"notify": ["all"], "group": "now"}
    return build(
        Settings.model_validate(
            {
                "version": 1,
                "mailboxes": [box],
                "targets": [{"id": "phone", "url": {"env": "Y"}}],
                "notify": {"all": ["phone"]},
                "alerts": {"critical": channel, "warning": channel, "info": channel},
                "group_wait": "1s",
            }
        ),
        rules=None,
        packs=None,
    )


class Bed:
    """One mailbox in memory with a clock of its own, past its first run."""

    def __init__(
        self,
        *,
        first_run: bool = False,
        reads=None,
        unverified: str = "open",
        store: Store | None = None,
    ):
        self.now = START
        self.said = []
        self.store = store or Store.memory()
        self.pipeline = Pipeline(
            self.store,
            setup(unverified),
            reads or globals()["reads"](),
            clock=lambda: self.now,
            said=self.said.append,
        )
        self._uids = itertools.count(1)
        if not first_run:
            self.end(self.begin())
            self.said.clear()

    def begin(self):
        return self.pipeline.begin_poll("main", backfill=90 * DAY)

    def end(self, poll):
        self.pipeline.end_poll(poll, self.now + timedelta(minutes=5))

    def arrived(self, raw: bytes | None, uid: int | None = None, **more) -> Arrived:
        return Arrived(
            mailbox="main",
            folder=more.pop("folder", "INBOX"),
            uidvalidity=1,
            uid=uid or next(self._uids),
            internal_date=self.now,
            size=len(raw or b""),
            raw=raw,
            header=b"",
            **more,
        )

    def take(self, *mails: bytes) -> None:
        poll = self.begin()
        for raw in mails:
            self.pipeline.take(poll, self.arrived(raw))
        self.end(poll)

    def later(self, span: timedelta) -> None:
        until = self.now + span
        while (due := self.pipeline.next_due()) is not None and due <= until:
            self.now = max(self.now, due)
            self.pipeline.sweep()
        self.now = until

    def rules(self) -> list[str]:
        """What was said, oldest first."""
        return [row.alert.rule for message in self.said for row in message.said]

    def ask(self, question):
        with self.store.read() as ledger:
            return question(ledger)

    def mails(self):
        return self.ask(lambda ledger: sorted(ledger.mails.listed(), key=lambda row: row.id))


def test_a_mail_becomes_a_row_events_an_order_an_alert_and_a_message():
    bed = Bed()
    bed.take(sample_mail.judged(ALIEXPRESS, at=START))

    assert [(row.state, row.outcome) for row in bed.mails()] == [(MailState.READ, Outcome.NOTICES)]
    assert bed.ask(lambda ledger: [row.number for row in ledger.orders.listed()]) == [ALIEXPRESS]
    assert "dispute-judged-invalid" in bed.rules()
    outbox = bed.ask(
        lambda ledger: [row for row in ledger.outbox.listed() if row.message == bed.said[0].number]
    )
    assert [(row.target, row.state) for row in outbox] == [("phone", OutboxState.NEW)]
    assert bed.ask(lambda ledger: ledger.mailboxes.cursor("main", "INBOX")) == (1, 1)


def test_a_forged_mail_rings_and_touches_no_order():
    bed = Bed()
    bed.take(sample_mail.placed(AMAZON, at=START))
    before = bed.ask(lambda ledger: (ledger.orders.listed(), len(tuple(ledger.all_events()))))
    bed.take(sample_mail.forged(AMAZON, at=START))
    bed.later(timedelta(hours=1))

    assert (
        bed.ask(lambda ledger: (ledger.orders.listed(), len(tuple(ledger.all_events())))) == before
    )
    assert "suspicious-mail" in bed.rules()
    assert bed.ask(lambda ledger: ledger.mails.claims(2)) == (AMAZON,)


def test_a_mail_of_a_marketplace_that_is_not_understood_is_kept_and_told():
    bed = Bed()
    bed.take(
        sample_mail.amazon(
            "Important information about your order", "Something never seen before", at=START
        )
    )
    bed.later(DAY)

    assert [row.outcome for row in bed.mails()] == [Outcome.UNREAD]
    assert bed.ask(lambda ledger: ledger.mails.raw(1)) is not None
    assert "mail-not-understood" in bed.rules()


def test_of_a_private_mail_only_its_place_is_kept():
    bed = Bed()
    bed.take(sample_mail.private("Between friends"))
    row = bed.mails()[0]

    assert (row.state, row.outcome, row.subject, row.sender) == (
        MailState.IGNORED,
        Outcome.FOREIGN,
        "",
        "",
    )
    assert bed.ask(lambda ledger: ledger.mails.raw(row.id)) is None


def test_the_same_mail_in_two_folders_is_one_event():
    bed = Bed()
    poll = bed.begin()
    raw = sample_mail.placed(AMAZON, at=START)
    for folder in ("INBOX", "Shopping"):
        bed.pipeline.take(poll, bed.arrived(raw, folder=folder))

    assert bed.ask(lambda ledger: len(tuple(ledger.all_events()))) == 1
    rows = bed.ask(lambda ledger: [ledger.mails.get(number) for number in (1, 2)])
    assert [(row.state, row.same_as) for row in rows] == [
        (MailState.READ, None),
        (MailState.IGNORED, 1),
    ]


def test_a_mail_known_already_changes_nothing():
    bed = Bed()
    poll = bed.begin()
    mail = bed.arrived(sample_mail.judged(ALIEXPRESS, at=START))
    for _ in range(3):
        bed.pipeline.take(poll, mail)

    assert len(bed.said) == 1
    assert bed.mails()[0].tries == 1


def test_a_mail_that_kills_its_reader_twice_is_set_aside_and_told():
    seen = []

    def deadly(raw: bytes, frame: Frame):
        seen.append(raw)
        raise ReadingError("the reading process ended (signal 9)")

    bed = Bed(reads=deadly)
    bed.take(sample_mail.placed(AMAZON))
    bed.later(timedelta(hours=1))
    row = bed.mails()[0]

    assert len(seen) == 2
    assert (row.state, row.reason) == (MailState.QUARANTINE, "the reading process ended (signal 9)")
    assert bed.ask(lambda ledger: ledger.mailboxes.cursor("main", "INBOX")) == (1, 1)


def test_a_mail_that_killed_us_twice_is_not_read_a_third_time():
    class Killed(BaseException):
        pass

    def deadly(raw: bytes, frame: Frame):
        raise Killed

    store = Store.memory()
    for _ in range(2):
        bed = Bed(reads=deadly, store=store)
        with pytest.raises(Killed):
            bed.pipeline.take(bed.begin(), bed.arrived(sample_mail.placed(AMAZON), uid=7))
    bed = Bed(reads=deadly, store=store)
    bed.pipeline.take(bed.begin(), bed.arrived(sample_mail.placed(AMAZON), uid=7))

    assert bed.mails()[0].state is MailState.QUARANTINE


def test_what_another_try_would_not_change_is_tried_once():
    tries = []

    def late(raw: bytes, frame: Frame):
        tries.append(raw)
        raise ReadingError("reading it took more than 2 s of processor time", lasting=True)

    bed = Bed(reads=late)
    bed.take(sample_mail.placed(AMAZON))

    assert len(tries) == 1
    assert bed.mails()[0].state is MailState.QUARANTINE
    assert "2 s of processor time" in bed.mails()[0].reason


def test_a_bomb_is_set_aside_without_being_read():
    bed = Bed()
    bed.take(
        b"From: order-update@amazon.com\r\nSubject: " + b"=?utf-8?q?x?= " * 50_000 + b"\r\n\r\n"
    )

    assert bed.mails()[0].reason.startswith("not read: ")
    assert bed.mails()[0].state is MailState.QUARANTINE


def test_a_mail_without_text_is_asked_for_again_and_then_set_aside():
    bed = Bed()
    for _ in range(3):
        bed.pipeline.take(bed.begin(), bed.arrived(None, uid=9, missing=True))

    row = bed.mails()[0]
    assert (row.state, row.tries) == (MailState.QUARANTINE, 3)


def test_a_fenced_worker_changes_nothing():
    bed = Bed()
    old = bed.begin()
    bed.begin()

    with pytest.raises(StoreError) as refusal:
        bed.pipeline.take(old, bed.arrived(sample_mail.placed(AMAZON)))

    assert refusal.value.trouble is StoreErrorKind.FENCED
    assert bed.mails() == []


def test_a_mailbox_may_ignore_senders_nobody_vouches_for():
    raw = sample_mail.mail(
        "order-update@amazon.com", f"Your Amazon.com order #{AMAZON} has shipped", stamped=False
    )
    ignoring, opening = Bed(unverified="ignore"), Bed()
    for bed in (ignoring, opening):
        bed.take(raw)

    assert ignoring.ask(lambda ledger: len(tuple(ledger.all_events()))) == 0
    assert opening.ask(lambda ledger: len(tuple(ledger.all_events()))) == 1


def test_the_first_run_says_one_thing_at_its_end():
    bed = Bed(first_run=True)
    poll = bed.begin()
    for number in range(1, 6):
        bed.pipeline.take(
            poll,
            bed.arrived(sample_mail.placed(f"249-0000000-000000{number}", at=START - 3 * DAY)),
        )
    bed.pipeline.take(poll, bed.arrived(sample_mail.judged(ALIEXPRESS, at=START - DAY)))
    before = list(bed.said)
    bed.end(poll)

    assert before == []
    assert [message.kind for message in bed.said] == ["history"]
    assert "dispute-judged-invalid" in bed.rules()
    title = bed.ask(lambda ledger: ledger.outbox.listed())[0].title
    assert title.startswith("6 mails, 6 orders")


def test_a_first_run_that_was_cut_off_still_says_one_thing():
    bed = Bed(first_run=True)
    bed.pipeline.take(bed.begin(), bed.arrived(sample_mail.judged(ALIEXPRESS, at=START - DAY)))
    poll = bed.begin()
    bed.pipeline.take(poll, bed.arrived(sample_mail.placed(AMAZON, at=START)))
    bed.end(poll)

    assert [message.kind for message in bed.said] == ["history"]


def test_a_week_without_a_message_is_said_to_be_quiet_to_who_wants_it():
    bed, silent = Bed(), Bed()
    bed.pipeline.setup = replace(bed.pipeline.setup, all_quiet=True)
    for one in (bed, silent):
        for _ in range(8 * 24):
            one.now += timedelta(hours=1)
            one.pipeline.sweep()

    assert [message.kind for message in bed.said] == ["quiet"]
    assert bed.ask(lambda ledger: ledger.outbox.listed())[0].title == "All quiet"
    assert silent.said == []


def test_after_an_outage_everything_comes_as_one_message():
    bed = Bed()
    bed.now += timedelta(hours=3)
    bed.take(
        *(sample_mail.judged(f"810000000000000{number}", at=bed.now) for number in range(1, 5))
    )

    assert [message.kind for message in bed.said] == ["outage"]
    assert bed.rules().count("dispute-judged-invalid") == 4


@pytest.mark.parametrize(
    ("patience", "kinds"), [(timedelta(minutes=30), {"outage"}), (None, {"alerts"})]
)
def test_what_fell_due_while_the_machine_slept_comes_as_one_message(patience, kinds):
    bed = Bed()
    bed.pipeline = Pipeline(
        bed.store,
        setup(),
        reads(),
        clock=lambda: bed.now,
        said=bed.said.append,
        patience=patience,
    )
    bed.take(
        *(sample_mail.judged(f"810000000000000{number}", at=bed.now) for number in range(1, 4))
    )
    bed.pipeline.sweep()
    bed.said.clear()
    bed.now += 4 * DAY
    bed.pipeline.sweep()

    assert {message.kind for message in bed.said} == kinds
    assert (len(bed.said) == 1) is (patience is not None)


def test_a_mark_that_was_lost_is_noticed_without_a_restart():
    """The disk was full just when the answer of the target came: the message is neither lost nor
    stuck.
    """
    bed = Bed()
    bed.take(sample_mail.judged(ALIEXPRESS, at=START))
    with bed.store.write() as ledger:
        row = next(row for row in ledger.outbox.listed() if row.message == bed.said[0].number)
        ledger.outbox.claim(row.id)
    assert bed.ask(lambda ledger: ledger.outbox.due_targets(bed.now)) == ("phone",)
    told = []

    def send(parcel):
        told.append(parcel.title + parcel.note)
        return SendResult(outcome=SendOutcome.SENT)

    url = Secret(value="json://127.0.0.1/")
    reachable = replace(
        setup(), targets=tuple(target.model_copy(update={"url": url}) for target in setup().targets)
    )
    while send_next(bed.store, reachable, send, "phone", lambda: bed.now):
        pass

    assert f"{row.title} (maybe a repeat)" in told
    assert bed.ask(lambda ledger: ledger.outbox.left_sending()) == ()


def test_an_unreachable_mailbox_is_told_once_and_again_when_it_is_well():
    bed = Bed()

    def fail():
        bed.pipeline.fail_poll(
            "main",
            kind="unreachable",
            what="no answer",
            permanent=False,
            next_poll_at=bed.now + timedelta(minutes=1),
        )

    for _ in range(25):
        fail()
        bed.later(timedelta(minutes=1))
    early = bed.rules()
    for _ in range(60):
        fail()
        bed.later(timedelta(minutes=1))
    late = bed.rules()
    bed.end(bed.begin())
    bed.later(timedelta(hours=1))

    assert early == []
    assert late == ["mailbox-unreachable"]
    causes = [row.cause.value for message in bed.said for row in message.said]
    assert causes == ["firing", "resolved"]


def test_an_acknowledged_alert_rings_no_more():
    bed = Bed()
    bed.take(sample_mail.judged(ALIEXPRESS, at=START))
    rows = bed.ask(lambda ledger: ledger.alerts.all_live())
    bed.pipeline.acknowledge(rows)
    bed.said.clear()
    bed.later(3 * DAY)

    assert "dispute-judged-invalid" not in bed.rules()


def test_a_snoozed_alert_comes_back_by_itself():
    bed = Bed()
    bed.take(sample_mail.judged(ALIEXPRESS, at=START))
    rows = [
        row
        for row in bed.ask(lambda ledger: ledger.alerts.all_live())
        if "invalid" in row.alert.rule
    ]
    bed.pipeline.snooze(rows, bed.now + timedelta(hours=8))
    bed.said.clear()
    bed.later(timedelta(hours=7))
    early = bed.rules()
    bed.later(timedelta(hours=2))

    assert "dispute-judged-invalid" not in early
    assert "dispute-judged-invalid" in bed.rules()


def test_a_note_is_an_event_and_may_not_come_from_the_future():
    bed = Bed()
    bed.take(sample_mail.judged(ALIEXPRESS, at=START))
    keys = bed.pipeline.note(
        Note(kind=Kind.APPEAL_SUBMITTED, order=ALIEXPRESS, at=START), "aliexpress", Role.BUYER
    )

    assert keys == (f"aliexpress:buyer:{ALIEXPRESS}",)
    with pytest.raises(CommandError, match="has not come yet"):
        bed.pipeline.note(
            Note(kind=Kind.PROMISE, order=ALIEXPRESS, at=START + DAY), "aliexpress", Role.BUYER
        )
    assert bed.ask(lambda ledger: len(tuple(ledger.all_events()))) == 2


def test_an_answer_moves_a_mail_and_the_history_with_it():
    bed = Bed()
    other = "8200000000000002"
    bed.take(sample_mail.judged(ALIEXPRESS, at=START), sample_mail.judged(other, at=START))
    row = bed.ask(lambda ledger: ledger.orders.find(other)[0])
    bed.pipeline.assign(1, row)

    found = bed.ask(lambda ledger: {row.number: row.events for row in ledger.orders.listed()})
    assert found == {other: 3}  # both mails, and the answer itself
    with pytest.raises(CommandError, match="no mail number 99"):
        bed.pipeline.assign(99, row)


def test_a_mail_read_again_with_better_packs_gains_what_is_new():
    bed = Bed()
    bed.take(
        sample_mail.amazon(
            "Important information about your order", "Something never seen before", at=START
        )
    )
    better = reads()(
        sample_mail.placed(AMAZON, at=START), Frame(zone=UTC, authserv_ids=(sample_mail.STAMP,))
    )
    changed = bed.pipeline.reread(lambda raw, frame: better, [1])
    again = bed.pipeline.reread(lambda raw, frame: better, [1])

    assert list(changed) == [1]
    assert again == {}
    assert bed.ask(lambda ledger: [row.number for row in ledger.orders.listed()]) == [AMAZON]


def test_an_imported_history_is_one_message():
    bed = Bed()
    donor = Bed()
    donor.take(
        *(sample_mail.judged(f"810000000000000{number}", at=START) for number in range(1, 5))
    )
    events = donor.ask(lambda ledger: [replace(event, mail=None) for event in ledger.all_events()])
    bed.pipeline.record(events)
    once = len(bed.said)
    bed.pipeline.record(events)

    assert once == 1
    assert len(bed.said) == 1
    assert bed.ask(lambda ledger: len(tuple(ledger.all_events()))) == 4


def test_gone_mails_and_an_empty_folder_move_the_cursor():
    bed = Bed()
    poll = bed.begin()
    bed.pipeline.looked(
        poll, Polled(folder="INBOX", cursor=Cursor(uidvalidity=1, last_uid=40), gone=(39,))
    )

    assert bed.ask(lambda ledger: ledger.mailboxes.cursor("main", "INBOX")) == (1, 40)
    assert [row.state for row in bed.mails()] == [MailState.GONE]


def test_where_uids_are_given_anew_without_a_count_no_mail_hides_behind_an_old_row():
    bed = Bed()
    poll = bed.begin()

    def arrive(raw):
        mail = bed.arrived(raw, uid=1)
        bed.pipeline.take(
            poll,
            Arrived(**{name: getattr(mail, name) for name in mail.__slots__} | {"uidvalidity": 0}),
        )

    arrive(sample_mail.placed(AMAZON, at=START))
    bed.pipeline.renumbered(poll, "INBOX", 0)
    arrive(sample_mail.judged(ALIEXPRESS, at=START))

    assert bed.ask(lambda ledger: len(tuple(ledger.all_events()))) == 2


MAILS = (
    sample_mail.placed(AMAZON, at=START - 9 * DAY),
    sample_mail.cancel_requested(AMAZON, at=START - 8 * DAY),
    sample_mail.shipped(AMAZON, at=START - 7 * DAY),
    sample_mail.placed("249-0000000-0000002", item="Lamp", at=START - 6 * DAY),
    sample_mail.judged(ALIEXPRESS, "Invalid", at=START - 5 * DAY),
    sample_mail.judged("8100000000000002", "Valid", at=START - 4 * DAY),
    sample_mail.forged(AMAZON, at=START - 3 * DAY),
    sample_mail.private(at=START - 2 * DAY),
)


def rows_of(bed: Bed):
    """Everything derived from mails, without the numbers that tell their arrival."""

    def picture(ledger):
        orders = ledger.orders.listed()
        watches = [
            (row.order_key, row.id, row.due_at, row.state)
            for row in ledger.orders.watches(open_only=False)
        ]
        findings = [
            (row.order_key, row.id, row.at, row.rests_on) for row in ledger.orders.findings()
        ]
        alerts = [
            (
                row.alert.rule,
                row.alert.subject if row.alert.about != "mail" else "",
                row.alert.state,
            )
            for row in ledger.alerts.all_live()
            if "phishing" not in row.alert.subject
        ]
        return (
            sorted(map(str, orders)),
            sorted(map(str, watches)),
            sorted(map(str, findings)),
            sorted(map(str, alerts)),
        )

    return bed.ask(picture)


@cache
def in_order():
    bed = Bed()
    bed.take(*MAILS)
    return rows_of(bed)


@settings(max_examples=25, deadline=None)
@given(st.permutations(MAILS))
def test_any_order_of_arrival_ends_in_the_same_rows(mails):
    bed = Bed()
    bed.take(*mails)

    assert rows_of(bed) == in_order()


def test_what_was_said_is_live_until_its_condition_is_lost():
    bed = Bed()
    bed.take(sample_mail.judged(ALIEXPRESS, at=START))
    bed.later(200 * DAY)
    states = {row.alert.state for row in bed.ask(lambda ledger: ledger.alerts.listed())}

    assert states <= {AlertState.RESOLVED, AlertState.DROPPED, AlertState.FIRING}


def test_a_rule_about_a_case_wakes_when_its_state_lapses_by_the_clock(tmp_path):
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "version: 1\nrules:\n  - {id: mine, about: cancellation, when: {cancellation.state:"
        " unanswered}, severity: warning, title: Call}\n"
    )
    bed = Bed()
    bed.pipeline.setup = replace(
        setup(), rulebook=rulebook.Rulebook(rules=(rulebook.load(rules).rule("mine"),))
    )
    bed.take(sample_mail.cancel_requested(AMAZON, at=START))
    bed.later(DAY - timedelta(minutes=1))
    assert "mine" not in bed.rules()

    bed.later(timedelta(minutes=5))
    assert "mine" in bed.rules()


def test_who_has_opened_a_dispute_is_no_longer_reminded_of_the_silence_before_it():
    bed = Bed()
    bed.take(
        sample_mail.aliexpress(
            f"Order {ALIEXPRESS}: order shipped", f"Order {ALIEXPRESS}", at=START
        )
    )
    bed.later(19 * DAY)
    assert bed.rules().count("no-movement") == 2, "told, and told again after a week"

    bed.pipeline.note(
        Note(at=bed.now, kind=Kind.DISPUTE_OPENED, order=ALIEXPRESS, text="not received"),
        "aliexpress",
        Role.BUYER,
    )
    bed.later(20 * DAY)
    assert bed.rules().count("no-movement") == 2
    assert "seller-silent-in-dispute" in bed.rules()

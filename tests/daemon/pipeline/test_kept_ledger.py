"""A ledger that version 0.1 wrote is opened, understood and carried on by this one."""

import json
import lzma
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from daemon.mailbox.arrived import Arrived
from daemon.pipeline.deliver import PERHAPS, recover, send_next
from daemon.pipeline.pipeline import Pipeline
from daemon.pipeline.scopes import order_scope
from daemon.pipeline.setup import build
from daemon.push.delivery import SendOutcome, SendResult
from daemon.settings import load
from daemon.store.codec import event_to_json
from daemon.store.mails import MailState
from daemon.store.store import FILE, Store
from daemon.worker.reading import inline
from orders.facts.view import view
from parsers.notice import Outcome
from rules.alert import AlertState

KEPT = Path(__file__).parents[2] / "fixtures" / "ledger-0.1"
STORIES = KEPT.parent / "stories"
SAID = json.loads((KEPT / "said.json").read_text(encoding="utf-8"))
END = datetime.fromisoformat(SAID["now"])
FLAGS = ("problem", "stub", "stated", "inferred")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / FILE
    path.write_bytes(lzma.decompress((KEPT / "ledger.sqlite.xz").read_bytes()))
    path.chmod(0o600)
    return path


@pytest.fixture
def setup(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text((KEPT / "config.yaml").read_text())
    return build(load(config), rules=None, packs=None)


@pytest.fixture
def phone(monkeypatch):
    for name in ("PHONE", "DESK"):
        monkeypatch.setenv(name, f"json://127.0.0.1/{name.lower()}")
    rung = []

    def send(delivery):
        rung.append(delivery)
        return SendResult(outcome=SendOutcome.SENT)

    send.rung = rung
    return send


class Machine:
    """The ledger under this version's pipeline, at the minute 0.1 left it."""

    def __init__(self, store, setup, phone):
        self.now = END
        self.store, self.setup, self.phone = store, setup, phone
        self.said = []
        self.pipeline = Pipeline(
            store, setup, inline(None), clock=lambda: self.now, said=self.said.append
        )

    def take(self, *paths, mailbox="main", uid=100):
        poll = self.pipeline.begin_poll(mailbox, backfill=timedelta(days=90))
        for number, path in enumerate(paths):
            raw = path.read_bytes()
            mail = Arrived(
                mailbox=mailbox,
                folder="INBOX",
                uidvalidity=7,
                uid=uid + number,
                internal_date=self.now,
                size=len(raw),
                raw=raw,
                header=b"",
            )
            self.pipeline.take(poll, mail)
        self.pipeline.end_poll(poll, self.now + timedelta(minutes=5))

    def send(self):
        for target in ("phone", "desk"):
            while send_next(self.store, self.setup, self.phone, target, lambda: self.now):
                pass

    def later(self, until):
        while (due := self.pipeline.next_due()) is not None and due <= until:
            self.now = max(self.now, due)
            self.pipeline.sweep()
        self.now = until

    def states(self, rule):
        with self.store.read() as ledger:
            rows = ledger.alerts.listed(limit=10_000)
        return {row.alert.state for row in rows if row.alert.rule == rule}


@pytest.fixture
def machine(path, setup, phone):
    with Store.open(path) as store:
        yield Machine(store, setup, phone)


def tables(path, columns=None):
    """Every row of the file, as far as the columns go; all when none are given."""
    with closing(sqlite3.connect(path)) as raw:
        names = raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        columns = columns or {
            name: '"' + '", "'.join(_columns(raw, name)) + '"' for (name,) in names
        }
        rows = {
            name: raw.execute(f'SELECT {some} FROM "{name}"').fetchall()
            for name, some in columns.items()
            if name != "alembic_version"
        }
        return rows, columns


def _columns(raw, table):
    return [row[1] for row in raw.execute(f'PRAGMA table_info("{table}")')]


def shown(table, row):
    """What `said.json` shows of the row."""

    def cell(name):
        value = row[name]
        if isinstance(value, int) and (name == "at" or name.endswith("_at") or name == "since"):
            return datetime.fromtimestamp(value / 1e6, UTC).isoformat()
        return bool(value) if name in FLAGS else value

    return {name: cell(name) for name in SAID[table][0]}


def rows(path, table):
    with closing(sqlite3.connect(path)) as raw:
        raw.row_factory = sqlite3.Row
        found = raw.execute(f'SELECT * FROM "{table}" ORDER BY 1, 2').fetchall()
    return [shown(table, row) for row in found]


def test_it_opens_and_no_row_of_it_changes(path):
    before, columns = tables(path)
    Store.open(path).close()

    assert tables(path, columns)[0] == before


@pytest.mark.parametrize("table", ["order", "watch", "finding"])
def test_its_events_fold_to_what_0_1_said(path, setup, table):
    with Store.open(path) as store, store.write() as ledger:
        keys = [row.key for row in ledger.orders.listed()]
        for key in keys:
            seen = view(key, ledger, setup.policy, setup.zone)
            ledger.orders.put(seen)

    assert len(keys) == len(SAID["order"])
    assert rows(path, table) == SAID[table]


def test_every_event_is_read_and_written_alike(path):
    with Store.open(path) as kept, kept.read() as ledger:
        events = [event_to_json(event) for event in ledger.all_events()]
    with closing(sqlite3.connect(path)) as raw:
        written = raw.execute("SELECT payload FROM event ORDER BY id").fetchall()

    assert events == [_today(json.loads(payload)) for (payload,) in written]


def _today(payload):
    """The party of a proposal is called `from` by now."""
    fields = payload.get("fields", {})
    if "sender" in fields:
        fields["from"] = fields.pop("sender")
    return payload


def test_judged_again_in_the_same_minute_its_alerts_stay_and_nothing_is_said(machine, path):
    with machine.store.read() as ledger:
        silent = {scope for name in ("main", "shop") for scope in ledger.alerts.postponed(name, 99)}
        scopes = {order_scope(row.key) for row in ledger.orders.listed()}
        scopes |= {row.scope for row in ledger.alerts.all_live()}
    machine.pipeline.wake(sorted(scopes - silent))

    assert rows(path, "alert") == SAID["alert"]
    assert machine.said == []


def test_a_message_whose_sender_died_goes_out_once_more_as_a_maybe(machine):
    assert recover(machine.store, machine.setup, machine.now) == 1
    machine.send()

    doubtful = [one for one in machine.phone.rung if one.note]
    assert [(one.target, one.note) for one in doubtful] == [("phone", PERHAPS["en"])]
    assert "desk" in {one.target for one in machine.phone.rung}


def test_mails_it_knows_are_not_taken_again(machine):
    before = tables(machine.store.path)[0]["event"]
    story = STORIES / "aliexpress-judged-valid-refund-short"
    machine.take(story / "08-judged-valid.eml", uid=200)

    with machine.store.read() as ledger:
        twin = ledger.mails.get(sum(ledger.mails.counts().values()))
    assert (twin.place.uid, twin.state, twin.same_as is not None) == (200, MailState.IGNORED, True)
    assert tables(machine.store.path)[0]["event"] == before


def test_the_next_mails_of_its_orders_are_judged_by_what_it_holds(machine):
    machine.later(datetime(2026, 4, 8, 3, 0, tzinfo=UTC))
    machine.said.clear()
    machine.take(
        STORIES / "aliexpress-judged-valid-refund-short" / "10-refund-completed.eml",
        STORIES / "amazon-cancel-then-shipped" / "04-delivered.eml",
    )
    machine.later(machine.now + timedelta(hours=1))

    rules = [row.alert.rule for message in machine.said for row in message.said]
    assert "refund-short" in rules
    with machine.store.read() as ledger:
        [order] = ledger.orders.find("249-0000000-0000001")
    assert order.status == "delivered"


def test_answers_given_before_still_hold(machine):
    machine.later(machine.now + timedelta(days=1))

    assert machine.states("pressure-to-close") == {AlertState.SNOOZED}
    assert AlertState.ACKED in machine.states("mail-set-aside")
    assert machine.states("shipped-after-cancel-request") == {AlertState.SETTLED}
    repeated = {row.alert.rule for message in machine.said for row in message.said}
    assert (
        repeated & {"pressure-to-close", "mail-set-aside", "shipped-after-cancel-request"} == set()
    )


def test_a_history_that_was_cut_off_is_read_to_its_end_and_told_once(machine):
    story = STORIES / "amazon-seller-cancel-request"
    machine.later(machine.now + timedelta(hours=1))
    machine.said.clear()
    machine.take(story / "02-cancel-request.eml", mailbox="shop", uid=28)

    kinds = {message.kind: message for message in machine.said}
    assert [message.kind for message in machine.said].count("history") == 1
    assert {row.alert.rule for row in kinds["alerts"].said} == {"mailbox-unreachable"}
    with machine.store.read() as ledger:
        assert not ledger.mailboxes.get("shop").first_run
        assert [row.outcome for row in ledger.mails.listed() if row.place.mailbox == "shop"] == [
            Outcome.NOTICES,
            Outcome.NOTICES,
        ]

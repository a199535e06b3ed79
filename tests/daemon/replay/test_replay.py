"""The pipeline under a virtual clock: mails from files ring as they would have rung."""

import json
import mailbox
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from daemon.pipeline.notes import Note, event_of, load
from daemon.pipeline.setup import bare
from daemon.replay import Scenario, mails, replay
from daemon.worker.reading import inline
from parsers.frame import Frame
from parsers.notice import Kind, Role
from parsers.user_yaml import UserFileError
from tests.servers import sample_mail

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
AMAZON = "249-0000000-0000001"
ALIEXPRESS = "8100000000000001"
CANCELLED_AND_SHIPPED = (
    sample_mail.placed(AMAZON, at=START),
    sample_mail.cancel_requested(AMAZON, at=START + DAY),
    sample_mail.shipped(AMAZON, at=START + 2 * DAY),
)


@cache
def setup():
    return bare(rules=None, packs=None)


@cache
def reads():
    return inline(None)


def rung(folder, *, frame=None, **more):
    frame = frame or Frame(
        zone=UTC, authserv_ids=(sample_mail.STAMP,), addresses=("me@example.org",)
    )
    scenario = Scenario(mails=mails(folder), **more)
    return list(replay(scenario, setup(), reads(), frame))


def folder_of(path, *raws):
    for number, raw in enumerate(raws):
        (path / f"{number:03}.eml").write_bytes(raw)
    return path


def test_a_story_rings_when_it_would_have_rung(tmp_path):
    told = rung(folder_of(tmp_path, *CANCELLED_AND_SHIPPED))

    one = next(one for one in told if one.rule == "shipped-after-cancel-request")
    assert (one.at, one.severity, one.state, one.orders) == (
        START + 2 * DAY,
        "critical",
        "firing",
        (AMAZON,),
    )


def test_one_object_per_alert_in_the_documented_shape(tmp_path):
    told = rung(folder_of(tmp_path, sample_mail.judged(ALIEXPRESS, at=START)))
    rows = [json.loads(json.dumps(one.to_json(ZoneInfo("Asia/Tokyo")))) for one in told]

    assert set(rows[0]) == {"at", "rule", "severity", "state", "orders", "title", "body", "message"}
    assert rows[0]["at"] == "2026-03-02T18:00:00+09:00"
    together = {row["rule"] for row in rows if row["message"] == rows[0]["message"]}
    assert "dispute-judged-invalid" in together
    assert len(together) > 1


def test_files_in_any_order_give_the_same_alerts(tmp_path):
    forwards, backwards = tmp_path / "1", tmp_path / "2"
    for folder in (forwards, backwards):
        folder.mkdir()
    folder_of(forwards, *CANCELLED_AND_SHIPPED)
    folder_of(backwards, *reversed(CANCELLED_AND_SHIPPED))

    assert [(one.at, one.rule) for one in rung(forwards)] == [
        (one.at, one.rule) for one in rung(backwards)
    ]


def test_an_mbox_and_a_maildir_say_what_the_folder_says(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    folder_of(folder, *CANCELLED_AND_SHIPPED)
    mbox, maildir = mailbox.mbox(tmp_path / "mbox"), mailbox.Maildir(tmp_path / "maildir")
    for raw in CANCELLED_AND_SHIPPED:
        mbox.add(raw)
        maildir.add(raw)
    mbox.close()
    expected = [(one.at, one.rule) for one in rung(folder)]

    assert [(one.at, one.rule) for one in rung(tmp_path / "mbox")] == expected
    assert [(one.at, one.rule) for one in rung(tmp_path / "maildir")] == expected


def test_the_clock_runs_on_to_the_time_asked_for(tmp_path):
    folder_of(tmp_path, sample_mail.judged(ALIEXPRESS, at=START))
    short = rung(tmp_path, until=START + timedelta(minutes=1))
    long = rung(tmp_path, until=START + 30 * DAY)

    assert {one.state for one in short} == {"firing"}
    assert "repeat" in {one.state for one in long}
    assert all(one.at <= START + 30 * DAY for one in long)


def test_mails_after_the_end_are_not_read(tmp_path):
    told = rung(folder_of(tmp_path, *CANCELLED_AND_SHIPPED), until=START + DAY + timedelta(hours=1))

    assert "shipped-after-cancel-request" not in {one.rule for one in told}


def test_unconfirmed_mail_counts_only_when_asked_for(tmp_path):
    raw = sample_mail.mail(
        "order-update@amazon.com", f"Your Amazon.com order #{AMAZON} has shipped", "Your package was shipped!",
        at=START, stamped=False,
    )  # fmt: skip
    folder_of(tmp_path, raw)
    plain = Frame(zone=UTC)
    open_, trusting = (
        rung(tmp_path, frame=plain),
        rung(tmp_path, frame=Frame(zone=UTC, trust_all=True)),
    )

    assert {one.rule for one in open_} == {"unverified-orders"}
    assert "shipped" in {one.rule for one in trusting}


def test_a_forged_mail_rings_as_such_and_shows_no_link(tmp_path):
    told = rung(
        folder_of(tmp_path, *CANCELLED_AND_SHIPPED[:1], sample_mail.forged(AMAZON, at=START + DAY))
    )

    assert "suspicious-mail" in {one.rule for one in told}
    assert not any("http" in one.body for one in told)


def test_what_was_told_by_hand_counts(tmp_path):
    folder_of(tmp_path, sample_mail.judged(ALIEXPRESS, at=START))
    note = Note(kind=Kind.APPEAL_SUBMITTED, order=ALIEXPRESS, at=START + DAY)
    without = {one.rule for one in rung(tmp_path, until=START + 9 * DAY) if one.state == "repeat"}
    with_note = {
        one.rule
        for one in rung(tmp_path, notes=[note], until=START + 9 * DAY)
        if one.state == "repeat"
    }

    assert "appeal-due" in without
    assert "appeal-due" not in with_note


def test_orders_from_a_file_are_known_before_the_first_mail(tmp_path):
    folder_of(tmp_path, sample_mail.judged(ALIEXPRESS, at=START))
    note = Note(kind=Kind.ORDER_PLACED, order="8100000000000009", at=START - 3 * DAY)
    known = event_of(note, marketplace="aliexpress", role=Role.BUYER, seen=START, name="row")
    told = rung(tmp_path, orders=[known], until=START + 30 * DAY)

    late = [one for one in told if one.rule == "not-shipped-in-time" and one.state == "firing"]
    assert [one.orders for one in late] == [("8100000000000009",)]


def test_a_date_from_the_future_is_not_believed(tmp_path):
    raw = sample_mail.judged(ALIEXPRESS, at=START)
    late = raw.replace(b"Date: Mon, 02 Mar 2026", b"Date: Mon, 02 Mar 2099")
    assert late != raw

    assert mails(folder_of(tmp_path, late))[0].at == START


def test_a_mail_without_any_date_comes_with_the_last(tmp_path):
    undated = b"From: someone@example.net\r\nSubject: x\r\n\r\nhello\r\n"
    found = mails(folder_of(tmp_path, *CANCELLED_AND_SHIPPED, undated))

    assert found[-1].at == START + 2 * DAY


@pytest.mark.parametrize("path", ["nothing-there", "empty", "text.txt"])
def test_a_place_without_mails_is_told_in_one_sentence(tmp_path, path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("hello")

    with pytest.raises(UserFileError) as refusal:
        mails(tmp_path / path)

    assert len(refusal.value.faults) == 1
    assert str(tmp_path / path) in str(refusal.value)


def test_a_replay_is_the_same_each_time(tmp_path):
    folder_of(tmp_path, *CANCELLED_AND_SHIPPED, sample_mail.judged(ALIEXPRESS, at=START + 3 * DAY))

    assert rung(tmp_path, until=START + 40 * DAY) == rung(tmp_path, until=START + 40 * DAY)


NOTES = """\
- {at: 2026-03-02, kind: appeal.submitted, order: 8100000000000001}
- {at: 2026-03-01 09:30, kind: promise, order: '8100000000000001', due: 2026-03-05, text: ships on Thursday}
- {at: '2026-03-03T09:00:00+09:00', kind: refund.completed, order: 249-0000000-0000001,
   amount: {value: '26.12', currency: usd}}
"""


def test_notes_are_read_from_a_file_oldest_first(tmp_path):
    (tmp_path / "notes.yaml").write_text(NOTES)
    found = load(tmp_path / "notes.yaml", ZoneInfo("Asia/Tokyo"))

    assert [(one.kind, one.order, one.at) for one in found] == [
        (Kind.PROMISE, ALIEXPRESS, datetime(2026, 3, 1, 0, 30, tzinfo=UTC)),
        (Kind.APPEAL_SUBMITTED, ALIEXPRESS, datetime(2026, 3, 2, 3, 0, tzinfo=UTC)),
        (Kind.REFUND_COMPLETED, AMAZON, datetime(2026, 3, 3, 0, 0, tzinfo=UTC)),
    ]
    assert found[0].due == datetime(2026, 3, 5, 14, 59, 59, tzinfo=UTC)
    assert str(found[2].amount) == "26.12 USD"


def test_every_mistake_in_a_file_of_notes_is_told_with_its_place(tmp_path):
    (tmp_path / "notes.yaml").write_text(
        "- {at: yesterday, kind: promise, order: 8100000000000001}\n- {at: 2026-03-02, kind:"
        " promise, order: '12'}\n"
    )
    with pytest.raises(UserFileError) as refusal:
        load(tmp_path / "notes.yaml", UTC)

    assert [
        (fault.line, fault.what.split(";")[0].split(" is no")[0]) for fault in refusal.value.faults
    ] == [
        (1, "no time 'yesterday'"),
        (2, "'12'"),
    ]


def test_an_unknown_kind_gets_a_suggestion(tmp_path):
    (tmp_path / "notes.yaml").write_text(
        "- {at: 2026-03-02, kind: apeal.submitted, order: 8100000000000001}\n"
    )

    with pytest.raises(UserFileError, match=r"did you mean 'appeal\.submitted'"):
        load(tmp_path / "notes.yaml", UTC)


WRONG_NOTES = [
    ("kind: dispute.judged, text: validd", "text", "known are valid, invalid, mixed"),
    ("kind: dispute.judged, text: Judged", "text", "or write a whole sentence"),
    ("kind: message.received, text: stockout", "text", "known are out_of_stock, will_ship_by"),
    ("kind: dispute.proposal, text: agreed", "text", "return_refund, reject, accepted"),
    ("kind: promise, txet: x", "txet", "did you mean 'text'? known here: at, kind, order, text"),
    ("kind: promise, colour: x", "colour", "known here: at, kind, order, text, amount, tracking"),
    ("kind: promise, amount: {value: 3, money: USD}", "money", "known here: value, currency"),
    ("kind: promise, amount: a lot", "a lot", "such as '26.12 USD'"),
    ("kind: promise, amount: {value: -3, currency: USD}", "-3", "at least 0 is possible"),
    ("kind: nonsense", "nonsense", "known are order.placed, "),
]


@pytest.mark.parametrize(("words", "at", "what"), WRONG_NOTES)
def test_an_unknown_key_or_word_of_a_note_lists_those_there_are(tmp_path, words, at, what):
    line = f"- {{at: 2026-03-02, order: '{ALIEXPRESS}', {words}}}"
    (tmp_path / "notes.yaml").write_text(line + "\n")

    with pytest.raises(UserFileError) as refusal:
        load(tmp_path / "notes.yaml", UTC)

    fault = next(one for one in refusal.value.faults if what in one.what)
    assert fault.line == 1
    place = line.index(words) + words.index(at) + 1
    assert fault.column in (place, place + len("text: "))


RIGHT_NOTES = [
    ("dispute.judged", "Valid", {"judgement": "valid"}),
    ("dispute.closed", "return-refund", {"outcome": "return_refund"}),
    ("dispute.judged", "they said it is valid", {}),
    ("message.received", "在庫切れ", {}),
    ("dispute.proposal", "accepted", {"sender": "buyer"}),
    ("promise", "soon", {}),
]


@pytest.mark.parametrize(("kind", "text", "fields"), RIGHT_NOTES)
def test_a_word_of_the_list_or_a_sentence_is_taken(tmp_path, kind, text, fields):
    (tmp_path / "notes.yaml").write_text(
        f"- {{at: 2026-03-02, kind: {kind}, order: '{ALIEXPRESS}', text: {text}}}\n"
    )
    [note] = load(tmp_path / "notes.yaml", UTC)
    event = event_of(note, marketplace="aliexpress", role=Role.BUYER, seen=START)

    assert event.fields == {"text": text, **fields}


def test_the_notes_shown_in_the_manual_are_read(tmp_path):
    page = Path(__file__).parents[3] / "docs" / "notes.md"
    [example] = re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)
    (tmp_path / "notes.yaml").write_text(example)

    assert len(load(tmp_path / "notes.yaml", ZoneInfo("Asia/Tokyo"))) == 3


def test_a_parcel_delivered_today_may_be_told_as_shipped_minutes_later(tmp_path):
    """A stated day is a day: no clock of the same day stands against it."""
    noon = START + DAY
    delivered = sample_mail.amazon(
        'Delivered: "USB cable"',
        "Your package was delivered!",
        "Delivered today",
        f"Order # {AMAZON}",
        at=noon,
    )
    told = rung(
        folder_of(
            tmp_path,
            sample_mail.placed(AMAZON, at=START),
            delivered,
            sample_mail.shipped(AMAZON, at=noon + timedelta(minutes=8)),
        ),
        until=noon + 3 * DAY,
    )

    assert "foreign-parcel" not in {one.rule for one in told}
    assert "delivered" in {one.rule for one in told}


@pytest.mark.parametrize(
    ("closing", "missing"),
    [
        ("Please return the goods by March 20.", "If the item is not returned in time, the payment is released to the seller."),
        ("3月20日までに商品を返送してください。", "時間内に返品しない場合、売り手に支払いがリリースされます。"),
    ],
    ids=["en", "ja"],
)  # fmt: skip
def test_an_open_return_is_reminded_of_until_its_day_and_only_then_missed(
    tmp_path, closing, missing
):
    folder_of(
        tmp_path,
        sample_mail.aliexpress(f"Order {ALIEXPRESS}: order confirmed", at=START - 20 * DAY),
        sample_mail.aliexpress(
            "About your dispute",
            f"Order number: {ALIEXPRESS}",
            closing,
            missing,
            at=START + 8 * DAY,
        ),
    )
    closed = Note(
        kind=Kind.DISPUTE_CLOSED, order=ALIEXPRESS, at=START + 7 * DAY, text="return_refund"
    )
    told = rung(tmp_path, notes=[closed], until=START + 24 * DAY)

    reminders = [one for one in told if one.rule == "return-parcel-due" and one.state == "repeat"]
    assert [one.at.day for one in reminders][-4:] == [15, 18, 19, 20]
    missed = [one.at for one in told if one.rule == "return-window-missed"]
    assert min(missed) >= datetime(2026, 3, 20, 23, tzinfo=UTC)

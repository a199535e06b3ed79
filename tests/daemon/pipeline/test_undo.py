"""What was told is taken back, and a stored mail is trusted anew: by events of their own."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.pipeline.notes import Note
from daemon.pipeline.undo import UndoError
from daemon.store.store import Store
from orders.corrections import RESTORED, RETRACTED, correction, standing
from orders.deadlines.policy import load
from orders.facts.view import view
from parsers.notice import Kind, Outcome, Role, Trust
from rules.alert import AlertState
from tests.daemon.pipeline.test_intake import ALIEXPRESS, AMAZON, DAY, START, Bed, reads, setup
from tests.servers import sample_mail

KEY = f"aliexpress:buyer:{ALIEXPRESS}"
OTHER = "8200000000000002"
STRANGER = "mx.stranger.example"


def rows(bed):
    """Every row of what is made from events, and what is told of it."""
    return bed.ask(
        lambda ledger: (
            ledger.orders.listed(),
            ledger.orders.watches(open_only=False),
            ledger.orders.findings(),
            {(row.alert.rule, row.alert.state) for row in ledger.alerts.all_live()},
        )
    )


def told(bed):
    return bed.ask(lambda ledger: ledger.told.standing(99))


def note(bed, kind=Kind.APPEAL_SUBMITTED):
    bed.pipeline.note(Note(kind=kind, order=ALIEXPRESS, at=bed.now), "aliexpress", Role.BUYER)


def test_a_note_taken_back_leaves_the_order_as_it_was():
    bed = Bed()
    bed.take(sample_mail.judged(ALIEXPRESS, at=START))
    before = rows(bed)
    note(bed)
    changed = rows(bed)
    _, keys = bed.pipeline.take_back(told(bed)[0].id)

    assert changed != before
    assert rows(bed) == before
    assert keys == (KEY,)


def test_what_was_taken_back_stays_beside_its_correction():
    bed = Bed()
    bed.take(sample_mail.judged(ALIEXPRESS, at=START))
    note(bed)
    bed.pipeline.take_back(told(bed)[0].id)
    kinds = bed.ask(
        lambda ledger: [
            kind
            for (kind,) in ledger.connection.exec_driver_sql("SELECT kind FROM event ORDER BY id")
        ]
    )

    assert kinds == ["dispute.judged", "appeal.submitted", "correction"]
    assert told(bed) == ()


def test_it_is_taken_back_once():
    bed = Bed()
    bed.take(sample_mail.judged(ALIEXPRESS, at=START))
    note(bed)
    number = told(bed)[0].id
    bed.pipeline.take_back(number)

    with pytest.raises(UndoError, match="taken back before"):
        bed.pipeline.take_back(number)
    with pytest.raises(UndoError, match="nothing that was told has the number 99"):
        bed.pipeline.take_back(99)


def test_an_answer_taken_back_asks_again_and_moves_the_mail_home():
    bed = Bed()
    bed.take(sample_mail.judged(ALIEXPRESS, at=START), sample_mail.judged(OTHER, at=START))
    before = rows(bed)
    bed.pipeline.assign(1, bed.ask(lambda ledger: ledger.orders.find(OTHER)[0]))
    bed.pipeline.take_back(told(bed)[0].id)

    assert rows(bed) == before


def imported():
    donor = Bed()
    donor.take(*(sample_mail.judged(f"810000000000000{digit}", at=START) for digit in range(1, 5)))
    return donor.ask(lambda ledger: [replace(event, mail=None) for event in ledger.all_events()])


def test_an_import_taken_back_is_gone_and_comes_back_when_it_is_imported_again():
    bed = Bed()
    before = rows(bed)
    bed.pipeline.record(imported(), "orders.csv")
    after = rows(bed)[0]
    [row] = told(bed)
    bed.pipeline.take_back(row.id)
    gone = rows(bed)
    bed.pipeline.record(imported(), "orders.csv")
    again = rows(bed)[0]
    [row] = told(bed)
    bed.pipeline.take_back(row.id)

    assert gone[0] == before[0] == ()
    assert len(after) == 4
    assert again == after
    assert rows(bed)[0] == ()


def test_a_mail_that_was_tied_by_a_note_loses_its_home_with_it():
    bed = Bed()
    bed.take(sample_mail.placed(AMAZON, at=START))
    parcel = sample_mail.amazon(
        "Out for delivery",
        "Your package is out for delivery",
        "Tracking ID: TBA123456789012",
        at=START,
    )
    bed.take(parcel)
    before = rows(bed)
    bed.pipeline.note(
        Note(kind=Kind.SHIPMENT_SHIPPED, order=AMAZON, at=START, tracking="TBA123456789012"),
        "amazon",
        Role.BUYER,
    )
    tied = rows(bed)
    bed.pipeline.take_back(told(bed)[0].id)

    assert tied[0] != before[0]
    assert rows(bed)[:3] == before[:3]


@pytest.mark.parametrize(
    "answer",
    [
        lambda bed, found: bed.pipeline.acknowledge(found),
        lambda bed, found: bed.pipeline.snooze(found, bed.now + 8 * DAY),
        lambda bed, found: bed.pipeline.resolve(found),
    ],
)
def test_an_answered_alert_rings_again_when_the_answer_is_taken_back(answer):
    bed = Bed()
    bed.take(sample_mail.judged(ALIEXPRESS, at=START))
    found = bed.ask(lambda ledger: ledger.alerts.all_live())
    answer(bed, found)
    bed.said.clear()
    bed.pipeline.take_back(told(bed)[0].id)
    bed.later(3 * DAY)

    assert "dispute-judged-invalid" in bed.rules()


def test_an_answer_is_not_taken_back_once_the_alert_has_gone_on():
    bed = Bed()
    bed.take(sample_mail.judged(ALIEXPRESS, at=START))
    bed.pipeline.acknowledge(bed.ask(lambda ledger: ledger.alerts.all_live()))
    bed.pipeline.resolve(bed.ask(lambda ledger: ledger.alerts.all_live()))
    first, second = sorted(told(bed), key=lambda row: row.id)

    with pytest.raises(UndoError, match="gone on since"):
        bed.pipeline.take_back(first.id)
    bed.pipeline.take_back(second.id)
    bed.pipeline.take_back(first.id)
    states = {row.alert.state for row in bed.ask(lambda ledger: ledger.alerts.all_live())}
    assert AlertState.FIRING in states
    assert AlertState.ACKED not in states


# trust


def bare(box_stamps):
    """The set-up with other authserv_ids."""
    made = setup()
    return replace(
        made,
        mailboxes=tuple(
            box.model_copy(update={"authserv_ids": box_stamps}) for box in made.mailboxes
        ),
    )


def test_a_wrong_stamp_is_mended_by_reading_again():
    right, wrong = Bed(), Bed()
    right.take(sample_mail.judged(ALIEXPRESS, at=START))
    wrong.pipeline.setup = bare((STRANGER,))
    wrong.take(sample_mail.judged(ALIEXPRESS, at=START))
    doubted = rows(wrong)
    wrong.pipeline.setup = setup()
    [found] = wrong.pipeline.reread(reads(), [1]).values()

    assert (found.trust, found.reading.trust) == (Trust.UNVERIFIED, Trust.VERIFIED)
    assert doubted[:3] != rows(right)[:3]
    assert rows(wrong)[:3] == rows(right)[:3]
    assert wrong.mails()[0].trust == Trust.VERIFIED
    assert wrong.pipeline.reread(reads(), [1]) == {}


def test_an_alert_of_a_mail_that_is_verified_after_all_says_no_more_that_it_is_not():
    bed = Bed()
    bed.pipeline.setup = bare((STRANGER,))
    bed.take(sample_mail.judged(ALIEXPRESS, at=START))
    bed.pipeline.setup = setup()
    bed.pipeline.reread(reads(), [1])
    bed.later(timedelta(hours=1))
    trusts = {
        row.subject.facts.get("read.trust")
        for row in bed.ask(lambda ledger: ledger.alerts.all_live())
        if row.alert.rule == "dispute-judged-invalid"
    }

    assert trusts == {"verified"}


def test_a_mail_that_turns_out_to_be_forged_is_taken_back_and_can_return():
    bed = Bed()
    empty = rows(bed)[:3]
    forger = (
        sample_mail.judged(ALIEXPRESS, at=START)
        .replace(b"dmarc=pass", b"dmarc=fail")
        .replace(b"dkim=pass", b"dkim=fail")
    )
    bed.pipeline.setup = bare((STRANGER,))
    bed.take(forger)
    taken = rows(bed)[:3]
    bed.pipeline.setup = setup()
    bed.pipeline.reread(reads(), [1])
    forged = rows(bed)[:3], bed.mails()[0].outcome
    bed.pipeline.setup = bare((STRANGER,))
    bed.pipeline.reread(reads(), [1])

    assert taken != empty
    assert forged == (empty, Outcome.FORGED)
    assert rows(bed)[:3] == taken


# corrections in any order


def test_the_last_word_counts():
    bed = Bed()
    bed.take(sample_mail.judged(ALIEXPRESS, at=START))
    [event] = bed.ask(lambda ledger: ledger.events_of_mail(1))
    said = [
        correction(event, RETRACTED, START, 0),
        correction(event, "unverified", START, 1),
        correction(event, RESTORED, START - DAY, 2),
        correction(event, "verified", START, 3),
    ]

    assert {standing(order) for order in itertools.permutations(said)} == {standing(said)}
    assert (standing(said).retracted, standing(said).trust) == (False, Trust.VERIFIED)
    assert standing(said[:2]).retracted


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False))
def test_corrections_that_come_in_any_order_leave_the_same_ledger(random):
    events = imported()
    said = [
        correction(events[0], RETRACTED, START, 0),
        correction(events[1], RETRACTED, START, 0),
        correction(events[1], RESTORED, START, 1),
        correction(events[2], "unverified", START, 0),
    ]
    shuffled = [*events, *said]
    random.shuffle(shuffled)

    assert _folded(shuffled) == _folded([*events, *said])


def _folded(events):
    store = Store.memory()
    with store.write() as ledger:
        for event in events:
            ledger.append(event)
        keys = [f"aliexpress:buyer:810000000000000{digit}" for digit in range(1, 5)]
        found = [view(key, ledger, load({}), setup().zone) for key in keys]
    store.close()
    return [(one.order, one.findings, one.watches) for one in found]

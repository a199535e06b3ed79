import csv
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from icalendar import Calendar

from daemon.files.exports import calendar, csv_lines, event_row, json_lines, order_row, watch_row
from daemon.files.exports.words import EVENTS, FINDINGS, TABLES, WATCHES, name
from orders.event import Event, Source
from orders.order import Actor, Order, OrderStatus, Shipment, ShipmentStatus, Watch, WatchState
from parsers.notice import Item, Kind, Money, Role, Trust

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
PLACED = Event(
    origin="note:1", kind=Kind.ORDER_PLACED, at=NOW, seen=NOW, source=Source.NOTE, marketplace="aliexpress",
    role=Role.BUYER, trust=Trust.VERIFIED, order_numbers=("8100000000000001",), subject="=1+1",
    fields={"total": Money(value=Decimal(293), currency="JPY")},
)  # fmt: skip
ORDER = Order(
    key="aliexpress:buyer:8100000000000001", marketplace="aliexpress", role=Role.BUYER, number="8100000000000001",
    status=OrderStatus.IN_TRANSIT, events=(PLACED,), total=Money(value=Decimal(293), currency="JPY"), ordered_at=NOW,
    items=(Item(title='=HYPERLINK("https://evil.example","lamp")', quantity=2), Item(title="傘, 黒")),
    shipments=(Shipment(id="a", status=ShipmentStatus.IN_TRANSIT, tracking=("LP1", "LP2")),),
)  # fmt: skip


def watch(**changes):
    held = {
        "key": "D-AE-11", "kind": "return_parcel", "id": "D-AE-11", "actor": Actor.ME, "opened_at": NOW,
        "due_at": NOW + timedelta(days=10), "state": WatchState.OPEN, "stated": False, "why": "10 days to return it.",
        "opened_by": PLACED,
    }  # fmt: skip
    return Watch(**(held | changes))


def read_csv(lines):
    return list(csv.DictReader(io.StringIO("".join(lines).removeprefix("\ufeff"), newline="")))


def test_an_order_survives_the_way_through_csv():
    (row,) = read_csv(csv_lines([order_row(ORDER)]))

    names = ("order", "status", "total", "total_currency", "ordered_at", "tracking", "problem")

    assert [row[one] for one in names] == [
        "8100000000000001", "in_transit", "293", "JPY", "2026-03-10T09:00:00+00:00", "LP1; LP2", "no"
    ]  # fmt: skip


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_a_csv_runs_as_a_formula(start):
    (row,) = read_csv(csv_lines([{"title": f"{start}cmd|' /C calc'!A0", "n": "-5.00"}]))

    assert row["title"].startswith("'")
    assert row["n"] == "-5.00"


def test_titles_of_strangers_are_neutralised_in_every_csv():
    rows = [order_row(ORDER), event_row(PLACED), watch_row(ORDER, watch())]
    cells = [cell for row in rows for read in read_csv(csv_lines([row])) for cell in read.values()]

    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []


def test_a_csv_starts_with_the_mark_that_spreadsheets_need_and_has_one_header():
    lines = list(csv_lines([event_row(PLACED), event_row(PLACED)]))

    assert lines[0].startswith("\ufeffat,seen,kind")
    assert len(lines) == 3
    assert list(csv_lines([])) == []


def test_json_lines_keep_types_and_letters():
    (line,) = json_lines([order_row(ORDER)])
    row = json.loads(line)

    assert (row["tracking"], row["problem"], row["items"][1]["title"]) == (
        ["LP1", "LP2"],
        False,
        "傘, 黒",
    )
    assert "傘" in line


def test_an_event_tells_its_fields_as_they_are_read_back():
    (line,) = json_lines([event_row(PLACED)])

    assert json.loads(line)["fields"] == {"total": {"value": "293", "currency": "JPY"}}


def entries(text, component="VEVENT"):
    return Calendar.from_ical(text).walk(component)


def test_the_calendar_holds_what_the_user_must_do_and_nothing_else():
    pairs = [
        (ORDER, watch()),
        (ORDER, watch(key="W2", id="W2", actor=Actor.CARRIER)),
        (ORDER, watch(key="D-AE-13", id="D-AE-13", state=WatchState.MET)),
        (ORDER, watch(key="D-AE-16", id="D-AE-16", state=WatchState.VOID)),
    ]
    (entry,) = entries(calendar(pairs, language="en", now=NOW))

    assert str(entry["summary"]) == f"Post the return parcel: {ORDER.title}"
    assert entry["dtstart"].dt == NOW + timedelta(days=10)
    assert entry["dtstart"].to_ical() == b"20260320T090000Z"


def test_an_entry_keeps_its_uid_when_its_date_moves():
    (before,) = entries(calendar([(ORDER, watch())], language="en", now=NOW))
    moved = watch(due_at=NOW + timedelta(days=5), opened_at=NOW - timedelta(days=1))
    (after,) = entries(calendar([(ORDER, moved)], language="ja", now=NOW + timedelta(hours=1)))

    assert before["uid"] == after["uid"]
    assert before["dtstart"].dt != after["dtstart"].dt


def test_uids_differ_between_orders_and_watches():
    other = Order(
        key="aliexpress:buyer:8100000000000002", marketplace="aliexpress", role=Role.BUYER,
        number="8100000000000002", status=OrderStatus.DELIVERED, events=(),
    )  # fmt: skip
    pairs = [(ORDER, watch()), (other, watch()), (ORDER, watch(id="D-AE-11/2"))]

    assert len({entry["uid"] for entry in entries(calendar(pairs, language="en", now=NOW))}) == 3


@pytest.mark.parametrize(("hours", "alarms"), [(240, 2), (12, 1), (1, 0)])
def test_alarms_that_would_lie_in_the_past_are_left_out(hours, alarms):
    text = calendar([(ORDER, watch(due_at=NOW + timedelta(hours=hours)))], language="en", now=NOW)

    assert len(entries(text, "VALARM")) == alarms


def test_as_tasks_the_deadline_is_a_due_date_and_alarms_count_from_it():
    text = calendar([(ORDER, watch())], language="ja", now=NOW, tasks=True)
    (entry,) = entries(text, "VTODO")

    assert entry["due"].dt == NOW + timedelta(days=10)
    assert {alarm["trigger"].params["RELATED"] for alarm in entry.walk("VALARM")} == {"END"}
    assert "返品の発送期限" in str(entry["summary"])


def test_a_computed_date_is_said_to_be_computed():
    texts = [
        str(
            entries(calendar([(ORDER, watch(stated=stated))], language="en", now=NOW))[0][
                "description"
            ]
        )
        for stated in (True, False)
    ]

    assert ["Computed, not stated" in text for text in texts] == [False, True]


def test_a_title_with_line_breaks_cannot_add_lines_to_the_calendar():
    item = Item(title="lamp\r\nATTENDEE:mailto:x@example.org\r\nBEGIN:VALARM")
    order = Order(
        key="k",
        marketplace="amazon",
        role=Role.BUYER,
        number="1",
        status=OrderStatus.DELIVERED,
        events=(),
        items=(item,),
    )
    text = calendar([(order, watch(due_at=NOW + timedelta(hours=1)))], language="en", now=NOW)

    assert [
        line for line in text.splitlines() if line.startswith((b"ATTENDEE", b"BEGIN:VALARM"))
    ] == []


def test_every_kind_of_event_has_a_name_in_every_language():
    assert set(EVENTS) == {str(kind) for kind in Kind}
    assert [pair for table in TABLES.values() for pair in table.values() if not all(pair)] == []


def test_a_kind_without_a_name_is_shown_as_words():
    assert name("watch", "something_new", "ja") == "something new"
    assert (len(WATCHES), len(FINDINGS)) == (42, 30)

"""Readings as JSON: nothing of one is lost on the way, and nothing else comes out of it."""

import json
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from parsers.notice import (
    Evidence,
    Gist,
    Item,
    Kind,
    Money,
    NearMiss,
    Notice,
    Outcome,
    Proof,
    Reading,
    Role,
    StatedDeadline,
    Trust,
)
from parsers.reading_codec import reading_from_wire, reading_to_wire

MONEY = Money(value=Decimal("-26.10"), currency="USD")
WHOLE = Reading(
    outcome=Outcome.NOTICES,
    reason="Understood.",
    marketplace="amazon",
    trust=Trust.VERIFIED,
    notices=(
        Notice(
            kind=Kind.ORDER_CANCELLED,
            marketplace="amazon",
            role=Role.SELLER,
            language="ja",
            proof=Proof.REAL,
            order_numbers=("249-0000000-0000001",),
            tracking=("LP00000000000001",),
            packages=("P1",),
            cases=("81",),
            masked=("81***1",),
            fields={
                "total": MONEY,
                "respond_by": date(2026, 3, 5),
                "delivered_at": datetime(2026, 3, 5, 18, tzinfo=UTC),
                "old_rate": Decimal("8.50"),
                "auto": True,
                "text": "\u2028 \u202e",
                "items": (
                    Item(title="マグ", quantity=2, price=MONEY, ref="B00"),
                    Item(title="x"),
                ),
            },
            evidence=(Evidence(where="body", phrase="p", line="l", source="s:1"),),
        ),
    ),
    near=(NearMiss(kind=Kind.PROMO, phrase="p", line="l", source="s:2", likeness=0.75, why="no"),),
    subject="注文",
    sender="a@example.org",
    message_id="<1@example.org>",
    thread=("<0@example.org>",),
    sent_at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    claims=("249-0000000-0000002",),
    gist=Gist(
        orders=("249-0000000-0000003",),
        parcels=("LP00123456789012",),
        amounts=(MONEY,),
        deadlines=(
            StatedDeadline(at=date(2026, 3, 4), line="by March 4"),
            StatedDeadline(at=datetime(2026, 3, 4, 9, tzinfo=UTC), line="by 9:00"),
        ),
        topics=("refund",),
        urgent=True,
    ),
)


def wire(reading):
    return json.loads(json.dumps(reading_to_wire(reading)))


def test_nothing_of_a_reading_is_lost():
    assert reading_from_wire(wire(WHOLE)) == WHOLE
    assert reading_from_wire(wire(replace(WHOLE, sent_at=None, notices=()))).sent_at is None


def test_the_reading_above_fills_every_field():
    """So that a field which is added to a reading is carried, or this test says so."""

    def empty(record):
        for one in fields(record):
            value = getattr(record, one.name)
            if value in (None, "", (), {}):
                yield f"{type(record).__name__}.{one.name}"
            for inner in value if isinstance(value, tuple) else ():
                yield from empty(inner) if is_dataclass(inner) else ()

    assert list(empty(WHOLE)) == []


def changed(path, value):
    row = wire(WHOLE)
    *way, last = path
    place = row
    for step in way:
        place = place[step]
    place[last] = value
    return row


@pytest.mark.parametrize(
    "row",
    [
        None,
        [],
        "reading",
        5,
        {},
        {"outcome": "notices"},
        changed(["outcome"], "bliss"),
        changed(["outcome"], ["notices"]),
        changed(["sender"], None),
        changed(["sender"], {"a": 1}),
        changed(["subject"], "x" * (1 << 20)),
        changed(["notices"], {}),
        changed(["notices"], [1]),
        changed(["notices", 0, "order_numbers"], "249"),
        changed(["notices", 0, "order_numbers"], [249]),
        changed(["notices", 0, "kind"], "__class__"),
        changed(["notices", 0, "more"], 1),
        changed(["notices", 0, "fields"], []),
        changed(["notices", 0, "fields", "nonsense"], "x"),
        changed(["notices", 0, "fields", "total"], {"value": "1E+999999999", "currency": "USD"}),
        changed(["notices", 0, "fields", "total"], {"value": "NaN", "currency": "USD"}),
        changed(["notices", 0, "fields", "old_rate"], "9" * 1000),
        changed(["notices", 0, "fields", "respond_by"], "99999-01-01"),
        changed(["near", 0, "likeness"], "high"),
        changed(["sent_at"], 5),
        changed(["sent_at"], "yesterday"),
        changed(["__class__"], "x"),
    ],
    ids=lambda row: json.dumps(row)[:0] or None,
)
def test_what_is_no_reading_is_refused(row):
    with pytest.raises(ValueError, match=r"."):
        reading_from_wire(row)

"""One mail cannot say more than a ledger can take in: many orders, items and long texts are not
believed, and structured data is taken for what it is, a stranger's text.
"""

import json
from datetime import UTC
from functools import cache

import pytest

from daemon.worker.reading import inline
from parsers import measure
from parsers.frame import Frame
from parsers.notice import Item, Kind, Notice, Outcome, Proof, Reading, Role
from parsers.reading_codec import reading_from_wire, reading_to_wire
from tests.servers import sample_mail

FRAME = Frame(authserv_ids=(sample_mail.STAMP,), addresses=("me@example.org",), zone=UTC)
ORDER = "249-0000000-0000001"
PAGE = "<p>Your package was shipped!</p><p>Order # 249-0000000-0000001</p>"


@cache
def reads():
    return inline(None)


def notice(**more):
    wanted = {"order_numbers": (ORDER,), "fields": {}} | more
    return Notice(
        kind=Kind.SHIPMENT_SHIPPED,
        marketplace="amazon",
        role=Role.BUYER,
        language="en",
        proof=Proof.REAL,
        **wanted,
    )


def numbers(count):
    return tuple(f"249-{number:07}-0000001" for number in range(count))


def items(count):
    return {"items": tuple(Item(title=f"Lamp {number}") for number in range(count))}


EXCESSIVE = {
    "statements": [notice()] * 201,
    "orders": [notice(order_numbers=numbers(61))],
    "orders in several": [notice(order_numbers=numbers(40)[at::2]) for at in range(2)]
    + [notice(order_numbers=numbers(62)[40:])],
    "parcels": [notice(tracking=numbers(61))],
    "cases": [notice(cases=numbers(31), masked=numbers(62)[31:])],
    "every statement about every order": [notice(order_numbers=numbers(50))] * 5,
    "items": [notice(fields=items(201))],
    "items in several": [notice(fields=items(101))] * 2,
    "a text": [notice(fields={"text": "x" * 4001})],
    "a title": [notice(fields={"items": (Item(title="x" * 4001),)})],
}


@pytest.mark.parametrize("name", EXCESSIVE)
def test_more_than_a_mail_can_say_is_not_believed(name):
    reading = Reading(outcome=Outcome.NOTICES, reason="", notices=tuple(EXCESSIVE[name]))

    assert measure.excess(reading.notices) is not None
    with pytest.raises(ValueError, match="more than"):
        reading_from_wire(json.loads(json.dumps(reading_to_wire(reading))))


def test_what_real_mail_says_is_believed():
    most = [notice(order_numbers=numbers(60), fields=items(100)), notice(fields=items(100))]

    assert measure.excess(most) is None


def test_what_is_only_looked_up_loses_its_tail():
    reading = Reading(outcome=Outcome.FORGED, reason="", thread=numbers(3000), claims=numbers(3000))
    row = json.loads(json.dumps(reading_to_wire(reading)))

    assert reading_from_wire(row).thread == numbers(3000)[-measure.MOST_THREAD :]
    assert reading_from_wire(row).claims == numbers(measure.MOST_NAMES)


def structured(**order):
    thing = {"@type": "Order", "orderNumber": ORDER} | order
    thing |= {"orderStatus": "http://schema.org/OrderInTransit"}
    head = sample_mail.amazon(f"Your Amazon.com order #{ORDER} has shipped")
    script = f'<script type="application/ld+json">{json.dumps(thing)}</script>'
    kind = b"Content-Type: text/html; charset=utf-8\r\nMIME-Version: 1.0\r\n\r\n"
    return head.partition(b"Content-Type:")[0] + kind + (PAGE + script).encode()


def offers(*names, **more):
    return [{"itemOffered": {"name": name} | more} for name in names]


def test_a_mail_of_5000_items_is_told_as_not_read():
    reading = reads()(structured(acceptedOffer=offers(*map(str, range(5000)))), FRAME)

    assert (reading.outcome, reading.notices) == (Outcome.UNREAD, ())
    assert reading.reason == "Not read: it lists more than 200 items."
    assert reading.marketplace == "amazon"


@pytest.mark.parametrize("price", ["NaN", "sNaN", "-Infinity", "1e999999", "9" * 5000, {"a": 1}])
def test_an_amount_in_structured_data_is_a_number_or_nothing(price):
    reading = reads()(structured(price=price, priceCurrency="USD"), FRAME)

    assert [one.kind for one in reading.notices] == [Kind.SHIPMENT_SHIPPED]
    assert "total" not in reading.notices[0].fields


@pytest.mark.parametrize("quantity", ["9" * 5000, "²", "-1", "1e9", None, [1]])
def test_a_quantity_in_structured_data_is_a_small_number_or_one(quantity):
    offer = offers("Lamp")[0] | {"eligibleQuantity": {"value": quantity}}
    [one] = reads()(structured(acceptedOffer=offer), FRAME).notices

    assert one.fields["items"][0].quantity == 1


def test_words_of_structured_data_are_short_and_hold_no_controls():
    evil = "\x1b]52;c;aGk=\x07\x9b31m\u202eLamp\u2066" + "x" * 100_000
    raw = structured(
        acceptedOffer=offers(evil, sku=evil), orderDelivery={"carrier": {"name": evil}}
    )
    [one] = reads()(raw, FRAME).notices
    [item] = one.fields["items"]

    for text in (item.title, item.ref, one.fields["provider"]):
        assert text.isprintable()
        assert len(text) <= 300

"""The time of an event: what the mail's Date may say, and what is never believed."""

from datetime import UTC, date, datetime, timedelta

import pytest

from orders.event import EARLIEST, LATEST, events_of
from parsers.notice import Kind, Notice, Outcome, Proof, Reading, Role
from tests.orders.events import AE, day, said, seen, watch

ARRIVED = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOTICE = Notice(
    kind=Kind.SHIPMENT_SHIPPED,
    marketplace="aliexpress",
    role=Role.BUYER,
    language="en",
    proof=Proof.REAL,
    order_numbers=(AE,),
)


@pytest.mark.parametrize(
    ("sent", "at"),
    [
        (ARRIVED - timedelta(days=3), ARRIVED - timedelta(days=3)),
        (ARRIVED + timedelta(days=3), ARRIVED),
        (None, ARRIVED),
        (datetime(1, 1, 1, tzinfo=UTC), ARRIVED),
        (datetime.max.replace(tzinfo=UTC), ARRIVED),
    ],
)
def test_a_date_that_cannot_be_gives_way_to_the_arrival(sent, at):
    reading = Reading(outcome=Outcome.NOTICES, reason="", notices=(NOTICE,), sent_at=sent)
    (event,) = events_of(reading, digest="a", arrived=ARRIVED, seen=ARRIVED, mail=1)

    assert event.at == at


def test_the_time_of_an_event_leaves_room_for_every_deadline():
    assert said("promise", -20_000).at == EARLIEST
    assert said("promise", 100_000).at == LATEST


@pytest.mark.parametrize("when", [date.min, date.max, datetime.max.replace(tzinfo=UTC)])
def test_a_stated_day_outside_of_all_calendars_is_none(when):
    shipped = said("shipment.shipped", 2, expected_until=when, shipped_at=when)
    found = seen(said("order.placed", 0, ship_by=when, protection_until=when), shipped)

    assert found.order.expected_until is None
    assert watch(found, "D-AE-05").due_at == day(62)

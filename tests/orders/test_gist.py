"""A mail that no phrase fits stands on the timeline and opens a deadline; nothing else moves."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from orders.event import events_of
from orders.facts.describe import describe
from orders.order import Actor, WatchState
from parsers.notice import Gist, Kind, Outcome, Reading, StatedDeadline, Trust
from tests.orders.events import AE, AE2, day, said, seen

NEWS = (
    said("order.placed", 0),
    said("shipment.shipped", 1, tracking="LP00000000000001"),
    said("dispute.opened", 20),
    said("dispute.proposal", 22, sender="seller"),
)
GISTS = (
    said("mail.gist", -3, due=day(-1), text="Bis gestern.", address="x@amazon.de", language="ja"),
    said("mail.gist", 23, due=day(24), text="Reply by tomorrow.", topics="dispute", urgent=True),
    said("mail.gist", 24, topics="refund", tracking="LP00000000000001"),
    said("mail.gist", 25, None, tracking="LP00000000000001", due=day(26)),
    said("mail.gist", 26, trust="unverified", due=day(27)),
)


def known(view):
    """All that the view says, but for the gists themselves."""
    return (
        replace(view.order, events=view.order.news),
        view.findings,
        tuple(replace(one, since=None, seen=None) for one in view.watches if one.key != "D-GIST"),
    )


@pytest.mark.parametrize("gist", GISTS, ids=range(len(GISTS)))
def test_nothing_but_its_own_deadline_comes_of_it(gist) -> None:
    before, after = seen(*NEWS), seen(*NEWS, gist)

    assert gist in after.order.events
    assert known(after) == known(before)


def test_the_deadline_is_mine_and_quotes_its_line() -> None:
    (watch,) = (one for one in seen(*NEWS, GISTS[1]).watches if one.key == "D-GIST")

    assert (watch.kind, watch.actor, watch.state) == ("stated_deadline", Actor.ME, WatchState.OPEN)
    assert (watch.stated, watch.due_at) == (True, day(24))
    assert "“Reply by tomorrow.”" in watch.why


def test_no_other_mail_is_placed_by_it() -> None:
    gist = said("mail.gist", 1, AE2, tracking="LP00000000000001")
    parcel = said("shipment.delivered", 3, None, tracking="LP00000000000001")

    assert parcel not in seen(said("order.placed", 0, AE2), gist, parcel, number=AE2).order.events


def test_an_order_known_from_it_alone_is_a_stub_that_rings_nothing() -> None:
    found = seen(GISTS[1])

    assert found.order.stub
    assert found.findings == ()
    orders = [one for one in describe(found, day(23)) if one.about == "order"]
    assert [one.due_at for one in orders] == [None]


def test_a_reading_without_notices_is_one_event_of_its_gist() -> None:
    day_ahead = StatedDeadline(at=datetime(2026, 3, 5, 12, 0, tzinfo=UTC), line="Reply by Thursday")
    gist = Gist(orders=(AE,), topics=("dispute",), deadlines=(day_ahead,), urgent=True)
    reading = Reading(
        outcome=Outcome.UNREAD, reason="", marketplace="aliexpress", gist=gist, trust=Trust.VERIFIED
    )

    (event,) = events_of(reading, digest="0" * 64, arrived=day(0), seen=day(0), mail=1)

    assert (event.kind, event.origin) == (Kind.MAIL_GIST, f"mail:{'0' * 64}#gist")
    assert event.fields == {
        "topics": "dispute",
        "due": day_ahead.at,
        "text": "Reply by Thursday",
        "urgent": True,
    }

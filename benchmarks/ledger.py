"""A new mail in a ledger of 100,000 orders and 1,000,000 events, beside the same in one of 100
orders.

Both ledgers lie on disk with `synchronous=FULL`, and take the same kind of mails in turn: the
order, its shipment, its
delivery, each with events, view, judgement and outbox. The reading of the mail is left out, since
it knows no ledger.
Also: a sweep with nothing due, and the list of orders.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.result import Result
from daemon.mailbox.arrived import Arrived
from daemon.pipeline.intake import Intake
from daemon.pipeline.pipeline import Pipeline
from daemon.pipeline.setup import Setup, bare
from daemon.store.codec import event_to_json
from daemon.store.store import FILE, Store
from daemon.store.tables import event, naming, order, reference, wake, watch
from orders.event import Event, Source
from orders.matching.index import key_of, order_keys, references
from parsers.frame import Frame
from parsers.notice import Item, Kind, Notice, Outcome, Proof, Reading, Role, Trust

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LARGE, SMALL = 100_000, 100
EVENTS = 10
MAILS = 150
PART = 2_000
BAND = 0.2
KINDS = (
    Kind.ORDER_PLACED,
    Kind.SHIPMENT_PREPARING,
    Kind.SHIPMENT_SHIPPED,
    *(Kind.SHIPMENT_IN_TRANSIT,) * 5,
    Kind.SHIPMENT_OUT_FOR_DELIVERY,
    Kind.SHIPMENT_DELIVERED,
)
NEWS = (Kind.ORDER_PLACED, Kind.SHIPMENT_SHIPPED, Kind.SHIPMENT_DELIVERED)


def run(large: int = LARGE) -> Iterable[Result]:
    setup = bare(rules=None, packs=None)
    with (
        tempfile.TemporaryDirectory(prefix="orderbell-bench-") as folder,
        filled(Path(folder) / "small" / FILE, SMALL) as few,
        filled(Path(folder) / "large" / FILE, large) as many,
    ):
        yield from _mails(few, many, setup, large)
        yield _sweep(few, many, setup, large)
        yield _list(many, large)


def _mails(few: Store, many: Store, setup: Setup, large: int) -> Iterator[Result]:
    times: dict[Store, list[float]] = {few: [], many: []}
    for number in range(MAILS + 10):
        for store in (few, many):
            for kind in NEWS:
                spent = _seconds(
                    lambda store=store, kind=kind, number=number: _take(store, setup, number, kind)
                )
                if number >= 10:  # the first ones warm caches and compile statements
                    times[store].append(spent)
    floor, measured = statistics.median(times[few]) * 1000, statistics.median(times[many]) * 1000
    yield Result(
        workload=f"a new mail, {large:,} orders and {large * EVENTS:,} events",
        measured=measured,
        unit="ms",
        floor=floor,
        promise=f"± {BAND:.0%} of {SMALL} orders ({measured / floor - 1:+.0%})",
        kept=measured <= floor * (1 + BAND),
    )


def _sweep(few: Store, many: Store, setup: Setup, large: int) -> Result:
    def median(store: Store) -> float:
        pipeline = Pipeline(store, setup, _nothing, clock=lambda: NOW)
        pipeline.sweep()
        return statistics.median(_seconds(pipeline.sweep) for _ in range(50)) * 1000

    floor, measured = median(few), median(many)
    return Result(
        workload=f"a sweep with nothing due, {large:,} orders",
        measured=measured,
        unit="ms",
        floor=floor,
        promise="≤ 5 ms",
        kept=measured <= 5,
    )


def _list(many: Store, large: int) -> Result:
    def listing() -> None:
        with many.read() as ledger:
            ledger.orders.listed(limit=200)
            ledger.orders.watches(limit=200)

    listing()
    measured = statistics.median(_seconds(listing) for _ in range(20)) * 1000
    return Result(
        workload=f"listing 200 orders and watches of {large:,}",
        measured=measured,
        unit="ms",
        floor=None,
        promise="≤ 50 ms",
        kept=measured <= 50,
    )


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _take(store: Store, setup: Setup, number: int, kind: Kind) -> None:
    step = NEWS.index(kind)
    uid = number * len(NEWS) + step + 1
    name = f"250-{number:07d}-{step:07d}"
    notice = Notice(
        kind=kind,
        marketplace="amazon",
        role=Role.BUYER,
        language="en",
        proof=Proof.REAL,
        order_numbers=(f"250-{number:07d}-0000001",),
        tracking=(f"BENCH{number:012d}",) if step else (),
        fields={"items": (Item(title=f"USB cable, {number} cm"),)} if not step else {},
    )
    at = NOW + timedelta(hours=number, minutes=20 * step)
    reading = Reading(
        outcome=Outcome.NOTICES,
        reason="made for the benchmark",
        marketplace="amazon",
        trust=Trust.VERIFIED,
        notices=(notice,),
        subject=f"{kind.value} {name}",
        sender="order-update@amazon.com",
        message_id=f"<{name}@mail.example.net>",
        sent_at=at,
    )
    raw = f"Subject: {name}\r\n\r\n".encode() + bytes(20_000)
    arrived = Arrived(
        mailbox="main",
        folder="INBOX",
        uidvalidity=1,
        uid=uid,
        internal_date=at,
        size=len(raw),
        raw=raw,
        header=b"",
    )
    intake = Intake(
        store=store, setup=setup, reads=lambda _raw, _frame: reading, frame=Frame(zone=UTC)
    )
    intake.take(arrived, at)


def _nothing(raw: bytes, frame: Frame) -> Reading:
    raise AssertionError((raw, frame))


def filled(path: Path, orders: int) -> Store:
    """A ledger with that many orders of ten events, over three years, each with a deadline to
    come.
    """
    store = Store.open(path)
    for start in range(0, orders, PART):
        numbers = range(start, min(start + PART, orders))
        events = [one for number in numbers for one in _history(number, orders)]
        with store.write() as ledger:
            write = ledger.connection.execute
            first = start * EVENTS + 1
            rows = list(enumerate(events, start=first))
            write(event.insert(), [_event_row(one, at) for at, one in rows])
            write(
                reference.insert(),
                [
                    {"marketplace": one.marketplace, "kind": kind, "value": value, "event": at}
                    for at, one in rows
                    for kind, value in references(one)
                ],
            )
            write(
                naming.insert(),
                [
                    {
                        "marketplace": one.marketplace,
                        "role": one.role,
                        "at": one.at,
                        "order_key": key,
                        "event": at,
                    }
                    for at, one in rows
                    for key in order_keys(one)
                ],
            )
            keys = [(number, key_of("amazon", Role.BUYER, _number(number))) for number in numbers]
            write(order.insert(), [_order_row(number, key, orders) for number, key in keys])
            write(watch.insert(), [_watch_row(number, key) for number, key in keys])
            write(
                wake.insert(),
                [
                    {"scope": f"order:{key}", "at": NOW + timedelta(days=30, seconds=number)}
                    for number, key in keys
                ],
            )
    return store


def _number(number: int) -> str:
    return f"249-{number:07d}-0000001"


def _history(number: int, orders: int) -> Iterator[Event]:
    began = NOW - timedelta(days=1000) * (1 - number / orders) - timedelta(days=12)
    for step, kind in enumerate(KINDS):
        yield Event(
            origin=f"mail:{number:058d}#{step}",
            kind=kind,
            at=began + timedelta(days=step),
            seen=began + timedelta(days=step),
            source=Source.MAIL,
            marketplace="amazon",
            role=Role.BUYER,
            trust=Trust.VERIFIED,
            order_numbers=(_number(number),),
            tracking=(f"TRACK{number:012d}",) if step > 1 else (),
            thread=(f"<{number}.{step}@mail.example.net>",),
            fields={"items": (Item(title="USB cable"),)} if not step else {},
            subject="News about your order",
            sender="order-update@amazon.com",
        )


def _event_row(one: Event, number: int) -> dict[str, object]:
    return {
        "id": number,
        "origin": one.origin,
        "kind": one.kind,
        "at": one.at,
        "seen": one.seen,
        "source": one.source,
        "marketplace": one.marketplace,
        "role": one.role,
        "loose": False,
        "payload": event_to_json(one),
    }


def _order_row(number: int, key: str, orders: int) -> dict[str, object]:
    last = NOW - timedelta(days=1000) * (1 - number / orders)
    return {
        "key": key,
        "marketplace": "amazon",
        "role": "buyer",
        "number": _number(number),
        "status": "delivered",
        "title": "USB cable",
        "first_at": last - timedelta(days=10),
        "last_at": last,
        "problem": False,
        "stub": False,
        "events": EVENTS,
        "cases": 0,
        "open_cases": 0,
    }


def _watch_row(number: int, key: str) -> dict[str, object]:
    return {
        "order_key": key,
        "id": "D-AZ-05",
        "key": "D-AZ-05",
        "kind": "return_window",
        "actor": "me",
        "opened_at": NOW,
        "due_at": NOW + timedelta(days=30, seconds=number),
        "state": "open",
        "stated": False,
        "inferred": False,
        "why": "made for the benchmark",
    }

"""A mail whose every field is an attack on the page that shows it.

The reader would refuse most of these values; it is left out, as if it had been outwitted.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

from daemon.mailbox.arrived import Arrived
from daemon.pipeline.pipeline import Pipeline
from parsers.notice import (
    FIELDS,
    Evidence,
    FieldType,
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

_numbers = count(1)
FORMS = (
    '"><script>pwned()</script>',
    "'><img src=x onerror=pwned()>",
    "</title></svg></textarea><svg onload=pwned()>",
    '" onmouseover="pwned()" autofocus onfocus="pwned()" x="',
    "<a href=javascript:pwned()>x</a>",
    "<style>*{display:none}</style><base href=//evil.example>",
    "{{ 7 * 7 }}{% raw %}<iframe srcdoc='<script>parent.pwned()</script>'>",
)
ORDER = "8100000000000066"
KINDS = (
    Kind.ORDER_PLACED,
    Kind.SHIPMENT_SHIPPED,
    Kind.DISPUTE_OPENED,
    Kind.DISPUTE_JUDGED,
    Kind.MESSAGE_RECEIVED,
)


def attack() -> str:
    """Another one each time, with a number by which it is found again."""
    number = next(_numbers)
    return f"xss{number}{FORMS[number % len(FORMS)]}"


def _value(kind: FieldType, now: datetime):
    return {
        FieldType.TEXT: attack(),
        FieldType.MONEY: Money(value=Decimal("12.30"), currency="USD"),
        FieldType.WHEN: now + timedelta(days=3),
        FieldType.FLAG: True,
        FieldType.NUMBER: Decimal(5),
        FieldType.ITEMS: (Item(title=attack(), ref=attack()),),
    }.get(kind)


def _fields(now: datetime):
    made = {name: _value(spec.type, now) for name, spec in FIELDS.items()}
    kept = {name: value for name, value in made.items() if value is not None}
    return kept | {"judgement": "invalid", "by": "seller", "intent": "ask_close_dispute"}


def hostile_reading(now: datetime) -> Reading:
    notices = tuple(
        Notice(
            kind=kind,
            marketplace="aliexpress",
            role=Role.BUYER,
            language="en",
            proof=Proof.REAL,
            order_numbers=(ORDER,),
            tracking=(attack(),),
            packages=(attack(),),
            cases=(attack(),),
            fields=_fields(now),
            evidence=(Evidence(where="body", phrase=attack(), line=attack(), source=attack()),),
        )
        for kind in KINDS
    )
    return Reading(
        outcome=Outcome.NOTICES,
        reason=attack(),
        marketplace="aliexpress",
        trust=Trust.VERIFIED,
        notices=notices,
        subject=attack(),
        sender=attack(),
        message_id=f"<{attack()}>",
        sent_at=now,
    )


def unread_reading(now: datetime) -> Reading:
    gist = Gist(
        orders=(ORDER,),
        parcels=(attack(),),
        amounts=(Money(value=Decimal("5.10"), currency="EUR"),),
        deadlines=(StatedDeadline(at=now + timedelta(days=1), line=attack()),),
        topics=("dispute",),
        urgent=True,
    )
    near = NearMiss(
        kind=Kind.DISPUTE_OPENED,
        phrase=attack(),
        line=attack(),
        source=attack(),
        likeness=0.8,
        why=attack(),
    )
    return replace(
        hostile_reading(now), outcome=Outcome.UNREAD, notices=(), gist=gist, near=(near,)
    )


def taken_in(household) -> None:
    """Both into the ledger of the household."""
    now = datetime.now(UTC)
    readings = {1: hostile_reading(now), 2: unread_reading(now)}
    with household.paths.store() as store:
        pipeline = Pipeline(
            store,
            household.paths.setup(),
            lambda raw, _frame: readings[int(raw[-1:])],
            clock=lambda: now,
        )
        poll = pipeline.begin_poll("main", backfill=timedelta(days=90))
        for number in readings:
            raw = b"Subject: hostile\r\n\r\n%d" % number
            pipeline.take(poll, _arrived(raw, 900 + number, now))
        pipeline.end_poll(poll, now)
        pipeline.sweep()


def _arrived(raw: bytes, uid: int, now: datetime) -> Arrived:
    return Arrived(
        mailbox="main",
        folder=attack(),
        uidvalidity=1,
        uid=uid,
        internal_date=now,
        size=len(raw),
        raw=raw,
        header=b"",
    )


def reads(raw: bytes, _frame) -> Reading:
    """The same readings, when the page reads the mails again."""
    now = datetime.now(UTC)
    return hostile_reading(now) if raw[-1:] == b"1" else unread_reading(now)

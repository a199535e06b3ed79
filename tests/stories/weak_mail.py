"""One mail that nobody vouches for, of any kind, with any fields, at any moment of a story: what a
stranger who knows all of it could write.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from orders.event import Event, events_of
from parsers.notice import (
    FIELDS,
    FieldType,
    FieldValue,
    Item,
    Kind,
    Money,
    Notice,
    Outcome,
    Proof,
    Reading,
    Role,
    Trust,
)

KINDS = [kind for kind in Kind if kind not in (Kind.IMPORT_ROW, Kind.ASSIGNMENT, Kind.UNPARSED)]
WORDS = {
    "reason": ["unpaid", "return_missed", "out_of_stock", "buyer_request", "unknown", "evidence"],
    "status": ["completed", "delivered", "cancelled", "returned", "settled"],
    "text": ["accepted", "will ship next week", "please close the dispute", "accepted by buyer"],
}
TELLING = {
    "dispute.judged": ["judgement", "amount", "respond_by", "appeal_by"],
    "dispute.closed": ["outcome", "reason", "amount", "return_by", "appeal_by"],
    "dispute.proposal": ["from", "sender", "solution", "amount", "respond_by"],
    "appeal.decided": ["outcome", "reason", "amount"],
    "claim.decided": ["outcome", "appeal_by"],
    "claim.opened": ["respond_by", "amount"],
    "order.cancelled": ["by", "reason", "charged", "items"],
    "order.placed": ["items", "total", "ordered_at", "ship_by", "expected_until", "store"],
    "order.completed": ["auto", "delivered_at"],
    "order.awaiting_confirmation": ["delivered_at", "confirm_by", "protection_until"],
    "order.payment_due": ["pay_by"],
    "shipment.shipped": ["items", "shipped_at", "expected_until", "provider"],
    "shipment.delivered": ["delivered_at", "items"],
    "shipment.estimate_changed": ["expected_until", "expected_from"],
    "shipment.exception": ["reason"],
    "shipment.available_for_pickup": ["pickup_by", "place"],
    "return.authorised": ["return_by", "rma"],
    "return.requested": ["return_by", "respond_by"],
    "return.rejected": ["reason"],
    "refund.announced": ["amount", "expected_by", "method", "items"],
    "refund.completed": ["amount", "by"],
    "message.received": ["intent", "due", "text", "store"],
    "fee.notice": ["sku", "old_rate", "new_rate", "effective_on"],
    "account.warning": ["metric", "respond_by"],
}
"""Fields that a kind's own fold looks at; any other may come too."""


@dataclass(frozen=True)
class WeakMail:
    """When it arrives, and what is read from it."""

    arrives: datetime
    reading: Reading
    seed: int

    @property
    def events(self) -> tuple[Event, ...]:
        return events_of(
            self.reading,
            digest=f"weak{self.seed:08}",
            arrived=self.arrives,
            seen=self.arrives,
            mail=100_000 + self.seed,
        )

    def __str__(self) -> str:
        notice = next(iter(self.reading.notices), None)
        told = () if notice is None else (notice.kind, notice.order_numbers, dict(notice.fields))
        return f"seed {self.seed}: {self.reading.trust} {told} on {self.arrives:%Y-%m-%d %H:%M}"


def weak_mail(seed: int, events: Sequence[Event], until: datetime) -> WeakMail:
    """A mail for a story with these events that ends at `until`; the same seed, the same mail."""
    chance = random.Random(seed)
    known = Known(events, until)
    begin = min(event.seen for event in events) - timedelta(days=2)
    arrives = begin + chance.random() * (until - begin)
    sent = chance.choice([arrives] * 9 + [datetime.min.replace(tzinfo=UTC)])
    sent = (
        sent
        if sent < begin
        else arrives - chance.choice([0, 0, 0, 1, 9, 40]) * timedelta(days=chance.random())
    )
    trust = chance.choice([Trust.UNVERIFIED, Trust.UNVERIFIED, Trust.FORWARDED, Trust.FORGED])
    notice = _copied(chance, known) if chance.random() < 0.25 else _made(chance, known)
    model = chance.choice(events)
    threads = [name for event in events for name in event.thread]
    if trust is Trust.FORGED:
        reading = Reading(
            outcome=Outcome.FORGED,
            reason="forged",
            marketplace=notice.marketplace,
            trust=trust,
            claims=notice.order_numbers,
            sent_at=sent,
        )
    else:
        reading = Reading(
            outcome=Outcome.NOTICES,
            reason="read",
            marketplace=notice.marketplace,
            trust=trust,
            notices=(notice,),
            subject=chance.choice(["Your order", model.subject]),
            sender=chance.choice([model.sender, "someone@notice.aliexpress.com"]),
            message_id=f"<weak-{seed}@mail.example>",
            thread=tuple(chance.sample(threads, 1)) if threads and chance.random() < 0.4 else (),
            sent_at=sent,
        )
    return WeakMail(arrives, reading, seed)


class Known:
    """What a stranger can take up from a story's mails."""

    def __init__(self, events: Sequence[Event], until: datetime) -> None:
        self.events = [event for event in events if event.source == "mail"] or list(events)
        self.until = until
        self.begin = min(event.at for event in events)
        self.numbers = sorted({number for event in events for number in event.order_numbers})
        self.tracking = sorted({number for event in events for number in event.tracking})
        self.packages = sorted({number for event in events for number in event.packages})
        self.cases = sorted({number for event in events for number in event.cases})
        values = [value for event in events for value in event.fields.values()]
        self.amounts = [value for value in values if isinstance(value, Money)]
        self.items = [item for value in values if isinstance(value, tuple) for item in value]
        self.stores = [str(event.fields["store"]) for event in events if "store" in event.fields]


def _copied(chance: random.Random, known: Known) -> Notice:
    """A mail of the story with something in it changed."""
    event = chance.choice(known.events)
    fields = dict(event.fields)
    for name in chance.sample(sorted(fields), min(len(fields), chance.randint(0, 2))):
        fields[name] = _value(chance, name, known)
    return _notice(event, event.kind, fields, event.order_numbers, event.masked)


def _made(chance: random.Random, known: Known) -> Notice:
    kind = chance.choice(KINDS)
    names = [name for name in TELLING.get(kind, []) if name in FIELDS and chance.random() < 0.7]
    names += chance.sample(sorted(FIELDS), chance.choice([0, 0, 1, 3]))
    fields = {name: _value(chance, name, known) for name in names}
    by = chance.choice(
        ["number", "number", "number", "parcel", "case", "mask", "likeness", "other"]
    )
    numbers: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    model = chance.choice(known.events)
    if by == "number" and known.numbers:
        numbers = tuple(
            chance.sample(known.numbers, min(len(known.numbers), chance.choice([1, 1, 2])))
        )
    elif by == "other":
        numbers = (
            ("8109999999999999",) if model.marketplace == "aliexpress" else ("249-9999999-9999999",)
        )
    elif by == "mask":
        number = chance.choice(known.numbers or ["8100000000000001"])
        masked = (number[:4] + "********" + number[-chance.randint(1, 6) :],)
    elif by == "likeness":
        fields |= {"items": tuple(known.items[:1]) or (Item(title="Lamp"),)}
        fields |= {"store": chance.choice(known.stores)} if known.stores else {}
    return _notice(model, kind, fields, numbers, masked, by, chance, known)


def _notice(model, kind, fields, numbers, masked, by="", chance=None, known=None) -> Notice:
    def some(values, own):
        if chance is None:
            return own
        return (
            (chance.choice(values),) if values and (by == "parcel" or chance.random() < 0.3) else ()
        )

    return Notice(
        kind=kind,
        marketplace=model.marketplace,
        role=model.role if chance is None or chance.random() < 0.9 else Role.SELLER,
        language=model.language,
        proof=Proof.REAL,
        order_numbers=numbers,
        masked=masked,
        tracking=some(known.tracking if known else (), model.tracking),
        packages=some(known.packages if known else (), model.packages),
        cases=some(known.cases if known and by in ("case", "number") else (), model.cases),
        fields=fields,
    )


def _value(chance: random.Random, name: str, known: Known) -> FieldValue:
    spec = FIELDS[name]
    match spec.type:
        case FieldType.CHOICE:
            return chance.choice(spec.choices)
        case FieldType.WHEN:
            days = chance.choice([-400, -30, -3, 0, 1, 3, 10, 30, 90, 700])
            at = known.begin + chance.random() * (known.until - known.begin)
            at += timedelta(days=days)
            edges = [
                date.min,
                date.max,
                datetime.min.replace(tzinfo=UTC),
                datetime.max.replace(tzinfo=UTC),
            ]
            return chance.choice([at, at.date(), at, at.date(), chance.choice(edges)])
        case FieldType.MONEY:
            made = Money(
                value=Decimal(chance.choice([0, 1, 500])), currency=chance.choice(["USD", "JPY"])
            )
            return chance.choice([*known.amounts, made])
        case FieldType.FLAG:
            return chance.choice([True, False])
        case FieldType.NUMBER:
            return Decimal(chance.choice([0, 8, 15]))
        case FieldType.ITEMS:
            own = tuple(chance.sample(known.items, min(len(known.items), chance.randint(0, 2))))
            return chance.choice([own, (Item(title="Something else"),)])
        case _:
            return chance.choice([*WORDS.get(name, ()), *known.stores, "unknown"])

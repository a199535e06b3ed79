"""The vocabulary of mail: kinds, outcomes, trust, and the notice, one typed statement of a
marketplace.

Names follow schema.org (Order, ParcelDelivery) where it has one. Every other room speaks in these
words only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Kind(StrEnum):
    """What a notice says. The closed list; a kind outside it is a programming error."""

    ORDER_PLACED = "order.placed"
    ORDER_PAYMENT_DUE = "order.payment_due"
    ORDER_PAYMENT_CONFIRMED = "order.payment_confirmed"
    ORDER_PAYMENT_FAILED = "order.payment_failed"
    ORDER_ON_HOLD = "order.on_hold"
    ORDER_CANCELLED = "order.cancelled"
    ORDER_AWAITING_CONFIRMATION = "order.awaiting_confirmation"
    ORDER_COMPLETED = "order.completed"
    CANCEL_REQUESTED = "cancel.requested"
    CANCEL_REJECTED = "cancel.rejected"
    SHIPMENT_PREPARING = "shipment.preparing"
    SHIPMENT_SHIPPED = "shipment.shipped"
    SHIPMENT_IN_TRANSIT = "shipment.in_transit"
    SHIPMENT_OUT_FOR_DELIVERY = "shipment.out_for_delivery"
    SHIPMENT_ATTEMPT_FAILED = "shipment.attempt_failed"
    SHIPMENT_AVAILABLE_FOR_PICKUP = "shipment.available_for_pickup"
    SHIPMENT_DELIVERED = "shipment.delivered"
    SHIPMENT_ESTIMATE_CHANGED = "shipment.estimate_changed"
    SHIPMENT_EXCEPTION = "shipment.exception"
    MESSAGE_RECEIVED = "message.received"
    MESSAGE_SENT = "message.sent"
    """A copy of the own answer, as the marketplace passed it on."""
    MESSAGE_UNDELIVERED = "message.undelivered"
    """The own answer did not reach the other side."""
    DISPUTE_OPENED = "dispute.opened"
    DISPUTE_PROPOSAL = "dispute.proposal"
    DISPUTE_ESCALATED = "dispute.escalated"
    DISPUTE_EVIDENCE_REQUESTED = "dispute.evidence_requested"
    DISPUTE_JUDGED = "dispute.judged"
    DISPUTE_CLOSED = "dispute.closed"
    APPEAL_SUBMITTED = "appeal.submitted"
    APPEAL_DECIDED = "appeal.decided"
    RETURN_REQUESTED = "return.requested"
    RETURN_AUTHORISED = "return.authorised"
    RETURN_SHIPPED = "return.shipped"
    RETURN_RECEIVED = "return.received"
    RETURN_REJECTED = "return.rejected"
    REFUND_ANNOUNCED = "refund.announced"
    REFUND_COMPLETED = "refund.completed"
    REFUND_FAILED = "refund.failed"
    CLAIM_OPENED = "claim.opened"
    CLAIM_INFO_REQUESTED = "claim.info_requested"
    CLAIM_DECIDED = "claim.decided"
    CHARGEBACK_OPENED = "chargeback.opened"
    CHARGEBACK_DECIDED = "chargeback.decided"
    ACCOUNT_WARNING = "account.warning"
    ACCOUNT_RESTRICTED = "account.restricted"
    FEE_NOTICE = "fee.notice"
    PAYOUT_SENT = "payout.sent"
    PAYOUT_HELD = "payout.held"
    PLATFORM_NOTICE = "platform.notice"
    COUPON_LATE_DELIVERY = "coupon.late_delivery"
    SURVEY_REQUEST = "survey.request"
    IMPORT_ROW = "import.row"
    PROMO = "promo"
    UNPARSED = "unparsed"
    SUSPICIOUS = "suspicious"
    MAIL_GIST = "mail.gist"
    """What a mail that no phrase fits names and asks for: it may open, and never ends anything."""
    # What leaves no mail, told by hand (`orderbell note`): any kind above, or one of these.
    PROMISE = "promise"
    EVIDENCE = "evidence"
    PARCEL_NOT_HERE = "parcel_not_here"
    WRONG_ITEM = "wrong_item"
    GOODS_CHECKED = "goods_checked"
    WITHDRAWAL = "withdrawal"
    CONTACTED_SELLER = "contacted_seller"
    LETTER = "letter"
    """A letter made ready (`orderbell letter`); whether it was sent nobody knows."""
    EVIDENCE_FILE = "evidence_file"
    """A file kept for the order (`orderbell evidence`); it was not handed in by that."""
    ASSIGNMENT = "assignment"
    """The user's answer to `which-order`: a mail belongs to an order, or to none."""
    CORRECTION = "correction"
    """What was said before is taken back, stands again, or is trusted otherwise."""


class Outcome(StrEnum):
    """How the reading of one mail ended; every mail ends as exactly one of these."""

    NOTICES = "notices"
    UNREAD = "unread"
    NOISE = "noise"
    FOREIGN = "foreign"
    FORGED = "forged"


class Trust(StrEnum):
    """Whom a mail is from, and how we know (RFC 8601). Only what is verified may end or close
    anything.
    """

    VERIFIED = "verified"
    FORWARDED = "forwarded"
    UNVERIFIED = "unverified"
    FORGED = "forged"


class Role(StrEnum):
    BUYER = "buyer"
    SELLER = "seller"


class Proof(StrEnum):
    """What stands behind a phrase: a real mail, documents it was rebuilt from, or our guess."""

    REAL = "real"
    RECONSTRUCTED = "reconstructed"
    GUESS = "guess"


CURRENCIES = frozenset(
    re.findall(
        r"[A-Z]{3}",
        """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD
    CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP
    GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD
    KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN
    NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP
    SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND
    VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG
    """,
    )
)
"""ISO 4217, the currencies in circulation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount with its ISO 4217 currency code, such as 26.12 USD."""

    value: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.value:f} {self.currency}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One order line as a mail prints it; the title may be cut short by the sender."""

    title: str
    quantity: int = 1
    price: Money | None = None
    ref: str | None = None
    """ASIN, SKU or product id."""


class FieldType(StrEnum):
    TEXT = "text"
    CHOICE = "choice"
    MONEY = "money"
    WHEN = "when"
    """A date (end of that day in the user's zone) or an aware datetime."""
    FLAG = "flag"
    NUMBER = "number"
    ITEMS = "items"


FieldValue = str | bool | Decimal | date | datetime | Money | tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """What a field of a notice may hold, and what it means."""

    type: FieldType
    meaning: str
    choices: tuple[str, ...] = ()


def _choice(meaning: str, *choices: str) -> FieldSpec:
    return FieldSpec(type=FieldType.CHOICE, meaning=meaning, choices=choices)


def _of(kind: FieldType, meaning: str) -> FieldSpec:
    return FieldSpec(type=kind, meaning=meaning)


FIELDS: Mapping[str, FieldSpec] = MappingProxyType(
    {
        "items": _of(FieldType.ITEMS, "order lines the notice speaks of"),
        "total": _of(FieldType.MONEY, "what the order costs"),
        "amount": _of(FieldType.MONEY, "the money this notice is about: refund, claim, payout"),
        "ordered_at": _of(FieldType.WHEN, "when the order was placed"),
        "store": _of(FieldType.TEXT, "the seller's name"),
        "ship_by": _of(FieldType.WHEN, "the seller must ship by"),
        "deliver_by": _of(FieldType.WHEN, "the seller must deliver by"),
        "expected_from": _of(
            FieldType.WHEN, "earliest expected arrival (schema.org expectedArrivalFrom)"
        ),
        "expected_until": _of(
            FieldType.WHEN, "latest expected arrival (schema.org expectedArrivalUntil)"
        ),
        "delivered_at": _of(FieldType.WHEN, "when the parcel was delivered"),
        "shipped_at": _of(FieldType.WHEN, "when the parcel left"),
        "protection_until": _of(FieldType.WHEN, "buyer protection ends then"),
        "pay_by": _of(FieldType.WHEN, "pay before this or the order closes"),
        "confirm_by": _of(FieldType.WHEN, "receipt is confirmed by itself then"),
        "pickup_by": _of(FieldType.WHEN, "the parcel waits until then"),
        "respond_by": _of(FieldType.WHEN, "answer before this"),
        "return_by": _of(FieldType.WHEN, "post the return before this"),
        "appeal_by": _of(FieldType.WHEN, "appeal before this"),
        "expires": _of(FieldType.WHEN, "the coupon ends then"),
        "effective_on": _of(FieldType.WHEN, "the change holds from then"),
        "expected_by": _of(FieldType.WHEN, "the refund should have arrived by then"),
        "at": _of(FieldType.WHEN, "when it happened, as the mail says"),
        "due": _of(FieldType.WHEN, "a promised date, told by hand or read from a message"),
        "provider": _of(FieldType.TEXT, "the carrier (schema.org provider)"),
        "place": _of(FieldType.TEXT, "where the parcel lies"),
        "signed_by": _of(FieldType.TEXT, "who took the parcel"),
        "stage": _choice(
            "how far the parcel is",
            "picked_up",
            "departed_origin",
            "at_customs",
            "cleared_customs",
            "arrived_country",
            "local_carrier",
            "delivery_center",
        ),
        "by": _choice("who did it", "buyer", "seller", "platform", "unknown"),
        "sender": _choice("who made the proposal", "seller", "platform", "buyer", "unknown"),
        "judgement": _choice(
            "the platform's verdict on the buyer's claim", "valid", "invalid", "mixed", "unknown"
        ),
        "solution": _choice("what is proposed", "refund", "return_refund", "reject", "unknown"),
        "type": _choice("what a dispute asks for", "refund_only", "return_refund", "unknown"),
        "outcome": _choice(
            "how it ended",
            "refund_full",
            "refund_partial",
            "return_refund",
            "no_refund",
            "withdrawn",
            "seller_timeout",
            "granted",
            "rejected",
            "denied",
            "unknown",
        ),
        "reason": _of(
            FieldType.TEXT,
            "why, in one of our words (out_of_stock, buyer_request …) or the mail's own",
        ),
        "intent": _choice(
            "what a message wants",
            "out_of_stock",
            "will_ship_by",
            "wait_request",
            "tracking_given",
            "offer",
            "ask_close_dispute",
            "ask_confirm_receipt",
            "ask_cancel_order",
            "where_is_it",
            "cancel_complaint",
            "return_wish",
            "other",
        ),
        "charged": _of(FieldType.FLAG, "whether money was taken"),
        "debited": _of(FieldType.FLAG, "whether the seller was debited"),
        "auto": _of(FieldType.FLAG, "whether it happened by itself"),
        "method": _of(FieldType.TEXT, "where the money goes"),
        "rma": _of(FieldType.TEXT, "return authorisation number"),
        "what": _of(FieldType.TEXT, "what is asked for"),
        "scope": _choice("what is restricted", "listing", "account", "funds"),
        "metric": _of(FieldType.TEXT, "which account metric"),
        "sku": _of(FieldType.TEXT, "the seller's stock number"),
        "asin": _of(FieldType.TEXT, "Amazon's product number"),
        "old_rate": _of(FieldType.NUMBER, "fee rate before, in percent"),
        "new_rate": _of(FieldType.NUMBER, "fee rate after, in percent"),
        "period": _of(FieldType.TEXT, "what a payout covers"),
        "status": _of(FieldType.TEXT, "the status an imported row claims; ranked below every mail"),
        "title": _of(FieldType.TEXT, "the headline of a notice to all"),
        "sha256": _of(FieldType.TEXT, "fingerprint of a file that is kept"),
        "topics": _of(FieldType.TEXT, "what a mail that no phrase fits is about"),
        "urgent": _of(FieldType.FLAG, "whether such a mail wants something within 72 hours"),
        "text": _of(FieldType.TEXT, "a short text: a message's words, a note"),
    }
)
"""Every field a notice may carry, by name (who makes a proposal is `sender` here and `from` in
JSON: `from` is a word of Python).
"""
NAMES: Mapping[str, str] = MappingProxyType({"from": "sender"})
"""Fields that are called otherwise in JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Which words of the mail said so: shown by `orderbell why`, never in a push."""

    where: str
    """subject, headline, body, link, label, structured or hook."""
    phrase: str
    line: str
    source: str
    """file:line of the phrase in its pack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One typed statement of a marketplace, read from one mail."""

    kind: Kind
    marketplace: str
    role: Role
    language: str
    """ISO 639-1 code of the wording that was recognised."""
    proof: Proof
    order_numbers: tuple[str, ...] = ()
    """Every order number found (subject, card, link), most certain first."""
    tracking: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    """The marketplace's own parcel ids, which are neither order nor tracking numbers."""
    cases: tuple[str, ...] = ()
    """Dispute, claim and return ids."""
    masked: tuple[str, ...] = ()
    """Order numbers shown with stars, as printed: they identify nothing by themselves."""
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """A phrase that nearly matched, so that a person can mend a pack."""

    kind: Kind
    phrase: str
    line: str
    source: str
    likeness: float
    """0 to 1."""
    why: str = ""
    """Why a phrase that fits was not believed, in words for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedDeadline:
    """A date beside the cue of a deadline, in a mail that no phrase fits."""

    at: date | datetime
    """A day ends in the user's zone."""
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gist:
    """Facts of a mail that need no phrase. They may open something and never close anything."""

    orders: tuple[str, ...] = ()
    parcels: tuple[str, ...] = ()
    """Tracking numbers and the marketplace's own parcel ids."""
    amounts: tuple[Money, ...] = ()
    deadlines: tuple[StatedDeadline, ...] = ()
    topics: tuple[str, ...] = ()
    """Of `parsers.packfile.TOPICS`, likeliest first."""
    urgent: bool = False
    """Whether a deadline lies within 72 hours of the mail's Date."""
    role: Role = Role.BUYER
    """Whose mail it is, as far as its sender tells."""
    language: str = "en"

    @property
    def first(self) -> StatedDeadline | None:
        """The earliest deadline."""
        return min(self.deadlines, key=lambda one: one.at.isoformat(), default=None)

    def __bool__(self) -> bool:
        return bool(self.orders or self.parcels or self.topics or self.deadlines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one mail says: exactly one outcome, and its notices."""

    outcome: Outcome
    reason: str
    """One sentence for a person: why this outcome."""
    marketplace: str | None = None
    trust: Trust = Trust.UNVERIFIED
    notices: tuple[Notice, ...] = ()
    near: tuple[NearMiss, ...] = ()
    subject: str = ""
    sender: str = ""
    """The address in From (of the innermost marketplace mail), lower case."""
    message_id: str = ""
    thread: tuple[str, ...] = ()
    """Message-IDs of References and In-Reply-To."""
    sent_at: datetime | None = None
    """Date of the innermost marketplace mail, aware UTC; None when absent or impossible."""
    claims: tuple[str, ...] = ()
    """Order numbers a forged mail names. They are claims, never notices."""
    gist: Gist | None = None
    """Of a marketplace's mail that no phrase fits, else None."""


def when_to_utc(value: date | datetime, zone: Any) -> datetime:
    """The instant a stated time means: a date without a time is the end of that day in `zone` (a
    tzinfo).
    """
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return datetime(value.year, value.month, value.day, 23, 59, 59, tzinfo=zone).astimezone(UTC)


def field_to_json(value: FieldValue) -> Any:
    """A field as JSON: dates ISO 8601, amounts decimal strings with their currency."""
    match value:
        case Money():
            return {"value": f"{value.value:f}", "currency": value.currency}
        case Decimal():
            return f"{value:f}"
        case datetime() | date():
            return value.isoformat()
        case tuple():
            return list(map(_item_to_json, value))
        case _:
            return value


def field_from_json(name: str, value: Any) -> FieldValue:
    """The inverse of `field_to_json` for the field `name`. Raises ValueError for anything else."""
    spec = FIELDS.get(NAMES.get(name, name))
    if spec is None:
        raise ValueError(f"unknown field {name!r}")
    try:
        return _from_json(spec, value)
    except (TypeError, KeyError, AttributeError, InvalidOperation) as error:
        raise ValueError(f"field {name!r} cannot be {value!r}") from error


def _from_json(spec: FieldSpec, value: Any) -> FieldValue:
    match spec.type:
        case FieldType.MONEY:
            return Money(value=_decimal(value["value"]), currency=str(value["currency"]))
        case FieldType.WHEN:
            return datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
        case FieldType.NUMBER:
            return _decimal(value)
        case FieldType.FLAG:
            return bool(value)
        case FieldType.ITEMS:
            return tuple(_item_from_json(item) for item in value)
        case FieldType.CHOICE:
            if value not in spec.choices:
                raise ValueError(f"{value!r} is not one of {', '.join(spec.choices)}")
            return str(value)
        case FieldType.TEXT:
            return str(value)


def _decimal(text: str) -> Decimal:
    """Raises ValueError for one that cannot be written out: 1E+999999999 is ten letters."""
    number = Decimal(text)
    if not number.is_finite() or max(abs(number.adjusted()), len(number.as_tuple().digits)) > 30:
        raise ValueError(f"{text[:40]!r} is no number anybody means")
    return number


def _item_to_json(item: Item) -> dict[str, Any]:
    row: dict[str, Any] = {"title": item.title, "quantity": item.quantity}
    if item.price is not None:
        row["price"] = field_to_json(item.price)
    if item.ref is not None:
        row["ref"] = item.ref
    return row


def _item_from_json(row: Mapping[str, Any]) -> Item:
    price = row.get("price")
    return Item(
        title=str(row["title"]),
        quantity=int(row.get("quantity", 1)),
        price=(
            None
            if price is None
            else Money(value=_decimal(price["value"]), currency=str(price["currency"]))
        ),
        ref=row.get("ref"),
    )


def fields_to_json(fields: Mapping[str, FieldValue]) -> dict[str, Any]:
    return {json_name(name): field_to_json(value) for name, value in sorted(fields.items())}


def fields_from_json(row: Mapping[str, Any]) -> dict[str, FieldValue]:
    """Also of rows that were written when the party of a proposal was called `sender`."""
    return {
        name: field_from_json(name, value)
        for name, value in ((NAMES.get(key, key), value) for key, value in row.items())
    }


def json_name(name: str) -> str:
    """What a field is called outside of Python."""
    return "from" if name == "sender" else name


def notice_to_json(notice: Notice) -> dict[str, Any]:
    """The public shape of a notice (`orderbell read --json`)."""
    row: dict[str, Any] = {
        "kind": notice.kind.value,
        "role": notice.role.value,
        "language": notice.language,
        "proof": notice.proof.value,
        "order_numbers": list(notice.order_numbers),
        "tracking": list(notice.tracking),
        "packages": list(notice.packages),
        "fields": fields_to_json(notice.fields),
    }
    if notice.cases:
        row["cases"] = list(notice.cases)
    if notice.masked:
        row["masked"] = list(notice.masked)
    return row


def gist_to_json(gist: Gist) -> dict[str, Any]:
    """The public shape of a gist (`orderbell read --json`)."""
    return {
        "orders": list(gist.orders),
        "parcels": list(gist.parcels),
        "amounts": [field_to_json(money) for money in gist.amounts],
        "deadlines": [{"at": one.at.isoformat(), "line": one.line} for one in gist.deadlines],
        "topics": list(gist.topics),
        "urgent": gist.urgent,
    }


def reading_to_json(reading: Reading) -> dict[str, Any]:
    """The public shape of a reading, without the file's name."""
    return {
        "outcome": reading.outcome.value,
        "marketplace": reading.marketplace,
        "trust": reading.trust.value,
        "notices": [notice_to_json(notice) for notice in reading.notices],
        "gist": gist_to_json(reading.gist) if reading.gist else None,
    }

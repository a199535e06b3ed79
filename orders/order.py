"""The order and what hangs on it: shipments, cases, findings and watches, as folded from events."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orders.event import Event
from parsers.notice import Item, Kind, Money, Role


class OrderStatus(StrEnum):
    """schema.org OrderStatus, with finer steps: payment due, partly in transit, completed."""

    PAYMENT_DUE = "payment_due"
    PROCESSING = "processing"
    PARTIALLY_IN_TRANSIT = "partially_in_transit"
    IN_TRANSIT = "in_transit"
    PICKUP_AVAILABLE = "pickup_available"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    RETURNED = "returned"
    UNKNOWN = "unknown"


class ShipmentStatus(StrEnum):
    """Forward only, except that EXCEPTION may go back to IN_TRANSIT."""

    PENDING = "pending"
    INFO_RECEIVED = "info_received"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    ATTEMPT_FAILED = "attempt_failed"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    DELIVERED = "delivered"
    EXCEPTION = "exception"


class CaseKind(StrEnum):
    CANCELLATION = "cancellation"
    DISPUTE = "dispute"
    APPEAL = "appeal"
    RETURN = "return"
    REFUND = "refund"
    CLAIM = "claim"
    CHARGEBACK = "chargeback"
    ACCOUNT = "account"
    FEE = "fee"


class Actor(StrEnum):
    """Who must move before a watch is due."""

    ME = "me"
    COUNTERPARTY = "counterparty"
    PLATFORM = "platform"
    CARRIER = "carrier"
    BANK = "bank"
    DAEMON = "daemon"


class WatchState(StrEnum):
    OPEN = "open"
    MET = "met"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """One parcel: schema.org ParcelDelivery."""

    id: str
    """Tracking number, else package id, else `<order number>/<ship date>`."""
    status: ShipmentStatus
    tracking: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    provider: str | None = None
    stage: str | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    expected_from: datetime | None = None
    expected_until: datetime | None = None
    pickup_by: datetime | None = None
    moved_at: datetime | None = None
    """The last sign of movement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A matter with an end: cancellation, dispute, appeal, return, refund, claim, chargeback,
    account, fee.
    """

    kind: CaseKind
    id: str
    """`<order key>/<kind>` plus the case ref where one is known."""
    state: str
    """Where the case stands, in snake_case: requested, proposal, judged, closed …"""
    opened_at: datetime
    ref: str | None = None
    closed_at: datetime | None = None
    judgement: str | None = None
    outcome: str | None = None
    reason: str | None = None
    amount_claimed: Money | None = None
    amount_awarded: Money | None = None
    amount_paid: Money | None = None
    waiting_for: Actor | None = None
    respond_by: datetime | None = None
    proof: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A contradiction noticed by the fold, with the events it rests on (evidence, oldest first)."""

    kind: str
    """Snake-case name, such as `shipped_after_cancel_request`."""
    code: str
    """C01 … C31."""
    at: datetime
    """When the second event made it true, aware UTC."""
    id: str
    """`<kind>` plus what makes a repetition with new content another finding."""
    rests_on: tuple[Event, ...]
    amount: Money | None = None
    detail: str = ""
    inferred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A deadline (actor: me) or a silence (anyone else): opened by one event, met or voided by
    others.
    """

    key: str
    """Row of policy.yaml: D-AE-13, W1 …"""
    kind: str
    """Snake-case name: appeal, not_shipped, return_parcel, dispute_window …"""
    id: str
    """`<key>` plus the shipment or case it is about."""
    actor: Actor
    opened_at: datetime
    due_at: datetime
    state: WatchState
    stated: bool
    """True when the date stands in a mail or was told by hand, False when it was computed."""
    why: str
    """One sentence: which rule or mail gave the date, and which others lost to it because they are
    later.
    """
    opened_by: Event
    met_by: Event | None = None
    shipment: str | None = None
    case: str | None = None
    inferred: bool = False
    since: datetime | None = None
    """Silence watches: the last sign of life, for the words “no mail seen since …”."""
    seen: datetime | None = None
    """As `since`, with mail that is not believed: it keeps no rule silent and still was seen."""
    expected_at: datetime | None = None
    """The date that was promised or expected, where patience is added to it until `due_at`."""
    hint: Event | None = None
    """What would have ended it, had its mail been sure: the words “nothing seen” alone would not be
    true.
    """
    doubt: Event | None = None
    """As `hint`, with mail that is not believed."""
    undone_by: Event | None = None
    """What took back the last thing that had met it: the answer did not arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """All we know of one order. A fold: never stored as truth, always made again from its
    events.
    """

    key: str
    """`<marketplace>:<role>:<number>`."""
    marketplace: str
    role: Role
    number: str
    status: OrderStatus
    events: tuple[Event, ...]
    """By effective time, doubles removed; the timeline."""
    items: tuple[Item, ...] = ()
    store: str | None = None
    total: Money | None = None
    ordered_at: datetime | None = None
    ship_by: datetime | None = None
    expected_from: datetime | None = None
    expected_until: datetime | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    cancelled_at: datetime | None = None
    completed_at: datetime | None = None
    protection_until: datetime | None = None
    shipments: tuple[Shipment, ...] = ()
    cases: tuple[Case, ...] = ()
    problem: bool = False
    """A dispute, claim or chargeback is open."""
    on_hold: bool = False
    stub: bool = False
    """Known only from later mail: no order.placed and no import seen."""
    refunded: Money | None = None
    """Sum of completed refunds in the order's currency."""
    kinds: frozenset[Kind] = frozenset()
    """Kinds of all news, for quick questions."""

    @property
    def news(self) -> tuple[Event, ...]:
        """The timeline without mails of which only the gist is known: they tell no state."""
        return tuple(event for event in self.events if event.kind is not Kind.MAIL_GIST)

    @property
    def title(self) -> str:
        """What a person calls this order: its first item, and how many more."""
        if not self.items:
            return ""
        more = len(self.items) - 1
        return self.items[0].title + (f" (+{more})" if more else "")

"""What rules are judged on: the facts of an order and of all that hangs on it, at one instant."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from orders.event import Event, Source
from orders.facts.order_facts import known, no, order_facts
from orders.facts.view import View
from orders.facts_table import CASE_STATES, FACTS, FINDING_KINDS, WATCH_KINDS
from orders.fold.history import text_of
from orders.fold.shipments import MOVING
from orders.matching.index import ACCOUNT, key_of, key_parts
from orders.matching.level import SURE
from orders.order import (
    Actor,
    Case,
    CaseKind,
    Finding,
    Order,
    Shipment,
    ShipmentStatus,
    Watch,
    WatchState,
)
from orders.subject import FactValue, Subject
from parsers.notice import Kind, Role, Trust

__all__ = ["CASE_STATES", "FACTS", "FINDING_KINDS", "WATCH_KINDS", "clusters", "describe"]

OUTAGE_WITHIN = timedelta(days=7)
OUTAGE_ORDERS = 2
_SCANS = MOVING - {Kind.SHIPMENT_SHIPPED}
_LAPSES = {
    CaseKind.CANCELLATION: ("cancel_unanswered", "requested", "unanswered"),
    CaseKind.RETURN: ("return_parcel", "authorised", "expired"),
    CaseKind.REFUND: ("refund_not_seen", "announced", "overdue"),
}
"""Case, the silence or deadline that lapses, the state it lapses from and to."""


def describe(view: View, now: datetime) -> tuple[Subject, ...]:
    """The order, then its shipments, cases, watches and findings, as tables of facts at `now`
    (aware UTC).

    Nothing for a view without events. Matters of the account itself have no order subject.
    """
    if not view.order.events:
        return ()
    shared = order_facts(view.order)
    return (
        *_orders(view, shared),
        *(_shipment(one, view.order, shared) for one in view.order.shipments),
        *(_case(one, view, shared, now) for one in view.order.cases),
        *(_watch(one, view, shared, now) for one in view.watches),
        *(_finding(one, view.order, shared) for one in view.findings),
    )


def clusters(findings: Iterable[tuple[str, Finding]], now: datetime) -> tuple[Subject, ...]:
    """C21 over orders: complaints on two orders within the last seven days are probably one outage.

    `findings` are (order key, finding) of any kind; at most one subject about `account` per
    marketplace.
    """
    recent: dict[str, dict[str, Finding]] = {}
    for key, finding in findings:
        if finding.code == "C21" and now - OUTAGE_WITHIN <= finding.at <= now:
            recent.setdefault(key_parts(key)[0], {}).setdefault(key, finding)
    return tuple(
        _outage(marketplace, complaints)
        for marketplace, complaints in sorted(recent.items())
        if len(complaints) >= OUTAGE_ORDERS
    )


def _outage(marketplace: str, complaints: Mapping[str, Finding]) -> Subject:
    key = key_of(marketplace, Role.SELLER, ACCOUNT)
    first = min(finding.at for finding in complaints.values())
    own: dict[str, FactValue] = {
        "order.marketplace": marketplace,
        "order.role": Role.SELLER.value,
        "account.outage": True,
        "account.open": True,
        "account.opened_at": first,
        "account.state": "warned",
        "account.complaints": Decimal(len(complaints)),
        "account.inferred": all(finding.inferred for finding in complaints.values()),
    }
    return Subject(
        about="account",
        id=f"{key}/outage",
        facts=no(("order", "account")) | own,
        order=key,
        orders=tuple(sorted(key_parts(one)[2] for one in complaints)),
        mails=_mails(event for finding in complaints.values() for event in finding.rests_on),
    )


def _orders(view: View, shared: Mapping[str, FactValue]) -> Iterator[Subject]:
    if view.order.number == ACCOUNT:
        return
    running = [watch.due_at for watch in view.watches if _mine(watch)]
    yield _subject(
        "order", view.order.key, shared, view.order, view.order.events, min(running, default=None)
    )


def _shipment(one: Shipment, order: Order, shared: Mapping[str, FactValue]) -> Subject:
    numbers = {*one.tracking, *one.packages}
    own_events = [event for event in order.events if numbers & {*event.tracking, *event.packages}]
    events = own_events or [event for event in order.events if event.kind.startswith("shipment.")]
    facts: dict[str, FactValue] = {
        "shipment.id": one.id,
        "shipment.status": one.status.value,
        "shipment.shipped": one.shipped_at is not None,
        "shipment.delivered": one.status is ShipmentStatus.DELIVERED,
        "shipment.waiting": one.status is ShipmentStatus.AVAILABLE_FOR_PICKUP,
        "shipment.exception": one.status is ShipmentStatus.EXCEPTION,
    }
    facts |= known(
        {
            "shipment.tracking": one.tracking[-1] if one.tracking else None,
            "shipment.provider": one.provider,
            "shipment.stage": one.stage,
            "shipment.items": ", ".join(item.title for item in one.items) or None,
            "shipment.place": _last_text(events, "place"),
            "shipment.problem": _last_text(
                [event for event in events if event.kind is Kind.SHIPMENT_EXCEPTION], "reason"
            ),
            "shipment.shipped_at": one.shipped_at,
            "shipment.delivered_at": one.delivered_at,
            "shipment.expected_from": one.expected_from,
            "shipment.expected_until": one.expected_until,
            "shipment.pickup_by": one.pickup_by,
            "shipment.moved_at": one.moved_at,
        }
    )
    return _subject(
        "shipment", f"{order.key}/{one.id}", {**shared, **facts}, order, events, one.pickup_by
    )


def _case(one: Case, view: View, shared: Mapping[str, FactValue], now: datetime) -> Subject:
    name = one.kind.value
    facts = no((name,))
    facts |= {
        f"{name}.state": _state(one, view, now),
        f"{name}.open": one.closed_at is None,
        f"{name}.opened_at": one.opened_at,
        f"{name}.inferred": not _sure(one, view),
    }
    facts |= known(
        {
            f"{name}.id": one.ref,
            f"{name}.closed_at": one.closed_at,
            f"{name}.respond_by": one.respond_by,
            f"{name}.waiting_for": one.waiting_for.value if one.waiting_for else None,
            f"{name}.reason": one.reason,
            f"{name}.outcome": one.outcome,
            f"{name}.amount_claimed": one.amount_claimed,
            f"{name}.amount_awarded": one.amount_awarded,
            f"{name}.amount_paid": one.amount_paid,
        }
    )
    if one.kind is CaseKind.DISPUTE:
        offers = [event for event in one.proof if event.kind is Kind.DISPUTE_PROPOSAL]
        facts["dispute.judged"] = one.judgement is not None
        appeals = [
            watch.due_at
            for watch in view.watches
            if watch.kind == "appeal" and watch.case == one.id
        ]
        facts |= known(
            {
                "dispute.judgement": one.judgement,
                "dispute.proposed_by": _last_text(offers, "sender"),
                "dispute.appeal_by": min(appeals, default=None),
            }
        )
    if one.kind in (CaseKind.ACCOUNT, CaseKind.FEE):
        facts |= known({f"{name}.about": one.ref})
    if one.kind is CaseKind.FEE:
        facts |= {
            f"fee.{rate}": value
            for rate in ("old_rate", "new_rate")
            if isinstance(value := one.proof[-1].fields.get(rate), Decimal)
        }
    mine = [watch.due_at for watch in view.watches if watch.case == one.id and _mine(watch)]
    due_at = min(mine, default=one.respond_by)
    return _subject(name, one.id, {**shared, **facts}, view.order, one.proof, due_at)


def _mine(watch: Watch) -> bool:
    return watch.state is WatchState.OPEN and watch.actor is Actor.ME


def _state(one: Case, view: View, now: datetime) -> str:
    lapse = _LAPSES.get(one.kind)
    if lapse is None:
        return one.state
    kind, before, after = lapse
    late = any(watch.kind == kind and _missed(watch, now) for watch in view.watches)
    return after if late and one.state == before else one.state


def _sure(one: Case, view: View) -> bool:
    origins = {event.origin for event in one.proof}
    return any(
        matched.event.origin in origins and matched.confidence >= SURE for matched in view.matches
    )


def _watch(one: Watch, view: View, shared: Mapping[str, FactValue], now: datetime) -> Subject:
    same = sorted(
        watch.opened_at for watch in view.watches if watch.kind == one.kind and watch.key == one.key
    )
    parcel = next(
        (shipment for shipment in view.order.shipments if shipment.id == one.shipment), None
    )
    tracking = parcel.tracking[-1] if parcel and parcel.tracking else None
    facts: dict[str, FactValue] = {
        "watch.kind": one.kind,
        "watch.key": one.key,
        "watch.actor": one.actor.value,
        "watch.state": one.state.value,
        "watch.opened_at": one.opened_at,
        "watch.due_at": one.due_at,
        "watch.half_at": one.opened_at + (one.due_at - one.opened_at) / 2,
        "watch.open": one.state is WatchState.OPEN,
        "watch.stated": one.stated,
        "watch.inferred": one.inferred,
        "watch.missed": _missed(one, now),
        "watch.number": Decimal(same.index(one.opened_at) + 1),
        "watch.why": one.why,
    }
    text = text_of(one.opened_by.fields, "text")
    facts |= known(
        {
            "watch.since": one.since,
            "watch.expected_at": one.expected_at,
            "watch.tracking": tracking,
            "watch.text": text,
        }
    )
    facts |= known({"watch.doubtful_at": one.hint.at if one.hint else None})
    case = next((case for case in view.order.cases if case.id == one.case), None)
    if case is not None:
        facts |= known(
            {
                "watch.amount_claimed": case.amount_claimed,
                "watch.amount_awarded": case.amount_awarded,
            }
        )
    events = [one.opened_by, *([one.met_by] if one.met_by else [])]
    return _subject(
        "watch", f"{view.order.key}/{one.id}", {**shared, **facts}, view.order, events, one.due_at
    )


def _missed(one: Watch, now: datetime) -> bool:
    return one.state is WatchState.OPEN and one.due_at < now


def _finding(one: Finding, order: Order, shared: Mapping[str, FactValue]) -> Subject:
    facts: dict[str, FactValue] = {
        "finding.kind": one.kind,
        "finding.code": one.code,
        "finding.at": one.at,
        "finding.inferred": one.inferred,
        "finding.orders": Decimal(1),
        "finding.scanned": one.code == "C16" and _scanned(one, order),
    }
    facts |= known({"finding.amount": one.amount, "finding.detail": one.detail or None})
    return _subject(
        "finding", f"{order.key}/{one.id}", {**shared, **facts}, order, one.rests_on, None
    )


def _scanned(one: Finding, order: Order) -> bool:
    """Whether the parcel with the doubtful number was seen on its way after it was announced."""
    doubtful = {number for event in one.rests_on for number in event.tracking}
    scans = [event for event in order.events if event.kind in _SCANS]
    return any(not event.tracking or doubtful & {*event.tracking} for event in scans)


def _subject(
    about: str,
    name: str,
    facts: Mapping[str, FactValue],
    order: Order,
    events: Iterable[Event],
    due_at: datetime | None,
) -> Subject:
    numbers = () if order.number == ACCOUNT else (order.number,)
    rests_on = tuple(events)
    return Subject(
        about=about,
        id=name,
        facts={**facts, **_read(rests_on)},
        order=order.key,
        orders=numbers,
        mails=_mails(rests_on),
        due_at=due_at,
    )


def _read(events: Iterable[Event]) -> dict[str, FactValue]:
    """Where it was read: the newest mail among the events, and the least sure of their senders."""
    mails = [event for event in events if event.source is Source.MAIL]
    if not mails:
        return {}
    newest = max(mails, key=lambda event: (event.at, event.origin))
    doubts = [
        one
        for one in (Trust.UNVERIFIED, Trust.FORWARDED)
        if any(event.trust is one for event in mails)
    ]
    facts = {"read.at": newest.at, "read.trust": (doubts[0] if doubts else Trust.VERIFIED).value}
    return {**facts, **known({"read.subject": newest.subject or None})}


def _mails(events: Iterable[Event]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(event.mail for event in events if event.mail is not None))


def _last_text(events: Iterable[Event], name: str) -> str | None:
    words = [text_of(event.fields, name) for event in events]
    return next((word for word in reversed(words) if word), None)

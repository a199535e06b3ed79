"""What rules are judged on: the facts of an order and of all that hangs on it, at one instant."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import TypeVar

from orders.belief import believed_name, is_unverified, unverified
from orders.event import Event, Source
from orders.facts.order_facts import known, no, order_facts
from orders.facts.stake import stakes, worst_stake
from orders.facts.view import View
from orders.facts_table import CASE_STATES, FACTS, FINDING_KINDS, WATCH_KINDS
from orders.fold.history import text_of
from orders.fold.shipments import MOVING
from orders.matching.index import ACCOUNT, key_of, key_parts
from orders.matching.level import SURE
from orders.matching.match import Match
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

__all__ = [
    "CASE_STATES",
    "FACTS",
    "FINDING_KINDS",
    "WATCH_KINDS",
    "clusters",
    "describe",
    "strangers",
]

OUTAGE_WITHIN = timedelta(days=7)
OUTAGE_ORDERS = 2
SHOWN_ORDERS = 5
"""Order numbers that an alert about a stranger's mail names at most."""
STRANGER = "C31"
_WHEN_READ = frozenset(
    {
        "read.subject",
        "read.at",
        "read.trust",
        "order.last_mail_at",
        "order.stake",
        "order.stake_due",
        "watch.since",
        "watch.doubtful_at",
    }
)
"""They say where and when something was read; a mail that changes only these adds nothing."""
_Named = TypeVar("_Named", Watch, Finding)
_SCANS = MOVING - {Kind.SHIPMENT_SHIPPED}
_LAPSES = {
    CaseKind.CANCELLATION: ("cancel_unanswered", "requested", "unanswered"),
    CaseKind.RETURN: ("return_parcel", "authorised", "expired"),
    CaseKind.REFUND: ("refund_not_seen", "announced", "overdue"),
}
"""Case, the silence or deadline that lapses, the state it lapses from and to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """The order as believed mail alone makes it, or as all mail does."""

    order: Order
    facts: Mapping[str, FactValue]
    """Those of the order itself."""
    watches: tuple[Watch, ...]
    findings: tuple[Finding, ...]
    matches: tuple[Match, ...]
    now: datetime
    believed: bool

    def name(self, name: str) -> str:
        return name if self.believed else unverified(name)

    def due_at(self, case: str | None = None) -> datetime | None:
        """The first open deadline of mine, of one case or of all."""
        mine = [watch for watch in self.watches if _mine(watch)]
        return min((watch.due_at for watch in mine if case in (None, watch.case)), default=None)


def describe(view: View, now: datetime) -> tuple[Subject, ...]:
    """The order, then its shipments, cases, watches and findings, as tables of facts at `now`
    (aware UTC).

    First as believed mail alone makes them; then, under ids of their own, what other mail makes of
    them where that differs. Nothing for a view without events, nor for an order of which only
    strangers speak: see `strangers`. Matters of the account itself have no order subject.
    """
    if not view.order.events:
        return ()
    sure = tuple(_subjects(_side(view, now, believed=True))) if view.believed.events else ()
    strangers_only = any(finding.code == STRANGER for finding in view.findings)
    if strangers_only or view.believed is view.order:
        return sure
    return _with_unverified(sure, _side(view, now, believed=False))


def _with_unverified(sure: Iterable[Subject], every: _Side) -> tuple[Subject, ...]:
    """The believed subjects, and beside them what other mail makes of them."""
    known = {(subject.about, subject.id): subject for subject in sure}
    beside = {(subject.about, believed_name(subject.id)): subject for subject in _subjects(every)}
    counted = [_with_uncounted(subject, beside.get(key)) for key, subject in known.items()]
    more = [subject for key, subject in beside.items() if _differs(subject, known.get(key))]
    return (*counted, *more)


def _side(view: View, now: datetime, *, believed: bool) -> _Side:
    order = view.believed if believed else view.order
    watches = _on_side(view.watches, believed=believed)
    findings = _on_side(view.findings, believed=believed)
    own = replace(view, order=order, watches=watches, findings=findings)
    return _Side(
        order=order,
        facts=order_facts(order) | _stake_facts(own, now),
        watches=watches,
        findings=findings,
        matches=view.matches,
        now=now,
        believed=believed,
    )


def _stake_facts(view: View, now: datetime) -> dict[str, FactValue]:
    worst = worst_stake(stakes(view, now), now)
    return known(
        {
            "order.stake": worst.amount if worst else None,
            "order.stake_due": worst.due_at if worst else None,
        }
    )


def _on_side(things: Iterable[_Named], *, believed: bool) -> tuple[_Named, ...]:
    """The believed ones; or all, where those of other mail stand for their believed twins."""
    ordered = sorted(things, key=lambda thing: is_unverified(thing.id))
    if believed:
        return tuple(thing for thing in ordered if not is_unverified(thing.id))
    return tuple({believed_name(thing.id): thing for thing in ordered}.values())


def _subjects(side: _Side) -> Iterator[Subject]:
    if side.order.number != ACCOUNT:
        yield _subject(side, "order", side.order.key, {}, side.order.events, side.due_at())
    yield from (_shipment(shipment, side) for shipment in side.order.shipments)
    yield from (_case(case, side) for case in side.order.cases)
    yield from (_watch(watch, side) for watch in side.watches)
    yield from (_finding(finding, side) for finding in side.findings)


def _with_uncounted(subject: Subject, other: Subject | None) -> Subject:
    """The subject with what mail that is not believed would make of its facts."""
    return subject if other is None else replace(subject, uncounted=_changed(subject, other))


def _differs(subject: Subject, believed: Subject | None) -> bool:
    return believed is None or bool(_changed(believed, subject).keys() - _WHEN_READ)


def _changed(believed: Subject, other: Subject) -> dict[str, FactValue]:
    return {name: value for name, value in other.facts.items() if believed.facts.get(name) != value}


def clusters(findings: Iterable[tuple[str, Finding]], now: datetime) -> tuple[Subject, ...]:
    """C21 over orders: complaints on two orders within the last seven days are probably one outage.

    `findings` are (order key, finding) of any kind; at most one subject about `account` per
    marketplace, and one beside it when only unverified mail makes it two.
    """
    recent = [
        (key, finding)
        for key, finding in findings
        if finding.code == "C21" and now - OUTAGE_WITHIN <= finding.at <= now
    ]
    sure = _outages(filter(_is_sure_pair, recent))
    every = _outages(recent)
    beside = [
        replace(subject, id=unverified(subject.id))
        for name, subject in every.items()
        if name not in sure
    ]
    return (*sure.values(), *beside)


def _is_sure_pair(complaint: tuple[str, Finding]) -> bool:
    return not is_unverified(complaint[1].id)


def _outages(recent: Iterable[tuple[str, Finding]]) -> dict[str, Subject]:
    """Marketplace → its outage, where enough orders complain."""
    complaints: dict[str, dict[str, Finding]] = {}
    for key, finding in recent:
        complaints.setdefault(key_parts(key)[0], {}).setdefault(key, finding)
    return {
        marketplace: _outage(marketplace, found)
        for marketplace, found in sorted(complaints.items())
        if len(found) >= OUTAGE_ORDERS
    }


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
        orders=tuple(sorted(key_parts(order)[2] for order in complaints)),
        mails=_mails(event for finding in complaints.values() for event in finding.rests_on),
    )


def strangers(findings: Iterable[tuple[str, Finding]]) -> tuple[Subject, ...]:
    """C31 over orders: mail that nobody vouches for about orders that nobody knows, one subject
    for each domain it says to be from.
    """
    groups: dict[str, list[tuple[str, Event]]] = {}
    for key, finding in findings:
        for event in finding.rests_on if finding.code == STRANGER else ():
            groups.setdefault(event.sender.rpartition("@")[2], []).append((key, event))
    return tuple(_stranger(domain, group) for domain, group in sorted(groups.items()))


def _stranger(domain: str, group: list[tuple[str, Event]]) -> Subject:
    numbers = dict.fromkeys(key_parts(key)[2] for key, _ in group)
    events = sorted((event for _, event in group), key=lambda event: (event.at, event.origin))
    newest, named = events[-1], domain or "?"
    facts: dict[str, FactValue] = {
        "sender.domain": named,
        "sender.orders": ", ".join(list(numbers)[:SHOWN_ORDERS]),
        "sender.count": Decimal(len(numbers)),
        "sender.first_at": events[0].at,
        "sender.last_at": newest.at,
    }
    return Subject(
        about="sender",
        id=named,
        facts={**facts, **known({"sender.subject": newest.subject or None})},
        orders=tuple(numbers)[:SHOWN_ORDERS],
        mails=_mails(event for _, event in group[:SHOWN_ORDERS]),
    )


def _shipment(shipment: Shipment, side: _Side) -> Subject:
    order = side.order
    events = _events_of(shipment, order)
    exceptions = [event for event in events if event.kind is Kind.SHIPMENT_EXCEPTION]
    facts: dict[str, FactValue] = {
        "shipment.id": shipment.id,
        "shipment.status": shipment.status.value,
        "shipment.shipped": shipment.shipped_at is not None,
        "shipment.delivered": shipment.status is ShipmentStatus.DELIVERED,
        "shipment.waiting": shipment.status is ShipmentStatus.AVAILABLE_FOR_PICKUP,
        "shipment.exception": shipment.status is ShipmentStatus.EXCEPTION,
    }
    facts |= known(
        {
            "shipment.tracking": next(reversed(shipment.tracking), None),
            "shipment.provider": shipment.provider,
            "shipment.stage": shipment.stage,
            "shipment.items": ", ".join(item.title for item in shipment.items) or None,
            "shipment.place": _last_text(events, "place"),
            "shipment.problem": _last_text(exceptions, "reason"),
            "shipment.shipped_at": shipment.shipped_at,
            "shipment.delivered_at": shipment.delivered_at,
            "shipment.expected_from": shipment.expected_from,
            "shipment.expected_until": shipment.expected_until,
            "shipment.pickup_by": shipment.pickup_by,
            "shipment.moved_at": shipment.moved_at,
        }
    )
    name = f"{order.key}/{shipment.id}"
    return _subject(side, "shipment", name, facts, events, shipment.pickup_by)


def _events_of(shipment: Shipment, order: Order) -> list[Event]:
    """What names the parcel; where nothing does, all that is told of parcels."""
    numbers = {*shipment.tracking, *shipment.packages}
    own = [event for event in order.events if numbers & event.parcel_numbers]
    return own or [event for event in order.events if event.kind.startswith("shipment.")]


def _case(case: Case, side: _Side) -> Subject:
    name = case.kind.value
    facts = no((name,))
    facts |= {
        f"{name}.state": _state(case, side),
        f"{name}.open": case.closed_at is None,
        f"{name}.opened_at": case.opened_at,
        f"{name}.inferred": not _sure(case, side),
    }
    facts |= known(
        {
            f"{name}.id": case.ref,
            f"{name}.closed_at": case.closed_at,
            f"{name}.respond_by": case.respond_by,
            f"{name}.waiting_for": case.waiting_for.value if case.waiting_for else None,
            f"{name}.reason": case.reason,
            f"{name}.outcome": case.outcome,
            f"{name}.amount_claimed": case.amount_claimed,
            f"{name}.amount_awarded": case.amount_awarded,
            f"{name}.amount_paid": case.amount_paid,
        }
    )
    facts |= _facts_of_kind(case, side)
    due_at = side.due_at(case.id) or case.respond_by
    return _subject(side, name, case.id, facts, case.proof, due_at)


def _facts_of_kind(case: Case, side: _Side) -> dict[str, FactValue]:
    """What only this kind of case has."""
    match case.kind:
        case CaseKind.DISPUTE:
            return _of_dispute(case, side)
        case CaseKind.FEE:
            return known({"fee.about": case.ref}) | _rates(case.proof[-1])
        case CaseKind.ACCOUNT:
            return known({"account.about": case.ref})
        case _:
            return {}


def _of_dispute(case: Case, side: _Side) -> dict[str, FactValue]:
    offers = [event for event in case.proof if event.kind is Kind.DISPUTE_PROPOSAL]
    appeals = [
        watch.due_at for watch in side.watches if watch.kind == "appeal" and watch.case == case.id
    ]
    return {"dispute.judged": case.judgement is not None} | known(
        {
            "dispute.judgement": case.judgement,
            "dispute.proposed_by": _last_text(offers, "sender"),
            "dispute.appeal_by": min(appeals, default=None),
        }
    )


def _rates(notice: Event) -> dict[str, FactValue]:
    values = {f"fee.{rate}": notice.fields.get(rate) for rate in ("old_rate", "new_rate")}
    return {name: value for name, value in values.items() if isinstance(value, Decimal)}


def _mine(watch: Watch) -> bool:
    """A deadline of mine that runs. What a mail asks that no phrase fits brings none nearer."""
    known = watch.opened_by.kind is not Kind.MAIL_GIST
    return known and watch.state is WatchState.OPEN and watch.actor is Actor.ME


def _state(case: Case, side: _Side) -> str:
    lapse = _LAPSES.get(case.kind)
    if lapse is None:
        return case.state
    kind, before, after = lapse
    late = any(watch.kind == kind and _missed(watch, side.now) for watch in side.watches)
    return after if late and case.state == before else case.state


def _sure(case: Case, side: _Side) -> bool:
    origins = {event.origin for event in case.proof}
    return any(
        matched.event.origin in origins and matched.confidence >= SURE for matched in side.matches
    )


def _number_among(watches: Iterable[Watch], watch: Watch) -> int:
    """1 for the first of its kind about its matter, 2 for the second, and so on."""
    same = [other for other in watches if (other.kind, other.key) == (watch.kind, watch.key)]
    return sorted(other.opened_at for other in same).index(watch.opened_at) + 1


def _watch(watch: Watch, side: _Side) -> Subject:
    facts: dict[str, FactValue] = {
        "watch.kind": watch.kind,
        "watch.key": watch.key,
        "watch.actor": watch.actor.value,
        "watch.state": watch.state.value,
        "watch.opened_at": watch.opened_at,
        "watch.due_at": watch.due_at,
        "watch.half_at": watch.opened_at + (watch.due_at - watch.opened_at) / 2,
        "watch.open": watch.state is WatchState.OPEN,
        "watch.stated": watch.stated,
        "watch.inferred": watch.inferred,
        "watch.missed": _missed(watch, side.now),
        "watch.number": Decimal(_number_among(side.watches, watch)),
        "watch.why": watch.why,
    }
    facts |= _last_signs(watch, side) | _of_its_matter(watch, side.order)
    facts |= known(
        {
            "watch.expected_at": watch.expected_at,
            "watch.text": text_of(watch.opened_by.fields, "text"),
            "watch.undelivered_at": watch.undone_by.at if watch.undone_by else None,
        }
    )
    events = list(filter(None, (watch.opened_by, watch.met_by, watch.undone_by)))
    return _subject(side, "watch", f"{side.order.key}/{watch.id}", facts, events, watch.due_at)


def _last_signs(watch: Watch, side: _Side) -> dict[str, FactValue]:
    """When something was last heard, and when somebody said that it is done."""
    since = watch.since if side.believed else watch.seen or watch.since
    hint = watch.hint if side.believed else watch.hint or watch.doubt
    return known({"watch.since": since, "watch.doubtful_at": hint.at if hint else None})


def _of_its_matter(watch: Watch, order: Order) -> dict[str, FactValue]:
    """The parcel and the amounts of the case that it is about."""
    numbers = {parcel.id: parcel.tracking for parcel in order.shipments}
    own = numbers.get(watch.shipment or "", ())
    facts = known({"watch.tracking": next(reversed(own), None)})
    for case in order.cases:
        if case.id == watch.case:
            facts |= known(
                {
                    "watch.amount_claimed": case.amount_claimed,
                    "watch.amount_awarded": case.amount_awarded,
                }
            )
    return facts


def _missed(watch: Watch, now: datetime) -> bool:
    return watch.state is WatchState.OPEN and watch.due_at < now


def _finding(finding: Finding, side: _Side) -> Subject:
    facts: dict[str, FactValue] = {
        "finding.kind": finding.kind,
        "finding.code": finding.code,
        "finding.at": finding.at,
        "finding.inferred": finding.inferred,
        "finding.orders": Decimal(1),
        "finding.scanned": finding.code == "C16" and _scanned(finding, side.order),
    }
    facts |= known({"finding.amount": finding.amount, "finding.detail": finding.detail or None})
    name = f"{side.order.key}/{finding.id}"
    return _subject(side, "finding", name, facts, finding.rests_on, None)


def _scanned(finding: Finding, order: Order) -> bool:
    """Whether the parcel with the doubtful number was seen on its way after it was announced."""
    doubtful = {number for event in finding.rests_on for number in event.tracking}
    scans = [event.tracking for event in order.events if event.kind in _SCANS]
    return () in scans or not doubtful.isdisjoint(chain.from_iterable(scans))


def _subject(
    side: _Side,
    about: str,
    name: str,
    facts: Mapping[str, FactValue],
    events: Iterable[Event],
    due_at: datetime | None,
) -> Subject:
    rests_on = tuple(events)
    return Subject(
        about=about,
        id=side.name(name),
        facts={**side.facts, **facts, **_read(rests_on)},
        order=side.order.key,
        orders=() if side.order.number == ACCOUNT else (side.order.number,),
        mails=_mails(rests_on),
        due_at=due_at,
    )


def _read(events: Iterable[Event]) -> dict[str, FactValue]:
    """Where it was read: the newest mail among the events, and the least sure of their senders."""
    mails = [event for event in events if event.source is Source.MAIL]
    if not mails:
        return {}
    newest = max(mails, key=lambda event: (event.at, event.origin))
    return known(
        {
            "read.at": newest.at,
            "read.trust": _least_trust(mails).value,
            "read.subject": newest.subject or None,
        }
    )


def _least_trust(mails: Iterable[Event]) -> Trust:
    trusts = {event.trust for event in mails}
    unsure = (trust for trust in (Trust.UNVERIFIED, Trust.FORWARDED) if trust in trusts)
    return next(unsure, Trust.VERIFIED)


def _mails(events: Iterable[Event]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(event.mail for event in events if event.mail is not None))


def _last_text(events: Iterable[Event], name: str) -> str | None:
    words = [text_of(event.fields, name) for event in events]
    return next((word for word in reversed(words) if word), None)

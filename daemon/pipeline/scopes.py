"""What is judged under each scope: an order with all that hangs on it, one mail, or a part of the
service itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from daemon.pipeline.setup import Setup
from daemon.store.ledger import Ledger
from daemon.store.mails import MailState
from orders.facts.describe import clusters, describe
from orders.facts.phishing import known_orders, phishing
from orders.facts.view import View, view
from orders.matching.index import CachedIndex, key_parts
from orders.matching.match import Match, match
from orders.order import Finding, WatchState
from orders.subject import FactValue, Subject
from parsers.notice import Kind, Money, Outcome
from rules.fields import FIELDS

OUTAGE_KIND = "cancel_complaint_without_request"
OUTAGE_SPAN = timedelta(days=7)
WEEK = timedelta(days=7)
TROUBLES = FIELDS["mailbox.trouble"].choices
INSTANT = timedelta(microseconds=1)
"""A watch is missed when its time is over, not at it."""
ALIKE = frozenset({"L5", "L6", "L7"})
"""Steps of the ladder without any number: they never close, so what would close is asked."""
ENDS = frozenset(
    {
        Kind.ORDER_CANCELLED,
        Kind.CANCEL_REJECTED,
        Kind.DISPUTE_JUDGED,
        Kind.DISPUTE_CLOSED,
        Kind.APPEAL_DECIDED,
        Kind.RETURN_RECEIVED,
        Kind.RETURN_REJECTED,
        Kind.REFUND_COMPLETED,
        Kind.CLAIM_DECIDED,
        Kind.CHARGEBACK_DECIDED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeFacts:
    """The subjects of one scope, and an instant at which their facts change by the clock alone."""

    subjects: tuple[Subject, ...] = ()
    changes_at: datetime | None = None


def order_scope(key: str) -> str:
    return f"order:{key}"


def order_key(scope: str) -> str | None:
    """The key of the order whose scope this is."""
    kind, _, key = scope.partition(":")
    return key if kind == "order" else None


def mail_scope(number: int) -> str:
    return f"mail:{number}"


def scope_facts(ledger: Ledger, setup: Setup, scope: str, now: datetime) -> ScopeFacts:
    """What stands under `scope` now; nothing when it is gone."""
    kind, _, name = scope.partition(":")
    if kind == "order":
        return order_scope_facts(view(name, ledger, setup.policy, setup.zone), now)
    if kind == "target":
        return _target(ledger, setup, name, now)
    made: Mapping[str, Callable[[], tuple[Subject, ...]]] = {
        "mail": lambda: _mail(ledger, setup, int(name)),
        "account": lambda: _account(ledger, name, now),
        "mailbox": lambda: _mailbox(ledger, setup, name),
        "pack": lambda: _pack(ledger, name, now),
        "rules": lambda: _rules(ledger),
        "service": lambda: _service(ledger),
    }
    return ScopeFacts(subjects=made[kind]())


def order_scope_facts(seen: View, now: datetime) -> ScopeFacts:
    if not seen.order.events:
        return ScopeFacts()
    missed = (
        watch.due_at + INSTANT
        for watch in seen.watches
        if watch.state is WatchState.OPEN and watch.due_at >= now
    )
    return ScopeFacts(subjects=describe(seen, now), changes_at=min(missed, default=None))


def question(placement: Match) -> bool:
    """Only the user can say which order this is about, or that an end found by likeness alone is
    that order's.
    """
    if placement.answered:
        return False
    if placement.candidates and not placement.keys:
        return True
    return placement.level in ALIKE and placement.event.kind in ENDS


def _mail(ledger: Ledger, setup: Setup, number: int) -> tuple[Subject, ...]:
    row = ledger.mails.get(number)
    if row.outcome is None:
        return ()
    events = ledger.events_of_mail(number)
    index = CachedIndex(ledger)
    placements = tuple(match(event, index) for event in events)
    asked = tuple(one for one in placements if question(one))
    candidates = tuple(
        dict.fromkeys(key_parts(key)[2] for one in asked for key in one.candidates or one.keys)
    )
    claims = ledger.mails.claims(number)
    known = tuple(
        dict.fromkeys(
            row.number
            for claim in (*claims, *(key_parts(key)[2] for one in placements for key in one.keys))
            for row in ledger.orders.find(claim)
        )
    )
    facts: dict[str, FactValue | None] = {
        "mail.outcome": row.outcome.value,
        "mail.trust": row.trust,
        "mail.marketplace": row.marketplace,
        "mail.subject": row.subject or None,
        "mail.sender": row.sender or None,
        "mail.reason": row.reason or None,
        "mail.mailbox": row.place.mailbox,
        "mail.received_at": row.arrived,
        "mail.order": ", ".join(known) or None,
        "mail.question": bool(asked),
        "mail.candidates": ", ".join(candidates) or None,
    }
    own = Subject(
        about="mail",
        id=str(number),
        facts=_present(facts),
        orders=known or candidates,
        mails=(number,),
    )
    if row.outcome is not Outcome.FORGED:
        return (own,)
    named = known_orders(claims, row.marketplace or "", index)
    orders = (view(key, index, setup.policy, setup.zone).order for key in named)
    return (own, *phishing(orders, at=row.arrived, mail=number, origin=f"mail:{row.digest}"))


def _account(ledger: Ledger, marketplace: str, now: datetime) -> tuple[Subject, ...]:
    found = []
    for row in ledger.orders.findings(kind=OUTAGE_KIND, since=now - 2 * OUTAGE_SPAN):
        if not row.order_key.startswith(f"{marketplace}:"):
            continue
        events = tuple(
            event for origin in row.rests_on if (event := ledger.by_origin(origin)) is not None
        )
        finding = Finding(
            kind=row.kind,
            code=row.code,
            at=row.at,
            id=row.id,
            rests_on=events,
            amount=_money(row.amount),
            detail=row.detail,
            inferred=row.inferred,
        )
        found.append((row.order_key, finding))
    return clusters(found, now)


def _mailbox(ledger: Ledger, setup: Setup, name: str) -> tuple[Subject, ...]:
    if name not in {box.id for box in setup.mailboxes}:
        return ()  # taken out of the configuration: nothing to complain of
    row = ledger.mailboxes.get(name)
    facts: dict[str, FactValue | None] = {
        "mailbox.id": name,
        "mailbox.failing": row.failing_since is not None,
        "mailbox.failing_since": row.failing_since,
        "mailbox.permanent": row.permanent,
        "mailbox.trouble": row.last_error_kind if row.last_error_kind in TROUBLES else None,
        "mailbox.reason": row.last_error,
        "mailbox.polled_at": row.last_ok_at,
    }
    return (Subject(about="mailbox", id=name, facts=_present(facts)),)


def allowance(target: str) -> str:
    """Under which name the ledger keeps how many messages the target's service takes in a month."""
    return f"allowance:{target}"


def _target(ledger: Ledger, setup: Setup, name: str, now: datetime) -> ScopeFacts:
    if name not in {target.id for target in setup.targets}:
        return ScopeFacts()
    row = ledger.outbox.target(name)
    facts: dict[str, FactValue | None] = {
        "target.id": name,
        "target.failing": row.failures > 0,
        "target.failures": Decimal(row.failures),
        "target.failing_since": row.failing_since,
        "target.permanent": row.permanent,
        "target.reason": row.last_error,
        "target.waiting": Decimal(ledger.outbox.waiting(name)),
    }
    allowed, month_over = ledger.told(allowance(name)), None
    if allowed is not None and allowed.value:
        begin = now.astimezone(setup.zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        month_over = (begin + timedelta(days=32)).replace(day=1).astimezone(UTC)
        sent = len(ledger.outbox.sent_times(name, begin.astimezone(UTC)))
        facts |= {
            "target.sent_month": Decimal(sent),
            "target.month_left": Decimal(max(0, allowed.value - sent)),
            "target.month_used": Decimal(100 * sent // allowed.value),
        }
    return ScopeFacts(
        subjects=(Subject(about="target", id=name, facts=_present(facts)),), changes_at=month_over
    )


def _pack(ledger: Ledger, marketplace: str, now: datetime) -> tuple[Subject, ...]:
    heard = ledger.told(f"heard:{marketplace}")
    week = ledger.mails.tallied(marketplace, (now - WEEK).date().isoformat())
    facts: dict[str, FactValue | None] = {
        "pack.marketplace": marketplace,
        "pack.last_mail_at": heard.at if heard else None,
        "pack.open_orders": Decimal(ledger.orders.running(marketplace)),
        "pack.unread_7d": Decimal(week.get(Outcome.UNREAD, 0)),
    }
    return (Subject(about="pack", id=marketplace, facts=_present(facts)),)


def _rules(ledger: Ledger) -> tuple[Subject, ...]:
    row = ledger.told("rejected")
    rejected = row.value if row else None
    facts: dict[str, FactValue | None] = {"rules.rejected": bool(rejected)}
    if row and rejected:
        facts |= {
            "rules.rejected_at": row.at,
            "rules.faults": Decimal(rejected["faults"]),
            "rules.reason": rejected["reason"],
            "rules.file": rejected["file"],
        }
    return (Subject(about="rules", id="user", facts=_present(facts)),)


def _service(ledger: Ledger) -> tuple[Subject, ...]:
    started, jumped = ledger.told("started"), ledger.told("clock")
    facts: dict[str, FactValue | None] = {
        "service.quarantined": Decimal(ledger.mails.counts().get(MailState.QUARANTINE, 0)),
        "service.started_at": started.at if started else None,
        "service.clock_jumped": bool(jumped and jumped.value),
    }
    return (Subject(about="service", id="orderbell", facts=_present(facts)),)


def _present(facts: Mapping[str, FactValue | None]) -> dict[str, FactValue]:
    return {name: value for name, value in facts.items() if value is not None}


def _money(text: str | None) -> Money | None:
    if not text:
        return None
    value, _, currency = text.partition(" ")
    return Money(value=Decimal(value), currency=currency)

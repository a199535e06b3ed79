"""What is judged under each scope: an order with all that hangs on it, one mail, or a part of the
service itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from itertools import chain

from daemon.pipeline.strangers import month
from daemon.pipeline.transaction import Transaction
from daemon.store.mails import MailRow, MailState
from daemon.store.orders import FindingRow
from daemon.store.state import CLOCK_JUMPED, FILES_REJECTED, STARTED, allowance, heard
from orders.facts.describe import clusters, describe, strangers
from orders.facts.phishing import known_orders, phishing
from orders.facts.view import View, view
from orders.matching.index import CachedIndex, key_parts
from orders.matching.level import Level
from orders.matching.match import Match, match
from orders.order import CaseKind, Finding, Order, WatchState
from orders.subject import FactValue, Subject
from parsers.notice import Gist, Kind, Money, Outcome, when_to_utc
from rules.alert import Scope, ScopeKind
from rules.fields import FIELDS

CROSS_ORDER_KINDS = ("cancel_complaint_without_request", "unverified_order")
"""Findings of one order that are told together with those of others."""
MOST_FINDINGS = 200
"""The newest of a flood; more are no other news."""
OUTAGE_SPAN = timedelta(days=7)
WEEK = timedelta(days=7)
TROUBLES = FIELDS["mailbox.trouble"].choices
SERVICE = Scope(ScopeKind.SERVICE, "orderbell")
RULES = Scope(ScopeKind.RULES, "user")
INSTANT = timedelta(microseconds=1)
"""A watch is missed when its time is over, not at it."""
ALIKE = frozenset({Level.THREAD, Level.MASK, Level.SIMILARITY})
"""Steps of the ladder without any number: they never close, so what would close is asked."""
RIGHTS = frozenset(
    {"dispute", "claim", "chargeback", "refund", "return", "cancel", "payment", "account"}
)
"""Topics of money or rights."""
TROUBLED = (CaseKind.DISPUTE, CaseKind.APPEAL, CaseKind.CLAIM, CaseKind.CHARGEBACK)
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


def order_scope(key: str) -> Scope:
    return Scope(ScopeKind.ORDER, key)


def order_key(scope: Scope) -> str | None:
    """The key of the order whose scope this is."""
    return scope.id if scope.kind is ScopeKind.ORDER else None


def mail_scope(number: int) -> Scope:
    return Scope(ScopeKind.MAIL, str(number))


def account_scope(marketplace: str) -> Scope:
    return Scope(ScopeKind.ACCOUNT, marketplace)


def mailbox_scope(name: str) -> Scope:
    return Scope(ScopeKind.MAILBOX, name)


def target_scope(name: str) -> Scope:
    return Scope(ScopeKind.TARGET, name)


def pack_scope(marketplace: str) -> Scope:
    return Scope(ScopeKind.PACK, marketplace)


def scope_facts(tx: Transaction, scope: Scope) -> ScopeFacts:
    """What stands under `scope` now; nothing when it is gone."""
    return FOUND[scope.kind](tx, scope.id)


def order_scope_facts(seen: View, now: datetime) -> ScopeFacts:
    if not seen.order.events:
        return ScopeFacts()
    missed = (
        watch.due_at + INSTANT
        for watch in seen.watches
        if watch.state is WatchState.OPEN and watch.due_at >= now
    )
    return ScopeFacts(subjects=describe(seen, now), changes_at=min(missed, default=None))


def question(found: Match) -> bool:
    """Only the user can say which order this is about, or that an end found by likeness alone is
    that order's.
    """
    if found.answered or found.event.kind is Kind.MAIL_GIST:
        return False
    if found.candidates and not found.keys:
        return True
    return found.level in ALIKE and found.event.kind in ENDS


def _order(tx: Transaction, key: str) -> ScopeFacts:
    return order_scope_facts(view(key, tx.ledger, tx.setup.policy, tx.setup.zone), tx.now)


def _mail(tx: Transaction, number: str) -> ScopeFacts:
    row = tx.ledger.mails.get(int(number))
    if row.outcome is None:
        return ScopeFacts()
    index = CachedIndex(tx.ledger)
    claims = tx.ledger.mails.claims(row.id)
    own = _own_subject(tx, row, claims, index)
    if row.outcome is not Outcome.FORGED:
        return ScopeFacts(subjects=(own,))
    named = known_orders(claims, row.marketplace or "", index)
    orders = (view(key, index, tx.setup.policy, tx.setup.zone).order for key in named)
    warnings = phishing(orders, at=row.arrived, mail=row.id, origin=f"mail:{row.digest}")
    return ScopeFacts(subjects=(own, *warnings))


def _own_subject(
    tx: Transaction, row: MailRow, claims: tuple[str, ...], index: CachedIndex
) -> Subject:
    """The mail itself, with the question it asks."""
    matches = tuple(match(event, index) for event in tx.ledger.events_of_mail(row.id))
    asked = tuple(filter(question, matches))
    candidates = _numbers(chain.from_iterable(map(_choices, asked)))
    named = _numbers(chain.from_iterable(one.keys for one in matches))
    known = _known(tx, (*claims, *named))
    more: dict[str, FactValue | None] = {
        "mail.order": ", ".join(known) or None,
        "mail.question": bool(asked),
        "mail.candidates": ", ".join(candidates) or None,
    }
    facts = _mail_facts(row) | _gist_facts(tx, row, matches) | more
    due = facts.get("mail.due_at")
    return Subject(
        about="mail",
        id=str(row.id),
        facts=_present(facts),
        orders=known or (row.gist.orders if row.gist else ()) or candidates,
        mails=(row.id,),
        due_at=due if isinstance(due, datetime) else None,
    )


def _choices(asked: Match) -> tuple[str, ...]:
    """Keys of the orders that the question is about."""
    return asked.candidates or asked.keys


def _gist_facts(
    tx: Transaction, row: MailRow, matches: Iterable[Match]
) -> dict[str, FactValue | None]:
    """What a mail that no phrase fits names and asks for, and how it stands with its orders."""
    if row.outcome is not Outcome.UNREAD or not row.gist:
        return {"mail.urgent": False, "mail.case_open": False}
    keys = dict.fromkeys(key for one in matches for key in (*one.keys, *one.candidates))
    orders = [view(key, tx.ledger, tx.setup.policy, tx.setup.zone).order for key in keys]
    return _asked(row.gist, tx.setup.zone) | _at_stake(row.gist, orders)


def _asked(gist: Gist, zone: tzinfo) -> dict[str, FactValue | None]:
    first = gist.first
    return {
        "mail.topics": ", ".join(gist.topics) or None,
        "mail.due_at": when_to_utc(first.at, zone) if first else None,
        "mail.line": first.line if first else None,
        "mail.named": ", ".join(gist.orders) or None,
    }


def _at_stake(gist: Gist, orders: Sequence[Order]) -> dict[str, FactValue | None]:
    cases = [case for order in orders for case in order.cases if case.closed_at is None]
    amounts = (*gist.amounts, *(order.total for order in orders if order.total))
    return {
        "mail.title": next((order.title for order in orders if order.title), None),
        "mail.amount": next(iter(amounts), None),
        "mail.urgent": gist.urgent or (not RIGHTS.isdisjoint(gist.topics) and bool(cases)),
        "mail.case_open": any(case.kind in TROUBLED for case in cases),
    }


def _mail_facts(row: MailRow) -> dict[str, FactValue | None]:
    return {
        "mail.outcome": row.outcome.value if row.outcome else None,
        "mail.trust": row.trust,
        "mail.marketplace": row.marketplace,
        "mail.subject": row.subject or None,
        "mail.sender": row.sender or None,
        "mail.reason": row.reason or None,
        "mail.mailbox": row.place.mailbox,
        "mail.received_at": row.arrived,
    }


def _known(tx: Transaction, numbers: Iterable[str]) -> tuple[str, ...]:
    """Those of the numbers that are an order's in the ledger."""
    found = (order.number for number in numbers for order in tx.ledger.orders.find(number))
    return tuple(dict.fromkeys(found))


def _numbers(keys: Iterable[str]) -> tuple[str, ...]:
    """Order numbers of these keys, each once."""
    return tuple(dict.fromkeys(key_parts(key)[2] for key in keys))


def _account(tx: Transaction, marketplace: str) -> ScopeFacts:
    found = [
        (row.order_key, _finding(tx, row))
        for kind in CROSS_ORDER_KINDS
        for row in tx.ledger.orders.findings(
            kind=kind, since=tx.now - 2 * OUTAGE_SPAN, limit=MOST_FINDINGS
        )
        if row.order_key.startswith(f"{marketplace}:")
    ]
    return ScopeFacts(subjects=(*clusters(found, tx.now), *strangers(found)))


def _finding(tx: Transaction, row: FindingRow) -> Finding:
    events = (tx.ledger.by_origin(origin) for origin in row.rests_on)
    return Finding(
        kind=row.kind,
        code=row.code,
        at=row.at,
        id=row.id,
        rests_on=tuple(event for event in events if event is not None),
        amount=_money(row.amount),
        detail=row.detail,
        inferred=row.inferred,
    )


def _mailbox(tx: Transaction, name: str) -> ScopeFacts:
    if name not in {box.id for box in tx.setup.mailboxes}:
        return ScopeFacts()  # taken out of the configuration: nothing to complain of
    row = tx.ledger.mailboxes.get(name)
    return _single(
        "mailbox",
        name,
        {
            "mailbox.id": name,
            "mailbox.failing": row.failing_since is not None,
            "mailbox.failing_since": row.failing_since,
            "mailbox.permanent": row.permanent,
            "mailbox.trouble": row.last_error_kind if row.last_error_kind in TROUBLES else None,
            "mailbox.reason": row.last_error,
            "mailbox.polled_at": row.last_ok_at,
        },
    )


def _target(tx: Transaction, name: str) -> ScopeFacts:
    if name not in {target.id for target in tx.setup.targets}:
        return ScopeFacts()
    row = tx.ledger.outbox.target(name)
    facts: dict[str, FactValue | None] = {
        "target.id": name,
        "target.failing": row.failures > 0,
        "target.failures": Decimal(row.failures),
        "target.failing_since": row.failing_since,
        "target.permanent": row.permanent,
        "target.reason": row.last_error,
        "target.waiting": Decimal(tx.ledger.outbox.waiting(name)),
    }
    allowed, month_over = tx.ledger.state.get(allowance(name)), None
    if allowed is not None and allowed.value:
        begin, month_over = month(tx)
        sent = len(tx.ledger.outbox.sent_times(name, begin))
        facts |= {
            "target.sent_month": Decimal(sent),
            "target.month_left": Decimal(max(0, allowed.value - sent)),
            "target.month_used": Decimal(100 * sent // allowed.value),
        }
    return _single("target", name, facts, changes_at=month_over)


def _pack(tx: Transaction, marketplace: str) -> ScopeFacts:
    last = tx.ledger.state.get(heard(marketplace))
    week = tx.ledger.mails.tallied(marketplace, (tx.now - WEEK).date().isoformat())
    return _single(
        "pack",
        marketplace,
        {
            "pack.marketplace": marketplace,
            "pack.last_mail_at": last.at if last else None,
            "pack.open_orders": Decimal(tx.ledger.orders.running(marketplace)),
            "pack.unread_7d": Decimal(week.get(Outcome.UNREAD, 0)),
        },
    )


def _rules(tx: Transaction, name: str) -> ScopeFacts:
    row = tx.ledger.state.get(FILES_REJECTED)
    rejected = row.value if row else None
    facts: dict[str, FactValue | None] = {"rules.rejected": bool(rejected)}
    if row and rejected:
        facts |= {
            "rules.rejected_at": row.at,
            "rules.faults": Decimal(rejected["faults"]),
            "rules.reason": rejected["reason"],
            "rules.file": rejected["file"],
        }
    return _single("rules", name, facts)


def _service(tx: Transaction, name: str) -> ScopeFacts:
    started, jumped = tx.ledger.state.get(STARTED), tx.ledger.state.get(CLOCK_JUMPED)
    return _single(
        "service",
        name,
        {
            "service.quarantined": Decimal(tx.ledger.mails.counts().get(MailState.QUARANTINE, 0)),
            "service.started_at": started.at if started else None,
            "service.clock_jumped": bool(jumped and jumped.value),
        },
    )


FOUND: Mapping[ScopeKind, Callable[[Transaction, str], ScopeFacts]] = {
    ScopeKind.ORDER: _order,
    ScopeKind.MAIL: _mail,
    ScopeKind.ACCOUNT: _account,
    ScopeKind.MAILBOX: _mailbox,
    ScopeKind.TARGET: _target,
    ScopeKind.PACK: _pack,
    ScopeKind.RULES: _rules,
    ScopeKind.SERVICE: _service,
}


def _single(
    about: str,
    name: str,
    facts: Mapping[str, FactValue | None],
    *,
    changes_at: datetime | None = None,
) -> ScopeFacts:
    """A part of the service itself: one subject, named like its scope."""
    subject = Subject(about=about, id=name, facts=_present(facts))
    return ScopeFacts(subjects=(subject,), changes_at=changes_at)


def _present(facts: Mapping[str, FactValue | None]) -> dict[str, FactValue]:
    return {name: value for name, value in facts.items() if value is not None}


def _money(text: str | None) -> Money | None:
    if not text:
        return None
    value, _, currency = text.partition(" ")
    return Money(value=Decimal(value), currency=currency)

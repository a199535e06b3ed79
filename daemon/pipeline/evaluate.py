"""One scope judged: alerts moved on, what is to be said written down, the next look fixed."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from daemon.pipeline.scopes import (
    ScopeFacts,
    order_key,
    order_scope,
    order_scope_facts,
    scope_facts,
)
from daemon.pipeline.transaction import SILENT, Transaction
from daemon.store.alerts import AlertRow
from orders.facts.view import View, view
from orders.matching.index import CachedIndex, EventIndex
from orders.subject import Subject
from rules.alert import Alert, Announcement, Scope, Severity, Timing
from rules.evaluate import evaluate
from rules.lifecycle import Step, advance, backlog

DIGEST = "digest"
SAFETY = timedelta(minutes=10)
"""What is kept together after an outage goes out by itself then, should the one who keeps it
die.
"""


def refresh(tx: Transaction, key: str, index: EventIndex | None = None) -> View:
    """Make the rows of the order anew from its events, and judge it. `index`: the ledger's events,
    read already.
    """
    seen = view(key, index or tx.ledger, tx.setup.policy, tx.setup.zone)
    if seen.order.events:
        tx.ledger.orders.put(seen)
    else:
        tx.ledger.orders.drop(key)
    settle(tx, order_scope(key), order_scope_facts(seen, tx.now))
    return seen


def write_anew(tx: Transaction, keys: Iterable[str]) -> None:
    """Make the rows of these orders anew, as this version writes them; nothing is judged."""
    index = CachedIndex(tx.ledger)
    for key in keys:
        seen = view(key, index, tx.setup.policy, tx.setup.zone)
        if seen.order.events:
            tx.ledger.orders.put(seen)


def look(tx: Transaction, scope: Scope) -> None:
    """Judge the scope as it is now."""
    if tx.announce.silent_for is None:
        settle(tx, scope, scope_facts(tx, scope))
    else:
        tx.ledger.alerts.postpone(tx.announce.silent_for, scope)


def settle(tx: Transaction, scope: Scope, found: ScopeFacts) -> None:
    """Judge what was found under the scope, and keep what comes of it."""
    live = tx.ledger.alerts.live(scope)
    step = advance(
        evaluate(tx.setup.rulebook, found.subjects, tx.now),
        [row.alert for row in live],
        tx.setup.plan,
        tx.now,
        silent=tx.announce.silent,
        known=tx.setup.rulebook.ids,
    )
    _keep(tx, scope, step, _subjects(found.subjects, live))
    # A case lapses by the clock even where no rule waits for its watch: a rule about the case may
    # read its state.
    instants = [at for at in (step.wake_at, found.changes_at) if at is not None]
    tx.ledger.alerts.wake(scope, min(instants, default=None))


def end_silence(tx: Transaction, mailbox: str, limit: int) -> bool:
    """Judge a part of what the mailbox's history touched; True when nothing is left of it."""
    tx = tx.announcing(SILENT)
    scopes = tx.ledger.alerts.postponed(mailbox, limit)
    index = CachedIndex(tx.ledger)  # nothing is appended meanwhile
    for scope in scopes:
        if (key := order_key(scope)) is not None:
            refresh(tx, key, index)
        else:
            look(tx, scope)
    tx.ledger.alerts.judged(mailbox, scopes)
    return len(scopes) < limit


def tell_backlog(tx: Transaction, batch: str) -> int:
    """Everything that fires and was never told, as one batch; how many that is."""
    rows = {row.alert.key: row for row in tx.ledger.alerts.all_live()}
    alerts = [row.alert for row in rows.values()]
    facts = {key: row.subject.facts for key, row in rows.items()}
    step = backlog(tx.setup.rulebook, alerts, tx.setup.plan, tx.now, facts)
    for announcement in step.announcements:
        row = rows[announcement.alert.key]
        kept = tx.ledger.alerts.put(announcement.alert, row.scope, row.subject)
        tx.ledger.alerts.say(kept, announcement, at=tx.now, batch=batch)
    for scope in dict.fromkeys(rows[one.key].scope for one in step.alerts):
        look(tx, scope)  # repeats count from what is told now
    return len(step.announcements)


def _keep(
    tx: Transaction, scope: Scope, step: Step, subjects: dict[tuple[str, str], Subject]
) -> None:
    rows: dict[tuple[str, str, str], AlertRow] = {}
    for alert in step.alerts:
        rows[alert.key] = tx.ledger.alerts.put(alert, scope, subjects[alert.about, alert.subject])
    for one in step.announcements:
        announcement, batch = _batched(tx, one, scope)
        tx.ledger.alerts.say(rows[one.alert.key], announcement, at=tx.now, batch=batch)


def _batched(tx: Transaction, one: Announcement, scope: Scope) -> tuple[Announcement, str]:
    """What it is said together with."""
    if one.delivery is Timing.DIGEST:
        return one, DIGEST
    if tx.announce.batch is not None:
        return replace(one, not_before=max(one.not_before, tx.now + SAFETY)), tx.announce.batch
    return one, _home(one.alert, scope)


def _home(alert: Alert, scope: Scope) -> str:
    return str(scope if alert.order is None else order_scope(alert.order))


def _subjects(found: Iterable[Subject], live: Iterable[AlertRow]) -> dict[tuple[str, str], Subject]:
    """By about and id; what is no longer there, as it was last seen."""
    return {(row.alert.about, row.alert.subject): row.subject for row in live} | {
        (one.about, one.id): one for one in found
    }


def worst(severities: Iterable[Severity]) -> Severity:
    return max(severities, key=lambda one: one.rank)

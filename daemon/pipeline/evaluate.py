"""One scope judged: alerts moved on, what is to be said written down, the next look fixed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from daemon.pipeline.scopes import (
    ScopeFacts,
    order_key,
    order_scope,
    order_scope_facts,
    scope_facts,
)
from daemon.pipeline.setup import Setup
from daemon.store.alerts import AlertRow
from daemon.store.ledger import Ledger
from orders.facts.view import View, view
from orders.matching.index import CachedIndex, EventIndex
from orders.subject import Subject
from rules.alert import Alert, Announcement, Severity, Timing
from rules.evaluate import evaluate
from rules.lifecycle import Step, advance, backlog

DIGEST = "digest"
SAFETY = timedelta(minutes=10)
"""What is kept together after an outage goes out by itself then, should the one who keeps it
die.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce:
    """How what is found is told: at once, together with more, or not at all."""

    silent_for: str | None = None
    """Id of the mailbox whose history is being read: nothing is judged before its end."""
    hush: bool = False
    """Judged, and nothing is told of what is found: old orders from a file."""
    batch: str | None = None
    """Everything goes into this one message: what came in after an outage."""


NOW = Announce()
HUSHED = Announce(hush=True)


def refresh(
    ledger: Ledger,
    setup: Setup,
    key: str,
    now: datetime,
    mood: Announce = NOW,
    *,
    index: EventIndex | None = None,
) -> View:
    """Make the rows of the order anew from its events, and judge it. `index`: the ledger's events,
    read already.
    """
    seen = view(key, index or ledger, setup.policy, setup.zone)
    if seen.order.events:
        ledger.orders.put(seen)
    else:
        ledger.orders.drop(key)
    settle(ledger, setup, order_scope(key), order_scope_facts(seen, now), now, mood)
    return seen


def look(ledger: Ledger, setup: Setup, scope: str, now: datetime, mood: Announce = NOW) -> None:
    """Judge the scope as it is now."""
    if mood.silent_for is None:
        settle(ledger, setup, scope, scope_facts(ledger, setup, scope, now), now, mood)
    else:
        ledger.alerts.postpone(mood.silent_for, scope)


def settle(
    ledger: Ledger, setup: Setup, scope: str, found: ScopeFacts, now: datetime, mood: Announce = NOW
) -> None:
    """Judge the scene, and keep what comes of it."""
    live = ledger.alerts.live(scope)
    judgements = evaluate(setup.rulebook, found.subjects, now)
    step = advance(
        judgements,
        [row.alert for row in live],
        setup.plan,
        now,
        silent=mood.hush,
        known=setup.rulebook.ids,
    )
    _keep(ledger, scope, step, _subjects(found.subjects, live), now, mood)
    # A case lapses by the clock even where no rule waits for its watch: a rule about the case may
    # read its state.
    instants = [at for at in (step.wake_at, found.changes_at) if at is not None]
    ledger.alerts.wake(scope, min(instants, default=None))


def end_silence(
    ledger: Ledger, setup: Setup, mailbox: str, now: datetime, *, limit: int = 500
) -> bool:
    """Judge a part of what the mailbox's history touched; True when nothing is left of it."""
    scopes = ledger.alerts.postponed(mailbox, limit)
    index = CachedIndex(ledger)  # nothing is appended meanwhile
    for scope in scopes:
        if (key := order_key(scope)) is not None:
            refresh(ledger, setup, key, now, HUSHED, index=index)
        else:
            settle(ledger, setup, scope, scope_facts(ledger, setup, scope, now), now, HUSHED)
    ledger.alerts.judged(mailbox, scopes)
    return len(scopes) < limit


def tell_backlog(ledger: Ledger, setup: Setup, batch: str, now: datetime) -> int:
    """Everything that fires and was never told, as one batch; how many that is."""
    rows = {row.alert.key: row for row in ledger.alerts.all_live()}
    step = backlog(setup.rulebook, [row.alert for row in rows.values()], setup.plan, now)
    for announcement in step.announcements:
        row = rows[announcement.alert.key]
        kept = ledger.alerts.put(announcement.alert, row.scope, row.subject)
        ledger.alerts.say(kept, announcement, at=now, batch=batch)
    for scope in dict.fromkeys(rows[one.key].scope for one in step.alerts):
        look(ledger, setup, scope, now)  # repeats count from what is told now
    return len(step.announcements)


def _keep(
    ledger: Ledger,
    scope: str,
    step: Step,
    subjects: dict[tuple[str, str], Subject],
    now: datetime,
    mood: Announce,
) -> None:
    rows: dict[tuple[str, str, str], AlertRow] = {}
    for alert in step.alerts:
        rows[alert.key] = ledger.alerts.put(alert, scope, subjects[alert.about, alert.subject])
    for one in step.announcements:
        announcement, batch = _batched(one, scope, now, mood)
        ledger.alerts.say(rows[one.alert.key], announcement, at=now, batch=batch)


def _batched(
    one: Announcement, scope: str, now: datetime, mood: Announce
) -> tuple[Announcement, str]:
    """What it is said together with."""
    if one.delivery is Timing.DIGEST:
        return one, DIGEST
    if mood.batch is not None:
        return replace(one, not_before=max(one.not_before, now + SAFETY)), mood.batch
    return one, _home(one.alert, scope)


def _home(alert: Alert, scope: str) -> str:
    return scope if alert.order is None else order_scope(alert.order)


def _subjects(found: Iterable[Subject], live: Iterable[AlertRow]) -> dict[tuple[str, str], Subject]:
    """By about and id; what is no longer there, as it was last seen."""
    return {(row.alert.about, row.alert.subject): row.subject for row in live} | {
        (one.about, one.id): one for one in found
    }


def worst(severities: Iterable[Severity]) -> Severity:
    return max(severities, key=lambda one: one.rank)

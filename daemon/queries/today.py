"""What needs its owner now, as cards: one an order, with the nearest deadline, the money at stake
and the one thing to do; then what comes up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from daemon.queries.alerts import Teller, alert_row
from daemon.queries.folded import FoldedOrders
from daemon.queries.orders import watch_row
from daemon.queries.times import iso
from daemon.store.alerts import AlertRow
from daemon.store.ledger import Ledger
from orders.facts.stake import Stake, stakes, totals, worst_stake
from orders.facts.view import View
from parsers.notice import Outcome
from rules.alert import AlertState, Severity

MOST = 200
"""Alerts looked at; a critical one is never left out."""
CARDS = 40
AHEAD = timedelta(days=14)
"""What is due later is no matter of today."""
NEVER = datetime.max.replace(tzinfo=UTC)
ANSWERED = (AlertState.ACKED, AlertState.SNOOZED)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    cards: list[Row]
    """What nobody has answered yet, the nearest deadline first."""
    more: int
    """Cards that are not shown."""
    answered: list[Row]
    """Alerts that were acknowledged or silenced and still hold."""
    news: list[Row]
    """Alerts that ask for nothing."""
    ahead: list[Row]
    """Deadlines of the next days, of orders without a card."""
    at_stake: list[str]
    """Over the cards; one sum a currency, such as “26.12 USD”."""
    together: str | None
    """All of it in the user's currency, where the configured rates allow it."""
    need_you: int
    under_way: int
    unread: int
    failing: list[str]
    """Ids of mailboxes and targets that do not work."""


def today(ledger: Ledger, folded: FoldedOrders, teller: Teller) -> Today:
    """The state at the teller's instant; costs by what is shown, not by the ledger's size."""
    rows, _ = ledger.alerts.worst_first(limit=MOST)
    firing = [row for row in rows if row.alert.state is AlertState.FIRING]
    calls = [row for row in firing if row.alert.severity is not Severity.INFO]
    groups = _groups(calls)
    shown = sorted(groups, key=_nearest)[:CARDS]
    views = folded.by_key(ledger, (group[0].alert.order or "" for group in shown))
    worst = _worst(views, teller.now)
    sums = totals(worst.values())
    together = teller.worth.together(sums)
    return Today(
        cards=[_card(group, views, worst, teller) for group in shown],
        more=len(groups) - len(shown),
        answered=_rows((row for row in rows if row.alert.state in ANSWERED), teller),
        news=_rows((row for row in firing if row not in calls), teller),
        ahead=_ahead(ledger, teller, {row.alert.order for row in calls}),
        at_stake=[str(one) for one in sums],
        together=None if together is None else str(together),
        need_you=len(groups),
        under_way=ledger.orders.running_count(),
        unread=ledger.mails.outcome_count(Outcome.UNREAD),
        failing=_failing(ledger),
    )


def _rows(alerts: Iterable[AlertRow], teller: Teller) -> list[Row]:
    return [alert_row(row, teller) for row in alerts]


def _worst(views: Mapping[str, View], now: datetime) -> dict[str, Stake]:
    found = ((key, worst_stake(stakes(view, now), now)) for key, view in views.items())
    return {key: stake for key, stake in found if stake is not None}


def _groups(rows: Iterable[AlertRow]) -> list[list[AlertRow]]:
    """The alerts of one order together, in the order they came in: worst first."""
    groups: dict[str, list[AlertRow]] = {}
    for row in rows:
        groups.setdefault(row.alert.order or f"alert {row.id}", []).append(row)
    return list(groups.values())


def _nearest(group: Sequence[AlertRow]) -> tuple[datetime, int, datetime]:
    """By the first deadline; a critical matter without one is due since it became true."""
    worst = max(row.alert.severity.rank for row in group)
    begun = min(row.alert.since for row in group)
    dues = [due for row in group if (due := _due(row)) is not None]
    critical = worst == Severity.CRITICAL.rank
    return (min(dues, default=begun if critical else NEVER), -worst, begun)


def _due(row: AlertRow) -> datetime | None:
    return row.alert.due_at or row.subject.due_at


def _card(
    group: Sequence[AlertRow],
    views: Mapping[str, View],
    worst: Mapping[str, Stake],
    teller: Teller,
) -> Row:
    first, key = group[0], group[0].alert.order or ""
    view, stake = views.get(key), worst.get(key)
    dues = [due for row in group if (due := _due(row)) is not None]
    return {
        "alerts": _rows(group, teller),
        "severity": first.alert.severity.value,
        "key": key if view else "",
        "number": view.order.number if view else "",
        "marketplace": view.order.marketplace if view else "",
        "title": view.order.title if view else "",
        "store": view.order.store if view else None,
        "due_at": iso(min(dues, default=None), teller.zone),
        "at_stake": str(stake.amount) if stake and stake.amount else None,
    }


def _ahead(ledger: Ledger, teller: Teller, busy: set[str | None]) -> list[Row]:
    rows = ledger.orders.due_between(teller.now, teller.now + AHEAD, limit=CARDS * 2)
    return [watch_row(row, teller.zone) for row in rows if row.order_key not in busy][:CARDS]


def _failing(ledger: Ledger) -> list[str]:
    boxes = [row.id for row in ledger.mailboxes.all() if row.failing_since is not None]
    return [*boxes, *ledger.outbox.failing_targets()]

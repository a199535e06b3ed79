"""What a person asks first: how much is under way, what is due next, what doing nothing costs.

The same numbers for the terminal, the page and Home Assistant. Orders are folded again only when
an event touched them, so a look costs by what changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from daemon.store.ledger import Ledger
from daemon.store.orders import OrderRow
from orders.deadlines.policy import Policy
from orders.facts.stake import Stake, stakes, totals, worst_stake
from orders.facts.view import View, view
from orders.order import Actor, CaseKind, ShipmentStatus, WatchState
from parsers.notice import Money, Outcome

ARRIVED = (ShipmentStatus.DELIVERED, ShipmentStatus.AVAILABLE_FOR_PICKUP)
JUDGED = frozenset({CaseKind.DISPUTE, CaseKind.APPEAL, CaseKind.CLAIM, CaseKind.CHARGEBACK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The state of everything at one instant."""

    under_way: int
    """Orders that are neither delivered nor ended."""
    arriving_today: int
    """Orders with a parcel that is stated to come today, in the user's zone."""
    open_disputes: int
    """Disputes, appeals, claims and chargebacks without an end."""
    next_deadline: datetime | None
    """The nearest that is still ahead and mine; aware UTC."""
    next_order: str
    """Number of the order it belongs to; empty for none."""
    at_stake: tuple[Money, ...]
    """One sum a currency."""
    ringing: int
    """Alerts that fire and were not acknowledged."""
    need_you: int
    """Orders that ring for something to be done."""
    unread: int
    """Marketplace mails that were not understood."""
    failing: tuple[str, ...]
    """Ids of mailboxes and targets that do not work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Glance:
    """What an order adds, until the next event touches it."""

    seen: tuple[int, datetime]
    view: View


class Overviews:
    """Looks at one ledger, again and again."""

    def __init__(self, policy: Policy, zone: tzinfo) -> None:
        self._policy = policy
        self._zone = zone
        self._known: dict[str, _Glance] = {}

    def look(self, ledger: Ledger, now: datetime) -> Overview:
        """The state at `now` (aware UTC), from one snapshot."""
        views = self._views(ledger, ledger.orders.unsettled())
        due = _due(views, now)
        return Overview(
            under_way=ledger.orders.running_count(),
            arriving_today=sum(_arrives(one, now, self._zone) for one in views),
            open_disputes=sum(
                case.kind in JUDGED and case.closed_at is None
                for one in views
                for case in one.order.cases
            ),
            next_deadline=due[0] if due else None,
            next_order=due[1] if due else "",
            at_stake=totals(_worst(views, now)),
            ringing=sum(ledger.alerts.ringing().values()),
            need_you=ledger.alerts.orders_in_need(),
            unread=ledger.mails.outcome_count(Outcome.UNREAD),
            failing=_failing(ledger),
        )

    def _views(self, ledger: Ledger, rows: Iterable[OrderRow]) -> tuple[View, ...]:
        known: dict[str, _Glance] = {}
        for row in rows:
            seen = (row.events, row.last_at)
            old = self._known.get(row.key)
            if old is None or old.seen != seen:
                old = _Glance(seen=seen, view=view(row.key, ledger, self._policy, self._zone))
            known[row.key] = old
        self._known = known
        return tuple(glance.view for glance in known.values())


def _worst(views: Iterable[View], now: datetime) -> list[Stake]:
    found = (worst_stake(stakes(one, now), now) for one in views)
    return [stake for stake in found if stake is not None]


def _due(views: Iterable[View], now: datetime) -> tuple[datetime, str] | None:
    return min(
        (
            (watch.due_at, one.order.number)
            for one in views
            for watch in one.watches
            if watch.state is WatchState.OPEN and watch.actor is Actor.ME and watch.due_at > now
        ),
        default=None,
    )


def _arrives(seen: View, now: datetime, zone: tzinfo) -> bool:
    today = now.astimezone(zone).date()
    return any(
        shipment.status not in ARRIVED and _stated_for(shipment.expected_until, zone) == today
        for shipment in seen.order.shipments
    )


def _stated_for(instant: datetime | None, zone: tzinfo) -> date | None:
    return None if instant is None else instant.astimezone(zone).date()


def _failing(ledger: Ledger) -> tuple[str, ...]:
    boxes = [row.id for row in ledger.mailboxes.all() if row.failing_since is not None]
    return (*boxes, *ledger.outbox.failing_targets())

"""Which rows of a listing are wanted, as conditions that its indexes serve."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select

from daemon.store.tables import (
    CASES,
    ENDED,
    LIVE,
    OPEN,
    OPEN_CASES,
    PROBLEM,
    UNDER_WAY,
    alert,
    naming,
    order,
    reference,
    watch,
)
from orders.matching.index import RefKind
from orders.order import Actor, OrderStatus, WatchState
from parsers import marketplaces
from rules.alert import AlertState

RUNNING = tuple(status for status in OrderStatus if status not in ENDED)
Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFilter:
    """Which orders are wanted; what is left out asks for nothing."""

    statuses: Collection[str] = ()
    marketplace: str | None = None
    problem: bool | None = None
    disputes: bool | None = None
    """True: those with an open case, False: those with any; None does not ask."""
    since: datetime | None = None
    """Its newest event is not older."""
    shop: str = ""
    """A marketplace, or a part of the store's name."""
    text: str = ""
    """The beginning of the number, a part of title or store, or the number of a parcel or case."""
    after: tuple[datetime, str] | None = None
    """`last_at` and key of the order before the first wanted one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchFilter:
    """Which watches are wanted."""

    key: str | None = None
    """Of this order."""
    states: Collection[str] = (WatchState.OPEN,)
    mine: bool = False
    since: datetime | None = None
    """Due then or later."""
    shop: str = ""
    text: str = ""
    """As of its order, or a part of its kind."""
    after: tuple[datetime, str, str] | None = None
    """`due_at`, order and id of the watch before the first wanted one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """Which alerts are wanted; of all states but pending when none is named and `ended` is so."""

    ended: bool = False
    states: Collection[str] = ()
    since: datetime | None = None
    """True since then or later."""
    shop: str = ""
    text: str = ""
    """As of its order, or a part of its rule."""
    after: int | None = None
    """The number of the alert before the first wanted one."""


EVERYTHING_LIVE = AlertFilter()


def of_rows(wanted: RowFilter) -> Iterator[Condition]:
    """Conditions on `order`."""
    if tuple(wanted.statuses) == RUNNING:
        yield UNDER_WAY
    elif wanted.statuses:
        yield order.c.status.in_(wanted.statuses)
    if wanted.marketplace:
        yield order.c.marketplace == wanted.marketplace
    if wanted.since:
        yield order.c.last_at >= wanted.since
    yield from _of_trouble(wanted)
    yield from _of_words(wanted.shop, wanted.text)
    if wanted.after:
        at, key = wanted.after
        yield and_(order.c.last_at <= at, or_(order.c.last_at < at, order.c.key > key))


def _of_trouble(wanted: RowFilter) -> Iterator[Condition]:
    if wanted.problem is not None:
        yield PROBLEM if wanted.problem else ~order.c.problem
    if wanted.disputes is not None:
        yield OPEN_CASES if wanted.disputes else CASES


def of_watches(wanted: WatchFilter) -> Iterator[Condition]:
    """Conditions on `watch`."""
    if tuple(wanted.states) == (WatchState.OPEN,):
        yield OPEN
    elif wanted.states:
        yield watch.c.state.in_(wanted.states)
    if wanted.key:
        yield watch.c.order_key == wanted.key
    if wanted.mine:
        yield watch.c.actor == Actor.ME
    if wanted.since:
        yield watch.c.due_at >= wanted.since
    yield from _of_its_order(watch.c.order_key, watch.c.kind, wanted.shop, wanted.text)
    if wanted.after:
        yield _later(wanted.after)


def _later(place: tuple[datetime, str, str]) -> Condition:
    at, key, name = place
    same_time = or_(watch.c.order_key > key, and_(watch.c.order_key == key, watch.c.id > name))
    return and_(watch.c.due_at >= at, or_(watch.c.due_at > at, same_time))


def of_alerts(wanted: AlertFilter, *, live: bool) -> Iterator[Condition]:
    """Conditions on `alert`, of those that live or of those that have ended; its place in the list
    is not among them.
    """
    yield LIVE if live else ~LIVE
    yield alert.c.state != AlertState.PENDING
    if wanted.states:
        yield alert.c.state.in_(wanted.states)
    if wanted.since:
        yield alert.c.since >= wanted.since
    yield from _of_its_order(alert.c.order_key, alert.c.rule, wanted.shop, wanted.text)


def _of_words(shop: str, text: str) -> Iterator[Condition]:
    if shop:
        yield _sold_by(shop)
    if text:
        yield _speaks_of(text)


def _of_its_order(
    key: ColumnElement[str], name: ColumnElement[str], shop: str, text: str
) -> Iterator[Condition]:
    """Of a row that belongs to an order and has a name of its own."""
    if shop:
        yield _its_order(key, _sold_by(shop))
    if text:
        named = _its_order(key, _speaks_of(text))
        yield or_(name.contains(text, autoescape=True), named)


def _its_order(key: ColumnElement[str], condition: Condition) -> Condition:
    return exists(select(order.c.key).where(order.c.key == key, condition))


def _sold_by(shop: str) -> Condition:
    return or_(order.c.marketplace == shop.lower(), order.c.store.contains(shop, autoescape=True))


def _speaks_of(text: str) -> Condition:
    tracked = (
        select(naming.c.order_key)
        .join(reference, reference.c.event == naming.c.event)
        .where(
            reference.c.marketplace.in_(marketplaces.names()),
            reference.c.kind.in_((RefKind.TRACKING, RefKind.PACKAGE, RefKind.CASE)),
            reference.c.value == text,
        )
    )
    return or_(
        order.c.number.startswith(text, autoescape=True),
        order.c.title.contains(text, autoescape=True),
        order.c.store.contains(text, autoescape=True),
        order.c.key.in_(tracked),
    )

"""Open deadlines as an iCalendar file (RFC 5545) that a phone can subscribe to."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from icalendar import Alarm, Calendar, Event, Todo

from daemon.files.exports.words import name
from orders.order import Actor, Order, Watch, WatchState
from parsers.text import plain_lines

BEFORE = (timedelta(days=2), timedelta(hours=2))
"""When a phone rings: enough time to act, and once more."""
HEAD = {"en": "Orderbell deadlines", "ja": "Orderbell 期限"}
ORDER = {"en": "Order {number}: {title}", "ja": "注文 {number}：{title}"}
GUESS = {"en": "Computed, not stated in a mail.", "ja": "メールに記載はなく、計算した期限です。"}


def calendar(
    deadlines: Iterable[tuple[Order, Watch]], *, language: str, now: datetime, tasks: bool = False
) -> bytes:
    """The user's open deadlines (what others must do is left out), earliest first; `now` is aware
    UTC.

    Entries keep their UID from one writing to the next, so a subscribed phone moves them instead of
    doubling them.
    They are events, which every calendar shows; `tasks` makes them VTODO with DUE instead.
    """
    book = Calendar()
    book.add("prodid", "-//Orderbell//Deadlines//EN")
    book.add("version", "2.0")
    book.add("method", "PUBLISH")
    book.add("x-wr-calname", HEAD[language])
    book.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    mine = [
        pair for pair in deadlines if pair[1].actor is Actor.ME and pair[1].state is WatchState.OPEN
    ]
    for order, watch in sorted(mine, key=lambda pair: (pair[1].due_at, pair[0].key, pair[1].id)):
        book.add_component(_entry(order, watch, language, now, tasks=tasks))
    return bytes(book.to_ical())


def _entry(
    order: Order, watch: Watch, language: str, now: datetime, *, tasks: bool
) -> Event | Todo:
    entry = Todo() if tasks else Event()
    title = f"{name('watch', watch.kind, language)}: {order.title or order.number}"
    entry.add(
        "uid", f"{hashlib.sha256(f'{order.key}|{watch.id}'.encode()).hexdigest()[:32]}@orderbell"
    )
    entry.add("dtstamp", now.replace(microsecond=0))
    entry.add("summary", plain_lines(title))
    described = [ORDER[language].format(number=order.number, title=order.title), watch.why]
    described += [] if watch.stated else [GUESS[language]]
    entry.add("description", plain_lines("\n".join(described)))
    entry.add("due" if tasks else "dtstart", watch.due_at)
    if not tasks:
        entry.add("transp", "TRANSPARENT")
    for before in filter(lambda span: watch.due_at - span > now, BEFORE):
        entry.add_component(_alarm(title, before, tasks=tasks))
    return entry


def _alarm(title: str, before: timedelta, *, tasks: bool) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", plain_lines(title))
    # A to-do has no start: RFC 5545 §3.8.6.3 then counts from its end, DUE, and wants that said.
    alarm.add("trigger", -before, parameters={"RELATED": "END"} if tasks else {})
    return alarm

"""Rows of alerts, of what is to be said about them, and of when to look again."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, delete, func, or_, select, update

from daemon.store.codec import alert_from_row, alert_to_json, subject_from_row, subject_to_json
from daemon.store.dialect import add, upsert
from daemon.store.filters import EVERYTHING_LIVE, AlertFilter, of_alerts
from daemon.store.tables import LIVE, WAITING, alert, announcement, message, outbox, unjudged, wake
from orders.subject import Subject
from rules.alert import Alert, AlertState, Announcement, Cause, Scope, Severity, Timing

LIVE_OF_SCOPE = select(alert).where(alert.c.scope == bindparam("scope"), LIVE)
"""Asked for every scope judged: made once."""

PART = 500
"""Numbers in one statement."""
Place = tuple[int, bool, bool, float, float, int]
"""Where a live alert stands in the list; its number is the last part, negative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """An alert with its number, what it is judged together with, and its subject as last judged."""

    id: int
    scope: Scope
    alert: Alert
    subject: Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementRow:
    """One thing to say that waits for its time, or was said."""

    id: int
    row: AlertRow
    cause: Cause
    groups: tuple[str, ...]
    delivery: Timing
    at: datetime
    not_before: datetime
    batch: str
    message: int | None

    @property
    def alert(self) -> Alert:
        """What it is about, as it is now."""
        return self.row.alert


class AlertRows:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def live(self, scope: Scope) -> tuple[AlertRow, ...]:
        """Alerts of the scope that have not ended."""
        return tuple(_row(row) for row in self._connection.execute(LIVE_OF_SCOPE, {"scope": scope}))

    def live_scopes(self) -> tuple[Scope, ...]:
        """Scopes that have an alert which has not ended."""
        statement = select(alert.c.scope).where(LIVE).distinct().order_by(alert.c.scope)
        return tuple(self._connection.execute(statement).scalars())

    def all_live(self) -> tuple[AlertRow, ...]:
        """Newest first."""
        return self._rows(select(alert).where(LIVE).order_by(alert.c.since.desc()))

    def ringing(self) -> dict[Severity, int]:
        """How many alerts fire, by severity."""
        statement = (
            select(alert.c.severity, func.count().label("rows"))
            .where(LIVE, alert.c.state == AlertState.FIRING)
            .group_by(alert.c.severity)
        )
        return {Severity(row.severity): row.rows for row in self._connection.execute(statement)}

    def listed(
        self, *, states: Collection[AlertState] = (), limit: int = 1000
    ) -> tuple[AlertRow, ...]:
        """Newest first; of all states when none is named."""
        statement = select(alert)
        if states:
            statement = statement.where(alert.c.state.in_(states))
        return self._rows(statement.order_by(alert.c.since.desc(), alert.c.id.desc()).limit(limit))

    def orders_in_need(self) -> int:
        """How many orders ring for something that is to be done: what people are told as “8 need
        you”.
        """
        statement = select(func.count(func.distinct(alert.c.order_key))).where(
            LIVE, alert.c.state == AlertState.FIRING, alert.c.severity != Severity.INFO
        )
        return int(self._connection.execute(statement).scalar_one())

    def worst_first(
        self, wanted: AlertFilter = EVERYTHING_LIVE, *, limit: int = 200
    ) -> tuple[tuple[AlertRow, ...], int]:
        """What is listed, and how many more there are: live alerts by severity, those nobody has
        answered first, the next due first; with `ended` also those that are over, newest first.
        These are not counted beyond the page: where there are more, one stands for them.

        A critical one that lives is never left out, whatever the limit.
        """
        before = None if wanted.after is None else self.get(wanted.after)
        live = self._live_places(wanted, before)
        critical = sum(-place[0] == Severity.CRITICAL.rank for place in live)
        shown = [-place[-1] for place in live[: max(limit, critical)]]
        rows, left = self._by_number(shown), len(live) - len(shown)
        if not wanted.ended:
            return rows, left
        room = max(0, limit - len(rows))
        past = self._past(wanted, before, room + 1)
        return (*rows, *past[:room]), left + len(past[room:])

    def _live_places(self, wanted: AlertFilter, before: AlertRow | None) -> list[Place]:
        """Where each of the live ones stands in the list, from the worst."""
        light = (alert.c.id, alert.c.severity, alert.c.state, alert.c.due_at, alert.c.since)
        statement = select(*light).where(*of_alerts(wanted, live=True))
        places = sorted(_place(row) for row in self._connection.execute(statement))
        if before is None:
            return places
        if before.alert.state.ended:
            return []
        return places[bisect_right(places, _place_of(before)) :]

    def _past(
        self, wanted: AlertFilter, before: AlertRow | None, limit: int
    ) -> tuple[AlertRow, ...]:
        statement = select(alert).where(*of_alerts(wanted, live=False))
        if before is not None and before.alert.state.ended:
            since = before.alert.since
            older = and_(alert.c.since == since, alert.c.id < before.id)
            statement = statement.where(alert.c.since <= since, or_(alert.c.since < since, older))
        return self._rows(statement.order_by(alert.c.since.desc(), alert.c.id.desc()).limit(limit))

    def _by_number(self, numbers: Sequence[int]) -> tuple[AlertRow, ...]:
        """In the order of the numbers."""
        found: dict[int, AlertRow] = {}
        for start in range(0, len(numbers), PART):
            part = numbers[start : start + PART]
            found |= {row.id: row for row in self._rows(select(alert).where(alert.c.id.in_(part)))}
        return tuple(found[number] for number in numbers)

    def states(self) -> dict[AlertState, int]:
        """How many live alerts there are in each state."""
        statement = select(alert.c.state, func.count().label("rows")).where(LIVE)
        found = self._connection.execute(statement.group_by(alert.c.state))
        return {AlertState(row.state): row.rows for row in found}

    def get(self, number: int) -> AlertRow | None:
        rows = self._rows(select(alert).where(alert.c.id == number))
        return rows[0] if rows else None

    def of_order(self, key: str) -> tuple[AlertRow, ...]:
        """Oldest first, ended ones too."""
        return self._rows(
            select(alert).where(alert.c.order_key == key).order_by(alert.c.since, alert.c.id)
        )

    def put(self, one: Alert, scope: Scope, subject: Subject) -> AlertRow:
        """Write the alert under its (rule, about, subject, episode)."""
        values = {
            "rule": one.rule,
            "about": one.about,
            "subject": one.subject,
            "episode": one.episode,
            "scope": scope,
            "state": one.state,
            "severity": one.severity,
            "since": one.since,
            "fired_at": one.fired_at,
            "resolved_at": one.resolved_at,
            "next_at": one.next_at,
            "due_at": one.due_at,
            "order_key": one.order,
            "payload": alert_to_json(one),
            "facts": subject_to_json(subject),
        }
        key = ("rule", "about", "subject", "episode")
        number = upsert(self._connection, alert, values, by=key, returning="id")
        return AlertRow(id=int(number), scope=scope, alert=one, subject=subject)

    # what is to be said

    def say(self, row: AlertRow, one: Announcement, *, at: datetime, batch: str) -> int:
        values = {
            "alert": row.id,
            "cause": one.cause,
            "groups": list(one.groups),
            "delivery": int(one.delivery),
            "at": at,
            "not_before": one.not_before,
            "batch": batch,
            "state": "waiting",
        }
        return int(add(self._connection, announcement, values, returning="id"))

    def waiting(self, until: datetime) -> tuple[AnnouncementRow, ...]:
        """What may be said by then, oldest first."""
        return self._announcements(WAITING, announcement.c.not_before <= until)

    def waiting_in(self, batch: str) -> tuple[AnnouncementRow, ...]:
        """Everything of one batch, whatever time it waits for."""
        return self._announcements(WAITING, announcement.c.batch == batch)

    def next_waiting(self) -> datetime | None:
        statement = select(func.min(announcement.c.not_before)).where(WAITING)
        found: datetime | None = self._connection.execute(statement).scalar_one_or_none()
        return found

    def said_with(self, number: int) -> tuple[AnnouncementRow, ...]:
        """What went out as message `number`."""
        return self._announcements(announcement.c.message == number)

    def sent_since(self, since: datetime) -> tuple[tuple[AnnouncementRow, datetime], ...]:
        """What really reached a target since then, and when it first did, oldest first."""
        statement = (
            select(outbox.c.message, func.min(outbox.c.sent_at).label("at"))
            .where(outbox.c.state == "sent", outbox.c.sent_at >= since)
            .group_by(outbox.c.message)
        )
        times = {row.message: row.at for row in self._connection.execute(statement)}
        return tuple(
            (row, times[row.message])
            for row in self._announcements(announcement.c.message.is_not(None))
            if row.message in times
        )

    def messages_after(self, number: int, limit: int) -> tuple[int, ...]:
        """Numbers of messages later than `number`, oldest first."""
        statement = select(message.c.id).where(message.c.id > number).order_by(message.c.id)
        return tuple(self._connection.execute(statement.limit(limit)).scalars())

    def newest_message(self) -> int:
        """The number of the last message; 0 when there was none."""
        statement = select(func.coalesce(func.max(message.c.id), 0))
        return int(self._connection.execute(statement).scalar_one())

    def said_of(self, number: int) -> tuple[AnnouncementRow, ...]:
        """What went out about the alert, oldest first."""
        return self._announcements(
            announcement.c.alert == number, announcement.c.message.is_not(None)
        )

    def last_message(self) -> datetime | None:
        """When the last message was made."""
        found: datetime | None = self._connection.execute(
            select(func.max(message.c.at))
        ).scalar_one_or_none()
        return found

    def new_message(self, at: datetime, kind: str) -> int:
        return int(add(self._connection, message, {"at": at, "kind": kind}, returning="id"))

    def said(self, numbers: Sequence[int], message_number: int) -> None:
        statement = update(announcement).where(announcement.c.id.in_(numbers))
        self._connection.execute(statement.values(state="said", message=message_number))

    def void(self, numbers: Iterable[int]) -> None:
        """No longer true, or said otherwise: not to be said."""
        statement = update(announcement).where(announcement.c.id.in_(tuple(numbers)))
        self._connection.execute(statement.values(state="void"))

    # when to look again

    def wake(self, scope: Scope, at: datetime | None) -> None:
        """Judge the scope again then; None: not before something new is known of it."""
        if at is None:
            self._connection.execute(delete(wake).where(wake.c.scope == scope))
        else:
            upsert(self._connection, wake, {"scope": scope, "at": at})

    def due(self, now: datetime, limit: int = 100) -> tuple[Scope, ...]:
        """Scopes to be judged again, the longest due first."""
        statement = (
            select(wake.c.scope)
            .where(wake.c.at <= now)
            .order_by(wake.c.at, wake.c.scope)
            .limit(limit)
        )
        return tuple(self._connection.execute(statement).scalars())

    def postpone(self, mailbox_id: str, scope: Scope) -> None:
        """The history of this mailbox touched the scope: judge it when that has been read."""
        add(self._connection, unjudged, {"mailbox": mailbox_id, "scope": scope})

    def postponed(self, mailbox_id: str, limit: int) -> tuple[Scope, ...]:
        statement = (
            select(unjudged.c.scope)
            .where(unjudged.c.mailbox == mailbox_id)
            .order_by(unjudged.c.scope)
        )
        return tuple(self._connection.execute(statement.limit(limit)).scalars())

    def judged(self, mailbox_id: str, scopes: Sequence[Scope]) -> None:
        """These need no longer wait for the end of the history."""
        statement = delete(unjudged).where(
            unjudged.c.mailbox == mailbox_id, unjudged.c.scope.in_(scopes)
        )
        self._connection.execute(statement)

    def next_wake(self) -> datetime | None:
        found: datetime | None = self._connection.execute(
            select(func.min(wake.c.at))
        ).scalar_one_or_none()
        return found

    def _rows(self, statement: Select[Any]) -> tuple[AlertRow, ...]:
        return tuple(_row(row) for row in self._connection.execute(statement))

    def _announcements(self, *conditions: Any) -> tuple[AnnouncementRow, ...]:
        statement = (
            select(
                announcement.c.id.label("number"),
                announcement.c.cause,
                announcement.c.groups,
                announcement.c.delivery,
                announcement.c.at,
                announcement.c.not_before,
                announcement.c.batch,
                announcement.c.message,
                *(column for column in alert.c),
            )
            .join(alert, alert.c.id == announcement.c.alert)
            .where(*conditions)
            .order_by(announcement.c.not_before, announcement.c.id)
        )
        return tuple(
            AnnouncementRow(
                id=row.number,
                row=_row(row),
                cause=Cause(row.cause),
                groups=tuple(row.groups),
                delivery=Timing(row.delivery),
                at=row.at,
                not_before=row.not_before,
                batch=row.batch,
                message=row.message,
            )
            for row in self._connection.execute(statement)
        )


def _row(row: Any) -> AlertRow:
    return AlertRow(
        id=row.id, scope=row.scope, alert=alert_from_row(row), subject=subject_from_row(row)
    )


def _place(row: Any) -> Place:
    """By severity, unanswered ones first, the next due first, then the newest."""
    due = row.due_at
    return (
        -Severity(row.severity).rank,
        row.state != AlertState.FIRING,
        due is None,
        due.timestamp() if due else 0,
        -row.since.timestamp(),
        -row.id,
    )


def _place_of(row: AlertRow) -> Place:
    one = row.alert
    due = one.due_at
    return (
        -one.severity.rank,
        one.state is not AlertState.FIRING,
        due is None,
        due.timestamp() if due else 0,
        -one.since.timestamp(),
        -row.id,
    )

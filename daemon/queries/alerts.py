"""Alerts as rows, in the words they are told in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Any

from daemon.push.sanitize import sanitized
from daemon.queries.times import iso
from daemon.queries.wanted import ListingError, Wanted
from daemon.store.alerts import AlertRow, AnnouncementRow
from daemon.store.filters import AlertFilter
from daemon.store.ledger import Ledger
from orders.deadlines.policy import Policy, load
from orders.facts.stake import Worth
from parsers.errors import OrderbellError
from rules.alert import AlertState, Cause
from rules.rulebook import Rule, Rulebook
from rules.wording import AlertParts, AlertText, Listener, parts, write

NO_PARTS = AlertParts(body="", advice="", read_in="")


class UnknownAlertError(OrderbellError):
    """No alert has that number, or no open one, and no order of that number has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """In whose words and zone alerts are told."""

    book: Rulebook
    language: str
    zone: tzinfo
    now: datetime
    contact: Mapping[str, str] = field(default_factory=dict)
    worth: Worth = field(default_factory=Worth)
    policy: Policy = field(default_factory=load)

    def text(self, row: AlertRow, cause: Cause = Cause.FIRING) -> AlertText:
        """Title and body as they go out; the rule's id alone when that rule is no more."""
        rule = self._rule(row)
        if rule is None:
            return AlertText(title=row.alert.rule, body="")
        return write(rule, sanitized(row.subject), row.alert, cause, self._listener)

    def parts(self, row: AlertRow) -> AlertParts:
        """What is so, what to do, and in which mail it stands."""
        rule = self._rule(row)
        if rule is None:
            return NO_PARTS
        return parts(rule, sanitized(row.subject), row.alert, self._listener)

    def at(self, now: datetime) -> "Teller":
        """The same at another time."""
        return replace(self, now=now)

    @property
    def _listener(self) -> Listener:
        return Listener(
            language=self.language,
            zone=self.zone,
            now=self.now,
            contact=self.contact,
            worth=self.worth,
        )

    def _rule(self, row: AlertRow) -> Rule | None:
        try:
            return self.book.rule(row.alert.rule)
        except KeyError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertList:
    rows: list[dict[str, Any]]
    more: int
    """How many there are besides; of those that have ended, one stands for all."""
    next: str
    """What is given as `after` to go on; empty at the end."""


def listed_alerts(ledger: Ledger, teller: Teller, wanted: Wanted) -> AlertList:
    """The worst first, never without a critical one; those that have ended too where they are asked
    for. Raises ListingError.
    """
    states = wanted.statuses
    asked = AlertFilter(
        ended=wanted.over_too or any(AlertState(state).ended for state in states),
        states=states,
        since=wanted.since,
        shop=wanted.shop,
        text=wanted.search,
        after=_number(wanted.after),
    )
    rows, more = ledger.alerts.worst_first(asked, limit=wanted.limit)
    return AlertList(
        rows=[alert_row(row, teller) for row in rows],
        more=more,
        next=str(rows[-1].id) if more and rows else "",
    )


def _number(after: str) -> int | None:
    if after and not after.isdecimal():
        raise ListingError(f"no place in the list: {after!r}", "take it from the end of a page")
    return int(after) if after else None


def _last_pushed(said: Sequence[AnnouncementRow]) -> AnnouncementRow | None:
    return next((one for one in reversed(said) if one.cause is not Cause.RESOLVED), None)


def whole_alert(ledger: Ledger, teller: Teller, number: int) -> dict[str, Any]:
    """One alert, past ones too: as it was last pushed, and what became of each message.

    Raises UnknownAlertError.
    """
    row = ledger.alerts.get(number)
    if row is None:
        raise UnknownAlertError(f"no alert has the number {number}", "orderbell alerts --all")
    said = ledger.alerts.said_of(number)
    last = _last_pushed(said)
    text = teller.at(_at(ledger, last)).text(row, last.cause) if last else teller.text(row)
    return alert_row(row, teller) | {
        "about": row.alert.about,
        "resolved_at": iso(row.alert.resolved_at, teller.zone),
        "snoozed_until": iso(row.alert.snoozed_until, teller.zone),
        "message": {"title": text.title, "body": text.body},
        "pushed": [push for one in said for push in _pushed(ledger, one, teller.zone)],
    }


def open_alerts(ledger: Ledger, wanted: Iterable[str]) -> list[AlertRow]:
    """Live alerts by their numbers or those of their orders. Raises UnknownAlertError."""
    live = ledger.alerts.all_live()
    rows: dict[int, AlertRow] = {}
    for word in wanted:
        hits = [row for row in live if word in (str(row.id), *row.alert.orders)]
        if not hits:
            raise UnknownAlertError(f"no alert {word!r} is open", "orderbell alerts lists them")
        rows |= {row.id: row for row in hits}
    return list(rows.values())


def alert_row(row: AlertRow, teller: Teller) -> dict[str, Any]:
    """One alert in the words of now."""
    alert, told = row.alert, teller.parts(row)
    return {
        "alert": row.id,
        "rule": alert.rule,
        "severity": alert.severity.value,
        "state": alert.state.value,
        "title": teller.text(row).title,
        "body": told.body,
        "advice": told.advice,
        "read_in": told.read_in,
        "orders": list(alert.orders),
        "since": iso(alert.since, teller.zone),
        "due_at": iso(alert.due_at or row.subject.due_at, teller.zone),
        "mails": list(alert.mails),
    }


def _at(ledger: Ledger, said: AnnouncementRow) -> datetime:
    """When it went out: its message's time."""
    rows = _outbox(ledger, said)
    return rows[0].created_at if rows else said.at


def _pushed(ledger: Ledger, said: AnnouncementRow, zone: tzinfo) -> Sequence[dict[str, Any]]:
    return [
        {
            "at": iso(row.sent_at or row.created_at, zone),
            "cause": said.cause.value,
            "target": row.target,
            "state": row.state.value,
            "message": row.message,
        }
        for row in _outbox(ledger, said)
    ]


def _outbox(ledger: Ledger, said: AnnouncementRow) -> Sequence[Any]:
    return ledger.outbox.of_message(said.message) if said.message is not None else ()

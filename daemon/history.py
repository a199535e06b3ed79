"""What rules would have sent for the mails the ledger holds: its own history under a virtual
clock.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, tzinfo
from functools import partial
from typing import Any

from daemon.pipeline.setup import Setup
from daemon.replay import Filed, Scenario, replay
from daemon.store.ledger import Ledger
from daemon.worker.reading import Reader
from orders.event import Source
from parsers.frame import Frame
from rules.alert import Cause, Severity
from rules.difference import Sending, beside, compare
from rules.rulebook import Rulebook

BY_HAND = (Source.NOTE, Source.IMPORT, Source.ASSIGNMENT)
"""What no mail tells; mails are read again, and corrections follow from that."""


def would_send(
    ledger: Ledger, setup: Setup, reads: Reader, *, since: datetime, until: datetime
) -> list[Sending]:
    """What the rules of the set-up would have sent from `since` to `until`, oldest first."""
    frames = {box.id: setup.frame(box.id) for box in setup.mailboxes}
    frame = next(iter(frames.values()), Frame(zone=setup.zone))
    told = [event for event in ledger.all_events() if event.source in BY_HAND]
    target = setup.targets[0] if setup.targets else None
    scenario = Scenario(mails=tuple(_stored(ledger, frames)), orders=told, until=until)
    rung = replay(scenario, setup, reads, frame, target)
    return [
        Sending(
            at=alert.at,
            rule=alert.rule,
            subject=",".join(alert.orders),
            cause=Cause(alert.state),
            severity=Severity(alert.severity),
            title=alert.title,
        )
        for alert in rung
        if alert.at >= since
    ]


def would_ring(
    ledger: Ledger, setup: Setup, reads: Reader, name: str, *, since: datetime, until: datetime
) -> list[Sending]:
    """What one rule alone would have sent, oldest first. Raises KeyError when there is none."""
    alone = replace(setup, rulebook=Rulebook(rules=(setup.rulebook.rule(name),)))
    return would_send(ledger, alone, reads, since=since, until=until)


def really_sent(ledger: Ledger, since: datetime) -> list[Sending]:
    """What has reached a target since then, as the outbox says; titles are not kept apart there."""
    return [
        Sending(
            at=at,
            rule=row.alert.rule,
            subject=",".join(row.alert.orders),
            cause=row.cause,
            severity=row.alert.severity,
        )
        for row, at in ledger.alerts.sent_since(since)
    ]


def difference_rows(
    before: Iterable[Sending], after: Iterable[Sending], sent: Iterable[Sending], zone: tzinfo
) -> list[dict[str, Any]]:
    """What two sets of rules would have sent, and what really was, beside one another; by time."""
    difference = compare(before, after)
    sides = {
        "both": difference.both,
        "rules in effect": difference.only_before,
        "candidate": difference.only_after,
    }
    times, others = beside([sending for side in sides.values() for sending in side], sent)
    rows = [
        {
            "at": _minute(sending.at, zone),
            "rule": sending.rule,
            "severity": sending.severity.value,
            "state": sending.cause.value,
            "title": sending.title,
            "sent_by": who,
            "sent_at": _minute(times[sending], zone) if sending in times else None,
        }
        for who, side in (*sides.items(), ("neither", others))
        for sending in side
    ]
    return sorted(rows, key=lambda row: str(row["at"]))


def _minute(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).isoformat(timespec="minutes")


def _stored(ledger: Ledger, frames: dict[str, Frame]) -> Iterator[Filed]:
    """Every mail with its text, to be read as those of its mailbox are."""
    for number in ledger.mails.kept():
        row = ledger.mails.get(number)
        load, frame = partial(_raw, ledger, number), frames.get(row.place.mailbox)
        yield Filed(name=str(number), at=row.arrived, load=load, frame=frame)


def _raw(ledger: Ledger, number: int) -> bytes:
    return ledger.mails.raw(number) or b""

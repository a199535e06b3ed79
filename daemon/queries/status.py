"""How the service is: what it knows, and what keeps it from its work."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from daemon.settings import Settings
from daemon.store.ledger import Ledger
from daemon.store.lock import holder
from daemon.store.state import BROKER_TROUBLE
from parsers.notice import Outcome
from rules.alert import AlertState

MISSED_POLLS = 3
"""So many polls may be missed before a mailbox counts as not read."""
AT_LEAST = timedelta(minutes=30)


class Area(StrEnum):
    """What can be looked at, and what a problem is with."""

    PROGRAM = "program"
    CLOCK = "clock"
    CONFIGURATION = "configuration"
    PACKS = "packs"
    RULES = "rules"
    LEDGER = "ledger"
    DISK = "disk"
    MAILBOX = "mailbox"
    TARGETS = "targets"
    TARGET = "target"
    SERVICE = "service"
    BACKUP = "backup"
    MQTT = "mqtt"
    READING = "reading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    area: Area
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    mailboxes: dict[str, datetime | None]
    """Mailbox → when it was last read."""
    orders: int
    in_need: int
    """Orders that ring for something to be done."""
    firing: int
    acked: int
    unread: int
    """Marketplace mails that were not understood."""
    waiting: int
    """Messages not delivered yet."""
    problems: tuple[Problem, ...]


def status(ledger: Ledger, settings: Settings, state: Path, now: datetime) -> Status:
    """`state` is the folder of the ledger, whose lock says whether a service runs."""
    rows = {row.id: row for row in ledger.mailboxes.all()}
    live = ledger.alerts.states()
    return Status(
        mailboxes={
            box.id: rows[box.id].last_ok_at if box.id in rows else None
            for box in settings.mailboxes
        },
        orders=ledger.orders.count(),
        in_need=ledger.alerts.orders_in_need(),
        firing=live.get(AlertState.FIRING, 0),
        acked=live.get(AlertState.ACKED, 0),
        unread=ledger.mails.outcome_count(Outcome.UNREAD),
        waiting=sum(ledger.outbox.waiting(target.id) for target in settings.targets),
        problems=(
            *_service(state),
            *_mailboxes(ledger, settings, now),
            *_targets(ledger, settings),
            *_broker(ledger, settings),
        ),
    )


def _service(state: Path) -> Iterator[Problem]:
    if holder(state) is None:
        what = "the service is not running; try: systemctl status orderbell, or orderbell run"
        yield Problem(area=Area.SERVICE, what=what)


def _mailboxes(ledger: Ledger, settings: Settings, now: datetime) -> Iterator[Problem]:
    rows = {row.id: row for row in ledger.mailboxes.all()}
    patience = max(AT_LEAST, settings.poll * MISSED_POLLS)
    for box in settings.mailboxes:
        row = rows.get(box.id)
        if row is not None and row.failing_since is not None:
            yield Problem(area=Area.MAILBOX, what=f"mailbox {box.id}: {row.last_error}")
        elif row is None or row.last_ok_at is None or now - row.last_ok_at > patience:
            what = f"mailbox {box.id} was not read for a long time; see the log"
            yield Problem(area=Area.MAILBOX, what=what)


def _targets(ledger: Ledger, settings: Settings) -> Iterator[Problem]:
    for target in settings.targets:
        row = ledger.outbox.target(target.id)
        if row.failures:
            waiting = ledger.outbox.waiting(target.id)
            what = f"target {target.id} fails: {row.last_error}; {waiting} messages wait for it"
            yield Problem(area=Area.TARGET, what=what)


def _broker(ledger: Ledger, settings: Settings) -> Iterator[Problem]:
    noted = ledger.state.get(BROKER_TROUBLE) if settings.mqtt else None
    if noted is not None and noted.value:
        yield Problem(area=Area.MQTT, what=f"mqtt: {noted.value}")

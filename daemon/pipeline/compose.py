"""What waits to be said becomes messages: joined, worded for each target, and put into its
outbox.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from daemon.pipeline.evaluate import DIGEST, worst
from daemon.pipeline.setup import Setup
from daemon.push.sanitize import sanitized
from daemon.settings import Target
from daemon.store.alerts import AnnouncementRow
from daemon.store.ledger import Ledger
from rules import wording
from rules.alert import AlertState, Cause, Severity
from rules.wording import AlertText

HISTORY = "history:"
OUTAGE = "outage:"
QUIET = "quiet"
WEEK = timedelta(days=7)
TO_ALL = ("history", QUIET)
"""Kinds of messages that are about no alert in particular."""
MANY = 5
"""After an outage, or a night, so many alerts are still told in full; more become a list."""
QUIET_STATES = (AlertState.ACKED, AlertState.SNOOZED, AlertState.SETTLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What goes out at once, to whoever is to hear it."""

    number: int
    at: datetime
    kind: str
    """alerts, digest, outage, history or quiet."""
    said: tuple[AnnouncementRow, ...]


def speak(
    ledger: Ledger, setup: Setup, now: datetime, *, batch: str | None = None
) -> tuple[Message, ...]:
    """Say what is due; with `batch` also all of that batch, whatever it waits for."""
    waiting = ledger.alerts.waiting(now)
    if batch is not None:
        seen = {row.id for row in waiting}
        waiting += tuple(row for row in ledger.alerts.waiting_in(batch) if row.id not in seen)
    waiting = _still_true(ledger, waiting)
    batches: dict[str, list[AnnouncementRow]] = defaultdict(list)
    for row in waiting:
        batches[row.batch].append(row)
    return tuple(_send(ledger, setup, name, rows, now) for name, rows in batches.items())


def tell_history(ledger: Ledger, setup: Setup, mailbox: str, now: datetime) -> tuple[Message, ...]:
    """The one message at the end of the first run; said even when there is nothing to worry
    about.
    """
    messages = speak(ledger, setup, now, batch=HISTORY + mailbox)
    if any(message.kind == "history" for message in messages):
        return messages
    return (*messages, _send(ledger, setup, HISTORY + mailbox, (), now))


def all_is_quiet(ledger: Ledger, setup: Setup, now: datetime) -> tuple[Message, ...]:
    """The weekly sign of life, at the time of the digest, for who wants it."""
    last = ledger.alerts.last_message()
    local = now.astimezone(setup.plan.zone).time()
    if not setup.all_quiet or last is None or now - last < WEEK or local < setup.plan.digest_at:
        return ()
    if any(row.alert.about == "mailbox" for row in ledger.alerts.all_live()):
        return ()  # one of them cannot be read, even if that was acknowledged: not all is well
    return (_send(ledger, setup, QUIET, (), now),)


def word(setup: Setup, row: AnnouncementRow, target: Target | None, now: datetime) -> AlertText:
    """One announcement in the language and zone of the target; without a target, of the user in
    English.
    """
    try:
        rule = setup.rulebook.rule(row.row.alert.rule)
    except KeyError:  # the rule was taken out while its alert was waiting to be told
        return AlertText(title=row.row.alert.rule, body="")
    return wording.write(
        rule,
        sanitized(row.row.subject),
        row.row.alert,
        row.cause,
        language=target.language if target else "en",
        zone=setup.target_zone(target) if target else setup.zone,
        now=now,
        contact=setup.contact,
    )


def key_of(rows: Iterable[AnnouncementRow], kind: str, at: datetime) -> str:
    """The same for the same news, even when it is told again from a restored ledger."""
    names = [
        f"{row.row.alert.rule}|{row.row.alert.subject}|{row.row.alert.episode}|{row.cause}|{row.row.alert.repeats}"
        for row in rows
    ]
    return hashlib.sha256(
        "\n".join([kind, *sorted(names), "" if names else at.isoformat()]).encode()
    ).hexdigest()[:32]


def _still_true(ledger: Ledger, rows: Sequence[AnnouncementRow]) -> tuple[AnnouncementRow, ...]:
    """Without what was overtaken: alerts that have ended, were acknowledged, or wait twice."""
    void = {row.id for row in rows if row.cause is not Cause.RESOLVED and _overtaken(row)}
    last: dict[int, AnnouncementRow] = {}
    for row in rows:
        if row.id in void:
            continue
        other = last.get(row.row.id)
        if other is not None:
            void.add(other.id)
        last[row.row.id] = row
    if void:
        ledger.alerts.void(void)
    return tuple(row for row in rows if row.id not in void)


def _overtaken(row: AnnouncementRow) -> bool:
    state = row.row.alert.state
    return state.ended or state in QUIET_STATES


def _send(
    ledger: Ledger, setup: Setup, batch: str, rows: Sequence[AnnouncementRow], now: datetime
) -> Message:
    kind = _kind(batch)
    number = ledger.alerts.new_message(now, kind)
    ledger.alerts.said([row.id for row in rows], number)
    key = key_of(rows, kind, now)
    everyone = tuple(target.id for target in setup.targets)
    for name in everyone if kind in TO_ALL else _hearers(setup, rows):
        target = setup.target(name)
        told = [row for row in rows if name in _hearers(setup, [row])]
        if not told and kind not in TO_ALL:
            continue
        text = _text(ledger, setup, batch, told, target, now)
        severity = worst([_weight(row) for row in told] or [Severity.INFO])
        ledger.outbox.add(
            key=key,
            target_id=name,
            message=number,
            severity=severity,
            title=text.title,
            body=text.body,
            now=now,
        )
    return Message(number=number, at=now, kind=kind, said=tuple(rows))


def _weight(row: AnnouncementRow) -> Severity:
    """How loud it is told: that something is over rings like news."""
    return Severity.INFO if row.cause is Cause.RESOLVED else row.row.alert.severity


def _kind(batch: str) -> str:
    if batch.startswith(HISTORY):
        return "history"
    if batch.startswith(OUTAGE):
        return "outage"
    return batch if batch in (DIGEST, QUIET) else "alerts"


def _hearers(setup: Setup, rows: Iterable[AnnouncementRow]) -> tuple[str, ...]:
    """Targets of these announcements; that one fails is told to the others, if there are any."""
    found: dict[str, None] = {}
    for row in rows:
        names = setup.reached(row.groups)
        if row.row.alert.about == "target":
            others = tuple(
                target.id for target in setup.targets if target.id != row.row.alert.subject
            )
            names = tuple(name for name in names if name in others) or others or names
        found |= dict.fromkeys(names)
    return tuple(found)


def _text(
    ledger: Ledger,
    setup: Setup,
    batch: str,
    rows: Sequence[AnnouncementRow],
    target: Target,
    now: datetime,
) -> AlertText:
    texts = [(_weight(row), word(setup, row, target, now)) for row in rows]
    match _kind(batch):
        case "history":
            mails = ledger.mails.count_marketplace(batch.removeprefix(HISTORY))
            return wording.first_run(
                texts, target.language, mails=mails, orders=ledger.orders.count()
            )
        case "quiet":
            return wording.all_quiet(target.language)
        case "digest" if len(texts) > MANY or all(
            severity is Severity.INFO for severity, _ in texts
        ):
            return wording.digest(texts, target.language)
        case "outage" if len(texts) > MANY:
            return wording.digest(texts, target.language)
        case _:
            return wording.join(texts, target.language)

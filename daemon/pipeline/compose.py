"""What waits to be said becomes messages: joined, worded for each target, and put into its
outbox.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from daemon.pipeline.evaluate import DIGEST, worst
from daemon.pipeline.records import record_of
from daemon.pipeline.setup import Setup
from daemon.pipeline.strangers import is_strangers
from daemon.pipeline.transaction import Transaction
from daemon.push.sanitize import foreign, sanitized
from daemon.settings import Target
from daemon.store.alerts import AnnouncementRow
from daemon.store.ledger import Ledger
from daemon.store.outbox import STRANGE, Outgoing
from daemon.store.state import WEEK_TOLD
from orders.facts.stores import StoreRecord
from parsers.notice import Outcome
from rules import wording
from rules.alert import AlertState, Cause, Severity
from rules.wording import AlertText

HISTORY = "history:"
OUTAGE = "outage:"
QUIET = "quiet"
WEEK = timedelta(days=7)
WEEKLY = (DIGEST, QUIET)
"""Kinds of messages that tell once a week what mail was left out."""
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


def speak(tx: Transaction, *, batch: str | None = None) -> tuple[Message, ...]:
    """Say what is due; with `batch` also all of that batch, whatever it waits for."""
    waiting = tx.ledger.alerts.waiting(tx.now)
    if batch is not None:
        known = {row.id: row for row in (*waiting, *tx.ledger.alerts.waiting_in(batch))}
        waiting = tuple(known.values())
    batches: dict[str, list[AnnouncementRow]] = defaultdict(list)
    for row in _still_true(tx.ledger, waiting):
        batches[row.batch].append(row)
    return tuple(_send(tx, name, rows) for name, rows in batches.items())


def tell_history(tx: Transaction, mailbox: str) -> tuple[Message, ...]:
    """The one message at the end of the first run; said even when there is nothing to worry
    about.
    """
    messages = speak(tx, batch=HISTORY + mailbox)
    if any(message.kind == "history" for message in messages):
        return messages
    return (*messages, _send(tx, HISTORY + mailbox, ()))


def all_is_quiet(tx: Transaction) -> tuple[Message, ...]:
    """The weekly sign of life, at the time of the digest, for who wants it."""
    if not tx.setup.all_quiet or not _is_quiet_hour(tx):
        return ()
    if any(row.alert.about == "mailbox" for row in tx.ledger.alerts.all_live()):
        return ()  # one of them cannot be read, even if that was acknowledged: not all is well
    return (_send(tx, QUIET, ()),)


def _is_quiet_hour(tx: Transaction) -> bool:
    """Nothing was said for a week, and it is late enough in the day to say so."""
    last = tx.ledger.alerts.last_message()
    if last is None or tx.now - last < WEEK:
        return False
    return tx.now.astimezone(tx.setup.plan.zone).time() >= tx.setup.plan.digest_at


def word(
    setup: Setup,
    one: AnnouncementRow,
    target: Target | None,
    now: datetime,
    *,
    language: str = "en",
    record: StoreRecord | None = None,
) -> AlertText:
    """One announcement in the language and zone of the target; without a target, in the zone of
    the user and in `language`.
    """
    try:
        rule = setup.rulebook.rule(one.alert.rule)
    except KeyError:  # the rule was taken out while its alert was waiting to be told
        return AlertText(title=one.alert.rule, body="")
    return wording.write(
        rule,
        sanitized(one.row.subject),
        one.alert,
        one.cause,
        wording.Listener(
            language=target.language if target else language,
            zone=setup.target_zone(target) if target else setup.zone,
            now=now,
            contact=setup.contact,
            worth=setup.plan.worth,
            record=record,
        ),
    )


def key_of(announcements: Iterable[AnnouncementRow], kind: str, at: datetime) -> str:
    """The same for the same news, even when it is told again from a restored ledger."""
    names = [_name_of(one) for one in announcements]
    parts = [kind, *sorted(names), "" if names else at.isoformat()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _name_of(one: AnnouncementRow) -> str:
    alert = one.alert
    return f"{alert.rule}|{alert.subject}|{alert.episode}|{one.cause}|{alert.repeats}"


def _still_true(ledger: Ledger, rows: Sequence[AnnouncementRow]) -> tuple[AnnouncementRow, ...]:
    """Without what was overtaken: alerts that have ended, were acknowledged, or wait twice."""
    true = [row for row in rows if not _overtaken(row)]
    last = {row.row.id: row for row in true}
    kept = tuple(row for row in true if last[row.row.id] is row)
    void = {row.id for row in rows} - {row.id for row in kept}
    if void:
        ledger.alerts.void(void)
    return kept


def _overtaken(one: AnnouncementRow) -> bool:
    if one.cause is Cause.RESOLVED:
        return False
    return one.alert.state.ended or one.alert.state in QUIET_STATES


def _send(tx: Transaction, batch: str, said: Sequence[AnnouncementRow]) -> Message:
    kind = _kind(batch)
    number = tx.ledger.alerts.new_message(tx.now, kind)
    tx.ledger.alerts.said([one.id for one in said], number)
    message = Message(number=number, at=tx.now, kind=kind, said=tuple(said))
    key = key_of(said, kind, tx.now)
    week = _week(tx) if kind in WEEKLY else None
    for target, heard in _by_target(tx.setup, message):
        text = _text(tx, batch, heard, target)
        text = text if week is None else wording.with_week(text, week, target.language)
        out = Outgoing(
            key=STRANGE + key if _is_strange(heard) else key,
            target=target.id,
            message=number,
            severity=worst([_weight(one) for one in heard] or [Severity.INFO]),
            title=text.title,
            body=text.body,
        )
        tx.ledger.outbox.add(out, tx.now)
    return message


def _is_strange(heard: Sequence[AnnouncementRow]) -> bool:
    """Strangers alone are the cause of the message."""
    return bool(heard) and all(is_strangers(one.row.subject) for one in heard)


def _week(tx: Transaction) -> wording.Week | None:
    """What was left out or not understood, told once a week."""
    told, since = tx.ledger.state.get(WEEK_TOLD), tx.now - WEEK
    if told is not None and told.at > since:
        return None
    rows = tx.ledger.mails.dull(since=since)
    new: Counter[str] = Counter()
    for row in rows:
        if row.first >= since:
            new[foreign(row.sender)] += row.mails
    unread = tx.ledger.mails.arrived_since(Outcome.UNREAD, since)
    if not rows and not unread:
        return None
    tx.ledger.state.set(WEEK_TOLD, tx.now, True)
    return wording.Week(
        dull=sum(row.mails for row in rows), unread=unread, new=tuple(new.most_common())
    )


def _by_target(
    setup: Setup, message: Message
) -> Iterator[tuple[Target, tuple[AnnouncementRow, ...]]]:
    """Every target that hears of it, and what it hears."""
    to_all = message.kind in TO_ALL
    everyone = tuple(target.id for target in setup.targets)
    for name in everyone if to_all else _hearers(setup, message.said):
        heard = tuple(one for one in message.said if name in _hearers(setup, [one]))
        if heard or to_all:
            yield setup.target(name), heard


def _weight(one: AnnouncementRow) -> Severity:
    """How loud it is told: that something is over rings like news."""
    return Severity.INFO if one.cause is Cause.RESOLVED else one.alert.severity


def _kind(batch: str) -> str:
    if batch.startswith(HISTORY):
        return "history"
    if batch.startswith(OUTAGE):
        return "outage"
    return batch if batch in (DIGEST, QUIET) else "alerts"


def _hearers(setup: Setup, said: Iterable[AnnouncementRow]) -> tuple[str, ...]:
    """Ids of the targets of these announcements."""
    return tuple(dict.fromkeys(name for one in said for name in _hearers_of(setup, one)))


def _hearers_of(setup: Setup, one: AnnouncementRow) -> tuple[str, ...]:
    """That a target fails is told to the others, if there are any."""
    names = setup.reached(one.groups)
    if one.alert.about != "target":
        return names
    others = tuple(target.id for target in setup.targets if target.id != one.alert.subject)
    return tuple(filter(others.__contains__, names)) or others or names


def _records(
    tx: Transaction, said: Sequence[AnnouncementRow]
) -> dict[str | None, StoreRecord | None]:
    """By the order that an alert is about."""
    return {
        key: record_of(tx.ledger, key, tx.setup.policy, tx.setup.zone, tx.now)
        for key in {one.alert.order for one in said if one.alert.severity is not Severity.INFO}
    }


def _worded(
    tx: Transaction, said: Sequence[AnnouncementRow], target: Target
) -> list[tuple[Severity, AlertText]]:
    """Each with how loud it is; where there are many, without what is known of the store."""
    records = {} if len(said) > MANY else _records(tx, said)
    return [
        (_weight(one), word(tx.setup, one, target, tx.now, record=records.get(one.alert.order)))
        for one in said
    ]


def _text(
    tx: Transaction, batch: str, said: Sequence[AnnouncementRow], target: Target
) -> AlertText:
    many = len(said) > MANY
    texts = _worded(tx, said, target)
    match _kind(batch):
        case "history":
            mails = tx.ledger.mails.count_marketplace(batch.removeprefix(HISTORY))
            orders = tx.ledger.orders.count()
            in_need = tx.ledger.alerts.orders_in_need()
            counts = wording.Counts(mails=mails, orders=orders, in_need=in_need)
            return wording.first_run(texts, target.language, counts)
        case "quiet":
            return wording.all_quiet(target.language)
        case "digest" if many or {severity for severity, _ in texts} <= {Severity.INFO}:
            return wording.digest(texts, target.language)
        case "outage" if many:
            return wording.digest(texts, target.language)
        case _:
            return wording.join(texts, target.language)

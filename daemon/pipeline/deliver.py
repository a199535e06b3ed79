"""Messages leave the outbox: claimed, sent, marked; folded together when many had to wait."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from daemon.pipeline import strangers
from daemon.pipeline.acknowledge import firing
from daemon.pipeline.compose import speak
from daemon.pipeline.evaluate import look, worst
from daemon.pipeline.scopes import target_scope
from daemon.pipeline.setup import Setup
from daemon.pipeline.transaction import Transaction, transaction
from daemon.push.address import monthly
from daemon.push.delivery import Delivery, SendOutcome, SendResult, next_try
from daemon.secrets import SecretError, resolve
from daemon.settings import Target
from daemon.store.alerts import AnnouncementRow
from daemon.store.outbox import OutboxRow, OutboxState, Outgoing
from daemon.store.state import allowance
from daemon.store.store import Store
from rules import wording
from rules.alert import Cause, Severity
from rules.wording import AlertText

Send = Callable[[Delivery], SendResult]

STALE = timedelta(minutes=30)
"""What has waited so long goes out as one list, and only where it is still true."""
HOUR = timedelta(hours=1)
PERHAPS = {"en": " (maybe a repeat)", "ja": "（再送の可能性あり）"}
FOLD = "fold-"
"""How the key of a list of messages begins."""
NO_LONGER = "it was no longer true when it could be sent"


def recover(store: Store, setup: Setup, now: datetime) -> int:
    """Rows whose sender died between the call and its mark: nobody knows whether they went out. How
    many.
    """
    with transaction(store, setup, now) as tx:
        rows = tx.ledger.outbox.left_sending()
        for row in rows:
            _unsure(tx, row, "the service ended while it was sent", now)
    return len(rows)


def send_next(
    store: Store, setup: Setup, send: Send, target_id: str, clock: Callable[[], datetime]
) -> SendResult | None:
    """Send the next due message of the target; None when there is none.

    The claim is committed before the call, so that a message is lost by no crash and doubled only
    where the answer was.
    """
    now = clock()
    try:
        target = setup.target(target_id)
    except KeyError:
        _give_up(store, target_id, now)
        return None
    with transaction(store, setup, now) as tx:
        row = _claim(tx, target)
        asks = row is not None and target.answers is not None and _rings(tx, row)
    if row is None:
        return None
    result, allowed = _deliver(send, row, target, asks=asks)
    with transaction(store, setup, clock()) as tx:
        _mark(tx, row, result, allowed)
    return result


def _rings(tx: Transaction, row: OutboxRow) -> bool:
    """Whether the message tells of an alert that nobody has answered yet."""
    return bool(firing(tx.ledger, row.message))


def _claim(tx: Transaction, target: Target) -> OutboxRow | None:
    outbox = tx.ledger.outbox
    # Nobody else sends to this target: the mark of such a row was lost.
    for row in outbox.left_sending(target.id):
        _unsure(tx, row, "what became of it could not be written down", tx.now)
    rows = _due(tx, target)
    free_at = _free_at(tx, target)
    own = [row for row in rows if not row.strange]
    return _claim_of(tx, target, own, free_at) or _claim_strange(
        tx, target, [row for row in rows if row.strange], free_at
    )


def _claim_of(
    tx: Transaction, target: Target, rows: Sequence[OutboxRow], free_at: datetime | None
) -> OutboxRow | None:
    """The next of these, or a list of those that had to wait; `free_at`: the target had its share
    of this hour until then.
    """
    if not rows:
        return None
    if free_at is not None:
        return _claim_urgent(tx, rows, free_at)
    late = [row for row in rows if _has_waited(row, tx.now)]
    return tx.ledger.outbox.claim(_fold(tx, target, late) if len(late) > 1 else rows[0].id)


def _claim_strange(
    tx: Transaction, target: Target, rows: Sequence[OutboxRow], free_at: datetime | None
) -> OutboxRow | None:
    """The same of what strangers cause: they have a share of their own, and nothing of it is
    urgent beyond that.
    """
    if not rows:
        return None
    until = strangers.free_at(tx, target)
    if until is None:
        return _claim_of(tx, target, rows, free_at)
    for row in rows:
        tx.ledger.outbox.hold_back(row.id, until)
    return None


def _due(tx: Transaction, target: Target) -> tuple[OutboxRow, ...]:
    due = tx.ledger.outbox.due_for(target.id, tx.now)
    return tuple(row for row in due if not _expired(tx, row))


def _claim_urgent(
    tx: Transaction, rows: Sequence[OutboxRow], free_at: datetime
) -> OutboxRow | None:
    """The target had its share of this hour: only what is critical goes out, the rest waits."""
    urgent = [row for row in rows if row.severity == Severity.CRITICAL]
    for row in rows:
        if row not in urgent:
            tx.ledger.outbox.hold_back(row.id, free_at)
    return tx.ledger.outbox.claim(urgent[0].id) if urgent else None


def _has_waited(row: OutboxRow, now: datetime) -> bool:
    return not row.doubt and (row.limited or now - row.created_at > STALE)


def _free_at(tx: Transaction, target: Target) -> datetime | None:
    """When the target may be sent to again, if it had its share of this hour."""
    sent = tx.ledger.outbox.sent_times(target.id, tx.now - HOUR)
    limit = tx.setup.rate_limit
    return sent[-limit] + HOUR if len(sent) >= limit else None


def _expired(tx: Transaction, row: OutboxRow) -> bool:
    """Whether what waited long is no longer true; then it is not sent at all."""
    if tx.now - row.created_at <= STALE or row.severity == Severity.CRITICAL:
        return False
    said = tx.ledger.alerts.said_with(row.message)
    if not said or not all(map(_is_over, said)):
        return False
    tx.ledger.outbox.end(row.id, OutboxState.DEAD, error=NO_LONGER)
    return True


def _fold(tx: Transaction, target: Target, rows: Sequence[OutboxRow]) -> int:
    """Many messages that had to wait become one: a list of their titles."""
    texts = [one for row in rows for one in _titles(row)]
    text = _list_of(texts, target, limited=any(row.limited for row in rows))
    made = tx.ledger.outbox.add(
        Outgoing(
            key=f"{FOLD}{rows[-1].key}",
            target=target.id,
            message=tx.ledger.alerts.new_message(tx.now, "digest"),
            severity=worst(severity for severity, _ in texts),
            title=text.title,
            body=text.body,
        ),
        tx.now,
    )
    for row in rows:
        tx.ledger.outbox.end(row.id, OutboxState.FOLDED)
    return made if made is not None else rows[-1].id


def _list_of(
    texts: Sequence[tuple[Severity, AlertText]], target: Target, *, limited: bool
) -> AlertText:
    """`limited`: the target's limit held them back."""
    text = wording.digest(texts, target.language)
    if not limited:
        return text
    title = wording.rate_limited(len(texts), target.language).title
    return AlertText(title=title, body=text.body)


def _is_over(said: AnnouncementRow) -> bool:
    """It told of something that has ended since."""
    return said.cause is not Cause.RESOLVED and said.alert.state.ended


def _titles(row: OutboxRow) -> list[tuple[Severity, AlertText]]:
    """What the message says, in titles: its own, or those of a list that could not be sent
    either.
    """
    lines = row.body.splitlines() if row.key.startswith(FOLD) else [row.title]
    return [
        (Severity(row.severity), AlertText(title=line.removeprefix(wording.BULLET), body=""))
        for line in lines
    ]


def _deliver(
    send: Send, row: OutboxRow, target: Target, *, asks: bool
) -> tuple[SendResult, int | None]:
    """What became of it, and how many messages a month the target takes, where that is limited."""
    try:
        url = resolve(target.url, what=f"the URL of target {target.id}")
        topic = (
            resolve(target.answers, what=f"the answers of target {target.id}")
            if target.answers and asks
            else ""
        )
    except SecretError as error:
        return SendResult(outcome=SendOutcome.FAILED, reason=str(error), permanent=True), None
    delivery = Delivery(
        target=target.id,
        url=url,
        title=row.title,
        body=row.body,
        severity=row.severity,
        key=row.key,
        note=PERHAPS[target.language] if row.doubt else "",
        topic=topic,
        click=target.click,
    )
    return send(delivery), target.monthly or monthly(url)


def _mark(tx: Transaction, row: OutboxRow, result: SendResult, allowed: int | None) -> None:
    before = tx.ledger.outbox.target(row.target)
    if result.outcome is SendOutcome.SENT:
        tx.ledger.outbox.end(row.id, OutboxState.SENT, sent_at=tx.now)
        tx.ledger.outbox.target_ok(row.target, tx.now)
        if before.failures:  # it works again: what waits need not wait longer
            tx.ledger.outbox.hurry(row.target, tx.now)
    else:
        _mark_failed(tx, row, result)
    _note_allowance(tx, row.target, allowed)
    if allowed or before.failures or result.outcome is not SendOutcome.SENT:
        look(tx, target_scope(row.target))
        speak(tx)


def _note_allowance(tx: Transaction, target: str, allowed: int | None) -> None:
    """How many messages a month the target takes."""
    known = tx.ledger.state.get(allowance(target))
    if (known.value if known else None) != allowed:
        tx.ledger.state.set(allowance(target), tx.now, allowed)


def _mark_failed(tx: Transaction, row: OutboxRow, result: SendResult) -> None:
    again = next_try(row.tries, tx.now, row.severity == Severity.CRITICAL)
    permanent = False
    if result.outcome is SendOutcome.UNSURE:
        _unsure(tx, row, result.reason, again)
    else:
        permanent = result.permanent
        state = OutboxState.NEW if again else OutboxState.DEAD
        tx.ledger.outbox.end(row.id, state, error=result.reason, doubt=row.doubt, next_try_at=again)
    tx.ledger.outbox.target_failed(row.target, tx.now, result.reason, permanent=permanent)


def _unsure(tx: Transaction, row: OutboxRow, reason: str, again: datetime | None) -> None:
    """Send it once more, marked, or leave it, as the target wants it."""
    wish = next((target.unsure for target in tx.setup.targets if target.id == row.target), "skip")
    tx.ledger.outbox.end(
        row.id,
        OutboxState.UNSURE,
        error=reason,
        doubt=True,
        next_try_at=again if wish == "repeat" else None,
    )


def _give_up(store: Store, target_id: str, now: datetime) -> None:
    """The target was taken out of the configuration: its messages go nowhere."""
    with store.write() as ledger:
        for row in ledger.outbox.due_for(target_id, now):
            ledger.outbox.end(
                row.id, OutboxState.DEAD, error="the configuration no longer has this target"
            )

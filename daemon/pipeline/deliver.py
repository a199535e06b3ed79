"""Messages leave the outbox: claimed, sent, marked; folded together when many had to wait."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from daemon.pipeline.acknowledge import firing
from daemon.pipeline.compose import speak
from daemon.pipeline.evaluate import look, worst
from daemon.pipeline.scopes import allowance
from daemon.pipeline.setup import Setup
from daemon.push.address import monthly
from daemon.push.delivery import Delivery, SendOutcome, SendResult, next_try
from daemon.secrets import SecretError, resolve
from daemon.settings import Target
from daemon.store.ledger import Ledger
from daemon.store.outbox import OutboxRow, OutboxState
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
    with store.write() as ledger:
        rows = ledger.outbox.left_sending()
        for row in rows:
            _unsure(ledger, setup, row, "the service ended while it was sent", now)
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
    with store.write() as ledger:
        row = _claim(ledger, setup, target, now)
        asks = row is not None and target.answers is not None and bool(firing(ledger, row.message))
    if row is None:
        return None
    answer, allowed = _deliver(send, row, target, asks=asks)
    with store.write() as ledger:
        _mark(ledger, setup, row, answer, clock(), allowed)
    return answer


def _claim(ledger: Ledger, setup: Setup, target: Target, now: datetime) -> OutboxRow | None:
    for row in ledger.outbox.left_sending(
        target.id
    ):  # nobody else sends to this target: its mark was lost
        _unsure(ledger, setup, row, "what became of it could not be written down", now)
    rows = tuple(
        row for row in ledger.outbox.due_for(target.id, now) if not _expired(ledger, row, now)
    )
    if not rows:
        return None
    free_at = _bucket(ledger, setup, target, now)
    if free_at is not None:
        urgent = [row for row in rows if row.severity == Severity.CRITICAL]
        for row in rows:
            if row not in urgent:
                ledger.outbox.hold_back(row.id, free_at)
        return ledger.outbox.claim(urgent[0].id) if urgent else None
    late = [row for row in rows if not row.doubt and (row.limited or now - row.created_at > STALE)]
    if len(late) > 1:
        return ledger.outbox.claim(_fold(ledger, target, late, now))
    return ledger.outbox.claim(rows[0].id)


def _bucket(ledger: Ledger, setup: Setup, target: Target, now: datetime) -> datetime | None:
    """When the target may be sent to again, if it had its share of this hour."""
    sent = ledger.outbox.sent_times(target.id, now - HOUR)
    return sent[-setup.rate_limit] + HOUR if len(sent) >= setup.rate_limit else None


def _expired(ledger: Ledger, row: OutboxRow, now: datetime) -> bool:
    """Whether what waited long is no longer true; then it is not sent at all."""
    if now - row.created_at <= STALE or row.severity == Severity.CRITICAL:
        return False
    said = ledger.alerts.said_with(row.message)
    if not said or any(
        one.cause is Cause.RESOLVED or not one.row.alert.state.ended for one in said
    ):
        return False
    ledger.outbox.end(row.id, OutboxState.DEAD, error=NO_LONGER)
    return True


def _fold(ledger: Ledger, target: Target, rows: Sequence[OutboxRow], now: datetime) -> int:
    """Many messages that had to wait become one: a list of their titles."""
    texts = [one for row in rows for one in _titles(row)]
    text = wording.digest(texts, target.language)
    if any(row.limited for row in rows):
        text = AlertText(
            title=wording.rate_limited(len(texts), target.language).title, body=text.body
        )
    number = ledger.alerts.new_message(now, "digest")
    made = ledger.outbox.add(
        key=f"{FOLD}{rows[-1].key}",
        target_id=target.id,
        message=number,
        severity=worst(severity for severity, _ in texts),
        title=text.title,
        body=text.body,
        now=now,
    )
    for row in rows:
        ledger.outbox.end(row.id, OutboxState.FOLDED)
    return made if made is not None else rows[-1].id


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
    parcel = Delivery(
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
    return send(parcel), target.monthly or monthly(url)


def _mark(
    ledger: Ledger,
    setup: Setup,
    row: OutboxRow,
    answer: SendResult,
    now: datetime,
    allowed: int | None,
) -> None:
    again = next_try(row.tries, now, row.severity == Severity.CRITICAL)
    before = ledger.outbox.target(row.target)
    match answer.outcome:
        case SendOutcome.SENT:
            ledger.outbox.end(row.id, OutboxState.SENT, sent_at=now)
            ledger.outbox.target_ok(row.target, now)
            if before.failures:
                ledger.outbox.hurry(
                    row.target, now
                )  # it works again: what waits need not wait longer
        case SendOutcome.UNSURE:
            _unsure(ledger, setup, row, answer.reason, again)
            ledger.outbox.target_failed(row.target, now, answer.reason, permanent=False)
        case SendOutcome.FAILED:
            state = OutboxState.NEW if again else OutboxState.DEAD
            ledger.outbox.end(
                row.id, state, error=answer.reason, doubt=row.doubt, next_try_at=again
            )
            ledger.outbox.target_failed(row.target, now, answer.reason, permanent=answer.permanent)
    known = ledger.told(allowance(row.target))
    if (known.value if known else None) != allowed:
        ledger.tell(allowance(row.target), now, allowed)
    if allowed or before.failures or answer.outcome is not SendOutcome.SENT:
        look(ledger, setup, f"target:{row.target}", now)
        speak(ledger, setup, now)


def _unsure(
    ledger: Ledger, setup: Setup, row: OutboxRow, reason: str, again: datetime | None
) -> None:
    """Send it once more, marked, or leave it, as the target wants it."""
    wish = next((target.unsure for target in setup.targets if target.id == row.target), "skip")
    next_try_at = again if wish == "repeat" else None
    ledger.outbox.end(row.id, OutboxState.UNSURE, error=reason, doubt=True, next_try_at=next_try_at)


def _give_up(store: Store, target_id: str, now: datetime) -> None:
    """The target was taken out of the configuration: its messages go nowhere."""
    with store.write() as ledger:
        for row in ledger.outbox.due_for(target_id, now):
            ledger.outbox.end(
                row.id, OutboxState.DEAD, error="the configuration no longer has this target"
            )

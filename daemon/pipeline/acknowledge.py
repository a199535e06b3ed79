"""People answer alerts: an answered alert is written down, and what its phone button says is
read.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal

from daemon.pipeline.compose import speak
from daemon.pipeline.evaluate import look
from daemon.pipeline.setup import Setup
from daemon.pipeline.transaction import Transaction, transaction
from daemon.push.answers import listen
from daemon.secrets import resolve
from daemon.store.alerts import AlertRow
from daemon.store.codec import answer_to_json
from daemon.store.ledger import Ledger
from daemon.store.state import answers
from daemon.store.store import Store
from daemon.store.told import AlertAnswer
from rules.alert import Alert, AlertState
from rules.lifecycle import acknowledge

USED = 200
"""Buttons remembered as pressed: each counts once, whoever repeats what stands in the topic."""


AnswerKind = Literal["ack", "snooze", "resolve"]
To = Callable[[Alert, datetime], Alert]


def answer(
    tx: Transaction, kind: AnswerKind, channel: str, rows: Iterable[AlertRow], to: To
) -> int:
    """Acknowledge, snooze or resolve (see `rules.lifecycle`): `to` makes the changed alert. How
    many changed.

    It is written down how each stood before and after, so that it can be taken back.
    """
    answers = []
    for row in rows:
        changed = to(row.alert, tx.now)
        if changed == row.alert:
            continue
        tx.ledger.alerts.put(changed, row.scope, row.subject)
        look(tx, row.scope)
        speak(tx)
        kept = tx.ledger.alerts.get(row.id)
        after = answer_to_json(kept.alert if kept else changed)
        answers.append(AlertAnswer(alert=row.id, before=answer_to_json(row.alert), after=after))
    if answers:
        tx.ledger.told.add(kind, channel, tx.now, answers=tuple(answers))
    return len(answers)


def firing(ledger: Ledger, message: int) -> tuple[AlertRow, ...]:
    """The alerts that the message told of and that nobody has answered yet."""
    told = {one.row.id: one.row for one in ledger.alerts.said_with(message)}
    return tuple(row for row in told.values() if row.alert.state is AlertState.FIRING)


def hear(store: Store, setup: Setup, target_id: str, clock: Callable[[], datetime]) -> int:
    """Read the topic of the target and do what was answered; how many alerts were acknowledged.

    Raises SecretError, and WebError when the topic cannot be read; then nothing was done.
    """
    target = setup.target(target_id)
    if target.answers is None:
        return 0
    topic = resolve(target.answers, what=f"the answers of target {target_id}")
    url = resolve(target.url, what=f"the URL of target {target_id}")
    with store.read() as ledger:
        kept = ledger.state.get(answers(target_id))
    last, used = (kept.value["last"], kept.value["used"]) if kept else ("", [])
    heard = listen(topic, url, since=last)
    if heard.last == last:
        return 0
    with transaction(store, setup, clock()) as tx:
        new = [key for key in heard.keys if key not in used]
        done = sum(_answered(tx, target_id, key) for key in new)
        written = {"last": heard.last, "used": [*used, *heard.keys][-USED:]}
        tx.ledger.state.set(answers(target_id), tx.now, written)
    return done


def _answered(tx: Transaction, target_id: str, key: str) -> int:
    """Acknowledge what the message with that key told of; how many alerts that is."""
    message = tx.ledger.outbox.with_key(key, target_id)
    rows = firing(tx.ledger, message.message) if message else ()
    return answer(tx, "ack", "phone", rows, acknowledge)

"""Answers from the phone: a pressed button acknowledges the alerts its message told of."""

from collections.abc import Callable
from datetime import datetime

from daemon.pipeline.commands import change
from daemon.pipeline.setup import Setup
from daemon.push.answers import listen
from daemon.secrets import resolve
from daemon.store.alerts import AlertRow
from daemon.store.ledger import Ledger
from daemon.store.store import Store
from rules.alert import AlertState
from rules.lifecycle import acknowledge

USED = 200
"""Buttons remembered as pressed: each counts once, whoever repeats what stands in the topic."""


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
    name = f"answers:{target_id}"
    with store.read() as ledger:
        kept = ledger.told(name)
    last, used = (kept.value["last"], kept.value["used"]) if kept else ("", [])
    heard = listen(topic, url, since=last)
    if heard.last == last:
        return 0
    now, done = clock(), 0
    with store.write() as ledger:
        for key in heard.keys:
            row = None if key in used else ledger.outbox.with_key(key, target_id)
            for alert in firing(ledger, row.message) if row else ():
                change(ledger, setup, alert, lambda one: acknowledge(one, now), now)
                done += 1
        ledger.tell(name, now, {"last": heard.last, "used": [*used, *heard.keys][-USED:]})
    return done

"""Taking back what a person told: notes, answers, imports, and what was answered to alerts."""

from daemon.pipeline.compose import OUTAGE
from daemon.pipeline.corrections import retract
from daemon.pipeline.evaluate import look, tell_backlog
from daemon.pipeline.transaction import Transaction
from daemon.store.codec import answer_to_json, with_answer
from daemon.store.told import ToldRow
from parsers.errors import OrderbellError

ALERTS = ("ack", "snooze", "resolve")


class UndoError(OrderbellError):
    """It cannot be taken back; says why. Nothing was changed."""


def take_back(tx: Transaction, number: int, channel: str) -> tuple[ToldRow, tuple[str, ...]]:
    """Take back what stands in that row of `told`; the row, and keys of the orders that changed.

    Nothing is deleted: what was told stays, and beside it that it was taken back. Raises UndoError.
    """
    row = tx.ledger.told.get(number)
    if row is None or row.undoes is not None:
        raise UndoError(f"nothing that was told has the number {number}", "orderbell undo lists it")
    if tx.ledger.told.undone(number):
        raise UndoError(f"number {number} was taken back before")
    if row.kind in ALERTS:
        _unanswer(tx, row)
        tx.ledger.told.add("undo", channel, tx.now, undoes=number)
        return row, ()
    undo = tx.ledger.told.add("undo", channel, tx.now, undoes=number)
    keys = retract(tx, tx.ledger.events_told(number), undo)
    if row.kind == "import":
        tell_backlog(tx, OUTAGE + "import")
    return row, keys


def _unanswer(tx: Transaction, row: ToldRow) -> None:
    """Let the alerts stand as before the answer, as far as nothing happened to them since."""
    done = 0
    for answer in row.answers:
        kept = tx.ledger.alerts.get(answer.alert)
        if kept is None or answer_to_json(kept.alert) != answer.after:
            continue
        tx.ledger.alerts.put(with_answer(kept.alert, answer.before), kept.scope, kept.subject)
        look(tx, kept.scope)
        done += 1
    if not done:
        raise UndoError(
            "the alert has gone on since: it is over, or was answered anew; see orderbell alerts"
        )

"""What was said before and does not stand as it was: the events that say so, and what follows."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from daemon.pipeline.evaluate import look, refresh
from daemon.pipeline.scopes import mail_scope
from daemon.pipeline.transaction import Transaction
from orders.corrections import RESTORED, RETRACTED, correction
from orders.event import Event
from orders.matching.index import CachedIndex
from orders.matching.match import affected_orders, match, now_matched
from parsers.notice import Trust


def retract(tx: Transaction, events: Sequence[Event], told: int | None = None) -> tuple[str, ...]:
    """These events stand no more; keys of the orders that changed. `told`: the row of who said
    so.
    """
    index = CachedIndex(tx.ledger)
    tied = {origin for event in events for origin in now_matched(event, index)}
    orphans = tied - {event.origin for event in events}

    def take_back() -> None:
        _say(tx, events, RETRACTED, told)
        tx.ledger.mark_unmatched(orphans)

    return _moving(tx, events, take_back, orphans)


def restore(tx: Transaction, events: Sequence[Event], told: int | None = None) -> tuple[str, ...]:
    """These events, taken back before, stand again; keys of the orders that changed."""
    return _moving(tx, events, lambda: _say(tx, events, RESTORED, told))


def trust_anew(tx: Transaction, events: Sequence[Event], trust: Trust) -> tuple[str, ...]:
    """The mail behind these events is trusted otherwise now; keys of the orders that changed."""
    return _moving(tx, events, lambda: _say(tx, events, trust.value, None))


def _say(tx: Transaction, events: Iterable[Event], says: str, told: int | None) -> None:
    for event in events:
        number = len(tx.ledger.corrections(event.origin))
        tx.ledger.append(correction(event, says, tx.now, number), told)


def _moving(
    tx: Transaction,
    events: Sequence[Event],
    work: Callable[[], None],
    orphans: Collection[str] = (),
) -> tuple[str, ...]:
    """Do the work, then make anew every order that the events touched before it or touch after.

    `orphans`: origins of events that may have lost their home by it.
    """
    keys = dict.fromkeys(_touched(tx, events))
    work()
    keys |= dict.fromkeys(_touched(tx, events))
    index = CachedIndex(tx.ledger)
    for origin in orphans:
        if (event := index.by_origin(origin)) is not None:
            found = match(event, index)
            keys |= dict.fromkeys((*found.keys, *found.candidates))
    for key in keys:
        refresh(tx, key, index)
    for mail in _mails(tx, events):
        look(tx, mail_scope(mail))
    return tuple(keys)


def _touched(tx: Transaction, events: Sequence[Event]) -> Iterator[str]:
    """Keys of the orders that those of the events touch which stand."""
    index = CachedIndex(tx.ledger)
    standing = [one for event in events if (one := index.by_origin(event.origin)) is not None]
    for event in standing:
        tx.ledger.mark_matched(now_matched(event, index))
        yield from affected_orders(event, index, among=standing)


def _mails(tx: Transaction, events: Iterable[Event]) -> set[int]:
    """Mails that one may have to be asked about again: their own, and those that were assigned."""
    meant = [tx.ledger.by_origin(event.assigns) if event.assigns else event for event in events]
    return {event.mail for event in meant if event is not None and event.mail is not None}

"""Answers by flag: ☆ on a mail, set in any mail app, acknowledges the alerts resting on it. Flags
are only read.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from daemon.pipeline.acknowledge import answer
from daemon.pipeline.setup import Setup
from daemon.pipeline.transaction import Transaction, transaction
from daemon.store import state
from daemon.store.alerts import AlertRow
from daemon.store.ledger import Ledger
from daemon.store.mails import Place
from daemon.store.store import Store
from rules.alert import AlertState
from rules.lifecycle import acknowledge

FLAGGED = "\\flagged"
Ask = Callable[[str, int, Sequence[int]], Mapping[int, Sequence[str]]]
"""Folder, UIDVALIDITY, UIDs → flags by UID, of the mails that are there."""


def see_flags(
    store: Store, setup: Setup, mailbox: str, ask: Ask, clock: Callable[[], datetime]
) -> int:
    """Look at the mails of alerts that ring; how many alerts were acknowledged. Asks the server
    nothing when none ring.

    Only a flag that was seen unset before counts: some people's filters flag on arrival. Raises
    StoreError.
    """
    with store.read() as ledger:
        places = _places(ledger, _ringing(ledger), mailbox)
        before = _last_seen(ledger, mailbox) if places else {}
    if not places:
        return 0
    seen = _flags(places, ask)
    if seen == before:
        return 0
    with transaction(store, setup, clock()) as tx:
        answered = _answered(tx.ledger, _newly_set(seen, before))
        done = answer(tx, "ack", "star", answered, acknowledge)
        _replace(tx, mailbox, seen)
    return done


def _newly_set(seen: Mapping[int, bool], before: Mapping[int, bool]) -> set[int]:
    return {number for number, is_set in seen.items() if is_set and before.get(number) is False}


def _answered(ledger: Ledger, mails: set[int]) -> list[AlertRow]:
    """The ringing alerts that rest on any of these mails."""
    ringing = _ringing(ledger) if mails else []
    return [row for row in ringing if not mails.isdisjoint(row.alert.mails)]


def is_flagged(flags: Iterable[str]) -> bool:
    return FLAGGED in (flag.lower() for flag in flags)


def add(tx: Transaction, mailbox: str, flags: Mapping[int, bool]) -> None:
    """Remember these beside the others: number of the mail → whether it is flagged."""
    _replace(tx, mailbox, {**_last_seen(tx.ledger, mailbox), **flags})


def _last_seen(ledger: Ledger, mailbox: str) -> dict[int, bool]:
    """Number of the mail → whether it was flagged."""
    kept = ledger.state.get(state.flags(mailbox))
    return {int(number): is_set for number, is_set in kept.value.items()} if kept else {}


def _replace(tx: Transaction, mailbox: str, flags: Mapping[int, bool]) -> None:
    """Remember these and no others."""
    written = {str(number): is_set for number, is_set in flags.items()}
    tx.ledger.state.set(state.flags(mailbox), tx.now, written)


def _ringing(ledger: Ledger) -> list[AlertRow]:
    return [
        row
        for row in ledger.alerts.all_live()
        if row.alert.state is AlertState.FIRING and row.alert.mails
    ]


def _places(ledger: Ledger, rows: Sequence[AlertRow], mailbox: str) -> dict[int, Place]:
    """Where the mails of the alerts lie, as far as that is this mailbox: number → place."""
    places: dict[int, Place] = {}
    for number in {number for row in rows for number in row.alert.mails}:
        with suppress(KeyError):  # a mail that is not in the ledger any more
            places[number] = ledger.mails.get(number).place
    return {number: place for number, place in places.items() if place.mailbox == mailbox}


def _flags(places: Mapping[int, Place], ask: Ask) -> dict[int, bool]:
    """Number → whether the mail is flagged now, of the mails that are still there."""
    folders: dict[tuple[str, int], dict[int, int]] = defaultdict(dict)
    for number, place in places.items():
        folders[place.folder, place.uidvalidity][place.uid] = number
    return {
        numbers[uid]: is_flagged(flags)
        for (folder, uidvalidity), numbers in folders.items()
        for uid, flags in ask(folder, uidvalidity, sorted(numbers)).items()
        if uid in numbers
    }

"""One mail, one transaction: its row, its events, the orders they touch, the alerts, the outbox,
the cursor.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from daemon.mailbox.arrived import Arrived
from daemon.pipeline import flags
from daemon.pipeline.compose import Message, speak
from daemon.pipeline.evaluate import look, refresh
from daemon.pipeline.scopes import (
    CROSS_ORDER_KINDS,
    SERVICE,
    account_scope,
    mail_scope,
    order_scope,
    pack_scope,
)
from daemon.pipeline.setup import Setup
from daemon.pipeline.transaction import NOW, Announce, Transaction, transaction
from daemon.store.mails import MailState, Place
from daemon.store.state import heard
from daemon.store.store import Store
from daemon.worker.reading import ReadingError, Reads, StandInError
from orders.event import Event, events_of
from orders.facts.view import View
from orders.matching.index import CachedIndex, key_parts
from orders.matching.match import affected_orders, now_matched
from parsers.frame import Frame
from parsers.notice import Outcome, Reading, Trust

TRIES = 2
"""A mail that ended its reader, or us, so many times is not read a third time."""
UNFETCHED = "could not be fetched: the server gives no text for it"
NOT_OURS = "not a marketplace's, by its header"
DULL = (Outcome.NOISE, Outcome.FOREIGN)
"""Of such a mail no text is kept."""


def place_of(arrived: Arrived) -> Place:
    return Place(
        mailbox=arrived.mailbox,
        folder=arrived.folder,
        uidvalidity=arrived.uidvalidity,
        uid=arrived.uid,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """How the mails of one mailbox are taken in. Every method raises StoreError; then nothing is
    half done.
    """

    store: Store
    setup: Setup
    reads: Reads
    frame: Frame
    announce: Announce = NOW
    epoch: int | None = None
    """This worker's, checked in every transaction; None: nobody else is there."""
    ignore_unverified: bool = False

    def take(self, arrived: Arrived, now: datetime) -> tuple[Message, ...]:
        """Take in one mail with its text; what was said because of it. A mail that is known already
        only moves the cursor on.
        """
        for _ in range(TRIES + 1):
            said = self._try(arrived, now)
            if said is not None:
                return said
        raise AssertionError("each round ends or counts")

    def _try(self, arrived: Arrived, now: datetime) -> tuple[Message, ...] | None:
        """None where it is to be tried once more."""
        begun = self._begin(arrived, now)
        if begun is None:
            return ()
        if arrived.raw is None:
            return self._without_text(begun, now)
        if begun.tries > TRIES + begun.spared and not begun.late:
            return self._set_aside(arrived, begun.number, "reading it failed twice", now)
        return self._read(arrived, arrived.raw, begun, now)

    def _begin(self, arrived: Arrived, now: datetime) -> "_Begun | None":
        """Count this reading before it is done: what kills us while reading is counted too. None:
        the mail is known already.
        """
        place = place_of(arrived)
        with self._fenced(place, now, light=True) as tx:
            late = tx.ledger.mails.is_unfetched(place)
            # A try that ended with a notice in the mail's place did not kill us.
            spared = tx.ledger.mails.has_reason(place, UNFETCHED)
            if not late and tx.ledger.mails.finished(place):
                _advance(tx, place)
                return None
            number, tries = tx.ledger.mails.begin(
                place, arrived=arrived.internal_date, seen=now, size=arrived.size
            )
        return _Begun(place=place, number=number, tries=tries, late=late, spared=spared)

    def _read(
        self, arrived: Arrived, raw: bytes, begun: "_Begun", now: datetime
    ) -> tuple[Message, ...] | None:
        try:
            reading = self.reads(raw, self.frame)
        except StandInError:
            return self._without_text(begun, now)
        except ReadingError as failure:
            if failure.lasting or begun.tries >= TRIES:
                return self._set_aside(arrived, begun.number, str(failure), now)
            return None
        # Rows and cursor of history are written together, so what a loss of power takes of them
        # is simply read again.
        history = self.announce.silent_for is not None
        with self._fenced(begun.place, now, light=history) as tx:
            self._enter(tx, arrived, begun.number, reading)
            return _finish(tx, begun.place)

    def ignore(self, mails: Iterable[Arrived], now: datetime, *, light: bool = False) -> None:
        """Rows for mails whose headers show that they are none of ours, in one transaction."""
        places = [(place_of(mail), mail.internal_date, mail.size) for mail in mails]
        if not places:
            return
        with self._fenced(places[0][0], now, light=light) as tx:
            tx.ledger.mails.ignore(places, now, Outcome.FOREIGN, NOT_OURS)
            _advance(tx, max((place for place, _, _ in places), key=lambda one: one.uid))

    @contextmanager
    def _fenced(self, place: Place, now: datetime, *, light: bool = False) -> Iterator[Transaction]:
        """A transaction that a newer worker of the mailbox keeps from beginning."""
        with transaction(self.store, self.setup, now, self.announce, light=light) as tx:
            if self.epoch is not None:
                tx.ledger.mailboxes.fence(place.mailbox, self.epoch)
            yield tx

    def _enter(self, tx: Transaction, arrived: Arrived, number: int, reading: Reading) -> None:
        raw = arrived.raw or b""
        digest = hashlib.sha256(raw).hexdigest()
        twin = tx.ledger.mails.twin(digest, number)
        if twin is not None:
            tx.ledger.mails.same(number, twin, digest=digest)
            return
        if self._leaves_out(reading):
            tx.ledger.mails.end(number, MailState.IGNORED, reading, digest=digest, raw=None)
            return
        if reading.outcome is Outcome.FOREIGN:
            # Somebody's private mail: that it was here is all we keep.
            reading = Reading(outcome=Outcome.FOREIGN, reason=reading.reason)
        end(tx, number, reading, digest, raw)
        keys = enter(tx, number, reading, digest)
        if _rings(tx, number, keys):
            # How it came is how the owner's flag is known, should we end before the next look at
            # the flags.
            flags.add(tx, arrived.mailbox, {number: flags.is_flagged(arrived.flags)})

    def _leaves_out(self, reading: Reading) -> bool:
        """The mailbox's owner wants no mail of marketplaces that nobody vouches for."""
        return (
            self.ignore_unverified
            and reading.trust is Trust.UNVERIFIED
            and reading.outcome is not Outcome.FOREIGN
        )

    def _without_text(self, begun: "_Begun", now: datetime) -> tuple[Message, ...]:
        """The server shows the mail and gives no text: asked again with the next polls, then set
        aside, told, and asked again with growing pauses.
        """
        with self._fenced(begun.place, now) as tx:
            if begun.tries <= TRIES:
                tx.ledger.mails.gave_no_text(begun.number, UNFETCHED)
                _advance(tx, begun.place)
                return ()
            tx.ledger.mails.set_aside(
                begun.number, MailState.QUARANTINE, UNFETCHED, digest="", raw=None
            )
            look(tx, SERVICE)
            return _finish(tx, begun.place)

    def _set_aside(
        self, arrived: Arrived, number: int, why: str, now: datetime
    ) -> tuple[Message, ...]:
        place, raw = place_of(arrived), arrived.raw or b""
        with self._fenced(place, now) as tx:
            digest = hashlib.sha256(raw).hexdigest()
            tx.ledger.mails.set_aside(number, MailState.QUARANTINE, why, digest=digest, raw=raw)
            look(tx, SERVICE)
            return _finish(tx, place)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """A mail whose reading was counted."""

    place: Place
    number: int
    tries: int
    """With this one."""
    late: bool
    """It could not be fetched before."""
    spared: bool
    """An earlier try ended with no text, which is no reading that killed us."""


def _rings(tx: Transaction, number: int, keys: Iterable[str]) -> bool:
    """Whether an alert rests on the mail."""
    scopes = (mail_scope(number), *map(order_scope, keys))
    return any(
        number in row.alert.mails for scope in scopes for row in tx.ledger.alerts.live(scope)
    )


def append(tx: Transaction, events: Iterable[Event], told: int | None = None) -> tuple[str, ...]:
    """Append events and make anew every order they touch; keys of those. Events already there
    change nothing. `told`: the row of what a person told.
    """
    fresh = [event for event in events if tx.ledger.append(event, told)]
    index = CachedIndex(tx.ledger)  # nothing is appended any more below
    keys = _affected(tx, fresh, index)
    if tx.announce.silent_for is not None:
        for key in keys:
            tx.ledger.alerts.postpone(tx.announce.silent_for, order_scope(key))
    else:
        _make_anew(tx, keys, fresh, index)
    return keys


def _affected(tx: Transaction, fresh: Sequence[Event], index: CachedIndex) -> tuple[str, ...]:
    keys: dict[str, None] = {}
    for event in fresh:
        tx.ledger.mark_matched(now_matched(event, index))
        keys |= dict.fromkeys(affected_orders(event, index, among=fresh))
    return tuple(keys)


def _make_anew(
    tx: Transaction, keys: Iterable[str], fresh: Iterable[Event], index: CachedIndex
) -> None:
    mails = {event.mail for event in fresh if event.mail is not None}
    for key in keys:
        _look_around(tx, refresh(tx, key, index), mails)


def end(tx: Transaction, number: int, reading: Reading, digest: str, raw: bytes | None) -> None:
    """Write down how the reading of the mail ended; its text is kept unless it is dull."""
    dull = reading.outcome in DULL
    state = MailState.IGNORED if dull else MailState.READ
    tx.ledger.mails.end(number, state, reading, digest=digest, raw=None if dull else raw)


def enter(tx: Transaction, number: int, reading: Reading, digest: str) -> tuple[str, ...]:
    """The events of a reading and what follows from them; the mail's row holds its arrival. Keys of
    orders touched.
    """
    row = tx.ledger.mails.get(number)
    events = events_of(reading, digest=digest, arrived=row.arrived, seen=row.seen, mail=number)
    keys = append(tx, events)
    if reading.marketplace is not None:
        day = row.arrived.date().isoformat()
        tx.ledger.mails.count(reading.marketplace, day, reading.outcome)
        if reading.outcome is not Outcome.FORGED:
            _heard(tx, reading.marketplace, row.arrived, believed=reading.trust is Trust.VERIFIED)
            tx.ledger.mailboxes.heard(row.place.mailbox, row.arrived)
        look(tx, mail_scope(number))
        pack = pack_scope(reading.marketplace)
        if reading.outcome is Outcome.UNREAD or tx.ledger.alerts.live(pack):
            look(tx, pack)
    return keys


def _look_around(tx: Transaction, seen: View, known: set[int]) -> None:
    """Questions that this view may have answered, and patterns over several orders that it may have
    completed.
    """
    for number in sorted(_nameless_mails(seen) - known):
        if tx.ledger.alerts.live(mail_scope(number)):
            look(tx, mail_scope(number))
    if any(finding.kind in CROSS_ORDER_KINDS for finding in seen.findings):
        look(tx, account_scope(key_parts(seen.order.key)[0]))


def _nameless_mails(seen: View) -> set[int]:
    """Mails of the order, or that may be, which name no order."""
    nameless = (one.event for one in seen.matches if not one.event.order_numbers)
    return {event.mail for event in nameless if event.mail is not None}


def _finish(tx: Transaction, place: Place) -> tuple[Message, ...]:
    """The mail has its row: the cursor passes it, and what it rings is said."""
    _advance(tx, place)
    return () if tx.reads_history else speak(tx)


def _advance(tx: Transaction, place: Place) -> None:
    tx.ledger.mailboxes.advance(place.mailbox, place.folder, place.uidvalidity, place.uid)


def _heard(tx: Transaction, marketplace: str, arrived: datetime, *, believed: bool) -> None:
    """The last mail of a marketplace. Where any was verified, others are no sign of life: who
    writes in its name must not hide that its mail has stopped.
    """
    before = tx.ledger.state.get(heard(marketplace))
    if before is None:
        counts = True
    elif (before.value is True) is believed:
        counts = before.at < arrived
    else:
        counts = believed
    if counts:
        tx.ledger.state.set(heard(marketplace), arrived, believed)

"""One mail, one transaction: its row, its events, the orders they touch, the alerts, the outbox,
the cursor.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from daemon.mailbox.arrived import Arrived
from daemon.pipeline.compose import Message, speak
from daemon.pipeline.evaluate import NOW, Announce, look, refresh
from daemon.pipeline.flags import is_flagged, see
from daemon.pipeline.scopes import OUTAGE_KIND, mail_scope, order_scope
from daemon.pipeline.setup import Setup
from daemon.store.ledger import Ledger
from daemon.store.mails import MailState, Place
from daemon.store.store import Store
from daemon.worker.reading import Frame, ReadingError, Reads
from orders.event import Event, events_of
from orders.facts.view import View
from orders.matching.index import CachedIndex, key_parts
from orders.matching.match import affected_orders, now_matched
from parsers.limits import refuse
from parsers.notice import Outcome, Reading, Trust

TRIES = 2
"""A mail that ended its reader, or us, so many times is not read a third time."""
NOT_OURS = "not a marketplace's, by its header"


def place_of(arrived: Arrived) -> Place:
    return Place(
        mailbox=arrived.mailbox,
        folder=arrived.folder,
        uidvalidity=arrived.uidvalidity,
        uid=arrived.uid,
    )


def take(
    store: Store,
    setup: Setup,
    reads: Reads,
    arrived: Arrived,
    frame: Frame,
    now: datetime,
    *,
    epoch: int | None = None,
    mood: Announce = NOW,
    ignore_unverified: bool = False,
) -> tuple[Message, ...]:
    """Take in one mail with its text. Returns what was said because of it. Raises StoreError;
    nothing is half done.

    `epoch`: this worker's, checked in the transaction (None: nobody else is there). Mails known
    already only move the
    cursor on.
    """
    place = place_of(arrived)
    for _ in range(TRIES + 1):
        with store.write(light=True) as ledger:
            _fence(ledger, place, epoch)
            if ledger.mails.finished(place):
                _advance(ledger, place)
                return ()
            # Counted before the reading: what kills us while reading is counted too.
            number, tries = ledger.mails.begin(
                place, arrived=arrived.internal_date, seen=now, size=arrived.size
            )
        if arrived.raw is None:
            return _without_text(store, setup, place, number, tries, now, epoch, mood)
        if tries > TRIES:
            return _set_aside(
                store, setup, arrived, number, "reading it failed twice", now, epoch, mood
            )
        refused = refuse(arrived.raw)
        if refused:
            return _set_aside(
                store, setup, arrived, number, f"not read: {refused}", now, epoch, mood
            )
        try:
            reading = reads(arrived.raw, frame)
        except ReadingError as failure:
            if tries == TRIES:
                return _set_aside(store, setup, arrived, number, str(failure), now, epoch, mood)
            continue
        with store.write(light=_is_history(mood)) as ledger:
            _fence(ledger, place, epoch)
            _enter(ledger, setup, arrived, number, reading, now, mood, ignore=ignore_unverified)
            _advance(ledger, place)
            return speak(ledger, setup, now) if mood.silent_for is None else ()
    raise AssertionError("each round ends or counts")


def ignore(
    store: Store,
    mails: Iterable[Arrived],
    now: datetime,
    *,
    epoch: int | None = None,
    light: bool = False,
) -> None:
    """Rows for mails whose headers show that they are none of ours, in one transaction."""
    mails = tuple(mails)
    if not mails:
        return
    with store.write(light=light) as ledger:
        places = [(place_of(mail), mail.internal_date, mail.size) for mail in mails]
        _fence(ledger, places[0][0], epoch)
        ledger.mails.ignore(places, now, Outcome.FOREIGN, NOT_OURS)
        _advance(ledger, max(places, key=lambda one: one[0].uid)[0])


def append(
    ledger: Ledger, setup: Setup, events: Iterable[Event], now: datetime, mood: Announce = NOW
) -> tuple[str, ...]:
    """Append events and make anew every order they touch; keys of those. Events already there
    change nothing.
    """
    fresh = [event for event in events if ledger.append(event)]
    keys: dict[str, None] = {}
    index = CachedIndex(ledger)  # nothing is appended any more below
    for event in fresh:
        ledger.house(now_matched(event, index))
        keys |= dict.fromkeys(affected_orders(event, index, among=fresh))
    if mood.silent_for is not None:
        for key in keys:
            ledger.alerts.postpone(mood.silent_for, order_scope(key))
        return tuple(keys)
    mails = {event.mail for event in fresh if event.mail is not None}
    for key in keys:
        seen = refresh(ledger, setup, key, now, mood, index=index)
        _look_around(ledger, setup, seen, mails, now, mood)
    return tuple(keys)


def enter(
    ledger: Ledger,
    setup: Setup,
    number: int,
    reading: Reading,
    digest: str,
    now: datetime,
    mood: Announce = NOW,
) -> tuple[str, ...]:
    """The events of a reading and what follows from them; the mail's row holds its arrival. Keys of
    orders touched.
    """
    row = ledger.mails.get(number)
    keys = append(
        ledger,
        setup,
        events_of(reading, digest=digest, arrived=row.arrived, seen=row.seen, mail=number),
        now,
        mood,
    )
    if reading.marketplace is not None:
        day = row.arrived.date().isoformat()
        ledger.mails.count(reading.marketplace, day, reading.outcome)
        if reading.outcome is not Outcome.FORGED:
            _heard(ledger, reading.marketplace, row.arrived)
            ledger.mailboxes.heard(row.place.mailbox, row.arrived)
        look(ledger, setup, mail_scope(number), now, mood)
        pack = f"pack:{reading.marketplace}"
        if reading.outcome is Outcome.UNREAD or ledger.alerts.live(pack):
            look(ledger, setup, pack, now, mood)
    return keys


def _enter(
    ledger: Ledger,
    setup: Setup,
    arrived: Arrived,
    number: int,
    reading: Reading,
    now: datetime,
    mood: Announce,
    *,
    ignore: bool,
) -> None:
    raw = arrived.raw or b""
    digest = hashlib.sha256(raw).hexdigest()
    twin = ledger.mails.twin(digest, number)
    if twin is not None:
        ledger.mails.same(number, twin, digest=digest)
        return
    if ignore and reading.trust is Trust.UNVERIFIED and reading.outcome is not Outcome.FOREIGN:
        ledger.mails.end(number, MailState.IGNORED, reading, digest=digest, raw=None)
        return
    if reading.outcome is Outcome.FOREIGN:
        # Somebody's private mail: that it was here is all we keep.
        reading = Reading(outcome=Outcome.FOREIGN, reason=reading.reason)
    dull = reading.outcome in (Outcome.NOISE, Outcome.FOREIGN)
    state = MailState.IGNORED if dull else MailState.READ
    ledger.mails.end(number, state, reading, digest=digest, raw=None if dull else raw)
    keys = enter(ledger, setup, number, reading, digest, now, mood)
    scopes = (mail_scope(number), *map(order_scope, keys))
    if any(number in row.alert.mails for scope in scopes for row in ledger.alerts.live(scope)):
        # How it came is how the owner's flag is known, should we end before the next look at the
        # flags.
        see(ledger, arrived.mailbox, {number: is_flagged(arrived.flags)}, now)


def _look_around(
    ledger: Ledger, setup: Setup, seen: View, known: set[int], now: datetime, mood: Announce
) -> None:
    """Questions that this view may have answered, and patterns over several orders that it may have
    completed.
    """
    asked = {
        placement.event.mail
        for placement in seen.placements
        if placement.event.mail is not None and not placement.event.order_numbers
    }
    for number in sorted(asked - known):
        if ledger.alerts.live(mail_scope(number)):
            look(ledger, setup, mail_scope(number), now, mood)
    if any(finding.kind == OUTAGE_KIND for finding in seen.findings):
        look(ledger, setup, f"account:{key_parts(seen.order.key)[0]}", now, mood)


def _without_text(
    store: Store,
    setup: Setup,
    place: Place,
    number: int,
    tries: int,
    now: datetime,
    epoch: int | None,
    mood: Announce,
) -> tuple[Message, ...]:
    """The server shows the mail and gives no text: asked again later, then set aside."""
    with store.write() as ledger:
        _fence(ledger, place, epoch)
        _advance(ledger, place)
        if tries <= TRIES:
            return ()
        ledger.mails.set_aside(
            number, MailState.QUARANTINE, "the server gives no text for it", digest="", raw=None
        )
        look(ledger, setup, "service:orderbell", now, mood)
        return speak(ledger, setup, now) if mood.silent_for is None else ()


def _set_aside(
    store: Store,
    setup: Setup,
    arrived: Arrived,
    number: int,
    why: str,
    now: datetime,
    epoch: int | None,
    mood: Announce,
) -> tuple[Message, ...]:
    raw = arrived.raw or b""
    with store.write() as ledger:
        _fence(ledger, place_of(arrived), epoch)
        digest = hashlib.sha256(raw).hexdigest()
        ledger.mails.set_aside(number, MailState.QUARANTINE, why, digest=digest, raw=raw)
        _advance(ledger, place_of(arrived))
        look(ledger, setup, "service:orderbell", now, mood)
        return speak(ledger, setup, now) if mood.silent_for is None else ()


def _is_history(mood: Announce) -> bool:
    """Rows and cursor are written together, so what a loss of power takes of history is simply read
    again.
    """
    return mood.silent_for is not None


def _fence(ledger: Ledger, place: Place, epoch: int | None) -> None:
    if epoch is not None:
        ledger.mailboxes.fence(place.mailbox, epoch)


def _advance(ledger: Ledger, place: Place) -> None:
    ledger.mailboxes.advance(place.mailbox, place.folder, place.uidvalidity, place.uid)


def _heard(ledger: Ledger, marketplace: str, arrived: datetime) -> None:
    name = f"heard:{marketplace}"
    before = ledger.told(name)
    if before is None or before.at < arrived:
        ledger.tell(name, arrived, True)

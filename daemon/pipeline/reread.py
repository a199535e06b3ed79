"""A stored mail read again: with better packs it says more, with other stamps it is trusted
otherwise.
"""

from dataclasses import dataclass
from itertools import count

from daemon.pipeline.corrections import restore, retract, trust_anew
from daemon.pipeline.evaluate import look
from daemon.pipeline.intake import append, end, enter
from daemon.pipeline.scopes import mail_scope
from daemon.pipeline.transaction import Transaction
from daemon.store.mails import MailRow
from orders.event import Event, Source, events_of
from parsers.notice import Outcome, Reading, Trust

SAID = ("kind", "role", "order_numbers", "tracking", "packages", "cases", "masked", "fields")
"""What of an event is said, and not who says it and when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """What became of a mail."""

    reading: Reading
    outcome: Outcome | None
    """How it had ended before; None when it had not been read."""
    trust: Trust | None
    """Whom it was believed to be from before."""

    @property
    def trusted_otherwise(self) -> bool:
        return self.trust is not None and self.reading.trust is not self.trust


def reread(
    tx: Transaction, number: int, reading: Reading, *, forget: bool = False
) -> Reread | None:
    """Take a new reading of a stored mail; None when nothing changed.

    A mail that was understood keeps what it said, and gains what is new. Only one that turns out to
    be forged is taken back, and only its trust is judged anew: both by events of their own.
    `forget`: a phrase was taken back, and so is what it alone said.
    """
    row = tx.ledger.mails.get(number)
    if row.digest is None:
        return None
    before = tx.ledger.events_of_mail(number)
    changed = (
        _says_otherwise(tx, row, reading, before)
        if forget
        else _says_more(tx, row, reading, before)
    )
    changed = _is_trusted_otherwise(tx, row, reading, before) or changed
    if not changed:
        return None
    trust = Trust(row.trust) if row.trust else None
    return Reread(reading=reading, outcome=row.outcome, trust=trust)


def _says_more(tx: Transaction, row: MailRow, reading: Reading, before: tuple[Event, ...]) -> bool:
    understood = row.outcome is Outcome.NOTICES
    if understood and len(reading.notices) <= len(before):
        return False
    if not understood and reading.outcome is row.outcome:
        return _is_heard_anew(tx, row, reading, before)
    if not understood and before:
        retract(tx, before)  # its gist: the phrase that fits now says more
    _enter_anew(tx, row, reading)
    return True


def _says_otherwise(
    tx: Transaction, row: MailRow, reading: Reading, before: tuple[Event, ...]
) -> bool:
    said = [event for event in before if event.source is Source.MAIL]
    same = [one.kind for one in said] == [one.kind for one in reading.notices]
    if same or row.outcome is not Outcome.NOTICES:
        return False
    retract(tx, said)
    _enter_anew(tx, row, reading)
    return True


def _enter_anew(tx: Transaction, row: MailRow, reading: Reading) -> None:
    """The events of the new reading; those that were taken back before stand again."""
    name, gone = _edition(tx, row, reading)
    end(tx, row.id, reading, str(row.digest), tx.ledger.mails.raw(row.id))
    enter(tx, row.id, reading, name)
    if gone:
        restore(tx, gone)


def _edition(tx: Transaction, row: MailRow, reading: Reading) -> tuple[str, tuple[Event, ...]]:
    """The name under which the events go, and those of them that were taken back: the mail's
    digest, with a number where events of that name said something else once.
    """
    name = digest = str(row.digest)
    for number in count(2):
        events = events_of(reading, digest=name, arrived=row.arrived, seen=row.seen, mail=row.id)
        gone = tx.ledger.retracted([event.origin for event in events])
        old = {event.origin: event for event in gone}
        if all(_is_same(old.get(event.origin, event), event) for event in events):
            break
        name = f"{digest}~{number}"
    return name, gone


def _is_same(one: Event, other: Event) -> bool:
    """Whether two events say the same of the same things."""
    return all(getattr(one, name) == getattr(other, name) for name in SAID)


def _is_heard_anew(
    tx: Transaction, row: MailRow, reading: Reading, before: tuple[Event, ...]
) -> bool:
    """A mail that no phrase fits, still: what it names and asks for may be known now."""
    if not reading.gist or reading.gist == row.gist:
        return False
    digest = str(row.digest)
    end(tx, row.id, reading, digest, tx.ledger.mails.raw(row.id))
    if not before:
        more = events_of(reading, digest=digest, arrived=row.arrived, seen=row.seen, mail=row.id)
        append(tx, more)
    look(tx, mail_scope(row.id))
    return True


def _is_trusted_otherwise(
    tx: Transaction, row: MailRow, reading: Reading, before: tuple[Event, ...]
) -> bool:
    if row.outcome is not Outcome.NOTICES or reading.trust == row.trust:
        return False
    if reading.outcome is Outcome.FORGED:
        retract(tx, before)
        end(tx, row.id, reading, str(row.digest), tx.ledger.mails.raw(row.id))
        enter(tx, row.id, reading, str(row.digest))
        return True
    if reading.outcome is not Outcome.NOTICES:
        return False
    tx.ledger.mails.trusted(row.id, reading.trust)
    trust_anew(tx, before, reading.trust)
    look(tx, mail_scope(row.id))
    return True

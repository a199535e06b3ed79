"""The event: one appended fact about orders, never changed. States are folds over events."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from parsers.notice import FieldValue, Gist, Kind, Notice, Proof, Reading, Role, Trust

EARLIEST, LATEST = datetime(1995, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""No marketplace is older, and no deadline later: what lies outside was never a time of an order,
and no sum with a time inside overflows.
"""


class Source(StrEnum):
    """Where an event comes from."""

    MAIL = "mail"
    NOTE = "note"
    IMPORT = "import"
    ASSIGNMENT = "assignment"
    CORRECTION = "correction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fact with its place in time and its proof. Equal events are the same row."""

    origin: str
    """Unique name of where it came from: `mail:<sha256 of the raw mail>#<index>`, `note:<id>`,
    `import:<row key>`.
    The same mail in two folders has the same origin.
    """
    kind: Kind
    at: datetime
    """Effective time, aware UTC: stated in the mail, else its Date, else its arrival. Kept between
    EARLIEST and LATEST.
    """
    seen: datetime
    """When we learned of it, aware UTC. Never decides a state."""
    source: Source
    marketplace: str
    role: Role
    trust: Trust
    proof: Proof = Proof.REAL
    language: str = "en"
    order_numbers: tuple[str, ...] = ()
    tracking: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    thread: tuple[str, ...] = ()
    """Message-IDs this mail answers, and its own."""
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    mail: int | None = None
    """The store's number of the mail behind it; None for notes and imports."""
    subject: str = ""
    sender: str = ""
    assigns: str | None = None
    """The origin of another event. ASSIGNMENT: it belongs to `order_numbers` (to none when empty);
    CORRECTION: see `orders.corrections`.
    """

    def __post_init__(self) -> None:
        if not EARLIEST <= self.at <= LATEST:
            object.__setattr__(self, "at", min(max(self.at, EARLIEST), LATEST))

    @property
    def imported(self) -> bool:
        """It is a row of a file, not told by a mail or a person."""
        return self.source is Source.IMPORT

    @property
    def parcel_numbers(self) -> frozenset[str]:
        """Tracking numbers and parcel ids."""
        return frozenset((*self.tracking, *self.packages))


def events_of(
    reading: Reading, *, digest: str, arrived: datetime, seen: datetime, mail: int | None
) -> tuple[Event, ...]:
    """One event a notice of `reading`; one of its gist where it has none.

    `digest` is the sha256 of the raw mail in hex; `arrived` (aware UTC, the server's INTERNALDATE)
    stands in for a
    missing Date. A Date later than the arrival is not believed: nobody writes from the
    future; nor is one before EARLIEST.
    """
    sent = reading.sent_at or arrived
    at = arrived if sent < EARLIEST else min(sent, arrived)
    notices = [(f"mail:{digest}#{index}", one) for index, one in enumerate(reading.notices)]
    if reading.gist is not None and _names_something(reading):
        notices.append((f"mail:{digest}#gist", _notice_of(reading.gist, reading)))
    return tuple(
        replace(_event_of(notice, reading, origin, at), seen=seen, mail=mail)
        for origin, notice in notices
    )


def _names_something(reading: Reading) -> bool:
    """Whether the gist may belong to an order: one mail in a thread names none by itself."""
    gist = reading.gist
    return bool(gist and (gist.orders or gist.parcels or reading.thread))


def _notice_of(gist: Gist, reading: Reading) -> Notice:
    """The gist as an event has it: its first deadline, with the line that says so."""
    fields: dict[str, FieldValue] = {"topics": ", ".join(gist.topics)} if gist.topics else {}
    if gist.first is not None:
        fields |= {"due": gist.first.at, "text": gist.first.line}
    if gist.amounts:
        fields["amount"] = gist.amounts[0]
    if gist.urgent:
        fields["urgent"] = True
    return Notice(
        kind=Kind.MAIL_GIST,
        marketplace=reading.marketplace or "",
        role=gist.role,
        language=gist.language,
        proof=Proof.GUESS,
        order_numbers=gist.orders,
        tracking=gist.parcels,
        fields=fields,
    )


def _event_of(notice: Notice, reading: Reading, origin: str, at: datetime) -> Event:
    own = (reading.message_id,) if reading.message_id else ()
    return Event(
        origin=origin,
        kind=notice.kind,
        at=at,
        seen=at,
        source=Source.MAIL,
        marketplace=notice.marketplace,
        role=notice.role,
        trust=reading.trust,
        proof=notice.proof,
        language=notice.language,
        order_numbers=notice.order_numbers,
        tracking=notice.tracking,
        packages=notice.packages,
        cases=notice.cases,
        masked=notice.masked,
        thread=own + reading.thread,
        fields=notice.fields,
        subject=reading.subject,
        sender=reading.sender,
    )

"""Rows of mails: every mail the server showed us ends as exactly one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, case, func, select, update

from daemon.store.dialect import add, add_all, insert
from daemon.store.tables import UNFINISHED, mail, tally
from parsers.notice import Gist, NearMiss, Outcome, Reading, Trust
from parsers.reading_codec import gist_from_wire, gist_to_wire


class MailState(StrEnum):
    NEW = "new"
    """Seen, its reading has not ended."""
    READ = "read"
    IGNORED = "ignored"
    """Not a marketplace's, dull, or the same mail again."""
    QUARANTINE = "quarantine"
    """Reading it failed twice, or it is too big or too twisted to read."""
    GONE = "gone"
    """The server showed its UID and then had no mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a mail lies on its server."""

    mailbox: str
    folder: str
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRow:
    id: int
    place: Place
    state: MailState
    tries: int
    arrived: datetime
    seen: datetime
    size: int
    outcome: Outcome | None
    reason: str
    digest: str | None
    """sha256 of the raw mail, hex."""
    message_id: str
    marketplace: str | None
    trust: str | None
    subject: str
    sender: str
    sent_at: datetime | None
    same_as: int | None
    gist: Gist | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DullRow:
    """The dull mails of one address that are dull for one reason."""

    sender: str
    marketplace: str | None
    reason: str
    mails: int
    first: datetime
    last: datetime
    """When they arrived."""


LIGHT = tuple(column for column in mail.c if column.name not in ("raw", "near", "claims"))
"""Every column but the heavy ones."""


ASKED_FOR = timedelta(days=30)
"""How long a mail that the server does not give is asked for."""
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (0, 0, 15, 60, 240, 720))
UNFETCHED = (mail.c.state == MailState.QUARANTINE, mail.c.digest.is_(None))


def asked_after(tries: int) -> timedelta:
    """How long after it was first seen a mail is asked for again that was not given so often: 15
    minutes after the third time, then 1, 4 and 12 hours later, then daily.
    """
    return sum(PAUSES[:tries], timedelta(days=max(0, tries - len(PAUSES))))


class Mails:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(
        self, place: Place, *, arrived: datetime, seen: datetime, size: int
    ) -> tuple[int, int]:
        """The mail's row, made when new, with one more try: (id, tries with this one)."""
        values = _place(place) | {
            "state": MailState.NEW,
            "tries": 1,
            "arrived": arrived,
            "seen": seen,
            "size": size,
        }
        statement = insert(self._connection, mail).values(values)
        statement = statement.on_conflict_do_update(
            index_elements=["mailbox", "folder", "uidvalidity", "uid"],
            set_={"tries": mail.c.tries + 1},
        ).returning(mail.c.id, mail.c.tries)
        row = self._connection.execute(statement).one()
        return row.id, row.tries

    def ignore(
        self,
        places: Sequence[tuple[Place, datetime, int]],
        seen: datetime,
        outcome: Outcome,
        reason: str,
    ) -> None:
        """Rows for mails (place, arrival, size) that headers alone showed to be none of ours; known
        ones stay.
        """
        rows = [
            _place(place)
            | {
                "state": MailState.IGNORED,
                "outcome": outcome,
                "reason": reason,
                "arrived": arrived,
                "seen": seen,
                "size": size,
            }
            for place, arrived, size in places
        ]
        add_all(self._connection, mail, rows)

    def end(
        self, number: int, state: MailState, reading: Reading, *, digest: str, raw: bytes | None
    ) -> None:
        """How the reading ended. `raw` is kept only when given."""
        self._set(
            number,
            state=state,
            outcome=reading.outcome,
            reason=reading.reason,
            digest=digest,
            message_id=reading.message_id,
            marketplace=reading.marketplace,
            trust=reading.trust,
            subject=reading.subject,
            sender=reading.sender,
            sent_at=reading.sent_at,
            near=[_near_out(one) for one in reading.near] or None,
            claims=list(reading.claims) or None,
            gist=gist_to_wire(reading.gist) if reading.gist else None,
            raw=raw,
        )

    def trusted(self, number: int, trust: Trust) -> None:
        """Whom it is from was judged anew."""
        self._set(number, trust=trust)

    def set_aside(
        self, number: int, state: MailState, reason: str, *, digest: str, raw: bytes | None
    ) -> None:
        """The mail was not read: quarantined or gone."""
        self._set(number, state=state, reason=reason, digest=digest or None, raw=raw)

    def gone(self, place: Place, now: datetime) -> None:
        """The server showed the UID, and then it was no longer there."""
        row = {
            "state": MailState.GONE,
            "arrived": now,
            "seen": now,
            "size": 0,
            "reason": "gone before it was read",
        }
        add(self._connection, mail, _place(place) | row)

    def same(self, number: int, first: int, *, digest: str) -> None:
        """The same bytes lie in another folder, or came again after a renumbering: nothing new."""
        reason = f"the same mail as number {first}"
        self._set(number, state=MailState.IGNORED, same_as=first, digest=digest, reason=reason)

    def twin(self, digest: str, but: int) -> int | None:
        """The row that holds the same bytes with a finished reading."""
        statement = select(mail.c.id).where(
            mail.c.digest == digest,
            mail.c.id != but,
            mail.c.same_as.is_(None),
            mail.c.state.in_((MailState.READ, MailState.IGNORED)),
        )
        return self._connection.execute(statement.order_by(mail.c.id).limit(1)).scalar_one_or_none()

    def get(self, number: int) -> MailRow:
        """Raises KeyError."""
        row = self._connection.execute(select(*LIGHT).where(mail.c.id == number)).one_or_none()
        if row is None:
            raise KeyError(number)
        return _row(row)

    def finished(self, place: Place) -> bool:
        """Whether the mail there has its row and needs nothing more."""
        statement = select(mail.c.state).where(*_at(place))
        return self._connection.execute(statement).scalar_one_or_none() not in (None, MailState.NEW)

    def is_unfetched(self, place: Place) -> bool:
        """Whether the mail there was set aside because the server gave no text."""
        statement = select(mail.c.id).where(*_at(place), *UNFETCHED)
        return self._connection.execute(statement).scalar_one_or_none() is not None

    def gave_no_text(self, number: int, reason: str) -> None:
        """The mail of this number was asked for and not given; it is tried again."""
        self._connection.execute(
            update(mail).where(mail.c.id == number, UNFINISHED).values(reason=reason)
        )

    def has_reason(self, place: Place, reason: str) -> bool:
        statement = select(mail.c.id).where(*_at(place), mail.c.reason == reason)
        return self._connection.execute(statement).scalar_one_or_none() is not None

    def unfetched(
        self, mailbox: str, folder: str, uidvalidity: int, now: datetime
    ) -> tuple[int, ...]:
        """UIDs set aside because the server gave no text, and due to be asked for again."""
        statement = select(mail.c.uid, mail.c.seen, mail.c.tries).where(
            UNFINISHED,
            *UNFETCHED,
            mail.c.mailbox == mailbox,
            mail.c.folder == folder,
            mail.c.uidvalidity == uidvalidity,
            mail.c.seen > now - ASKED_FOR,
        )
        return tuple(
            row.uid
            for row in self._connection.execute(statement.order_by(mail.c.uid))
            if now >= row.seen + asked_after(row.tries)
        )

    def known_uids(
        self, mailbox: str, folder: str, uidvalidity: int, first: int, last: int
    ) -> frozenset[int]:
        """UIDs from `first` to `last` that have a finished row: what a rescan need not ask for."""
        statement = select(mail.c.uid).where(
            mail.c.mailbox == mailbox,
            mail.c.folder == folder,
            mail.c.uidvalidity == uidvalidity,
            mail.c.uid.between(first, last),
            mail.c.state != MailState.NEW,
        )
        return frozenset(self._connection.execute(statement).scalars())

    def raw(self, number: int) -> bytes | None:
        return self._connection.execute(
            select(mail.c.raw).where(mail.c.id == number)
        ).scalar_one_or_none()

    def claims(self, number: int) -> tuple[str, ...]:
        """Order numbers that a forged mail names."""
        found = self._connection.execute(
            select(mail.c.claims).where(mail.c.id == number)
        ).scalar_one_or_none()
        return tuple(found or ())

    def unfinished(self, mailbox: str, folder: str, uidvalidity: int) -> tuple[int, ...]:
        """UIDs whose reading was begun and has not ended: a crash, or a server that gave no
        text.
        """
        statement = select(mail.c.uid).where(
            UNFINISHED,
            mail.c.state == MailState.NEW,
            mail.c.mailbox == mailbox,
            mail.c.folder == folder,
            mail.c.uidvalidity == uidvalidity,
        )
        return tuple(self._connection.execute(statement.order_by(mail.c.uid)).scalars())

    def count_marketplace(self, mailbox: str) -> int:
        """Mails of marketplaces in the mailbox, dull ones too."""
        statement = select(func.count()).where(
            mail.c.mailbox == mailbox, mail.c.marketplace.is_not(None)
        )
        return int(self._connection.execute(statement).scalar_one())

    def listed(
        self,
        *,
        outcomes: Collection[Outcome] = (),
        states: Collection[MailState] = (),
        since: datetime | None = None,
        sender: str | None = None,
        limit: int = 1000,
    ) -> tuple[MailRow, ...]:
        """Newest first."""
        statement: Select[Any] = select(*LIGHT).where(mail.c.same_as.is_(None))
        if sender is not None:
            statement = statement.where(mail.c.sender == sender)
        if outcomes:
            statement = statement.where(mail.c.outcome.in_(outcomes))
        if states:
            statement = statement.where(mail.c.state.in_(states))
        if states and set(states) <= {MailState.NEW, MailState.QUARANTINE}:
            statement = statement.where(UNFINISHED)
        if since:
            statement = statement.where(mail.c.seen >= since)
        return tuple(
            _row(row)
            for row in self._connection.execute(statement.order_by(mail.c.id.desc()).limit(limit))
        )

    def reasons(self, words: str, since: datetime) -> tuple[str, ...]:
        """The reasons that hold these words, of mails that arrived since."""
        statement = select(mail.c.reason).where(
            mail.c.seen >= since, mail.c.reason.contains(words, autoescape=True)
        )
        return tuple(self._connection.execute(statement).scalars())

    def dull(self, *, since: datetime | None = None, limit: int = 1000) -> tuple[DullRow, ...]:
        """Dull mails by address and reason, the latest first. With `since` only what arrived from
        then on is counted; `first` is over all.
        """
        last = func.max(mail.c.arrived)
        counted = func.sum(case((mail.c.arrived >= since, 1), else_=0)) if since else func.count()
        what = (mail.c.sender, mail.c.marketplace, mail.c.reason)
        statement = (
            select(*what, counted.label("mails"), func.min(mail.c.arrived), last)
            .where(mail.c.outcome == Outcome.NOISE, mail.c.same_as.is_(None))
            .group_by(*what)
            .order_by(last.desc(), mail.c.sender)
            .limit(limit)
        )
        if since:
            statement = statement.having(last >= since)
        return tuple(_dull(*row) for row in self._connection.execute(statement))

    def arrived_since(self, outcome: Outcome, since: datetime) -> int:
        """How many mails arrived since then and ended so, twins not counted."""
        statement = select(func.count()).where(
            mail.c.outcome == outcome, mail.c.same_as.is_(None), mail.c.arrived >= since
        )
        return int(self._connection.execute(statement).scalar_one())

    def outcome_count(self, outcome: Outcome) -> int:
        """How many mails ended so, twins not counted."""
        statement = select(func.count()).where(mail.c.outcome == outcome, mail.c.same_as.is_(None))
        return int(self._connection.execute(statement).scalar_one())

    def kept(self) -> tuple[int, ...]:
        """Numbers of all mails whose bytes we hold, oldest first: what can be read again."""
        statement = (
            select(mail.c.id).where(mail.c.raw.is_not(None)).order_by(mail.c.arrived, mail.c.id)
        )
        return tuple(self._connection.execute(statement).scalars())

    def newest_kept(self, mailbox: str, limit: int) -> tuple[int, ...]:
        """Numbers of the last marketplace mails of the mailbox whose bytes we hold."""
        statement = select(mail.c.id).where(
            mail.c.mailbox == mailbox, mail.c.marketplace.is_not(None), mail.c.raw.is_not(None)
        )
        newest = statement.order_by(mail.c.id.desc()).limit(limit)
        return tuple(self._connection.execute(newest).scalars())

    def counts(self, mailbox: str | None = None) -> dict[str, int]:
        """How many mails have which state."""
        statement = select(mail.c.state, func.count().label("mails")).group_by(mail.c.state)
        if mailbox:
            statement = statement.where(mail.c.mailbox == mailbox)
        return {row.state: row.mails for row in self._connection.execute(statement)}

    def count(self, marketplace: str, day: str, outcome: Outcome, by: int = 1) -> None:
        """One more mail of the marketplace with that outcome on that day (UTC, ISO 8601)."""
        values = {"marketplace": marketplace, "day": day, "outcome": outcome, "mails": by}
        statement = insert(self._connection, tally).values(values)
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["marketplace", "day", "outcome"], set_={"mails": tally.c.mails + by}
            )
        )

    def tallied(self, marketplace: str, since_day: str) -> dict[str, int]:
        """Mails of the marketplace by outcome from that day on."""
        statement = (
            select(tally.c.outcome, func.sum(tally.c.mails))
            .where(tally.c.marketplace == marketplace, tally.c.day >= since_day)
            .group_by(tally.c.outcome)
        )
        return {outcome: int(number) for outcome, number in self._connection.execute(statement)}

    def _set(self, number: int, **values: Any) -> None:
        self._connection.execute(update(mail).where(mail.c.id == number).values(values))


def _place(place: Place) -> dict[str, Any]:
    return {
        "mailbox": place.mailbox,
        "folder": place.folder,
        "uidvalidity": place.uidvalidity,
        "uid": place.uid,
    }


def _at(place: Place) -> tuple[Any, ...]:
    return tuple(mail.c[name] == value for name, value in _place(place).items())


def _place_of(row: Any) -> Place:
    return Place(mailbox=row.mailbox, folder=row.folder, uidvalidity=row.uidvalidity, uid=row.uid)


def _row(row: Any) -> MailRow:
    return MailRow(
        id=row.id,
        place=_place_of(row),
        state=MailState(row.state),
        tries=row.tries,
        arrived=row.arrived,
        seen=row.seen,
        size=row.size,
        outcome=Outcome(row.outcome) if row.outcome else None,
        reason=row.reason or "",
        digest=row.digest,
        message_id=row.message_id or "",
        marketplace=row.marketplace,
        trust=row.trust,
        subject=row.subject or "",
        sender=row.sender or "",
        sent_at=row.sent_at,
        same_as=row.same_as,
        gist=gist_from_wire(row.gist) if row.gist else None,
    )


def _dull(
    sender: str | None,
    marketplace: str | None,
    reason: str | None,
    mails: int,
    first: datetime,
    last: datetime,
) -> DullRow:
    return DullRow(
        sender=sender or "",
        marketplace=marketplace,
        reason=reason or "",
        mails=int(mails),
        first=first,
        last=last,
    )


def _near_out(one: NearMiss) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "phrase": one.phrase,
        "line": one.line,
        "source": one.source,
        "likeness": round(one.likeness, 3),
    }

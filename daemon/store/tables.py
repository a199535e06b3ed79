"""The tables of the ledger, once for every database.

What is true stands in `mail` and `event` (appended, never changed). `order`, `watch` and `finding`
are made again from events whenever an event is appended, and so are an event's `loose`, `retracted`
and `trust`; `alert`, `announcement` and `outbox` are the memory of what was said to whom.
Due times are rows: `wake.at`, `announcement.not_before`, `outbox.next_try_at`,
`mailbox.next_poll_at`.
"""

from typing import Any

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

from daemon.store.types import WHOLE, Flag, Instant, Json, Packed, ScopeText, Words

HEAD = "0004"
"""The newest revision in migrations/versions: a ledger that carries it needs no Alembic."""

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _word(value: str) -> Any:
    """A constant written into the statement, so that index and query say the same word for word.

    SQLite takes a partial index only then.
    """
    return literal_column(f"'{value}'")


def _must(name: str, kind: object, *rest: object, **options: object) -> Column[object]:
    return Column(name, kind, *rest, nullable=False, **options)  # type: ignore[arg-type]


mailbox = Table(
    "mailbox",
    METADATA,
    Column("id", Text, primary_key=True),
    _must(
        "epoch", Integer, server_default="0"
    ),  # raised when a poll starts; a worker with an older one is fenced off
    _must("first_run", Flag, server_default="1"),  # history is being read with delivery off
    Column("next_poll_at", Instant),
    Column("last_ok_at", Instant),
    Column("failing_since", Instant),
    Column("last_error", Words),
    Column("last_error_kind", Text),
    _must("permanent", Flag, server_default="0"),  # trying again will not help
    Column("last_mail_at", Instant),
    sqlite_strict=True,
)

cursor = Table(
    "cursor",
    METADATA,
    Column("mailbox", Text, primary_key=True),
    Column("folder", Words, primary_key=True),
    _must("uidvalidity", WHOLE),
    _must("last_uid", WHOLE),
    sqlite_strict=True,
)

mail = Table(
    "mail",
    METADATA,
    Column("id", WHOLE, primary_key=True),
    _must("mailbox", Text),
    _must("folder", Words),
    _must("uidvalidity", WHOLE),
    _must("uid", WHOLE),
    _must("state", Text),  # new, read, ignored, quarantine, gone
    _must("tries", Integer, server_default="0"),  # readings begun; raised before the reading
    _must("arrived", Instant),  # INTERNALDATE
    _must("seen", Instant),  # when we saw it
    _must("size", WHOLE),
    Column("outcome", Text),
    Column("reason", Words),
    Column("digest", Text),  # sha256 of the raw mail, hex
    Column("message_id", Words),
    Column("marketplace", Text),
    Column("trust", Text),
    Column("subject", Words),
    Column("sender", Words),
    Column("sent_at", Instant),
    Column("same_as", WHOLE, ForeignKey("mail.id")),  # the row that holds the same mail
    Column("near", Json),  # phrases that nearly matched, for people who mend packs
    Column("claims", Json),  # order numbers a forged mail names
    Column("gist", Json),  # what a mail names and asks for that no phrase fits
    Column("raw", Packed),  # marketplace mail only
    UniqueConstraint("mailbox", "folder", "uidvalidity", "uid"),
    sqlite_strict=True,
)
UNFINISHED = mail.c.state.in_([_word("new"), _word("quarantine")])
Index("ix_mail_digest", mail.c.digest)
Index("ix_mail_outcome_seen", mail.c.outcome, mail.c.seen)
Index("ix_mail_unfinished", mail.c.state, sqlite_where=UNFINISHED)

event = Table(
    "event",
    METADATA,
    Column("id", WHOLE, primary_key=True),
    _must("origin", Words, unique=True),
    _must("kind", Text),
    _must("at", Instant),
    _must("seen", Instant),
    _must("source", Text),
    _must("marketplace", Text),
    _must("role", Text),
    Column("mail", WHOLE, ForeignKey("mail.id"), index=True),
    Column("assigns", Words),
    _must("loose", Flag),  # names no order at all
    _must("payload", Json),
    _must("retracted", Flag, server_default="0"),  # as its corrections say
    Column("trust", Text),  # as it was judged last; else what the payload says
    Column("told", WHOLE),  # the row of what a person told
    sqlite_strict=True,
)
LOOSE = event.c.loose == literal_column("1")
Index("ix_event_loose", event.c.marketplace, event.c.role, event.c.at, sqlite_where=LOOSE)
Index("ix_event_assigns", event.c.assigns, sqlite_where=event.c.assigns.is_not(None))
Index("ix_event_told", event.c.told, sqlite_where=event.c.told.is_not(None))

told = Table(  # what people told, and took back; never changed
    "told",
    METADATA,
    Column("id", WHOLE, primary_key=True),
    _must("at", Instant),
    _must("kind", Text),  # note, assignment, import, ack, snooze, resolve, undo
    _must("channel", Text),  # terminal, phone, star …
    _must("what", Words),  # in short, where its events do not say it: the files of an import
    Column("answers", Json),  # alerts answered: number, how it stood before and after
    Column("undoes", WHOLE, ForeignKey("told.id"), index=True),
    sqlite_strict=True,
)

reference = Table(
    "reference",
    METADATA,
    Column("marketplace", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("value", Words, primary_key=True),
    Column("event", WHOLE, ForeignKey("event.id", ondelete="CASCADE"), primary_key=True),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
Index("ix_reference_event", reference.c.event)

naming = Table(  # which orders an event names in full, by time
    "naming",
    METADATA,
    Column("marketplace", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("at", Instant, primary_key=True),
    Column("order_key", Words, primary_key=True),
    Column("event", WHOLE, ForeignKey("event.id", ondelete="CASCADE"), primary_key=True),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
Index("ix_naming_event", naming.c.event)

order = Table(
    "order",
    METADATA,
    Column("key", Words, primary_key=True),
    _must("marketplace", Text),
    _must("role", Text),
    _must("number", Words),
    _must("status", Text),
    _must("title", Words),
    Column("store", Words),
    Column("total", Words),  # "26.12 USD"
    Column("ordered_at", Instant),
    _must("first_at", Instant),  # effective time of its oldest and newest event
    _must("last_at", Instant),
    _must("problem", Flag),
    _must("stub", Flag),
    _must("events", Integer),
    _must("cases", Integer, server_default="-1"),  # how many; -1: by an older version, unknown
    _must("open_cases", Integer, server_default="-1"),
    sqlite_strict=True,
)
ENDED = ("completed", "cancelled", "returned", "delivered")
UNDER_WAY = order.c.status.not_in([_word(status) for status in ENDED])
PROBLEM = order.c.problem == literal_column("1")
CASES = order.c.cases != literal_column("0")
OPEN_CASES = order.c.open_cases != literal_column("0")
Index("ix_order_last_at", order.c.last_at)
Index("ix_order_under_way", order.c.last_at, sqlite_where=UNDER_WAY)
Index("ix_order_problem", order.c.last_at, sqlite_where=PROBLEM)
Index("ix_order_cases", order.c.last_at, sqlite_where=CASES)
Index("ix_order_open_cases", order.c.last_at, sqlite_where=OPEN_CASES)
Index("ix_order_number", order.c.number)
Index("ix_order_marketplace_status", order.c.marketplace, order.c.status)

watch = Table(
    "watch",
    METADATA,
    Column("order_key", Words, ForeignKey("order.key", ondelete="CASCADE"), primary_key=True),
    Column("id", Words, primary_key=True),
    _must("key", Text),
    _must("kind", Text),
    _must("actor", Text),
    _must("opened_at", Instant),
    _must("due_at", Instant),
    _must("state", Text),
    _must("stated", Flag),
    _must("inferred", Flag),
    _must("why", Words),
    sqlite_strict=True,
)
OPEN = watch.c.state == _word("open")
Index("ix_watch_due_at", watch.c.due_at, sqlite_where=OPEN)
Index("ix_watch_all_due_at", watch.c.due_at)

finding = Table(
    "finding",
    METADATA,
    Column("order_key", Words, ForeignKey("order.key", ondelete="CASCADE"), primary_key=True),
    Column("id", Words, primary_key=True),
    _must("kind", Text),
    _must("code", Text),
    _must("at", Instant),
    Column("amount", Words),
    _must("detail", Words),
    _must("inferred", Flag),
    _must("rests_on", Json),  # origins of its events
    sqlite_strict=True,
)
Index("ix_finding_kind_at", finding.c.kind, finding.c.at)

alert = Table(
    "alert",
    METADATA,
    Column("id", WHOLE, primary_key=True),
    _must("rule", Text),
    _must("about", Text),
    _must("subject", Words),
    _must("episode", Integer),
    _must("scope", ScopeText),  # what is judged together: order:…, mail:…, mailbox:…, target:…
    _must("state", Text),
    _must("severity", Text),
    _must("since", Instant),
    Column("fired_at", Instant),
    Column("resolved_at", Instant),
    Column("next_at", Instant),
    Column("due_at", Instant),
    Column("order_key", Words),
    _must("payload", Json),  # the whole alert
    _must("facts", Json),  # its subject as last judged, so that words can be made later
    UniqueConstraint("rule", "about", "subject", "episode"),
    sqlite_strict=True,
)
LIVE = alert.c.state.not_in([_word("resolved"), _word("dropped")])
Index("ix_alert_live", alert.c.scope, sqlite_where=LIVE)
Index("ix_alert_since", alert.c.since)
Index("ix_alert_order_key", alert.c.order_key)

wake = Table(
    "wake",
    METADATA,
    Column("scope", ScopeText, primary_key=True),
    _must(
        "at", Instant, index=True
    ),  # the next instant anything about it can change without new mail
    sqlite_strict=True,
)

unjudged = (
    Table(  # scopes touched while a mailbox's history is read: judged once, in silence, at its end
        "unjudged",
        METADATA,
        Column("mailbox", Text, primary_key=True),
        Column("scope", ScopeText, primary_key=True),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
)

message = Table(
    "message",
    METADATA,
    Column("id", WHOLE, primary_key=True),
    _must("at", Instant),
    _must("kind", Text),  # alerts, digest, history, test
    sqlite_strict=True,
)

announcement = Table(
    "announcement",
    METADATA,
    Column("id", WHOLE, primary_key=True),
    _must("alert", WHOLE, ForeignKey("alert.id"), index=True),
    _must("cause", Text),
    _must("groups", Json),
    _must("delivery", Integer),
    _must("at", Instant),
    _must("not_before", Instant),
    _must(
        "batch", Words
    ),  # what may be joined into one message: an order, a digest, the mails after an outage
    Column("message", WHOLE, ForeignKey("message.id"), index=True),  # the message it went out with
    _must("state", Text),  # waiting, said, void
    sqlite_strict=True,
)
WAITING = announcement.c.state == _word("waiting")
Index("ix_announcement_waiting", announcement.c.not_before, sqlite_where=WAITING)

outbox = Table(
    "outbox",
    METADATA,
    Column("id", WHOLE, primary_key=True),
    _must("key", Text),
    _must("target", Text),
    _must("message", WHOLE, ForeignKey("message.id"), index=True),
    _must("state", Text),  # new, sending, sent, unsure, dead, folded
    _must("tries", Integer, server_default="0"),
    _must("severity", Text),
    _must("title", Words),
    _must("body", Words),
    _must("created_at", Instant),
    Column("next_try_at", Instant),
    Column("sent_at", Instant),
    Column("error", Words),
    _must("doubt", Flag, server_default="0"),  # an earlier try may have gone out
    _must("limited", Flag, server_default="0"),  # held back by the hour's limit
    UniqueConstraint("key", "target"),
    sqlite_strict=True,
)
TO_SEND = outbox.c.state.in_([_word("new"), _word("unsure")])
SENDING = outbox.c.state == _word("sending")
Index("ix_outbox_due", outbox.c.next_try_at, sqlite_where=TO_SEND)
Index("ix_outbox_sending", outbox.c.state, sqlite_where=SENDING)
Index("ix_outbox_target_sent_at", outbox.c.target, outbox.c.sent_at)

target = Table(
    "target",
    METADATA,
    Column("id", Text, primary_key=True),
    _must("failures", Integer, server_default="0"),  # in a row
    _must("permanent", Flag, server_default="0"),
    Column("failing_since", Instant),
    Column("last_ok_at", Instant),
    Column("last_error", Words),
    sqlite_strict=True,
)

tally = Table(  # mails by outcome and day (UTC), for drift and silence of a marketplace
    "tally",
    METADATA,
    Column("marketplace", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    _must("mails", Integer),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

health = Table(  # what the service says of itself: versions, last sweep, rejected files
    "health",
    METADATA,
    Column("name", Text, primary_key=True),
    _must("at", Instant),
    _must("value", Json),
    sqlite_strict=True,
)

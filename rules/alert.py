"""The alert and the message: what a rule's firing becomes, and what goes out to targets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

TITLE_LENGTH = 120
"""Characters of a message's title at most."""
BODY_LENGTH = 1_000
"""Characters of a message's body at most: ntfy turns more than 8,000 bytes into an attachment, and
kanji are six bytes of escaped JSON.
"""


class ScopeKind(StrEnum):
    """What alerts can be judged together by; each is the beginning of a scope as text."""

    ORDER = "order"
    """An order with all that hangs on it."""
    MAIL = "mail"
    ACCOUNT = "account"
    """A pattern over several orders of one marketplace."""
    MAILBOX = "mailbox"
    TARGET = "target"
    PACK = "pack"
    RULES = "rules"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """What is judged together. As text, `order:amazon:buyer:249-0000000-0000001`."""

    kind: ScopeKind
    id: str
    """Key of the order, number of the mail, id of the mailbox …"""

    @classmethod
    def parse(cls, text: str) -> "Scope":
        """The scope written so. Raises ValueError for a kind there is not."""
        kind, _, name = text.partition(":")
        return cls(ScopeKind(kind), name)

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


class Severity(StrEnum):
    """CRITICAL: money or rights lost within 24 h or already. WARNING: act today or this week. INFO:
    good to know.
    """

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        return {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}[self]


class AlertState(StrEnum):
    PENDING = "pending"
    FIRING = "firing"
    ACKED = "acked"
    SNOOZED = "snoozed"
    SETTLED = "settled"
    """Closed by hand while its condition still holds: stays among the live ones, so that it does
    not ring again.
    """
    RESOLVED = "resolved"
    DROPPED = "dropped"

    @property
    def ended(self) -> bool:
        """No longer live: a condition that becomes true again is a new episode."""
        return self in (AlertState.RESOLVED, AlertState.DROPPED)


class Cause(StrEnum):
    """Why a message goes out; the `state` of `replay --json`."""

    FIRING = "firing"
    REPEAT = "repeat"
    RESOLVED = "resolved"


class Timing(IntEnum):
    NOW = 0
    DIGEST = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One live or past alert. Key: (rule, about, subject, episode)."""

    rule: str
    about: str
    subject: str
    episode: int
    """When it was opened, in Unix seconds: later episodes of one key have larger numbers."""
    state: AlertState
    severity: Severity
    since: datetime
    """When the condition became true for this episode, aware UTC."""
    fired_at: datetime | None = None
    acked_at: datetime | None = None
    snoozed_until: datetime | None = None
    resolved_at: datetime | None = None
    next_at: datetime | None = None
    """The next instant this alert can change without new mail: hold over, repeat, escalation,
    snooze end.
    """
    repeats: int = 0
    told: Mapping[str, str] = field(default_factory=dict)
    """Placeholders of the title as last sent: a change sends again."""
    order: str | None = None
    orders: tuple[str, ...] = ()
    mails: tuple[int, ...] = ()
    due_at: datetime | None = None
    lapses_at: datetime | None = None
    """When its condition ends by the clock alone, too old to matter: such an end is not told."""
    escalated: bool = False
    sent: bool = False
    """A firing message was sent (not only folded into a digest): only then is `resolved` told."""
    groups: tuple[str, ...] = ()
    """Names of the `notify` groups that were told: `resolved` goes to these only."""
    told_at: datetime | None = None
    """When the last message about it goes or went out (`Announcement.not_before`).

    None: never told, or there is something new to tell since a silent time; see
    `lifecycle.backlog`.
    """

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.rule, self.about, self.subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One thing to say about one alert.

    Announcements of one order whose `not_before` has come are joined into one message, worst
    severity first; so are
    all with delivery DIGEST that have the same `not_before`.
    """

    cause: Cause
    alert: Alert
    groups: tuple[str, ...]
    """Names of `notify` groups in the configuration."""
    delivery: Timing
    not_before: datetime
    """Quiet hours and grouping moved it here, aware UTC."""

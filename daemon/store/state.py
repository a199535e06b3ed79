"""What the service keeps in the ledger about itself: named values, each with its time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NewType

from sqlalchemy import Connection, bindparam, select

from daemon.store.dialect import upsert
from daemon.store.tables import health

StateKey = NewType("StateKey", str)
"""The name of one value; made in this module only, so that no two mean the same name."""

SWEPT = StateKey("swept")
"""The last sweep that did its hourly work, as its time."""
STARTED = StateKey("started")
"""Version that was started, at that time."""
CLOCK_JUMPED = StateKey("clock")
"""Whether the machine's clock jumped since then."""
FILES_REJECTED = StateKey("rejected")
"""False, or `faults` (how many), `reason` and `file` of files that were refused."""
RULES_IN_FORCE = StateKey("rules")
"""sha256 of the effective rules that all orders were last judged by."""

BACKED_UP = StateKey("backup")
"""Where the last backup was written to, at that time."""
WEB_ACCESS = StateKey("web")
"""Who may use the page: fingerprints of tokens, sessions and invitations, with their names."""
WEEK_TOLD = StateKey("week")
"""True, with the time at which a digest last told what the week's dull and unread mails were."""
PUBLISHED = StateKey("mqtt")
"""Number of the last message that the MQTT broker was told of."""
BROKER_TROUBLE = StateKey("mqtt-trouble")
"""Why the MQTT broker is not reached or what it refuses, in a sentence; empty when all is well."""


def begins(mailbox: str) -> StateKey:
    """Folder → ISO 8601 instant before which its mails are history that nobody asked for."""
    return StateKey(f"begins:{mailbox}")


def heard(marketplace: str) -> StateKey:
    """True, with the arrival of the marketplace's newest mail as its time."""
    return StateKey(f"heard:{marketplace}")


def flags(mailbox: str) -> StateKey:
    """Number of a mail that alerts rest on → whether it was flagged when last looked at."""
    return StateKey(f"flags:{mailbox}")


def allowance(target: str) -> StateKey:
    """Messages the target's service takes in a month, or None."""
    return StateKey(f"allowance:{target}")


def answers(target: str) -> StateKey:
    """`last`: id of the last answer read from its topic; `used`: buttons that were pressed."""
    return StateKey(f"answers:{target}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRow:
    name: str
    at: datetime
    value: Any


ONE = select(health).where(health.c.name == bindparam("name"))


class State:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, key: StateKey) -> StateRow | None:
        row = self._connection.execute(ONE, {"name": key}).mappings().one_or_none()
        return None if row is None else StateRow(**row)

    def set(self, key: StateKey, at: datetime, value: Any) -> None:
        """Write the value over the last of that name."""
        upsert(self._connection, health, {"name": key, "at": at, "value": value})

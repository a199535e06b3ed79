"""What strangers may make us say: a small share of the messages of an hour and of a month, so that
no flood of mail that nobody vouches for drowns what is true, or empties a paid quota.
"""

from datetime import UTC, datetime, timedelta

from daemon.pipeline.transaction import Transaction
from daemon.settings import Target
from daemon.store.state import allowance
from orders.subject import Subject
from parsers.notice import Trust

AT_ONCE = 5
"""Messages an hour and target that go out one by one; the others are told as a list."""
HOUR = timedelta(hours=1)
LIST_EVERY = timedelta(minutes=10)
DAY = timedelta(days=1)
UNVOUCHED = (Trust.UNVERIFIED.value, Trust.FORGED.value)


def is_strangers(subject: Subject) -> bool:
    """Nothing but mail that nobody vouches for, not even by forwarding it, says so."""
    match subject.about:
        case "sender":
            return True
        case "mail":
            return subject.facts.get("mail.trust") in UNVOUCHED
        case _:
            forwarded = subject.facts.get("read.trust") == Trust.FORWARDED.value
            return (not subject.believed and not forwarded) or _is_phishing(subject)


def _is_phishing(subject: Subject) -> bool:
    return subject.facts.get("finding.kind") == "phishing_names_order"


def free_at(tx: Transaction, target: Target) -> datetime | None:
    """When the target may be told again what strangers cause; None: now."""
    later = filter(None, (_after_this_hour(tx, target), _after_this_month(tx, target)))
    at = max(later, default=tx.now)
    return at if at > tx.now else None


def _after_this_hour(tx: Transaction, target: Target) -> datetime | None:
    sent = tx.ledger.outbox.sent_times(target.id, tx.now - HOUR, strange=True)
    return sent[-1] + LIST_EVERY if len(sent) >= AT_ONCE else None


def _after_this_month(tx: Transaction, target: Target) -> datetime | None:
    """One list a day after a quarter of the month's messages, nothing after half of them."""
    known = tx.ledger.state.get(allowance(target.id))
    allowed = target.monthly or (known.value if known else None)
    if not allowed:
        return None
    begin, end = month(tx)
    sent = tx.ledger.outbox.sent_times(target.id, begin, strange=True)
    if 2 * len(sent) >= allowed:
        return end
    return sent[-1] + DAY if sent and 4 * len(sent) >= allowed else None


def month(tx: Transaction) -> tuple[datetime, datetime]:
    """The user's month: its begin and its end, aware UTC."""
    local = tx.now.astimezone(tx.setup.zone)
    begin = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = (begin + timedelta(days=32)).replace(day=1)
    return begin.astimezone(UTC), end.astimezone(UTC)

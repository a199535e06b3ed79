"""What another rule file would have sent, beside what was sent: `rules replay`."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from rules.alert import Cause, Severity


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Sending:
    """One thing that was told, or would have been."""

    at: datetime
    rule: str
    subject: str
    cause: Cause
    severity: Severity
    title: str = ""

    @property
    def same(self) -> tuple[str, str, Cause, Severity]:
        """What two sendings must share to count as one: the minute does not matter."""
        return (self.rule, self.subject, self.cause, self.severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Both sides of a comparison, by time."""

    both: tuple[Sending, ...]
    only_before: tuple[Sending, ...]
    """Told, and no longer with the candidate."""
    only_after: tuple[Sending, ...]
    """New with the candidate."""

    def counts(self) -> tuple[tuple[str, int, int], ...]:
        """Rule, how often it told before, how often after; most frequent after first."""
        before = Counter(one.rule for one in (*self.both, *self.only_before))
        after = Counter(one.rule for one in (*self.both, *self.only_after))
        return tuple(
            (rule, before[rule], after[rule])
            for rule in sorted(before | after, key=lambda r: (-after[r], r))
        )


def beside(
    told: Iterable[Sending], sent: Iterable[Sending]
) -> tuple[dict[Sending, datetime], tuple[Sending, ...]]:
    """Pair what would have been told with what really was, oldest with oldest: when each went out,
    and what is left.
    """
    left = sorted(sent)
    times: dict[Sending, datetime] = {}
    for one in sorted(told):
        match = next((other for other in left if other.same[:3] == one.same[:3]), None)
        if match is not None:
            times[one] = match.at
            left.remove(match)
    return times, tuple(left)


def compare(before: Iterable[Sending], after: Iterable[Sending]) -> Difference:
    """Pair what both have, oldest with oldest; the rest stands on its side."""
    old, new = sorted(before), sorted(after)
    both, only_after = _pair(new, old)
    _, only_before = _pair(old, new)
    return Difference(both=both, only_before=only_before, only_after=only_after)


def _pair(
    ours: Iterable[Sending], theirs: Iterable[Sending]
) -> tuple[tuple[Sending, ...], tuple[Sending, ...]]:
    left = Counter(one.same for one in theirs)
    shared: list[Sending] = []
    alone: list[Sending] = []
    for one in ours:
        if left[one.same] > 0:
            left[one.same] -= 1
            shared.append(one)
        else:
            alone.append(one)
    return tuple(shared), tuple(alone)

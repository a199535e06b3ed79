"""Which rules hold for which subjects now, and when that can next change by itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from orders.subject import Subject
from rules.alert import Severity
from rules.rulebook import Rule, Rulebook


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One rule on one subject."""

    rule: Rule
    subject: Subject
    holds: bool
    severity: Severity
    """The rule's own, or what its `raise` lifts it to now."""
    quiet: bool
    """It holds, and the rule's own `quiet_while` does too."""
    ends_at: datetime | None
    """When it holds: the instant at which it no longer does, if nothing new is learned."""
    flips_at: datetime | None
    """The next instant at which `holds`, `severity` or `quiet` can change without new facts, aware
    UTC; None: never.
    """

    @property
    def key(self) -> tuple[str, str, str]:
        """That of its alert."""
        return (self.rule.id, self.rule.about, self.subject.id)


def evaluate(book: Rulebook, subjects: Iterable[Subject], now: datetime) -> tuple[Evaluation, ...]:
    """Every rule on every subject it is about, subject by subject.

    Left out are those that do not hold and will not without new facts.
    """
    judged = (_judge(rule, subject, now) for subject in subjects for rule in book.asked(subject))
    return tuple(one for one in judged if one is not None)


def _judge(rule: Rule, subject: Subject, now: datetime) -> Evaluation | None:
    holds = rule.when.holds(subject.facts, now)
    ends_at = rule.when.flips_at(subject.facts, now)
    flips = [ends_at]
    severity = rule.severity
    if holds and rule.raises:
        severity = next(
            (level for level, when in rule.raises if when.holds(subject.facts, now)), severity
        )
        flips += [when.flips_at(subject.facts, now) for _, when in rule.raises]
    quiet = rule.quiet_while
    if holds and quiet is not None:
        flips.append(quiet.flips_at(subject.facts, now))
    flips_at = min((one for one in flips if one is not None), default=None)
    if not holds and flips_at is None:
        return None
    return Evaluation(
        rule=rule,
        subject=subject,
        holds=holds,
        severity=severity,
        quiet=holds and quiet is not None and quiet.holds(subject.facts, now),
        ends_at=ends_at if holds else None,
        flips_at=flips_at,
    )

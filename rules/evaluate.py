"""Which rules hold for which subjects now, and when that can next change by itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from orders.belief import believed_name
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
    """It holds, and the rule's own `quiet_while` does too, or believed mail says the same."""
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

    Left out are those that do not hold and will not without new facts. What rests on mail that is
    not believed keeps silent while believed mail says the same.
    """
    judged = [_judge(rule, subject, now) for subject in subjects for rule in book.asked(subject)]
    found = list(filter(None, judged))
    sure = {one.key: one for one in filter(_is_sure, found)}
    return tuple(_beside(one, sure) for one in found)


def _is_sure(judged: Evaluation) -> bool:
    return judged.holds and judged.subject.believed


def _judge(rule: Rule, subject: Subject, now: datetime) -> Evaluation | None:
    facts, quiet = subject.facts, rule.quiet_while
    ends_at = rule.when.flips_at(facts, now)
    if not rule.when.holds(facts, now):
        return _waiting(rule, subject, ends_at)
    others = [when for _, when in rule.raises] + ([quiet] if quiet else [])
    flips = (ends_at, *(when.flips_at(facts, now) for when in others))
    return Evaluation(
        rule=rule,
        subject=subject,
        holds=True,
        severity=_severity(rule, subject, now),
        quiet=quiet is not None and quiet.holds(facts, now),
        ends_at=ends_at,
        flips_at=min(filter(None, flips), default=None),
    )


def _waiting(rule: Rule, subject: Subject, begins_at: datetime | None) -> Evaluation | None:
    """A rule that does not hold, where the clock alone can change that."""
    if begins_at is None:
        return None
    return Evaluation(
        rule=rule,
        subject=subject,
        holds=False,
        severity=rule.severity,
        quiet=False,
        ends_at=None,
        flips_at=begins_at,
    )


def _severity(rule: Rule, subject: Subject, now: datetime) -> Severity:
    """The rule's own, or the highest that its `raise` lifts it to now."""
    lifted = (level for level, when in rule.raises if when.holds(subject.facts, now))
    return next(lifted, rule.severity)


def _beside(judged: Evaluation, sure: Mapping[tuple[str, str, str], Evaluation]) -> Evaluation:
    """Silent, if unverified mail only says what believed mail says as loudly and for no later."""
    subject = judged.subject
    if subject.believed or not judged.holds:
        return judged
    same = sure.get((judged.rule.id, judged.rule.about, believed_name(subject.id)))
    if same is None or _adds(judged, same):
        return judged
    return replace(judged, quiet=True)


def _adds(judged: Evaluation, believed: Evaluation) -> bool:
    """It is louder, or due sooner."""
    if believed.severity.rank < judged.severity.rank:
        return True
    due, known = judged.subject.due_at, believed.subject.due_at
    return due is not None and known is not None and due < known

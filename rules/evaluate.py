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
    found = [one for one in judged if one is not None]
    sure = {one.key: one for one in found if one.holds and one.subject.believed}
    return tuple(_beside(one, sure) for one in found)


def _judge(rule: Rule, subject: Subject, now: datetime) -> Evaluation | None:
    facts = subject.facts
    holds = rule.when.holds(facts, now)
    ends_at = rule.when.flips_at(facts, now)
    flips = [ends_at]
    if holds:
        flips += [when.flips_at(facts, now) for _, when in rule.raises]
    quiet = rule.quiet_while if holds else None
    if quiet is not None:
        flips.append(quiet.flips_at(facts, now))
    flips_at = min((at for at in flips if at is not None), default=None)
    if not holds and flips_at is None:
        return None
    return Evaluation(
        rule=rule,
        subject=subject,
        holds=holds,
        severity=_severity(rule, subject, now) if holds else rule.severity,
        quiet=quiet is not None and quiet.holds(facts, now),
        ends_at=ends_at if holds else None,
        flips_at=flips_at,
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
    if same is None or same.severity.rank < judged.severity.rank:
        return judged
    due, known = subject.due_at, same.subject.due_at
    return judged if due and known and due < known else replace(judged, quiet=True)

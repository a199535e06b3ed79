"""Why a rule does or does not hold for a subject, test by test, and when it could next change."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from orders.subject import FactValue, Subject
from rules.matchers import Matcher, Mode
from rules.operators import DERIVED, Test
from rules.rulebook import Rule
from rules.wording import distance


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One test, or one `any`/`not` with its tests below it."""

    holds: bool
    depth: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A rule on one subject at one instant."""

    rule: str
    subject: str
    holds: bool
    reasons: tuple[Reason, ...]
    quiet: bool
    """It holds, and keeps silent for its own `quiet_while`."""
    flips_at: datetime | None
    """The first instant at which it comes out otherwise while nothing new is known; None: only
    something new helps.
    """
    zone: tzinfo

    def __str__(self) -> str:
        quiet = ", but keeps silent: its quiet_while holds too" if self.quiet else ""
        head = f"{self.rule} on {self.subject}: {'holds' if self.holds else 'does not hold'}{quiet}"
        lines = [
            f"  {'  ' * one.depth}{'yes' if one.holds else 'NO '} {one.text}"
            for one in self.reasons
        ]
        tail = f"{self.flips_at.astimezone(self.zone):%Y-%m-%d %H:%M}" if self.flips_at else "never"
        return "\n".join([head, *lines, f"  next change without anything new: {tail}"])


def explain(rule: Rule, subject: Subject, now: datetime, zone: tzinfo) -> Explanation:
    """`subject` must be of the rule's about; times are shown in `zone`."""
    holds = rule.when.holds(subject.facts, now)
    return Explanation(
        rule=rule.id,
        subject=subject.id,
        holds=holds,
        reasons=(*_reasons(rule.when, subject, now, zone, 0), *_silence(rule, subject, now, zone)),
        quiet=holds and rule.quiet_while is not None and rule.quiet_while.holds(subject.facts, now),
        flips_at=rule.when.flips_at(subject.facts, now),
        zone=zone,
    )


def _reasons(
    matcher: Matcher, subject: Subject, now: datetime, zone: tzinfo, depth: int
) -> Iterator[Reason]:
    for part in matcher.parts:
        holds = part.holds(subject.facts, now)
        if isinstance(part, Test):
            yield Reason(
                holds=holds,
                depth=depth,
                text=f"{part.field}: wants {part.wants}, {_is(part, subject, now, zone)}",
            )
        elif part.mode is Mode.ALL:
            yield from _reasons(part, subject, now, zone, depth)
        else:
            text = "any of these:" if part.mode is Mode.ANY else "not all of these:"
            yield Reason(holds=holds, depth=depth, text=text)
            yield from _reasons(part, subject, now, zone, depth + 1)


def _silence(rule: Rule, subject: Subject, now: datetime, zone: tzinfo) -> Iterator[Reason]:
    if rule.quiet_while is not None:
        yield Reason(
            holds=rule.quiet_while.holds(subject.facts, now),
            depth=0,
            text="silent while all of these:",
        )
        yield from _reasons(rule.quiet_while, subject, now, zone, 1)


def _is(test: Test, subject: Subject, now: datetime, zone: tzinfo) -> str:
    fact = subject.facts.get(test.field)
    if test.field in DERIVED:
        fact = DERIVED[test.field][0](subject.facts, now)
    return f"is {_shown(fact, now, zone)}{_uncounted(test, subject, now, zone)}"


def _uncounted(test: Test, subject: Subject, now: datetime, zone: tzinfo) -> str:
    """What unverified mail says of the fact, which is not counted."""
    other = subject.uncounted.get(test.field)
    return "" if other is None else f" (not counted: unverified: {_shown(other, now, zone)})"


def _shown(fact: FactValue | None, now: datetime, zone: tzinfo) -> str:
    match fact:
        case None:
            return "not known"
        case bool():
            return "true" if fact else "false"
        case datetime():
            return f"{fact.astimezone(zone):%Y-%m-%d %H:%M} ({distance(fact - now, 'en')})"
        case _:
            return str(fact)

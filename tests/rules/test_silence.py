"""Every rule and every deadline states which events silence it, and what it states is true."""

from dataclasses import replace
from datetime import UTC
from importlib.resources import files

import pytest

from daemon.queries.rules import explained, find_rule, silence_lines
from orders.belief import COUNTED, CountedEvents, is_unverified, unverified
from orders.deadlines.policy import COUNTS, PolicyRow, pattern
from orders.deadlines.policy import shipped as policy
from orders.order import WatchState
from parsers.user_yaml import parse
from rules.evaluate import Evaluation, evaluate
from rules.fields import ABOUTS
from rules.lifecycle import Plan, advance
from rules.rulebook import Rulebook
from rules.rulebook import shipped as shipped_book
from rules.ruletests import trials
from rules.silence import counts_of, silences
from tests.orders.events import AE, AZ, day, said, seen
from tests.rules.alert_life import NOW, subject

BOOK = Rulebook(rules=(*shipped_book().rules, *shipped_book().idle))
RULES = {rule.id: rule for rule in BOOK.rules}
CHECKS = trials(
    parse(files("rules").joinpath("defaults.tests.yaml").read_bytes(), "defaults.tests.yaml")
).checks
ROWS = policy().rows
TRIED_ELSEWHERE = {"D-GIST", "W4", "W11", "W15"}
"""Deadlines that need more than an order and one mail: tests/orders/deadlines, test_gist.py."""


def test_every_rule_states_what_silences_it_and_which_events_each_counts():
    for rule in BOOK.rules:
        stated = silences(rule, BOOK)
        quieting = [one for one in BOOK.rules if rule.id in (*one.quiets, *one.quiets_order)]

        assert stated[0].by == "its tests no longer hold"
        assert ("its quiet_while holds" in [one.by for one in stated]) is bool(rule.quiet_while)
        assert all(any(other.id in one.by for one in stated) for other in quieting)
        assert all(one.counts in COUNTED for one in stated)


def test_everything_about_orders_counts_believed_events_alone():
    believed = {about for about in ABOUTS if counts_of(about) is CountedEvents.BELIEVED}

    assert believed == set(ABOUTS) - {
        *("mail", "sender", "mailbox", "target", "pack", "rules", "service")
    }
    assert counts_of("mail") is CountedEvents.MAIL
    assert counts_of("pack") is CountedEvents.SERVICE


def rung(*subjects, now=NOW):
    found = evaluate(BOOK, subjects, now)
    return {one.rule.id for one in found if one.holds and not one.quiet and one.subject.believed}


@pytest.mark.parametrize("name", sorted({check.name for check in CHECKS}))
def test_no_fact_of_weak_mail_keeps_a_rule_silent(name):
    """What the rule's own tests show to silence it, said by mail that is not believed, does not."""
    checks = [check for check in CHECKS if check.name == name]
    first = checks[0]
    sure = rung(first.subject, now=first.now)

    for check in checks[1:]:
        weak = replace(check.subject, id=unverified(first.subject.id))
        assert rung(first.subject, weak, now=first.now) == sure, check.at


@pytest.mark.parametrize("rule", sorted(RULES))
def test_no_alert_of_weak_mail_quiets_the_rule(rule):
    quieting = [one for one in BOOK.rules if rule in (*one.quiets, *one.quiets_order)]
    own = judged(RULES[rule], "thing")
    weak = [judged(one, unverified("thing")) for one in quieting]
    step = advance([own, *weak], [], Plan(), NOW)
    fired = {(one.rule, one.subject) for one in step.alerts if one.told_at or one.next_at}

    assert (rule, "thing") in fired


def judged(rule, name):
    return Evaluation(
        rule=rule,
        subject=subject(name, about=rule.about),
        holds=True,
        severity=rule.severity,
        quiet=False,
        ends_at=None,
        flips_at=None,
    )


def test_every_deadline_states_what_each_of_its_columns_counts():
    columns = set(COUNTS)
    assert columns <= set(PolicyRow.model_fields)
    for row in ROWS:
        ends = {name for name in ("meets", "voids", "lapses") if getattr(row, name)}

        assert {
            name for name, counts in row.counts.items() if counts is CountedEvents.BELIEVED
        } == ends
        assert row.counts["base"] is CountedEvents.NEARER
        assert row.counts["trigger"] is CountedEvents.NEARER


def event(text, at, row, **more):
    """An event that fits the pattern, in an order of the row's kind."""
    wanted = pattern(text)
    fields = {}
    if wanted.field == "tracking":
        more["tracking"] = ("LP00123456789012",)
    elif wanted.field:
        value = "other" if wanted.negated or not wanted.values else wanted.values[0]
        fields[wanted.field] = day(at) if wanted.field.endswith(("_at", "_by")) else value
    shop = "amazon" if row.marketplace == "amazon" else "aliexpress"
    number = AZ if shop == "amazon" else AE
    return said(wanted.kind, at, number, role=row.role, marketplace=shop, **fields, **more)


def course(row, trigger):
    """The order as believed mail tells it, and what opens the row."""
    dates = {"ship_by": day(4), "expected_until": day(12)}
    shop, number = ("amazon", AZ) if row.marketplace == "amazon" else ("aliexpress", AE)
    placed = said("order.placed", 0, number, role=row.role, marketplace=shop, **dates)
    moved = {name: day(9) for name in row.stated if not name.startswith("order.")}
    opener = event(trigger, 2, row)
    return placed, replace(opener, fields=moved | dict(opener.fields))


def own_watches(row, *events):
    """The row's believed watches after these events: when they are due, and how they stand."""
    number = AZ if row.marketplace == "amazon" else AE
    return {
        one.id: (one.due_at, one.state)
        for one in seen(*events, number=number, role=row.role).watches
        if one.key == row.key and not is_unverified(one.id)
    }


def weak_mails(row, placed, opener):
    """All that strangers can say to it: later dates, and everything that ends it."""
    late = dict.fromkeys(("ship_by", "expected_until"), day(600))
    dated = late | {name: day(600) for name in row.stated if name in opener.fields}
    yield replace(opener, origin="mail:weak#0", trust="unverified", fields=dated)
    yield replace(placed, origin="mail:weak#1", trust="unverified", fields=late)
    for text in (*row.meets, *row.voids, *row.lapses):
        yield event(text, 3, row, trust="unverified")
        yield event(text, 3, row, trust="forwarded")


def test_weak_mail_ends_no_deadline_and_puts_none_off():
    opened, changed = set(), []
    for row, trigger in [(one, text) for one in ROWS if one.enabled for text in one.trigger]:
        events = course(row, trigger)
        sure = own_watches(row, *events)
        if any(state is WatchState.OPEN for _, state in sure.values()):
            opened.add(row.key)
        if own_watches(row, *events, *weak_mails(row, *events)) != sure:
            changed.append((row.name, trigger))

    assert changed == []
    assert {row.key for row in ROWS} - opened == TRIED_ELSEWHERE


def test_what_weak_mail_says_is_explained_as_not_counted():
    number = "249-0000000-0000001"
    order = seen(
        said("order.placed", 0, number, ship_by=day(3)),
        said("dispute.opened", 1, number, trust="unverified"),
        said("shipment.shipped", 1, number, trust="unverified"),
        number=number,
    )
    rule = find_rule(BOOK, "not-shipped-in-time")
    text = "\n".join(explained(rule, order, day(6), UTC))

    stated = [line.strip() for line in silence_lines(rule, BOOK)]

    assert "order.problem: wants true, is false (not counted: unverified: true)" in text
    assert (
        f"opened by, date in a mail, counted from, only if: counts {COUNTED[CountedEvents.NEARER]}"
        in text
    )
    assert f"met by, void by: counts {COUNTED[CountedEvents.BELIEVED]}" in text
    assert f"its tests no longer hold: counts {COUNTED[CountedEvents.BELIEVED]}" in stated

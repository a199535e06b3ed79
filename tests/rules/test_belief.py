"""What rests on mail that is not believed rings beside the rest, and silences nothing of it."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from orders.belief import unverified
from rules.explain import explain
from tests.rules.alert_life import DAY, HOUR, NOW, Life, book, subject

RULES = book(
    """\
    - id: due
      about: watch
      when: {watch.open: true, watch.missed: false}
      severity: warning
      raise: {critical: {watch.due_at: {within: 24h}}}
      quiet_while: {order.problem: true}
      title: "due {watch.due_at}"
    - id: loud
      about: watch
      when: {watch.kind: pay}
      severity: warning
      quiets: [due]
      quiets_order: [due]
      title: loud
    """
)


def watch(days=9, *, believed=True, **facts):
    name = "w" if believed else unverified("w")
    facts = {"watch__open": True, "watch__state": "open", "order__problem": False} | facts
    return subject(name, due_at=NOW + days * DAY, **facts)


def told(*subjects):
    life = Life(RULES)
    return [(one.alert.rule, one.alert.subject) for one in life.see(*subjects).announcements]


def test_believed_facts_decide_whether_a_rule_keeps_silent():
    assert told(watch(order__problem=True)) == []
    assert told(watch(), watch(believed=False, order__problem=True)) == [("due", "w")]


def test_what_both_say_is_told_once():
    assert told(watch(), watch(believed=False)) == [("due", "w")]
    assert told(watch(), watch(12, believed=False)) == [("due", "w")]


@pytest.mark.parametrize("days", [5, 0.5])
def test_a_nearer_date_is_told_beside_the_believed_one(days):
    assert told(watch(), watch(days, believed=False)) == [("due", "w"), ("due", "w/unverified")]


def test_an_unverified_alert_quiets_only_its_like():
    fake = watch(5, believed=False, watch__kind="pay")

    assert ("due", "w") in told(watch(), fake)
    assert ("due", "w/unverified") not in told(watch(), fake)
    assert ("due", "w") not in told(watch(watch__kind="pay"))


def test_settling_the_forged_alert_leaves_the_true_one_to_ring():
    life = Life(RULES)
    life.see(watch(believed=False))
    key = ("due", "watch", "w/unverified", int(NOW.timestamp()))
    life.alerts[key] = replace(life.alerts[key], state=type(life.alerts[key].state).SETTLED)
    life.now += HOUR

    step = life.see(watch(), watch(believed=False))

    assert [one.alert.subject for one in step.announcements] == ["w"]


def test_explain_says_what_is_not_counted():
    what = replace(watch(), uncounted={"order.problem": True, "watch.due_at": NOW + 3 * DAY})
    text = str(explain(RULES.rule("due"), what, NOW, ZoneInfo("UTC")))

    assert "order.problem: wants true, is false (not counted: unverified: true)" in text
    assert "holds, but" not in text

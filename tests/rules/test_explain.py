from datetime import timedelta
from zoneinfo import ZoneInfo

from rules.explain import explain
from rules.rulebook import shipped
from tests.rules.alert_life import NOW, book, subject

TOKYO = ZoneInfo("Asia/Tokyo")


def test_a_rule_that_keeps_silent_is_explained_test_by_test():
    what = subject(
        "aliexpress:buyer:1/D-AE-05",
        due_at=NOW + timedelta(days=9),
        watch__kind="protection_end",
        watch__open=True,
        watch__state="open",
        order__delivered=False,
        order__dispute_open=False,
    )

    assert str(explain(shipped().rule("protection-ending"), what, NOW, TOKYO)) == (
        "protection-ending on aliexpress:buyer:1/D-AE-05: does not hold\n"
        "  yes watch.kind: wants protection_end, is protection_end\n"
        "  yes watch.open: wants true, is true\n"
        "  NO  watch.due_at: wants within 5d, is 2026-03-11 18:00 (9 d left)\n"
        "  yes order.delivered: wants false, is false\n"
        "  yes order.dispute_open: wants false, is false\n"
        "  next change without anything new: 2026-03-06 18:00"
    )


def test_alternatives_and_what_must_not_be_are_shown_with_their_tests():
    rules = book(
        """\
        - id: it
          about: watch
          when:
            any: [{watch.kind: pay}, {watch.missed: true}]
            not: {order.shipped: true}
            all: [{order.amount: {at_least: 3000 JPY}}]
          severity: info
          title: x
        """
    )
    what = subject(due_at=NOW, watch__open=True, watch__state="open", order__shipped=False)

    assert str(explain(rules.rule("it"), what, NOW, TOKYO)).splitlines()[1:] == [
        "  yes any of these:",
        "    NO  watch.kind: wants pay, is not known",
        "    yes watch.missed: wants true, is true",
        "  yes not all of these:",
        "    NO  order.shipped: wants true, is false",
        "  NO  order.amount: wants at least 3000 JPY, is not known",
        "  next change without anything new: never",
    ]

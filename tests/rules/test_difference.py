from datetime import timedelta

from rules.alert import Cause, Severity
from rules.difference import Sending, beside, compare
from tests.rules.alert_life import NOW


def sending(rule, hours=0, *, cause=Cause.FIRING, severity=Severity.INFO):
    return Sending(
        at=NOW + timedelta(hours=hours), rule=rule, subject="s", cause=cause, severity=severity
    )


def test_what_both_send_is_paired_whatever_the_minute():
    found = compare([sending("a"), sending("b")], [sending("a", 1), sending("c")])

    assert found.both == (sending("a", 1),)
    assert found.only_before == (sending("b"),)
    assert found.only_after == (sending("c"),)
    assert found.counts() == (("a", 1, 1), ("c", 0, 1), ("b", 1, 0))


def test_a_repeat_more_or_another_severity_is_a_difference():
    found = compare(
        [sending("a"), sending("a", 6, cause=Cause.REPEAT)],
        [
            sending("a", severity=Severity.CRITICAL),
            sending("a", 6, cause=Cause.REPEAT),
            sending("a", 9, cause=Cause.REPEAT),
        ],
    )

    assert found.both == (sending("a", 6, cause=Cause.REPEAT),)
    assert found.only_before == (sending("a"),)
    assert found.only_after == (
        sending("a", severity=Severity.CRITICAL),
        sending("a", 9, cause=Cause.REPEAT),
    )


def test_what_was_really_sent_stands_beside_what_would_be_and_the_rest_is_left():
    told = [sending("a"), sending("a", 6, cause=Cause.REPEAT), sending("b")]
    sent = [sending("a", 1), sending("own-health", 2), sending("a", 7, cause=Cause.REPEAT)]

    times, others = beside(told, sent)

    assert times == {told[0]: NOW + timedelta(hours=1), told[1]: NOW + timedelta(hours=7)}
    assert others == (sending("own-health", 2),)

from dataclasses import replace
from datetime import time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.facts.stake import Worth
from parsers.notice import Money
from rules.alert import AlertState, Cause, Severity, Timing
from rules.evaluate import evaluate
from rules.lifecycle import acknowledge, advance, backlog, resolve, snooze, snooze_until
from rules.schedule import CHANNELS, Channel, Plan, next_clock, quiet_end, reminders
from tests.rules.alert_life import DAY, HOUR, MINUTE, NOW, Life, book, subject, told

OPEN = {"watch__open": True, "watch__state": "open"}
OVER = {"watch__open": False, "watch__state": "met"}
NO_WAIT = Plan(group_wait=timedelta(0))

PLAIN = book("""\
    - id: plain
      about: watch
      when: {watch.open: true}
      severity: warning
      title: "x {watch.due_at}"
    """)
HELD = book("""\
    - id: held
      about: watch
      when: {watch.open: true}
      hold: 30m
      severity: warning
      title: x
    """)
REPEATED = book("""\
    - id: repeated
      about: watch
      when: {watch.open: true}
      severity: warning
      repeat: [6h, 1d]
      title: x
    """)
RAISED = book("""\
    - id: raised
      about: watch
      when: {watch.open: true}
      severity: warning
      raise: {critical: {watch.due_at: {within: 24h}}}
      title: x
    """)


def test_a_condition_that_holds_fires_once():
    life = Life(PLAIN, NO_WAIT)

    assert told(life.see(subject(**OPEN))) == [("firing", "plain")]
    assert told(life.see(subject(**OPEN))) == []
    assert life.one().state is AlertState.FIRING
    assert life.one().fired_at == NOW


def test_what_is_held_fires_only_when_it_stays_true():
    life = Life(HELD, NO_WAIT)

    assert told(life.see(subject(**OPEN))) == []
    assert life.one().state is AlertState.PENDING
    assert life.wake_at == NOW + 30 * MINUTE
    life.now += 30 * MINUTE
    assert told(life.see(subject(**OPEN))) == [("firing", "held")]


def test_what_is_held_is_dropped_without_a_word_when_it_ends_before():
    life = Life(HELD, NO_WAIT)
    life.see(subject(**OPEN))
    life.now += 29 * MINUTE

    assert told(life.see(subject(**OVER))) == []
    assert life.one().state is AlertState.DROPPED


def test_the_end_is_told_once_to_those_who_heard_the_beginning():
    plan = Plan(
        group_wait=timedelta(0), channels={**CHANNELS, Severity.WARNING: Channel(notify=("phone",))}
    )
    life = Life(PLAIN, plan)
    life.see(subject(**OPEN))
    life.now += HOUR

    step = life.see(subject(**OVER))

    assert told(step) == [("resolved", "plain")]
    assert step.announcements[0].groups == ("phone",)
    assert told(life.see(subject(**OVER))) == []
    assert life.one().state is AlertState.RESOLVED


def test_the_end_of_what_was_only_in_a_digest_is_not_told():
    plan = Plan(channels={**CHANNELS, Severity.WARNING: Channel(digest=True)})
    life = Life(PLAIN, plan)
    life.see(subject(**OPEN))
    life.now += 2 * DAY

    assert told(life.see(subject(**OVER))) == []


def test_the_end_of_a_rule_that_does_not_care_is_not_told():
    rules = book(
        "- {id: quiet-end, about: watch, when: {watch.open: true}, severity: warning, resolved:"
        " false, title: x}\n"
    )
    life = Life(rules, NO_WAIT)
    life.see(subject(**OPEN))
    life.now += HOUR

    assert told(life.see(subject(**OVER))) == []
    assert life.one().state is AlertState.RESOLVED


def test_what_became_too_old_to_matter_ends_without_a_word():
    rules = book(
        "- {id: recent, about: watch, when: {watch.open: true, watch.due_at: {newer_than: 3d}}, "
        "severity: warning, title: x}\n"
    )
    ages = Life(rules, NO_WAIT)
    mended = Life(rules, NO_WAIT)
    mended.see(subject(due_at=NOW, **OPEN))
    mended.now += DAY

    assert ages.run(5 * DAY, subject(due_at=NOW, **OPEN)) == [(timedelta(0), "firing")]
    assert ages.one().state is AlertState.RESOLVED
    assert told(mended.see(subject(due_at=NOW, **OVER))) == [("resolved", "recent")]


def test_good_news_wakes_nobody():
    life = Life(RAISED, QUIET, now=NIGHT - 8 * HOUR)
    life.see(subject(due_at=NIGHT, **OPEN))
    life.now = NIGHT

    (one,) = life.see(subject(**OVER)).announcements

    assert (one.cause, one.alert.severity, one.not_before) == (
        Cause.RESOLVED,
        Severity.CRITICAL,
        MORNING,
    )


def test_the_alerts_of_a_rule_that_was_taken_out_end_without_a_word():
    life = Life(PLAIN, NO_WAIT)
    life.see(subject(**OPEN))

    step = advance((), life.live(), life.plan, NOW + HOUR, known=frozenset({"other"}))

    assert [alert.state for alert in step.alerts] == [AlertState.RESOLVED]
    assert step.announcements == ()


def test_a_subject_that_is_gone_has_lost_its_condition():
    life = Life(PLAIN, NO_WAIT)
    life.see(subject(**OPEN))
    life.now += HOUR

    assert told(life.see()) == [("resolved", "plain")]


def test_a_condition_that_comes_back_is_a_new_episode():
    life = Life(PLAIN, NO_WAIT)
    life.see(subject(**OPEN))
    life.now += HOUR
    life.see(subject(**OVER))
    life.now += HOUR

    assert told(life.see(subject(**OPEN))) == [("firing", "plain")]
    assert sorted(alert.state for alert in life.alerts.values()) == ["firing", "resolved"]


def test_repeats_follow_the_list_and_its_last_delay_for_ever():
    life = Life(REPEATED, NO_WAIT)

    said = life.run(4 * DAY, subject(**OPEN))

    assert said == [
        (timedelta(0), "firing"),
        (6 * HOUR, "repeat"),
        (30 * HOUR, "repeat"),
        (54 * HOUR, "repeat"),
        (78 * HOUR, "repeat"),
    ]


def test_after_a_deadline_has_passed_it_is_told_once_more():
    life = Life(REPEATED, NO_WAIT)

    said = life.run(9 * DAY, subject(due_at=NOW + 40 * HOUR, **OPEN))

    assert [at for at, _ in said] == [timedelta(0), 6 * HOUR, 30 * HOUR, 54 * HOUR]


def test_a_daemon_that_was_away_repeats_once_not_for_every_time_it_missed():
    life = Life(REPEATED, NO_WAIT)
    life.see(subject(**OPEN))
    life.now += 10 * DAY

    assert told(life.see(subject(**OPEN))) == [("repeat", "repeated")]
    assert told(life.see(subject(**OPEN))) == []


@pytest.mark.parametrize(
    ("span", "before"),
    [
        (10 * DAY, [5 * DAY, 2 * DAY, DAY, 6 * HOUR, timedelta(0)]),
        (8 * DAY, [5 * DAY, 2 * DAY, DAY, 6 * HOUR, timedelta(0)]),
        (5 * DAY, [2 * DAY, DAY, 6 * HOUR, timedelta(0)]),
        (48 * HOUR, [24 * HOUR, 6 * HOUR, HOUR, timedelta(0)]),
        (4 * HOUR, [2 * HOUR, HOUR, timedelta(0)]),
        (30 * MINUTE, [15 * MINUTE, timedelta(0)]),
    ],
)
def test_reminders_come_closer_together_as_a_deadline_comes_near(span, before):
    assert list(reminders(NOW, NOW + span)) == [NOW + span - gap for gap in before]


def test_a_deadline_is_reminded_of_on_its_days_and_when_it_has_passed():
    rules = book(
        "- {id: deadline, about: watch, when: {watch.open: true}, severity: warning, repeat:"
        " deadline, title: x}\n"
    )
    life = Life(rules, NO_WAIT)

    said = life.run(30 * DAY, subject(due_at=NOW + 10 * DAY, watch__opened_at=NOW, **OPEN))

    assert [at for at, _ in said] == [
        timedelta(0),
        5 * DAY,
        8 * DAY,
        9 * DAY,
        9 * DAY + 18 * HOUR,
        10 * DAY,
    ]


def test_of_a_deadline_that_is_only_good_to_know_nobody_is_reminded():
    rules = book(
        "- {id: deadline, about: watch, when: {watch.open: true}, severity: info, repeat: deadline,"
        " title: x}\n"
    )
    life = Life(rules, NO_WAIT)

    said = life.run(30 * DAY, subject(due_at=NOW + 10 * DAY, watch__opened_at=NOW, **OPEN))

    assert [at for at, _ in said] == [timedelta(0)]


def test_acknowledged_it_stays_listed_and_is_not_repeated():
    life = Life(REPEATED, NO_WAIT)
    life.see(subject(**OPEN))
    put(life, acknowledge(life.one(), life.now))

    assert life.run(5 * DAY, subject(**OPEN)) == []
    assert life.one().state is AlertState.ACKED


def put(life, alert):
    life.alerts[(*alert.key, alert.episode)] = alert


def test_a_rise_in_severity_rings_although_acknowledged():
    life = Life(RAISED, NO_WAIT)
    what = subject(due_at=NOW + 3 * DAY, **OPEN)
    life.see(what)
    put(life, acknowledge(life.one(), life.now))

    assert life.run(2 * DAY - MINUTE, what) == []
    assert life.run(2 * DAY, what) == [(2 * DAY, "repeat")]
    assert (life.one().state, life.one().severity) == (AlertState.FIRING, Severity.CRITICAL)


def test_a_severity_never_falls_so_it_cannot_rise_twice():
    life = Life(RAISED, NO_WAIT)
    life.see(subject(due_at=NOW + HOUR, **OPEN))
    life.see(subject(due_at=NOW + 3 * DAY, **OPEN))

    assert life.one().severity is Severity.CRITICAL


def test_a_changed_deadline_in_the_title_is_news_even_when_acknowledged():
    life = Life(PLAIN, NO_WAIT)
    life.see(subject(due_at=NOW + 3 * DAY, **OPEN))
    put(life, acknowledge(life.one(), life.now))
    life.now += HOUR

    assert told(life.see(subject(due_at=NOW + 2 * DAY, **OPEN))) == [("repeat", "plain")]
    assert told(life.see(subject(due_at=NOW + 2 * DAY, **OPEN))) == []


def test_a_better_known_item_is_no_news():
    rules = book(
        "- {id: named, about: watch, when: {watch.open: true}, severity: warning, title:"
        ' "{order.title}"}\n'
    )
    life = Life(rules, NO_WAIT)
    life.see(subject(order__title="USB ca", **OPEN))

    assert told(life.see(subject(order__title="USB cable, 2 m", **OPEN))) == []


def test_snoozed_it_is_silent_and_comes_back_by_itself():
    life = Life(REPEATED, NO_WAIT)
    life.see(subject(**OPEN))
    put(life, snooze(life.one(), NOW + 20 * HOUR, NOW))

    said = life.run(21 * HOUR, subject(**OPEN))

    assert said == [(20 * HOUR, "repeat")]
    assert life.one().state is AlertState.FIRING


def test_resolved_by_hand_it_does_not_ring_again_while_it_still_holds():
    life = Life(REPEATED, NO_WAIT)
    life.see(subject(**OPEN))
    put(life, resolve(life.one(), life.now))

    assert life.run(5 * DAY, subject(**OPEN)) == []
    assert life.one().state is AlertState.SETTLED
    assert told(life.see(subject(**OVER))) == []
    assert life.one().state is AlertState.RESOLVED
    assert told(life.see(subject(**OPEN))) == [("firing", "repeated")]


def test_what_has_ended_can_neither_be_acknowledged_nor_snoozed_nor_resolved():
    life = Life(PLAIN, NO_WAIT)
    life.see(subject(**OPEN))
    life.now += HOUR
    life.see()
    ended = life.one()

    assert acknowledge(ended, NOW) == ended
    assert snooze(ended, NOW + DAY, NOW) == ended
    assert resolve(ended, NOW) == ended


def test_nobody_reacts_and_others_are_told_once():
    rules = book("""\
        - id: escalated
          about: watch
          when: {watch.open: true}
          severity: warning
          notify: phone
          escalate: {after: 6h, notify: [chat]}
          title: x
        """)
    life = Life(rules, NO_WAIT)

    life.run(3 * DAY, subject(**OPEN))

    assert [(at, one.cause, one.groups) for at, one in life.said] == [
        (timedelta(0), Cause.FIRING, ("phone",)),
        (6 * HOUR, Cause.REPEAT, ("chat",)),
    ]


def test_who_acknowledges_spares_the_others():
    rules = book(
        "- {id: escalated, about: watch, when: {watch.open: true}, severity: warning, "
        "escalate: {after: 6h, notify: chat}, title: x}\n"
    )
    life = Life(rules, NO_WAIT)
    life.see(subject(**OPEN))
    put(life, acknowledge(life.one(), NOW + HOUR))

    assert life.run(3 * DAY, subject(**OPEN)) == []


# together, quiet hours, digest


def test_alerts_of_one_order_within_a_minute_go_out_together():
    life = Life(PLAIN)
    first = life.see(subject("one", **OPEN)).announcements[0]
    life.now += 20 * timedelta(seconds=1)
    second = life.see(subject("one", **OPEN), subject("two", **OPEN)).announcements[0]
    life.now += DAY
    third = life.see(*(subject(name, **OPEN) for name in ("one", "two", "three"))).announcements[0]

    assert first.not_before == second.not_before == NOW + MINUTE
    assert third.not_before == life.now + MINUTE


def test_what_is_critical_waits_for_nobody_and_takes_the_others_along():
    rules = book("""\
        - {id: low, about: watch, when: {watch.open: true}, severity: warning, title: x}
        - {id: high, about: watch, when: {watch.open: true}, severity: critical, title: x}
        """)

    announcements = Life(rules).see(subject(**OPEN)).announcements

    assert [one.not_before for one in announcements] == [NOW, NOW]


QUIET = Plan(
    group_wait=timedelta(0),
    quiet_from=time(22, 30),
    quiet_to=time(7),
    quiet_zone=ZoneInfo("Asia/Tokyo"),
)
NIGHT = NOW.replace(hour=15)  # midnight in Tokyo
MORNING = NOW.replace(hour=22)


@pytest.mark.parametrize(
    ("severity", "due", "delivery", "not_before"),
    [
        ("warning", None, Timing.DIGEST, MORNING),
        ("warning", MORNING - HOUR, Timing.NOW, NIGHT),
        ("warning", MORNING + HOUR, Timing.DIGEST, MORNING),
        ("critical", None, Timing.NOW, NIGHT),
    ],
)
def test_quiet_hours_hold_what_can_wait(severity, due, delivery, not_before):
    rules = book(
        f"- {{id: it, about: watch, when: {{watch.open: true}}, severity: {severity}, title: x}}\n"
    )
    life = Life(rules, QUIET, now=NIGHT)

    (one,) = life.see(subject(due_at=due, **OPEN)).announcements

    assert (one.delivery, one.not_before) == (delivery, not_before)
    assert one.alert.fired_at == NIGHT


def test_held_over_night_and_over_before_the_morning_is_never_told():
    life = Life(PLAIN, QUIET, now=NIGHT)
    life.see(subject(**OPEN))
    life.now += HOUR

    assert told(life.see(subject(**OVER))) == []


@pytest.mark.parametrize(
    ("hour", "inside"),
    [
        ("22:29", False),
        ("22:30", True),
        ("00:00", True),
        ("06:59", True),
        ("07:00", False),
        ("12:00", False),
    ],
)
def test_quiet_hours_span_midnight(hour, inside):
    at = NOW.astimezone(ZoneInfo("Asia/Tokyo")).replace(hour=int(hour[:2]), minute=int(hour[3:]))

    assert (quiet_end(QUIET, at) is not None) is inside


def test_a_clock_is_met_although_the_zone_skips_it():
    berlin = ZoneInfo("Europe/Berlin")
    night = NOW.replace(month=3, day=28, hour=23)

    assert (
        next_clock(time(2, 30), berlin, night).astimezone(berlin).date().isoformat() == "2026-03-29"
    )


def test_news_waits_for_the_digest_unless_its_deadline_comes_first():
    rules = book("- {id: news, about: watch, when: {watch.open: true}, severity: info, title: x}\n")
    plan = Plan(digest_at=time(8), zone=ZoneInfo("Asia/Tokyo"))
    tomorrow = NOW.replace(hour=23)

    waits = Life(rules, plan).see(subject(**OPEN)).announcements[0]
    urgent = Life(rules, plan).see(subject(due_at=NOW + HOUR, **OPEN)).announcements[0]

    assert (waits.delivery, waits.not_before) == (Timing.DIGEST, tomorrow)
    assert urgent.delivery is Timing.NOW


def test_a_rule_may_ask_for_the_digest_or_for_now_itself():
    rules = book("""\
        - {id: later, about: watch, when: {watch.open: true}, severity: warning, group: digest, title: x}
        - {id: at-once, about: watch, when: {watch.open: true}, severity: info, group: now, title: x}
        """)

    found = {
        one.alert.rule: one.delivery
        for one in Life(rules, NO_WAIT).see(subject(**OPEN)).announcements
    }

    assert found == {"later": Timing.DIGEST, "at-once": Timing.NOW}


# quiets

QUIETING = book("""\
    - id: loud
      about: watch
      when: {watch.open: true, watch.stated: true}
      severity: critical
      quiets: [soft]
      title: x
    - id: soft
      about: watch
      when: {watch.open: true}
      severity: warning
      repeat: 1d
      title: x
    """)


def test_a_rule_keeps_another_quiet_for_the_same_subject_only():
    life = Life(QUIETING, NO_WAIT)

    step = life.see(subject("one", watch__stated=True, **OPEN), subject("two", **OPEN))

    assert [(one.alert.rule, one.alert.subject) for one in step.announcements] == [
        ("soft", "two"),
        ("loud", "one"),
    ] or [(one.alert.rule, one.alert.subject) for one in step.announcements] == [
        ("loud", "one"),
        ("soft", "two"),
    ]


def test_the_quieted_one_rings_when_the_other_is_over():
    life = Life(QUIETING, NO_WAIT)
    life.see(subject(watch__stated=True, **OPEN))
    life.now += HOUR

    assert sorted(told(life.see(subject(watch__stated=False, **OPEN)))) == [
        ("firing", "soft"),
        ("resolved", "loud"),
    ]


def test_an_alert_quieted_later_neither_repeats_nor_says_that_it_is_over():
    life = Life(QUIETING, NO_WAIT)
    life.see(subject(watch__stated=False, **OPEN))
    life.now += HOUR
    life.see(subject(watch__stated=True, **OPEN))

    assert life.run(5 * DAY, subject(watch__stated=True, **OPEN)) == []


def test_across_abouts_the_order_decides():
    rules = book("""\
        - {id: loud, about: dispute, when: {dispute.open: true}, severity: critical, quiets: soft, title: x}
        - {id: soft, about: watch, when: {watch.open: true}, severity: warning, title: x}
        """)
    dispute = subject("d", about="dispute", dispute__open=True)

    same = Life(rules, NO_WAIT).see(dispute, subject("w", **OPEN))
    other = Life(rules, NO_WAIT).see(dispute, subject("w", order="aliexpress:buyer:2", **OPEN))

    assert told(same) == [("firing", "loud")]
    assert sorted(told(other)) == [("firing", "loud"), ("firing", "soft")]


def test_a_rule_may_quiet_everything_of_its_order():
    rules = book("""\
        - id: stop
          about: watch
          when: {watch.open: true, watch.stated: true}
          severity: critical
          quiets_order: [hurry]
          title: x
        - {id: hurry, about: watch, when: {watch.open: true}, severity: warning, title: x}
        """)
    stop = subject("stop", watch__stated=True, **OPEN)

    same = Life(rules, NO_WAIT).see(stop, subject("ship", **OPEN))
    other = Life(rules, NO_WAIT).see(stop, subject("ship", order="amazon:seller:2", **OPEN))

    assert told(same) == [("firing", "stop")]
    assert sorted(told(other)) == [("firing", "hurry"), ("firing", "stop")]


BUSY = """\
    - id: late
      about: watch
      when: {watch.open: true}
      severity: warning
      repeat: 1d
      quiet_while: {order.problem: true}
      title: x
"""


def test_while_something_else_is_under_way_a_rule_is_silent_by_itself():
    life = Life(book(BUSY), NO_WAIT)
    life.see(subject(order__problem=False, **OPEN))

    assert life.run(5 * DAY, subject(order__problem=True, **OPEN)) == []
    assert life.one().state is AlertState.FIRING
    assert life.run(5 * DAY, subject(order__problem=False, **OPEN)) == [(5 * DAY, "repeat")]


def test_what_was_silent_from_the_start_rings_when_that_is_over():
    life = Life(book(BUSY), NO_WAIT)

    assert life.run(DAY, subject(order__problem=True, **OPEN)) == []
    assert life.run(DAY, subject(order__problem=False, **OPEN)) == [(DAY, "firing")]


def test_the_clock_may_end_the_silence():
    rules = book(BUSY.replace("order.problem: true", "order.ship_by: {newer_than: 2d}"))
    facts = {**OPEN, "order__ship_by": NOW}

    assert Life(rules, NO_WAIT).run(DAY, subject(**facts)) == []
    assert Life(rules, NO_WAIT).run(2 * DAY + MINUTE, subject(**facts))[0][1] == "firing"


# history and outages


def test_history_opens_alerts_without_a_word_and_ends_in_one_digest():
    life = Life(HELD, NO_WAIT)
    life.see(subject("one", **OPEN), subject("two", **OPEN), silent=True)
    life.see(subject("one", **OPEN), subject("two", **OVER), silent=True)
    assert life.said == []

    step = backlog(life.book, life.live(), life.plan, life.now)

    assert [(one.alert.subject, one.delivery, one.not_before) for one in step.announcements] == [
        ("one", Timing.DIGEST, NOW)
    ]
    life.keep(step)
    assert backlog(life.book, life.live(), life.plan, life.now).announcements == ()
    assert told(life.see(subject("one", **OPEN))) == []


def test_the_digest_of_an_outage_waits_for_the_morning_unless_something_is_critical():
    life = Life(PLAIN, QUIET, now=NIGHT)
    life.see(subject(**OPEN), silent=True)
    urgent = Life(RAISED, QUIET, now=NIGHT)
    urgent.see(subject(due_at=NIGHT + 20 * HOUR, **OPEN), silent=True)

    assert backlog(life.book, life.live(), QUIET, NIGHT).announcements[0].not_before == MORNING
    assert backlog(urgent.book, urgent.live(), QUIET, NIGHT).announcements[0].not_before == NIGHT


# snooze words


def test_snooze_takes_a_duration_or_a_distance_from_the_deadline():
    life = Life(PLAIN, NO_WAIT)
    life.see(subject(due_at=NOW + 3 * DAY, **OPEN))

    assert snooze_until("8h", life.one(), NOW) == NOW + 8 * HOUR
    assert snooze_until("deadline-24h", life.one(), NOW) == NOW + 2 * DAY
    assert snooze_until("deadline", life.one(), NOW) == NOW + 3 * DAY


@pytest.mark.parametrize(
    ("text", "due", "what"),
    [
        ("deadline-24h", None, "no deadline"),
        ("deadline-5d", NOW + 3 * DAY, "already passed"),
        ("tomorrow", None, "expected a duration"),
    ],
)
def test_a_snooze_that_makes_no_sense_says_why(text, due, what):
    life = Life(PLAIN, NO_WAIT)
    life.see(subject(due_at=due, **OPEN))

    with pytest.raises(ValueError, match=what):
        snooze_until(text, life.one(), NOW)


# properties

ALL = book("""\
    - {id: plain, about: watch, when: {watch.open: true}, severity: info, title: "{watch.due_at}"}
    - {id: held, about: watch, when: {watch.open: true}, hold: 30m, severity: warning, repeat: [6h, 1d], title: x}
    - id: timed
      about: watch
      when: {watch.due_at: {within: 2d}}
      severity: warning
      raise: {critical: {watch.due_at: {within: 1d}}}
      repeat: deadline
      quiets: [held]
      escalate: {after: 6h, notify: chat}
      title: "{watch.due_at}"
    """)
steps = st.lists(
    st.tuples(
        st.integers(1, 40).map(lambda n: n * HOUR),
        st.booleans(),
        st.sampled_from([None, 20, 60, 100]),
        st.sampled_from(["none", "ack", "snooze", "resolve"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


@given(moves=steps, wait=st.sampled_from([0, 60]))
@settings(max_examples=80, deadline=None)
def test_whatever_happens_judging_again_changes_nothing_and_nothing_fires_twice(moves, wait):
    life = Life(ALL, replace(QUIET, group_wait=timedelta(seconds=wait)))
    for gap, is_open, due, act, silent in moves:
        life.now += gap
        what = subject(
            due_at=None if due is None else NOW + due * HOUR,
            watch__open=is_open,
            watch__state="open" if is_open else "met",
            watch__opened_at=NOW,
        )
        life.see(what, silent=silent)
        again = advance(
            evaluate(ALL, [what], life.now), life.live(), life.plan, life.now, silent=silent
        )
        assert (again.alerts, again.announcements) == ((), ())
        assert again.wake_at is None or again.wake_at > life.now
        for alert in life.live():
            match act:
                case "ack":
                    put(life, acknowledge(alert, life.now))
                case "snooze":
                    put(life, snooze(alert, life.now + 5 * HOUR, life.now))
                case "resolve":
                    put(life, resolve(alert, life.now))
    fired = [
        (*one.alert.key, one.alert.episode) for _, one in life.said if one.cause is Cause.FIRING
    ]
    assert len(fired) == len(set(fired))
    ended = [
        (*one.alert.key, one.alert.episode) for _, one in life.said if one.cause is Cause.RESOLVED
    ]
    assert len(ended) == len(set(ended))


@pytest.mark.parametrize(("stake", "told"), [("293", 1), ("46800", 5)])
def test_of_little_money_it_is_told_once(stake, told):
    worth = Worth(limit=Money(value=Decimal(500), currency="JPY"))
    life = Life(REPEATED, replace(NO_WAIT, worth=worth))
    amount = Money(value=Decimal(stake), currency="JPY")

    said = life.run(4 * DAY, subject(order__stake=amount, **OPEN))

    assert len(said) == told


def test_little_money_grows_no_louder_before_its_deadline():
    worth = Worth(limit=Money(value=Decimal(500), currency="JPY"))
    amount = Money(value=Decimal(293), currency="JPY")
    life = Life(RAISED, replace(NO_WAIT, worth=worth))

    said = life.run(4 * DAY, subject(due_at=NOW + 40 * HOUR, order__stake=amount, **OPEN))

    assert said == [(timedelta(0), "firing")]

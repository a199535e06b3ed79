"""`alerts` and `alert`: the worst first, none critical hidden, and each as it was pushed."""

from datetime import UTC, datetime, timedelta

import pytest

from daemon.cli.exits import Exit
from daemon.cli.listing import until
from tests.servers import sample_mail

ORDERS = [f"810000000000000{digit}" for digit in range(1, 7)]
PACKAGE = "249-0000000-0000001"


@pytest.fixture
def ringing(household):
    """Four disputes judged Invalid and, newer, two judged Valid."""
    for number in ORDERS[:4]:
        household.take(sample_mail.judged(number, at=household.now))
    household.later(timedelta(minutes=5))
    for number in ORDERS[4:]:
        household.take(sample_mail.judged(number, "Valid", at=household.now))
    household.later(timedelta(minutes=5))
    return household


def test_the_worst_come_first_and_what_is_cut_is_counted(ringing):
    every = ringing.call("alerts", "--json").stdout.splitlines()
    answer = ringing.call("alerts", "--limit", "5")

    assert len(every) > 5
    assert [line.split()[1] for line in answer.stdout.splitlines()[1:5]] == ["critical"] * 4
    assert len(answer.stdout.splitlines()) == 6
    last = answer.stdout.splitlines()[-1].split()[0]
    assert answer.stderr == f"and {len(every) - 5} more; the next page: --after {last}\n"


@pytest.mark.parametrize("form", [(), ("--json",), ("--full",)])
def test_a_critical_one_is_never_cut_away(ringing, form):
    answer = ringing.call("alerts", "--limit", "1", *form)

    assert all(number in answer.stdout for number in ORDERS[:4])
    assert " more; the next page: --after " in answer.stderr


def test_nothing_is_said_of_more_when_all_are_shown(ringing):
    assert ringing.call("alerts").stderr == ""


def test_those_that_have_ended_come_after_those_that_ring(ringing):
    [first, *_] = ringing.rows("alerts")
    ringing.call("resolve", str(first["alert"]))
    ringing.now += timedelta(days=60)
    ringing.later(timedelta(minutes=1))
    rows = ringing.rows("alerts", "--all")
    over = [row["state"] in ("resolved", "dropped") for row in rows]

    assert any(over)
    assert over == sorted(over)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_an_alert_is_shown_as_it_was_pushed(ringing, language):
    config = ringing.paths.config
    config.write_text(
        config.read_text().replace("env: PHONE}", f"env: PHONE}}, language: {language}")
    )
    ringing.take(sample_mail.judged("8100000000000009", at=ringing.now))
    ringing.later(timedelta(minutes=5))
    push = next(one for one in ringing.sent if "8100000000000009" in one.title)
    [row] = [
        row
        for row in ringing.rows("alerts")
        if row["orders"] == ["8100000000000009"] and row["severity"] == "critical"
    ]
    answer = ringing.call("alert", str(row["alert"]), "--language", language)

    assert answer.exit_code == Exit.DONE
    own = push.title.removesuffix(" and 2 more").removesuffix("、ほか2件")
    assert own in answer.stdout.splitlines()
    assert all(line in answer.stdout for line in push.body.split("\n\n")[0].splitlines())
    assert "pushed: phone" in answer.stdout
    assert f"orderbell ack {row['alert']}" in answer.stdout


def test_an_alert_shows_the_lines_of_its_mail(ringing):
    [first, *_] = ringing.rows("alerts")
    [row] = ringing.rows("alert", str(first["alert"]))

    assert row["evidence"][0]["mail"] == first["mails"][0]
    assert "Judgement from AE: Invalid" in row["evidence"][0]["lines"]
    assert row["message"]["title"] == row["title"]
    assert [push["target"] for push in row["pushed"]] == ["phone"]


def test_rows_carry_text_advice_deadline_and_mail(ringing):
    [first, *_] = ringing.rows("alerts")

    assert first["body"] == "AliExpress did not accept your claim."
    assert "You can appeal only once" in first["advice"]
    assert "Judgement from AE" in first["read_in"]
    assert {"due_at", "orders", "mails", "since", "title"} <= first.keys()


def test_all_can_be_read_in_full(ringing):
    answer = ringing.call("alerts", "--full")

    assert answer.stdout.count("AliExpress did not accept your claim.") == 4


def test_an_alert_that_is_over_can_still_be_read(ringing):
    [first, *_] = ringing.rows("alerts")
    ringing.call("resolve", str(first["alert"]))
    answer = ringing.call("alert", str(first["alert"]))

    assert "Dispute judged Invalid" in answer.stdout
    assert "orderbell ack" not in answer.stdout


def test_a_number_no_alert_has_is_told(ringing):
    answer = ringing.call("alert", "4711")

    assert (answer.exit_code, answer.stderr) == (
        Exit.ERROR,
        "no alert has the number 4711; orderbell alerts --all\n",
    )


def test_an_order_lists_its_alerts_past_ones_too(ringing):
    [first, *_] = ringing.rows("alerts")
    number = first["orders"][0]
    ringing.take(
        sample_mail.aliexpress(
            f"AliExpress Dispute Order {number}: dispute closed",
            f"Your dispute for order {number} has been closed.",
            at=ringing.now,
        )
    )
    ringing.now += timedelta(days=60)
    ringing.later(timedelta(minutes=1))
    [row] = ringing.rows("order", number)
    shown = ringing.call("order", number).stdout

    assert {"alert", "rule", "severity", "state", "since", "title"} <= row["alerts"][0].keys()
    assert "Dispute judged Invalid" in shown.partition("Alerts")[2]


def test_a_deadline_that_is_over_says_so():
    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    assert until("2026-03-02T08:59:00+00:00", UTC, now) == "passed 2026-03-02 08:59"
    assert until("2026-03-02T09:01:00+00:00", UTC, now) == "2026-03-02 09:01"
    assert until(None, UTC, now) == ""

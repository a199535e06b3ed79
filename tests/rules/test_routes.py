from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from daemon.cli import main
from daemon.settings import WrittenRoute
from parsers.notice import Money
from rules.alert import Severity
from rules.lifecycle import backlog
from rules.routes import Envelope, groups_by_route
from rules.schedule import Plan
from tests.rules.alert_life import Life, book, subject

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TOKYO_NIGHTS = Plan(
    group_wait=timedelta(0),
    quiet_from=time(22, 30),
    quiet_to=time(7),
    quiet_zone=ZoneInfo("Asia/Tokyo"),
)
CONFIG = """\
version: 1
mailboxes: [{id: main, provider: gmail, user: me@example.org, password: {env: X}}]
targets: [{id: iphone, url: {env: A}}, {id: slack, url: {env: B}}]
notify: {phone: [iphone], shop: [slack]}
alerts: {critical: {notify: [phone]}, warning: {notify: [phone]}, info: {notify: [phone]}}
routes:
  - {marketplace: aliexpress, rule: "dispute-*", notify: shop}
"""


def route(**written):
    return WrittenRoute.model_validate(written).compiled


def envelope(**changes):
    facts = {
        "order.marketplace": "aliexpress",
        "order.amount": Money(value=Decimal(120), currency="USD"),
    }
    about = {
        "rule": "dispute-judged-invalid",
        "about": "dispute",
        "severity": Severity.CRITICAL,
        "facts": facts,
        "now": NOW,
    }
    return Envelope(**about | changes)


@pytest.mark.parametrize(
    ("written", "fits"),
    [
        ({"marketplace": "aliexpress"}, True),
        ({"marketplace": ["amazon"]}, False),
        ({"rule": "dispute-*"}, True),
        ({"rule": ["refund-*", "claim-*"]}, False),
        ({"about": ["dispute", "return"]}, True),
        ({"about": "order"}, False),
        ({"severity": ["critical"]}, True),
        ({"severity": ["info"]}, False),
        ({"order.amount": {"at_least": "100 USD"}}, True),
        ({"order.amount": {"at_least": "200 USD"}}, False),
        ({"order.amount": {"at_least": "100 JPY"}}, False),
        ({"marketplace": "aliexpress", "severity": ["info"]}, False),
    ],
)
def test_a_route_takes_what_is_all_of_what_it_names(written, fits):
    found = groups_by_route([route(notify="shop", **written)], envelope())

    assert found == (("shop",) if fits else None)


def test_the_first_route_wins_unless_it_says_to_go_on():
    routes = [
        route(notify=["a"], **{"continue": True}),
        route(notify=["b", "a"]),
        route(notify=["c"]),
    ]

    assert groups_by_route(routes, envelope()) == ("a", "b")
    assert groups_by_route(routes[1:], envelope()) == ("b", "a")


def test_an_alert_goes_where_its_route_says_and_else_where_its_severity_does():
    rule = book("""\
        - id: plain
          about: watch
          when: {watch.open: true}
          severity: warning
          title: x
        """)
    plan = Plan(routes=(route(marketplace="aliexpress", notify="shop"),))
    told = {}
    for marketplace in ("aliexpress", "amazon"):
        step = Life(rule, plan).see(
            subject(watch__open=True, watch__state="open", order__marketplace=marketplace)
        )
        told[marketplace] = step.announcements[0].groups

    assert told == {"aliexpress": ("shop",), "amazon": ()}


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (
            ["dispute-judged-invalid", "--marketplace", "aliexpress"],
            "→ shop: slack\nbecause of route 1\n",
        ),
        (["dispute-judged-invalid", "--marketplace", "amazon"], "→ phone: iphone\n"),
        (["unknown-order", "--marketplace", "aliexpress"], "→ phone: iphone\n"),
    ],
)
def test_routes_test_says_who_would_get_it_and_why(tmp_path, words, answer):
    (tmp_path / "config.yaml").write_text(CONFIG)
    options = ["--config", str(tmp_path / "config.yaml"), "--state", str(tmp_path / "state")]
    said = CliRunner().invoke(main, [*options, "routes", "test", *words], catch_exceptions=False)

    assert said.exit_code == 0, said.output
    assert answer in said.output


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("notify: [iphone]", "iphone is a target; groups are phone, shop"),
        ("notify: [shop], about: ordre", "no rule is about 'ordre'; did you mean 'order'?"),
        ("notify: [shop], order.amount: {at_least: 5}", "an amount with its currency"),
        ("notify: [shop], marketplce: amazon", "unknown key 'marketplce'"),
    ],
)
def test_a_wrong_route_is_told_with_its_place(tmp_path, wrong, sentence):
    (tmp_path / "config.yaml").write_text(CONFIG + f"  - {{{wrong}}}\n")
    said = CliRunner().invoke(
        main, ["--config", str(tmp_path / "config.yaml"), "config", "check"], catch_exceptions=False
    )

    assert said.exit_code == 3
    assert sentence in said.stderr
    assert "config.yaml:8:" in said.stderr


NIGHTS = """\
timezone: Asia/Tokyo
quiet_hours: {from: "22:30", to: "07:00"}
digest: {at: "08:00"}
"""
NIGHT_ROUTES = """\
  - {rule: "payment-*", notify: phone, quiet_hours: ignore}
  - {rule: "refund-*", notify: phone, quiet_hours: {from: "20:00", to: "09:30"}}
  - {rule: "dispute-judged-*", notify: phone, quiet_hours: hold}
  - {rule: "claim-*", notify: phone, continue: true}
  - {rule: "claim-*", notify: shop, quiet_hours: {from: "01:00", to: "12:00", timezone: Europe/Berlin}}
"""
NIGHT_RULES = """\
version: 1
change:
  parcel-problem: {quiet_hours: ignore}
  refund-failed: {quiet_hours: {from: "21:00", to: "06:00"}}
  shipped-after-refund: {quiet_hours: hold, notify: [phone]}
"""


@pytest.mark.parametrize(
    ("rule", "at", "answer"),
    [
        ("partly-delivered", "23:30", "it waits until 2026-03-03 07:00 for the quiet hours"),
        ("partly-delivered", "12:00", "it goes out at once"),
        ("payment-failed", "23:30", "it goes out at once"),
        (
            "refund-not-seen",
            "20:00",
            "it waits until 2026-03-03 09:30 for the quiet hours of route 3",
        ),
        ("refund-not-seen", "19:59", "it goes out at once"),
        ("refund-failed", "20:30", "it goes out at once"),
        (
            "refund-failed",
            "21:00",
            "it waits until 2026-03-03 06:00 for the rule's own quiet hours",
        ),
        ("parcel-problem", "23:30", "it goes out at once"),
        ("completed-while-dispute-open", "23:30", "it goes out at once"),
        (
            "dispute-judged-invalid",
            "23:30",
            "it waits until 2026-03-03 07:00 for the quiet hours of route 4",
        ),
        ("claim-opened", "09:00", "it waits until 2026-03-02 20:00 for the quiet hours of route 6"),
        ("delivered", "12:00", "it waits until 2026-03-03 08:00 for the daily digest"),
        ("shipped-after-refund", "12:00", "it goes out at once"),
    ],
)
def test_routes_test_says_until_when_it_waits(tmp_path, rule, at, answer):
    (tmp_path / "config.yaml").write_text(NIGHTS + CONFIG + NIGHT_ROUTES)
    (tmp_path / "rules.yaml").write_text(NIGHT_RULES)
    options = ["--config", str(tmp_path / "config.yaml"), "--state", str(tmp_path / "state")]
    said = CliRunner().invoke(
        main, [*options, "routes", "test", rule, "--at", f"2026-03-02 {at}"], catch_exceptions=False
    )

    assert said.exit_code == 0, said.output
    assert said.output.splitlines()[-1] == answer


def test_a_time_that_is_none_is_told(tmp_path):
    (tmp_path / "config.yaml").write_text(CONFIG)
    options = ["--config", str(tmp_path / "config.yaml")]
    said = CliRunner().invoke(main, [*options, "routes", "test", "delivered", "--at", "tonight"])

    assert said.exit_code == 2
    assert "--at tonight: no time 'tonight'; write 2026-03-02 or 2026-03-02 09:00" in said.stderr


@pytest.mark.parametrize(
    ("own", "severity", "hours"),
    [
        ("", "warning", 7),
        ("quiet_hours: ignore", "warning", 0),
        ("quiet_hours: hold", "critical", 7),
        ('quiet_hours: {from: "21:00", to: "10:00"}', "warning", 10),
        ('quiet_hours: {from: "21:00", to: "10:00"}', "critical", 0),
        ('quiet_hours: {from: "10:00", to: "21:00"}', "warning", 0),
    ],
)
def test_a_rule_may_have_quiet_hours_of_its_own(own, severity, hours):
    midnight = NOW.replace(hour=15)  # in Tokyo
    rules = book(f"""\
        - id: plain
          about: watch
          when: {{watch.open: true}}
          severity: {severity}
          title: x
          {own}
        """)
    life = Life(rules, TOKYO_NIGHTS, now=midnight)

    told = life.see(subject(watch__open=True)).announcements

    assert [one.not_before - midnight for one in told] == [timedelta(hours=hours)]


@pytest.mark.parametrize(
    ("routes", "hours"),
    [
        ([], [7, 7]),
        ([{"severity": ["warning"], "quiet_hours": "ignore"}], [0, 7]),
        ([{"rule": "b", "quiet_hours": {"from": "23:00", "to": "09:00"}}], [7, 9]),
    ],
)
def test_after_history_each_waits_for_its_own_morning(routes, hours):
    rules = book("""\
        - {id: a, about: watch, when: {watch.open: true}, severity: warning, title: x}
        - {id: b, about: watch, when: {watch.open: true}, severity: info, title: x}
        """)
    plan = replace(TOKYO_NIGHTS, routes=tuple(route(notify="shop", **one) for one in routes))
    midnight = NOW.replace(hour=15)
    life = Life(rules, plan, now=midnight)
    life.see(subject(watch__open=True), silent=True)

    step = backlog(rules, life.live(), plan, midnight)

    assert [
        round((one.not_before - midnight) / timedelta(hours=1)) for one in step.announcements
    ] == hours


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("never", "'never'"),
        ("[hold]", "expected a map with keys such as from, to"),
        ('{from: "26:00", to: "07:00"}', 'expected a time of day such as "22:30"'),
        ('{from: "22:00"}', "'to' is missing"),
        ('{from: "22:00", too: "07:00"}', "unknown key 'too'"),
    ],
)
def test_wrong_quiet_hours_are_told_in_rules_and_in_routes_alike(tmp_path, wrong, sentence):
    config = tmp_path / "config.yaml"
    options = ["--config", str(config)]
    config.write_text(CONFIG)
    (tmp_path / "rules.yaml").write_text(
        f"version: 1\nchange: {{shipped: {{quiet_hours: {wrong}}}}}\n"
    )
    rules = CliRunner().invoke(main, [*options, "rules", "check"], catch_exceptions=False)
    config.write_text(CONFIG + f"  - {{notify: [shop], quiet_hours: {wrong}}}\n")
    routes = CliRunner().invoke(main, [*options, "config", "check"], catch_exceptions=False)

    assert (rules.exit_code, routes.exit_code) == (4, 3)
    assert sentence in rules.stderr, rules.stderr
    assert "rules.yaml:2:" in rules.stderr
    assert sentence in routes.stderr, routes.stderr
    assert "config.yaml:8:" in routes.stderr

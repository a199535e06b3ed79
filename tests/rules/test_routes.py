from datetime import UTC, datetime
from decimal import Decimal

import pytest
from click.testing import CliRunner

from daemon.cli import main
from daemon.settings import WrittenRoute
from parsers.notice import Money
from rules.alert import Severity
from rules.routes import Envelope, groups_by_route
from tests.rules.alert_life import Life, book, subject

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
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
    from rules.schedule import Plan

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

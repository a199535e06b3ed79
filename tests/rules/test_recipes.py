"""Every block of docs/recipes.md, taken out of the page and run."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from click.testing import CliRunner

from daemon import settings
from daemon.cli import main
from daemon.pipeline.setup import build
from parsers.notice import Money
from rules.fields import FLAGS
from rules.ruletests import load, run
from tests.docs import ROOT
from tests.rules.alert_life import Life, subject

BASE = """\
version: 1
mailboxes: [{id: main, provider: gmail, user: me@example.org, password: {env: X}}]
targets:
  - {id: iphone, url: {env: A}}
  - {id: her-phone, url: {env: B}}
  - {id: slack, url: {env: C}}
  - {id: line, url: {env: D}}
"""
HEAD = re.compile(r"^## (\d+)\. (.+) / (.+)$", re.MULTILINE)
BLOCK = re.compile(
    r"```(?:yaml\n# (?P<file>\S+)|(?P<console>console))\n(?P<text>.*?)```", re.DOTALL
)
DAY, NIGHT = datetime(2026, 3, 2, 5, tzinfo=UTC), datetime(2026, 3, 2, 15, tzinfo=UTC)
"""14:00 and midnight in Tokyo."""


@dataclass(frozen=True)
class Recipe:
    number: int
    title: str
    blocks: dict

    def __str__(self):
        return f"{self.number} {self.title}"


def recipes():
    """What the page says before its first recipe, and the recipes."""
    text = (ROOT / "docs/recipes.md").read_text()
    heads = list(HEAD.finditer(text))
    ends = [*(one.start() for one in heads[1:]), len(text)]
    before = blocks_of(text[: heads[0].start()])
    found = [
        Recipe(int(head[1]), head[2], blocks_of(text[head.end() : end]))
        for head, end in zip(heads, ends, strict=True)
    ]
    return before, found


def blocks_of(part):
    return {one["file"] or one["console"]: one["text"] for one in BLOCK.finditer(part)}


BEFORE, RECIPES = recipes()


@pytest.fixture(params=RECIPES, ids=str)
def recipe(request):
    return request.param


def written(recipe, folder):
    """The recipe's files, its keys of config.yaml over those the page begins with."""
    own = recipe.blocks.get("config.yaml", "")
    mine = {line.partition(":")[0] for line in own.splitlines()}
    kept = [
        line
        for line in BEFORE["config.yaml"].splitlines(keepends=True)
        if line.partition(":")[0] not in mine
    ]
    (folder / "config.yaml").write_text(BASE + "".join(kept) + own)
    for name in ("rules.yaml", "rules.tests.yaml"):
        if name in recipe.blocks:
            (folder / name).write_text(recipe.blocks[name])
    return folder


def setup_of(recipe, folder):
    written(recipe, folder)
    rules = folder / "rules.yaml"
    configuration = settings.load(folder / "config.yaml")
    return build(configuration, rules=rules if rules.exists() else None, packs=None)


def named(number):
    return next(one for one in RECIPES if one.number == number)


def test_there_are_twenty_with_a_name_in_both_languages():
    assert [one.number for one in RECIPES] == list(range(1, 21))


def test_each_does_what_its_page_says(recipe, tmp_path):
    setup = setup_of(recipe, tmp_path)
    shown = [part for part in ("rules.tests.yaml", "console") if part in recipe.blocks]

    assert shown or recipe.number in TOLD
    if "rules.tests.yaml" in recipe.blocks:
        tests = load(tmp_path / "rules.tests.yaml")
        assert {bool(check.rules and check.exact) for check in tests.checks} == {True, False}
        assert [str(one) for one in run(tests, setup.rulebook)] == []
    assert answered(recipe.blocks.get("console", ""), tmp_path) == recipe.blocks.get("console", "")


def answered(transcript, folder):
    """The commands of the transcript with what they really answer."""
    options = ["--config", str(folder / "config.yaml"), "--state", str(folder / "state")]
    said = []
    for line in transcript.splitlines():
        if line.startswith("$ orderbell "):
            result = CliRunner().invoke(main, [*options, *line.split()[2:]], catch_exceptions=False)
            said += [line, *result.output.splitlines()]
    return "".join(f"{line}\n" for line in said)


@pytest.mark.parametrize(
    ("changed", "fires"),
    [("at_least: 100 USD", False), ("at_least: 500 USD", True)],
    ids=["as it stands", "spoiled"],
)
def test_a_recipe_that_did_not_ring_would_be_found(changed, fires, tmp_path):
    first = named(1)
    blocks = first.blocks | {
        "rules.yaml": first.blocks["rules.yaml"].replace("at_least: 100 USD", changed)
    }
    setup = setup_of(Recipe(1, "spoiled", blocks), tmp_path)

    assert bool(run(load(tmp_path / "rules.tests.yaml"), setup.rulebook)) is fires


def told(setup, rule, at, days, facts):
    """When (hours after `at`) and to whom an alert of the rule goes out, up to `days` later."""
    one = setup.rulebook.rule(rule)
    known = dict.fromkeys(FLAGS[one.about], False) | facts
    known["order.payment_failed_at"] = at - timedelta(hours=1)
    seen = replace(subject(about=one.about), facts=known)
    life = Life(type(setup.rulebook)(rules=(one,)), setup.plan, now=at)
    life.see(seen)
    while life.wake_at is not None and life.wake_at <= at + timedelta(days=days):
        life.now = life.wake_at
        life.see(seen)
    return [
        (round((said.not_before - at).total_seconds() / 3600), said.groups) for _, said in life.said
    ]


FAILED = {"order.role": "buyer", "order.payment_failed": True}
"""Facts of payment-failed (warning)."""
INVALID = {"order.role": "buyer", "dispute.open": True, "dispute.judgement": "invalid"}
"""Facts of dispute-judged-invalid (critical)."""
PHONE = ("phone",)


def yen(amount):
    return Money(value=Decimal(amount), currency="JPY")


TOLD = {
    9: [
        ("payment-failed", NIGHT, 0, FAILED, [(7, PHONE)]),
        ("payment-failed", DAY, 0, FAILED, [(0, PHONE)]),
        ("dispute-judged-invalid", NIGHT, 0, INVALID, [(0, PHONE)]),
    ],
    10: [
        ("dispute-judged-invalid", NIGHT, 0, INVALID, [(7, PHONE)]),
        ("dispute-judged-invalid", DAY, 0, INVALID, [(0, PHONE)]),
    ],
    11: [
        ("payment-failed", DAY, 1.5, FAILED | {"order.stake": yen(300)}, [(0, PHONE)]),
        ("payment-failed", DAY, 1.5, FAILED | {"order.stake": yen(800)}, [(0, PHONE), (24, PHONE)]),
    ],
    12: [
        ("dispute-judged-invalid", DAY, 1, INVALID, [(0, PHONE), (12, ("partner",))]),
    ],
    19: [
        ("payment-failed", DAY, 0, FAILED, [(5, PHONE)]),
        ("dispute-judged-invalid", DAY, 0, INVALID, [(0, PHONE)]),
    ],
}
"""Recipe → rule, when, days to look at, facts, and when (hours) it is told to whom."""


@pytest.mark.parametrize(
    ("number", "rule", "at", "days", "facts", "expected"),
    [(number, *row) for number, rows in TOLD.items() for row in rows],
)
def test_a_recipe_of_time_tells_when_its_page_says(
    number, rule, at, days, facts, expected, tmp_path
):
    assert told(setup_of(named(number), tmp_path), rule, at, days, facts) == expected

from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from textwrap import dedent

import pytest

from parsers.user_yaml import UserFileError, parse, read
from rules.alert import Severity
from rules.rulebook import SHIPPED, build, load, merge, shipped


def faults(text, groups=None):
    _, found = build(parse(dedent(text), "rules.yaml"), shipped(), groups)
    return [str(fault) for fault in found]


def book(text, groups=None):
    made, found = build(parse(dedent(text), "rules.yaml"), shipped(), groups)
    assert found == []
    return made


RULE = """\
rules:
  - id: mine
    about: order
    when: {order.shipped: false}
    severity: info
    title: "{order}"
"""


def test_ten_mistakes_are_told_in_one_run_each_with_its_place():
    text = """\
    version: 1
    disable: [unknown-ordr]
    change:
      protection-endin: {repeat: 1d}
      appeal-due:
        when:
          watch.due_at: {within: 3 fortnights}
        repeet: 1d
    rules:
      - id: a
        about: dispute
        when: {dispute.judgement: invalit}
        severity: high
        title: "{dispute.amont_claimed}"
      - id: a
        about: orders
        when: {order.shipped: false}
        severity: info
        title: "]"
      - id: appeal-due
        about: watch
        when: {watch.due_at: {within: 3d, older_than: 2d}}
        severity: info
        title: {en: x, de: y}
    """

    assert faults(text) == [
        "rules.yaml:2:11: no shipped rule 'unknown-ordr'; did you mean 'unknown-order'?",
        "rules.yaml:4:3: no shipped rule 'protection-endin'; did you mean 'protection-ending'?",
        "rules.yaml:7:30: expected a duration such as 30m, 48h, 3d or 1d12h",
        "rules.yaml:8:5: unknown key 'repeet'; did you mean 'repeat'?",
        (
            "rules.yaml:12:31: 'invalit' is not one of valid, invalid, mixed, unknown; did you mean"
            " 'invalid'?"
        ),
        "rules.yaml:13:15: 'high' is not one of 'critical', 'warning' or 'info'",
        (
            "rules.yaml:14:12: unknown placeholder {dispute.amont_claimed}; did you mean"
            " 'dispute.amount_claimed'?"
        ),
        "rules.yaml:15:9: rule id 'a' is used twice (first on line 10)",
        faults(text)[8],
        (
            "rules.yaml:20:9: 'appeal-due' is a shipped rule; change it under change: or choose"
            " another id"
        ),
        (
            "rules.yaml:22:26: within 3d and older than 2d can never hold at once; they exclude"
            " each other"
        ),
        "rules.yaml:24:12: no language 'de'; known are en, ja",
    ]
    assert faults(text)[8].startswith("rules.yaml:16:12: 'orders' is not one of")
    assert faults(text)[8].endswith("did you mean 'order'?")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "rules.yaml:1:1: the file is empty"),
        ("version: 2\n" + RULE, "rules.yaml:1:10: expected 1"),
        ("version: 1\nrule: []\n", "rules.yaml:2:1: unknown key 'rule'; did you mean 'rules'?"),
        (RULE, "rules.yaml:1:1: 'version' is missing"),
        (
            "version: 1\n" + RULE.replace("id: mine", "id: My Rule"),
            "rules.yaml:3:9: an id is small letters, digits and '-', such as expensive-and-silent",
        ),
        (
            "version: 1\n" + RULE + "    repeat: [6h, tomorrow]\n",
            "rules.yaml:8:13: expected a duration such as 30m, 48h, 3d or 1d12h",
        ),
        (
            "version: 1\n" + RULE + "    quiets: [appeal-du]\n",
            "rules.yaml:8:14: no other rule 'appeal-du'; did you mean 'appeal-due'?",
        ),
        (
            "version: 1\n" + RULE + "    quiets: [mine]\n",
            "rules.yaml:8:14: no other rule 'mine'",
        ),
        (
            "version: 1\nchange: {appeal-due: {quiets: proposal-needs-answer}}\n"
            + RULE.replace("about: order", "about: watch").replace(
                "severity: info", "severity: info\n    quiets: x"
            ),
            "rules.yaml:8:13: no other rule 'x'",
        ),
        (
            "version: 1\nchange: {proposal-needs-answer: {quiets: [dispute-judged-valid]}}\n",
            (
                "rules.yaml:2:43: 'dispute-judged-valid' quiets 'proposal-needs-answer' too:"
                " neither would ever ring"
            ),
        ),
        (
            "version: 1\n" + RULE + "    notify: [fone]\n",
            "rules.yaml:8:14: no notify group 'fone'; did you mean 'phone'?",
        ),
        (
            "version: 1\n" + RULE + "    repeat: [6h, 0m]\n",
            "rules.yaml:8:13: expected a duration longer than nothing",
        ),
        (
            "version: 1\n" + RULE + "    raise: {critical: {order.shipped: true}}\n",
            "rules.yaml:8:39: order.shipped: false and true can never hold at once",
        ),
        (
            "version: 1\n" + RULE + "    quiet_while: {order.shipped: false}\n",
            "rules.yaml:8:5: holds whenever the rule's own tests do: it would never ring; take a test away",
        ),
        (
            "version: 1\n" + RULE.replace('"{order}"', '"{order}[@amazn , claim]"'),
            (
                "rules.yaml:7:12: unknown marketplace @amazn; did you mean 'amazon'?; known are"
                " aliexpress, amazon"
            ),
        ),
        (
            "version: 1\n" + RULE + "    quiet_while: {order.problm: true}\n",
            "rules.yaml:8:19: unknown fact 'order.problm'; did you mean 'order.problem'?",
        ),
        (
            "version: 1\n" + RULE + "    escalate: {after: 6h, notify: chatt}\n",
            "rules.yaml:8:35: no notify group 'chatt'; did you mean 'chat'?",
        ),
        (
            "version: 1\n" + RULE + "    raise: {info: {order.shipped: false}}\n",
            "rules.yaml:8:13: raise: info is not above the rule's own severity info",
        ),
        (
            "version: 1\n" + RULE + "    raise: {criticl: {order.shipped: false}}\n",
            (
                "rules.yaml:8:13: 'criticl' is not one of 'critical', 'warning' or 'info'; did you"
                " mean 'critical'?"
            ),
        ),
        (
            "version: 1\nchange: {appeal-due: {about: order}}\n",
            (
                "rules.yaml:2:23: 'about' of a shipped rule cannot be changed; disable it and write"
                " your own under rules:"
            ),
        ),
        (
            "version: 1\nchange: {appeal-due: {when: null}}\n",
            "rules.yaml:2:10: 'when' is missing",
        ),
        (
            "version: 1\n" + RULE.replace('"{order}"', '"{order.shipped_at|short}"'),
            "rules.yaml:7:12: |short does not fit {order.shipped_at}, which is time",
        ),
        (
            "version: 1\n" + RULE.replace('"{order}"', '"{order.shipped_at|dat}"'),
            (
                "rules.yaml:7:12: unknown filter |dat; did you mean 'date'?; known are date, left,"
                " ago, short"
            ),
        ),
        (
            "version: 1\n" + RULE.replace('"{order}"', '"{order.__class__}"'),
            "unknown placeholder {order.__class__}",
        ),
    ],
)
def test_a_mistake_says_where_it_stands_and_what_to_try(text, fault):
    found = faults(text, groups=("phone", "chat"))

    assert len(found) == 1
    assert fault in found[0]


def test_a_rule_with_a_mistake_tells_its_wrong_names_in_the_same_run():
    found = faults(
        "version: 1\n" + RULE + "    hold: soon\n    notify: fone\n    quiets: [nothing]\n",
        groups=("phone",),
    )

    assert [fault.split(": ")[0] for fault in found] == [
        "rules.yaml:8:11",
        "rules.yaml:9:13",
        "rules.yaml:10:14",
    ]


def test_a_user_rule_joins_the_shipped_ones():
    mine = book("version: 1\n" + RULE).rule("mine")

    assert (mine.about, mine.severity, mine.source) == ("order", Severity.INFO, "rules.yaml:3")
    assert mine.title == {"en": "{order}"}


def test_a_disabled_rule_is_known_but_idle():
    made = book("version: 1\ndisable: [unknown-order]\n")

    assert "unknown-order" not in [rule.id for rule in made.rules]
    assert made.rule("unknown-order").enabled is False


def test_a_rule_shipped_idle_can_be_switched_on():
    assert "cancelled-without-request" not in [rule.id for rule in shipped().rules]
    made = book("version: 1\nchange: {cancelled-without-request: {enabled: true}}\n")

    assert "cancelled-without-request" in [rule.id for rule in made.rules]


def test_a_change_replaces_one_test_keeps_the_others_and_adds_one():
    made = book("""\
        version: 1
        change:
          protection-ending:
            when:
              watch.due_at: {within: 7d}
              order.amount: {at_least: 3000 JPY}
              order.dispute_open: null
            repeat: 12h
            escalate: null
        """).rule("protection-ending")

    assert made.written["when"] == {
        "watch.kind": "protection_end",
        "watch.open": True,
        "watch.due_at": {"within": "7d"},
        "order.delivered": False,
        "order.amount": {"at_least": "3000 JPY"},
    }
    assert [str(delay) for delay in made.repeat] == ["12:00:00"]
    assert not made.by_deadline
    assert made.changed == (
        "when.watch.due_at",
        "when.order.amount",
        "when.order.dispute_open",
        "repeat",
        "escalate",
    )
    assert made.changed_in == "rules.yaml:3"
    assert made.file == "defaults.yaml"


def test_a_change_may_leave_the_raise_of_a_shipped_rule_without_a_use():
    changed = book(
        "version: 1\nchange: {dispute-window-closing: {when: {order.delivered: true}}}\n"
    )

    assert changed.rule("dispute-window-closing").changed == ("when.order.delivered",)


def test_merging_goes_no_deeper_than_a_test():
    base = {"id": "x", "when": {"a": {"within": "3d"}, "b": True}, "title": {"en": "x", "ja": "y"}}

    assert merge(base, {"when": {"a": {"older_than": "2d"}}, "title": {"en": "z"}}) == {
        "id": "x",
        "when": {"a": {"older_than": "2d"}, "b": True},
        "title": {"en": "z"},
    }
    assert merge(base, {"when": {"b": None}}) == {
        "id": "x",
        "when": {"a": {"within": "3d"}},
        "title": {"en": "x", "ja": "y"},
    }


def test_groups_are_not_checked_when_nobody_says_which_there_are():
    assert faults("version: 1\n" + RULE + "    notify: [anything]\n") == []


def test_a_file_with_faults_never_takes_effect(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text("version: 1\ndisable: [nope]\n")

    with pytest.raises(UserFileError) as caught:
        load(path)

    assert (
        str(caught.value) == f"{path}:2:11: no shipped rule 'nope'; orderbell rules list shows them"
    )


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(UserFileError, match="no such file"):
        load(tmp_path / "rules.yaml")


def test_without_a_file_the_shipped_rules_hold():
    assert load(None) is shipped()


def test_the_effective_list_says_who_wrote_what():
    made = book(
        "version: 1\ndisable: [shipped]\nchange: {appeal-due: {severity: critical, raise: null}}\n"
        + RULE
    )
    rows = {row["id"]: row for row in made.effective()}

    assert rows["shipped"]["enabled"] is False
    assert rows["appeal-due"]["changed"] == ["severity", "raise"]
    assert rows["appeal-due"]["changed_in"] == "rules.yaml:3"
    assert rows["mine"]["source"] == "rules.yaml:5"
    assert rows["appeal-due"]["rule"]["severity"] == "critical"


def test_the_shipped_rules_read_fast_are_the_same_as_read_carefully():
    path = Path(str(files("rules").joinpath(SHIPPED)))
    careful, faults = build(replace(read(path), file=SHIPPED), None)

    assert faults == []
    assert careful.effective() == shipped().effective()


LONG = "9" * 22 + "d"
TOO_MUCH = [
    (f"when: {{watch.due_at: {{older_than: {LONG}}}}}", "3:61: expected a duration of at most 3650d"),
    ("when: {watch.due_at: {within: 10000w}}", "3:57: expected a duration of at most 3650d"),
    ("when: {watch.open: true}, hold: 9999999d", "3:59: expected a duration of at most 3650d"),
    ("when: {watch.open: true}, repeat: [1d, 99999999w]", "3:61: expected a duration of at most 3650d"),
    (
        "when: {watch.amount_claimed: {below: 9e99999 JPY}}",
        "3:64: expected a number below 10^15, with 6 decimals at most",
    ),
    (
        "when: {watch.number: {at_least: '1000000000000000'}}",
        "3:59: expected a number below 10^15, with 6 decimals at most",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "fault"), TOO_MUCH)
def test_what_no_clock_and_no_price_can_be_is_refused_where_it_stands(text, fault):
    rule = f"version: 1\nrules:\n  - {{id: x, about: watch, {text}, severity: info, title: x}}\n"

    assert faults(rule) == [f"rules.yaml:{fault}"]

"""A rule put into the text of a rule file, all else as it was."""

import pytest

from parsers.user_yaml import parse
from rules.rulebook import build, shipped
from rules.rulewriter import NOTES, STARTS, starting_rule, with_rule

RULE = "- id: fresh\n  about: order\n"
FILES = {
    "nothing": (
        "",
        "# yaml-language-server: $schema=./rules.schema.json\nversion: 1\n\nrules:\n  - id: fresh\n    about: order\n",
    ),
    "no rules": (
        "version: 1  # mine\ndisable: [shipped]",
        "version: 1  # mine\ndisable: [shipped]\n\nrules:\n  - id: fresh\n    about: order\n",
    ),
    "an empty list": (
        "version: 1\nrules: []\n# end\n",
        "version: 1\nrules:\n  - id: fresh\n    about: order\n# end\n",
    ),
    "nothing under it": (
        "version: 1\nrules:\ndisable: []\n",
        "version: 1\nrules:\n  - id: fresh\n    about: order\ndisable: []\n",
    ),
    "a list at the margin, a comment behind": (
        "version: 1\nrules:\n# first\n- id: old\n  about: order  # yes\n  # repeat: 3d\n\n# the end\ndisable: []\n",
        "version: 1\nrules:\n# first\n- id: old\n  about: order  # yes\n  # repeat: 3d\n- id: fresh\n  about: order\n\n# the end\ndisable: []\n",
    ),
    "a block of text at the end, without a last line end": (
        "version: 1\nrules:\n    - id: old\n      title: |\n        one\n        two",
        "version: 1\nrules:\n    - id: old\n      title: |\n        one\n        two\n    - id: fresh\n      about: order\n",
    ),
    "a map between braces over two lines": (
        "version: 1\nrules:\n  - {id: old,\n     when: {a: 1}}\nchange: {}\n",
        "version: 1\nrules:\n  - {id: old,\n     when: {a: 1}}\n  - id: fresh\n    about: order\nchange: {}\n",
    ),
}


@pytest.mark.parametrize(("text", "expected"), FILES.values(), ids=FILES)
def test_a_rule_goes_to_the_end_of_the_others(text, expected):
    assert with_rule(text, RULE) == expected


def test_rules_between_brackets_are_left_alone():
    with pytest.raises(ValueError, match="between brackets; write each on lines of its own"):
        with_rule("version: 1\nrules: [{id: old}]\n", RULE)


@pytest.mark.parametrize("language", NOTES)
@pytest.mark.parametrize("about", STARTS)
def test_every_starting_rule_is_a_right_one_also_with_its_comments_taken_off(about, language):
    text = with_rule("", starting_rule("fresh", about, "warning", language))
    bare = text.replace("    # notify", "    notify").replace("    # repeat", "    repeat")
    bare = bare.replace("    # quiet_hours", "    quiet_hours")

    for written in (text, bare):
        book, faults = build(parse(written, "rules.yaml"), shipped(), ["phone"])
        assert faults == []
        assert book.rule("fresh").about == about
    assert build(parse(bare, "rules.yaml"), shipped())[0].rule("fresh").notify == ("phone",)

"""No mail whose meaning was changed keeps its old reading: thousands of changes, made mechanically from
every real and reconstructed golden mail.
"""

from dataclasses import replace

import pytest

from parsers.reader import read
from tests.parsers.meanings.changes import KINDS
from tests.parsers.meanings.judge import judged, table
from tests.parsers.meanings.sheet import bases, lost, statements
from tests.parsers.meanings.words import WORDS

SAMPLE = 6
"""In the suite every sixth change is tried, in the soak all of them."""


@pytest.mark.parametrize(
    "one_in",
    [SAMPLE, pytest.param(1, marks=[pytest.mark.soak, pytest.mark.timeout(900)])],
    ids=["some", "all"],
)
def test_a_changed_meaning_is_not_read_as_before(one_in, record_property):
    tried, failed = judged(one_in)
    record_property("summary", "\n".join(table(tried, failed)))
    record_property("tried", sum(tried.values()))

    assert [kind for kind in KINDS if not tried[kind]] == []
    assert sum(tried.values()) > 17_000 / one_in
    assert {kind: told[:5] for kind, told in failed.items()} == {}


def test_nearly_every_golden_mail_can_be_changed():
    assert len(bases()) > 550
    assert len(lost()) <= 30
    assert {base.language for base in bases()} <= WORDS.keys()


def test_a_line_that_only_screen_readers_pass_over_is_seen_and_counts():
    wrong = []
    for base in bases()[::10]:
        seen = dict.fromkeys(range(len(base.sheet.lines)), 'aria-hidden="true"')
        sheet = replace(base.sheet, styles=seen, dress="html")
        if not statements(base.notices) & statements(read(sheet.raw(), base.context).notices):
            wrong.append(base.name)

    assert wrong == []

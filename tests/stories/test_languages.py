"""The same story in English and Japanese: the same alerts at the same times, in other words."""

import re

import pytest

from daemon.settings import Target
from tests.stories.story import FOLDER, load, ring

JAPANESE = Target.model_validate(
    {"id": "iphone", "url": {"value": "ntfy://localhost/x"}, "language": "ja"}
)
KANA = re.compile("[ぁ-ヿ]")


@pytest.mark.parametrize(
    "name",
    ["aliexpress-judged-invalid", "aliexpress-nothing-shipped", "amazon-cancel-then-shipped"],
)
def test_every_alert_of_a_story_is_told_in_english_and_in_japanese(name):
    told = load(FOLDER / name)
    english, japanese = ring(told), ring(told, JAPANESE)

    assert [(one.at, one.rule, one.state) for one in english] == [
        (one.at, one.rule, one.state) for one in japanese
    ]
    assert [one.title for one in english if KANA.search(one.title + one.body)] == []
    assert [
        one.title for one in japanese if not KANA.search(one.title) or not KANA.search(one.body)
    ] == []

"""What `make fuzz` finds becomes a fixture as small as it gets: tried with a reader that is broken
on purpose.
"""

from dataclasses import replace

import pytest

from parsers.notice import Outcome, Reading
from tests import fuzz

SOUND = Reading(outcome=Outcome.FOREIGN, reason="Not from a marketplace.")
BAIT = b"\0"
"""What the broken reader stumbles over; wounds bring it into some of 500 mails."""


def raising(raw, _frame):
    if BAIT in raw:
        raise ZeroDivisionError
    return SOUND


def failing(raw, _frame):
    reason = "Could not be read (KeyError); please report it."
    return replace(SOUND, reason=reason) if BAIT in raw else SOUND


@pytest.mark.parametrize(
    ("reads", "trouble"), [(raising, "raised ZeroDivisionError"), (failing, "Could not be read")]
)
def test_what_breaks_the_reader_is_kept_as_the_smallest_mail_that_does(tmp_path, reads, trouble):
    found = fuzz.kept(1, reads, tmp_path)
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    assert found
    assert all(told.startswith(trouble) for told, _ in found)
    assert {name for _, name in found} == set(files)
    assert set(files.values()) == {BAIT}


def test_a_sound_reader_leaves_no_fixture(tmp_path):
    assert fuzz.kept(1, lambda _raw, _frame: SOUND, tmp_path) == []
    assert list(tmp_path.iterdir()) == []

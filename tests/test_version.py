"""The program's version and the sections of CHANGELOG.md are kept together."""

import re
from datetime import date
from pathlib import Path

from daemon import __version__

HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
RELEASE = re.compile(r"(\d+)\.(\d+)\.(\d+)")
SECTIONS = HEADING.findall((Path(__file__).parents[1] / "CHANGELOG.md").read_text())


def release(text):
    return tuple(map(int, RELEASE.fullmatch(text).groups()))


def released():
    """Version and day of every section that is not Unreleased, the newest first."""
    return [section.split(" – ") for section in SECTIONS if section != "Unreleased"]


def test_a_version_in_the_making_has_an_unreleased_section_and_a_release_has_its_own():
    number, _, stage = __version__.partition(".dev")

    if stage:
        assert SECTIONS[0] == "Unreleased"
        assert release(number) > release(released()[0][0])
    else:
        assert released()[0][0] == __version__
        assert "Unreleased" not in SECTIONS


def test_sections_are_versions_with_their_day_and_the_newest_is_on_top():
    versions = [release(version) for version, _ in released()]
    days = [date.fromisoformat(day) for _, day in released()]

    assert versions == sorted(set(versions), reverse=True)
    assert days == sorted(days, reverse=True)

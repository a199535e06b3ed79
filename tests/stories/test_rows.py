"""No described situation is forgotten, and the stories are written as stories."""

from pathlib import Path

import pytest

from tests.stories.rows import TITLES, elsewhere, table
from tests.stories.story import FOLDER, ROWS, filed, load, states, stories

ROOT = Path(__file__).parents[2]
STORIES = stories()


def test_every_row_is_told_by_a_story_or_shown_by_a_test():
    shown = {*states(STORIES), *elsewhere()}

    assert [row for row in ROWS if row not in shown] == []


def test_stories_cover_rows_that_exist():
    assert [row for told in STORIES for row in told.story.covers if row not in ROWS] == []
    assert set(TITLES) == set(ROWS)


@pytest.mark.parametrize(("row", "test"), sorted(elsewhere().items()))
def test_a_row_shown_elsewhere_names_a_test_that_exists(row, test):
    file, _, function = test.partition("::")

    assert row in ROWS
    assert f"def {function}(" in (ROOT / file).read_text(encoding="utf-8")


def test_every_folder_of_stories_is_a_story():
    assert [
        path.name
        for path in FOLDER.iterdir()
        if path.is_dir() and not (path / "story.yaml").exists()
    ] == []


@pytest.mark.parametrize("told", STORIES, ids=lambda told: told.folder.name)
def test_every_story_has_mails_and_names_only_files_it_has(told):
    names = {path.name for path in told.folder.iterdir()}
    named = {
        *told.story.arrives,
        *told.story.assign,
        *filter(None, (told.story.notes, told.story.orders)),
    }

    assert named <= names
    assert len(filed(told)) >= 2


def test_a_misspelt_story_is_refused_with_its_place(tmp_path):
    (tmp_path / "story.yaml").write_text("title: x\ncovers: []\nrole: byer\n", encoding="utf-8")

    with pytest.raises(AssertionError, match=r"story\.yaml:3:7: 'byer' is not one of"):
        load(tmp_path)


def test_the_table_has_a_line_for_every_row():
    lines = list(table())

    assert [line.split(" | ")[0].strip("| ") for line in lines[2:]] == list(ROWS)
    assert [line for line in lines if "| open |" in line] == []

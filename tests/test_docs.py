import re

import pytest

from tests.docs import BLOCK, PAGES, ROOT, TABLES, rendered
from tests.manual import PAGE, page


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_the_program_is(name):
    text = (ROOT / name).read_text()

    assert rendered(text) == text, "run: make docs"


def test_the_manual_is_what_the_commands_are():
    assert PAGE.read_text() == page(), "run: make docs"


def test_every_table_stands_on_some_page():
    found = {block["name"] for page in PAGES for block in BLOCK.finditer((ROOT / page).read_text())}

    assert found == set(TABLES)


def test_every_link_to_a_file_of_the_repository_leads_somewhere():
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text())
        if not (page.parent / target).exists()
    ]

    assert dead == []


def test_both_readmes_give_the_same_two_commands_first():
    first = [
        re.search(r"```sh\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)[1]
        for name in ("README.md", "README.ja.md")
    ]

    assert first[0] == first[1]

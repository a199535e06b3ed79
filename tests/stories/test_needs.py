"""What each story's person is given at its worst moment: letter, list, stake and record."""

import pytest

from daemon.evidence.checklist import checklists
from daemon.letters.write import LetterError
from orders.facts.stake import stakes
from tests.stories.needs import needs, writer, written
from tests.stories.story import stories

STORIES = stories()
TOUCHED = [told for told in STORIES if told.story.needs]


def at_its_moment(told):
    return next((one for one in needs(told) if one.rule == told.story.needs.at), None)


@pytest.fixture(scope="module", params=TOUCHED, ids=lambda told: told.folder.name)
def told(request):
    return request.param


@pytest.fixture(scope="module")
def need(told):
    return at_its_moment(told)


def test_the_commands_give_what_the_story_says(told, need):
    assert need is not None, f"{told.story.needs.at} never rings"
    assert written(need) == told.story.needs


@pytest.mark.parametrize("language", ["en", "ja"])
def test_its_letter_states_facts_of_its_mails_and_asks_for_the_others(need, language):
    if not need.letter:
        with pytest.raises(LetterError, match="no letter fits"):
            writer(need.view, language).choose(None)
        return
    author = writer(need.view, language)
    asked = author.missing(need.letter, {})
    given = {one.name: next(iter(one.choices), "what only I know") for one in asked}
    letter = author.write(need.letter, given)

    assert all(one.question for one in asked)
    assert need.view.order.number in "".join(letter.pieces)
    assert bool(letter.beside) == (language == "ja")
    assert sum(map(len, letter.pieces)) <= letter.form.characters * (
        10 if letter.form.pieces else 1
    )
    own = {event.origin for event in need.view.order.events}
    assert {fact.event.origin for fact in letter.facts if fact.event} <= own
    assert "{" not in "".join((*letter.pieces, *letter.beside))


def test_its_list_says_what_to_keep_in_both_languages(need):
    checklist = checklists().reasons[need.evidence]

    assert len(checklist.items) >= 2
    assert all(item.said("en") != item.said("ja") for item in checklist.items.values())


def test_no_deadline_at_stake_is_over_while_another_can_still_be_met(need):
    found = stakes(need.view, need.at)
    if need.stake and need.stake.due_at and need.stake.due_at <= need.at:
        assert not any(
            one.amount == need.stake.amount and one.due_at and one.due_at > need.at for one in found
        )


def test_a_story_without_needs_touches_no_order_of_the_person():
    assert [told.folder.name for told in STORIES if not told.story.needs] == [
        "aliexpress-forged-refund"
    ]
    assert [one for told in STORIES if not told.story.needs for one in needs(told)] == []

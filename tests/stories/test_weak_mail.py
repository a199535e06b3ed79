"""Whatever one mail that nobody vouches for says, of any kind, with any fields, at any moment:
every alert of the story comes all the same, and no later.
"""

from functools import cache

import pytest

from daemon.replay import Filed, Scenario, replay
from rules.alert import Severity
from tests.stories import story as made
from tests.stories.course import Said, lost, undisturbed
from tests.stories.weak_mail import weak_mail

STORIES = [told.folder for told in made.stories()]
NAMES = [folder.name for folder in STORIES]
SAMPLE, WHOLE = 10, 200
"""Mails a story by its events alone: 27 stories make 5,400 in the soak."""
REPLAYED = 4
"""Mails a story through the whole pipeline in the soak."""
AUTHOR = {
    "aliexpress": "AliExpress <transaction@notice.aliexpress.com>",
    "amazon": "Amazon <auto-confirm@amazon.com>",
}


def losses(folder, seeds):
    course = undisturbed(folder)
    for seed in seeds:
        mail = weak_mail(seed, course.events, course.until)
        for said in lost(course.said, course.with_mail(mail.arrives, mail.events)):
            yield f"{said.rule} {said.cause} of {said.at:%Y-%m-%d %H:%M}, by {mail}"


@pytest.mark.parametrize("folder", STORIES, ids=NAMES)
def test_no_alert_is_lost_by_a_weak_mail(folder):
    first = STORIES.index(folder) * SAMPLE

    assert list(losses(folder, range(first, first + SAMPLE))) == []


@pytest.mark.soak
def test_no_alert_of_any_story_is_lost_by_5400_weak_mails(record_property):
    found, runs = [], 0
    for number, folder in enumerate(STORIES):
        first = 10_000 + number * WHOLE
        found += losses(folder, range(first, first + WHOLE))
        runs += WHOLE

    record_property("summary", f"weak mail: {runs} disturbed stories, {len(found)} alerts lost")
    assert found == []


@cache
def replayed(folder, seed=None):
    """What rings through the whole pipeline, undisturbed or with the mail of that seed."""
    told = made.load(folder)
    filed, reads = list(made.filed(told)), readings()
    if seed is not None:
        course = undisturbed(folder)
        mail = weak_mail(seed, course.events, course.until)
        author = AUTHOR[mail.reading.marketplace]
        raw = f"From: {author}\r\nSubject: weak\r\n\r\n{seed}\r\n".encode()
        filed.append(Filed(name=f"weak-{seed}", at=mail.arrives, load=lambda: raw))
        known = reads

        def reads(raw_mail, frame):
            return mail.reading if raw_mail == raw else known(raw_mail, frame)

    rung = replay(
        Scenario(
            mails=filed,
            orders=made.imported(told),
            notes=made.noted(told),
            until=told.story.until,
        ),
        made.set_up(),
        made.Prepared(reads),
        made.frame(told.story),
    )
    return tuple(
        Said(one.at, one.rule, ",".join(one.orders), Severity(one.severity), one.state, ())
        for one in rung
    )


@cache
def readings():
    """The reader, asked once for each mail."""
    known = {}

    def reads(raw, frame):
        if (raw, frame) not in known:
            known[raw, frame] = made.reads()(raw, frame)
        return known[raw, frame]

    return reads


@pytest.mark.parametrize("folder", STORIES, ids=NAMES)
def test_no_alert_is_lost_on_the_way_through_the_whole_pipeline(folder):
    seed = 50_000 + STORIES.index(folder)

    assert lost(replayed(folder), replayed(folder, seed)) == []


@pytest.mark.soak
def test_no_alert_is_lost_on_108_ways_through_the_whole_pipeline(record_property):
    found = [
        (folder.name, seed, said)
        for number, folder in enumerate(STORIES)
        for seed in range(60_000 + number * REPLAYED, 60_000 + (number + 1) * REPLAYED)
        for said in lost(replayed(folder), replayed(folder, seed))
    ]

    record_property("summary", f"weak mail: {len(STORIES) * REPLAYED} replays, {len(found)} lost")
    assert found == []


def test_the_course_of_a_story_rings_as_its_replay():
    """Where no question about a mail and no pattern over orders rings, the two say the same."""
    folder = made.FOLDER / "aliexpress-judged-valid-refund-short"
    told = sorted((said.at, said.rule, said.cause) for said in undisturbed(folder).said)
    rung = sorted((said.at, said.rule, said.cause) for said in replayed(folder))

    assert [one[1:] for one in told] == [one[1:] for one in rung]
    assert max(abs(a[0] - b[0]) for a, b in zip(told, rung, strict=True)).total_seconds() <= 60


def test_the_comparison_would_see_a_loss():
    said = undisturbed(made.FOLDER / "aliexpress-judged-invalid").said
    without = [one for one in said if one.rule != "appeal-due"]

    assert {one.rule for one in lost(said, without)} == {"appeal-due"}

"""Each story's whole road: mails from files, a virtual clock, the shipped rules; what rings and
what is known.
"""

import pytest

from tests.stories import story as made
from tests.stories.story import Expected, stories

STORIES = stories()


@pytest.fixture(scope="module", params=STORIES, ids=lambda told: told.folder.name)
def told(request):
    return request.param


@pytest.fixture(scope="module")
def rung(told):
    return made.ring(told)


def shown(rung):
    return "\n" + "\n".join(
        f"  {one.at.astimezone(made.ZONE):%m-%d %H:%M} {one.rule} {one.state} {one.severity}"
        f" {one.orders} {one.title}"
        for one in rung
    )


def test_what_must_ring_rings(told, rung):
    missing = [
        expected for expected in told.story.expect if not any(expected.fits(one) for one in rung)
    ]

    assert [repr(one) for one in missing] == [], shown(rung)


def test_what_must_not_ring_stays_silent(told, rung):
    never = [Expected(rule=one) if isinstance(one, str) else one for one in told.story.never]
    rang = [one for one in rung if any(expected.fits(one) for expected in never)]

    assert [(one.rule, one.at.astimezone(made.ZONE).isoformat(), one.title) for one in rang] == []
    assert [
        word for word in told.story.silent for one in rung if word in one.title + one.body
    ] == []


def test_the_ledger_ends_as_told(told):
    wrong = []
    for number, known in told.story.ledger.items():
        seen = made.order_view(told, number)
        wrong += [f"{number} {line}" for line in differences(seen, known, made.names_of(told))]

    assert wrong == []


def differences(seen, known, names):
    order = seen.order
    if known.status is not None and known.status != order.status:
        yield f"is {order.status}, not {known.status}"
    kinds = sorted(finding.kind for finding in seen.findings)
    if known.findings is not None and sorted(known.findings) != kinds:
        yield f"has findings {kinds}, not {list(known.findings)}"
    for kind, state in known.watches.items():
        found = [str(watch.state) for watch in seen.watches if watch.kind == kind]
        if state not in found:
            yield f"watch {kind} is {found}, not {state}"
    for kind, state in known.cases.items():
        found = [case.state for case in order.cases if case.kind == kind]
        if [state] != found:
            yield f"case {kind} is {found}, not {state}"
    for kind, due in known.due.items():
        found = [watch.due_at for watch in seen.watches if watch.kind == kind]
        if due not in found:
            yield f"watch {kind} is due {found}, not {due}"
    if known.parcels is not None:
        found = [number for parcel in order.shipments for number in parcel.tracking]
        if sorted(known.parcels) != sorted(found):
            yield f"has parcels {found}, not {list(known.parcels)}"
    for name, (level, confidence) in known.placed.items():
        found = [(p.level, p.confidence) for p in seen.matches if names.get(p.event.mail) == name]
        if (level, confidence) not in found:
            yield f"mail {name} is placed {found}, not {(level, confidence)}"

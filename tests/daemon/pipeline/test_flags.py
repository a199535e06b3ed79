"""☆ on a mail: what counts as an answer, and what only looks like one."""

from daemon.pipeline.flags import see_flags
from rules.alert import AlertState
from tests.daemon.pipeline.test_intake import ALIEXPRESS, AMAZON, DAY, START, Desk, sample_mail

STAR = ("\\Flagged",)


def look(desk, flags):
    """The next look at the flags of the mails that alerts rest on: all have these."""
    return see_flags(
        desk.store,
        desk.pipeline.setup,
        "main",
        lambda _folder, _uidvalidity, uids: dict.fromkeys(uids, flags),
        lambda: desk.now,
    )


def states(desk):
    return {
        row.alert.rule: row.alert.state for row in desk.ask(lambda ledger: ledger.alerts.all_live())
    }


def test_a_star_set_while_the_service_was_down_acknowledges():
    desk = Desk()
    desk.take(sample_mail.judged(ALIEXPRESS, at=START))

    assert look(desk, STAR) > 0
    assert states(desk)["dispute-judged-invalid"] is AlertState.ACKED


def test_a_star_that_came_with_the_mail_acknowledges_nothing():
    desk = Desk()
    desk.pipeline.take(
        desk.begin(), desk.arrived(sample_mail.judged(ALIEXPRESS, at=START), flags=STAR)
    )

    assert look(desk, STAR) == 0
    assert look(desk, ()) == 0
    assert states(desk)["dispute-judged-invalid"] is AlertState.FIRING

    look(desk, STAR)
    assert states(desk)["dispute-judged-invalid"] is AlertState.ACKED


def test_a_star_set_before_anything_rang_acknowledges_nothing():
    desk = Desk()
    desk.take(sample_mail.placed(AMAZON, at=START), sample_mail.cancel_requested(AMAZON, at=START))
    desk.later(3 * DAY)

    assert states(desk)["cancel-unanswered"] is AlertState.FIRING
    assert look(desk, STAR) == 0
    assert states(desk)["cancel-unanswered"] is AlertState.FIRING

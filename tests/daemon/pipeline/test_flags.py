"""☆ on a mail: what counts as an answer, and what only looks like one."""

from daemon.pipeline.flags import see_flags
from rules.alert import AlertState
from tests.daemon.pipeline.test_intake import ALIEXPRESS, AMAZON, DAY, START, Bed, sample_mail

STAR = ("\\Flagged",)


def look(bed, flags):
    """The next look at the flags of the mails that alerts rest on: all have these."""
    return see_flags(
        bed.store,
        bed.pipeline.setup,
        "main",
        lambda _folder, _uidvalidity, uids: dict.fromkeys(uids, flags),
        lambda: bed.now,
    )


def states(bed):
    return {
        row.alert.rule: row.alert.state for row in bed.ask(lambda ledger: ledger.alerts.all_live())
    }


def test_a_star_set_while_the_service_was_down_acknowledges():
    bed = Bed()
    bed.take(sample_mail.judged(ALIEXPRESS, at=START))

    assert look(bed, STAR) > 0
    assert states(bed)["dispute-judged-invalid"] is AlertState.ACKED


def test_a_star_that_came_with_the_mail_acknowledges_nothing():
    bed = Bed()
    bed.pipeline.take(
        bed.begin(), bed.arrived(sample_mail.judged(ALIEXPRESS, at=START), flags=STAR)
    )

    assert look(bed, STAR) == 0
    assert look(bed, ()) == 0
    assert states(bed)["dispute-judged-invalid"] is AlertState.FIRING

    look(bed, STAR)
    assert states(bed)["dispute-judged-invalid"] is AlertState.ACKED


def test_a_star_set_before_anything_rang_acknowledges_nothing():
    bed = Bed()
    bed.take(sample_mail.placed(AMAZON, at=START), sample_mail.cancel_requested(AMAZON, at=START))
    bed.later(3 * DAY)

    assert states(bed)["cancel-unanswered"] is AlertState.FIRING
    assert look(bed, STAR) == 0
    assert states(bed)["cancel-unanswered"] is AlertState.FIRING

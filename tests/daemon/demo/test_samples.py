from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

import pytest

from daemon.demo.play import STAMP, STORIES, names
from daemon.demo.samples import sample_mail
from parsers.notice import Outcome, Trust
from parsers.pack import shipped
from parsers.reader import Context, read

NOW = datetime(2031, 3, 31, 12, tzinfo=UTC)
CONTEXT = Context(library=shipped(), authserv_ids=(STAMP,), zone=ZoneInfo("Asia/Tokyo"))
SAID = {
    "charger-cancel": "order.cancelled",
    "charger-ordered": "order.placed",
    "charger-shipped": "shipment.shipped",
    "knife-delivered": "shipment.delivered",
    "knife-disputed": "dispute.opened",
    "knife-judged": "dispute.judged",
    "knife-ordered": "order.placed",
    "knife-shipped": "shipment.shipped",
    "lamp-delivered": "shipment.delivered",
    "lamp-disputed": "dispute.opened",
    "lamp-judged": "dispute.judged",
    "lamp-ordered": "order.placed",
    "lamp-shipped": "shipment.shipped",
}


def test_every_mail_is_known_here():
    assert set(names()) == {*SAID, "charger-forged"}
    assert {story.mail for story in STORIES} <= set(names())


@pytest.mark.parametrize("name", names())
def test_a_mail_is_dated_before_now_and_has_no_gap_left(name):
    raw = sample_mail(name, NOW)
    sent = parsedate_to_datetime(message_from_bytes(raw)["Date"])

    assert NOW - timedelta(days=30) < sent <= NOW
    assert b"{{" not in raw
    assert raw.count(b"\n") == raw.count(b"\r\n")


@pytest.mark.parametrize("name", sorted(SAID))
def test_a_mail_says_what_its_story_needs(name):
    reading = read(sample_mail(name, NOW), CONTEXT)

    assert (reading.trust, [notice.kind.value for notice in reading.notices]) == (
        Trust.VERIFIED,
        [SAID[name]],
    )


@pytest.mark.parametrize(
    ("name", "judgement"), [("knife-judged", "invalid"), ("lamp-judged", "valid")]
)
def test_the_verdicts_are_read_as_they_stand(name, judgement):
    [notice] = read(sample_mail(name, NOW), CONTEXT).notices

    assert notice.fields["judgement"] == judgement


def test_the_forged_mail_is_seen_through():
    assert read(sample_mail("charger-forged", NOW), CONTEXT).outcome is Outcome.FORGED

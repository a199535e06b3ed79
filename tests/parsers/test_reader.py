"""The reader as a whole: any bytes, any zone, any locale; what it loads; what it says when it does
not understand.
"""

import os
import pickle
import subprocess
import sys
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.notice import Outcome, Trust
from parsers.pack import shipped
from parsers.reader import Context, interesting, read
from tests.golden import FIXTURES, context_of, expected, mails

CONTEXT = Context(
    library=shipped(), authserv_ids=("mx.example.org",), addresses=("me@example.org",)
)
SAMPLES = [mail.read_bytes() for mail in list(mails())[::12]]
HEADS = (
    b"From: Amazon <order-update@amazon.com>\r\n",
    b"From: AliExpress <transaction@notice.aliexpress.com>\r\n",
    b"From: me@example.org\r\n",
)


@given(st.binary(max_size=3000))
@settings(max_examples=80, deadline=None)
def test_any_bytes_have_an_outcome(raw):
    assert read(raw, CONTEXT).outcome in Outcome


@given(st.sampled_from(HEADS), st.binary(max_size=1500))
@settings(max_examples=80, deadline=None)
def test_any_bytes_behind_a_known_sender_have_an_outcome_and_never_crash_inside(head, rest):
    reading = read(head + rest, CONTEXT)

    assert not reading.reason.startswith("Could not be read")


@given(st.sampled_from(SAMPLES), st.data())
@settings(max_examples=100, deadline=None)
def test_a_damaged_mail_never_crashes_the_reader(raw, data):
    start = data.draw(st.integers(0, len(raw)))
    stop = data.draw(st.integers(start, min(len(raw), start + 60)))
    damaged = raw[:start] + data.draw(st.binary(max_size=60)) + raw[stop:]

    assert not read(damaged, CONTEXT).reason.startswith("Could not be read")
    assert interesting(damaged[:2000], CONTEXT) in (True, False)


@given(st.sampled_from(SAMPLES), st.integers(0, 4000))
@settings(max_examples=60, deadline=None)
def test_a_mail_cut_short_never_crashes_the_reader(raw, length):
    assert not read(raw[:length], CONTEXT).reason.startswith("Could not be read")


def test_a_reading_travels_between_processes():
    reading = read(SAMPLES[0], CONTEXT)

    assert pickle.loads(pickle.dumps(reading)) == reading


@pytest.mark.parametrize(
    ("zone", "language"),
    [("Pacific/Kiritimati", "tr_TR.UTF-8"), ("America/Anchorage", "ja_JP.UTF-8"), ("", "C")],
)
def test_the_clock_and_language_of_the_machine_change_nothing(zone, language):
    script = (
        "import sys, json; from pathlib import Path; sys.path.insert(0, sys.argv[1]);"
        "from tests.golden import mails, actual, expected;"
        "print([m.name for m in list(mails())[::25] if actual(m, expected(m)) != expected(m)])"
    )
    root = str(FIXTURES.parent.parent)
    environment = {**os.environ, "TZ": zone, "LANG": language, "LC_ALL": language}

    run = subprocess.run(
        [sys.executable, "-c", script, root],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
    )

    assert run.stdout.strip() == "[]"


def test_importing_the_reader_loads_no_html_or_mail_parser():
    heavy = {"bs4", "lxml", "mailparser", "imapclient", "sqlalchemy"}
    script = f"import parsers.reader, sys; print(sorted({heavy} & set(sys.modules)))"

    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=FIXTURES.parent.parent,
    )

    assert run.stdout.strip() == "[]"


def test_the_header_alone_tells_which_bodies_are_worth_fetching():
    wrong = []
    for mail in mails():
        raw = mail.read_bytes()
        wanted = expected(mail)
        if wanted["outcome"] in ("notices", "unread", "forged") and not interesting(
            raw.split(b"\r\n\r\n")[0].split(b"\n\n")[0], context_of(wanted)
        ):
            wrong.append(mail.name)

    assert wrong == []


def test_a_body_of_other_peoples_mail_is_left_on_the_server():
    foreign = [
        mail for mail in (FIXTURES / "ham").glob("*.eml") if expected(mail)["outcome"] == "foreign"
    ]
    fetched = [
        mail.name
        for mail in foreign
        if interesting(mail.read_bytes().split(b"\r\n\r\n")[0], context_of(expected(mail)))
    ]

    assert sorted(fetched) == [
        "fwd-nothing.eml",
        "lone-subject-word.eml",
    ]  # the user's own mails, which may be forwards


def test_an_unread_mail_shows_the_phrase_that_nearly_fits_and_where_it_stands():
    raw = (
        HEADS[0]
        + b"Subject: Delivered at last: Lantern\r\n\r\nYour package was delivered, hooray\r\n"
    )

    reading = read(raw, CONTEXT)

    assert reading.outcome is Outcome.UNREAD
    assert reading.near[0].kind == "shipment.delivered"
    assert reading.near[0].source.startswith("packs/amazon/phrases/en.yaml:")


def test_every_notice_names_the_line_and_the_phrase_behind_it():
    bare = []
    for mail in mails():
        reading = read(mail.read_bytes(), context_of(expected(mail)))
        bare += [
            mail.name
            for notice in reading.notices
            if not notice.evidence or not all(one.source for one in notice.evidence)
        ]

    assert bare == []


def test_without_a_configuration_nothing_is_trusted():
    raw = (FIXTURES / "amazon/en/shipment-shipped-202605.eml").read_bytes()

    assert read(raw, Context(library=shipped())).trust is Trust.UNVERIFIED
    assert read(raw, Context(library=shipped(), trust_all=True)).trust is Trust.VERIFIED
    assert (
        read(raw, Context(library=shipped(), authserv_ids=("mx.other.example",))).trust
        is Trust.UNVERIFIED
    )


def test_a_forged_mail_stays_forged_when_everything_else_is_taken_as_genuine():
    raw = (FIXTURES / "amazon/en/refund-announced-202605-forged-cousin.eml").read_bytes()

    assert read(raw, Context(library=shipped(), trust_all=True)).outcome is Outcome.FORGED


def test_a_relay_counts_only_when_the_user_named_it():
    raw = (FIXTURES / "aliexpress/en/shipment-shipped-202605-apple-relay.eml").read_bytes()
    named = Context(
        library=shipped(), authserv_ids=("mx.example.org",), relays=("privaterelay.appleid.com",)
    )

    assert read(raw, named).trust is Trust.VERIFIED
    assert (
        read(raw, Context(library=shipped(), authserv_ids=("mx.example.org",))).trust
        is Trust.UNVERIFIED
    )


def test_the_users_zone_does_not_move_dates_that_the_mail_counts_from_its_own():
    raw = (FIXTURES / "amazon/en/shipment-shipped-202605-tomorrow-in-its-zone.eml").read_bytes()
    readings = [
        read(raw, Context(library=shipped(), zone=ZoneInfo(zone)))
        for zone in ("Asia/Tokyo", "America/Los_Angeles")
    ]

    assert {str(reading.notices[0].fields["expected_until"]) for reading in readings} == {
        "2026-05-13"
    }

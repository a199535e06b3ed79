"""Mails that a server hides, refuses, loses or numbers in its own way."""

import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from daemon.mailbox.arrived import Cursor
from daemon.mailbox.errors import MailboxError, MailboxErrorKind
from daemon.mailbox.login import trust
from daemon.mailbox.poll import PollOptions
from daemon.mailbox.session import Session
from daemon.mailbox.transport import ByteCounter
from tests.daemon.mailbox.fake import QUICK, account, drop, everything, news, opened, session_length
from tests.servers.fake_imap import PASSWORD, Faults, Mail


def test_a_mail_whose_body_the_server_never_gives_is_told_as_missing_and_hides_no_other(server):
    server.add(*(news(n) for n in range(1, 4)))
    honest = server.mails[2].raw

    def nil(connection, tag, rest):
        if b"BODY.PEEK[]" in rest:
            server.mails[2].raw = b""
        connection._uid_fetch(tag, rest)
        server.mails[2].raw = honest

    server.answers["UID FETCH"] = nil
    got = []
    with opened(server) as session:
        polled = session.poll("INBOX", None, None, everything, got.append)
        server.answers.clear()
        session.fetch("INBOX", 1, polled.missing, got.append)

    assert [(mail.uid, mail.raw, mail.missing) for mail in got] == [
        (1, news(1), False),
        (2, None, True),
        (3, news(3), False),
        (2, news(2), False),
    ]
    assert polled.missing == (2,)


def test_a_mail_the_server_refuses_to_show_hides_no_other(server):
    server.add(*(news(n) for n in range(1, 4)))

    def refuse(connection, tag, rest):
        if 2 in connection._chosen(rest.split()[2].decode()) and b"BODY.PEEK[]" in rest:
            connection.send(tag + b" NO [SERVERBUG] Internal error\r\n")
        else:
            connection._uid_fetch(tag, rest)

    server.answers["UID FETCH"] = refuse
    got = []
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, got.append)

    assert [(mail.uid, mail.missing) for mail in got] == [(1, False), (2, True), (3, False)]


@pytest.mark.parametrize(("part", "missing"), [(b"BODY.PEEK[]", True), (b"HEADER", False)])
def test_a_mail_on_which_the_server_hangs_up_hides_no_other(server, part, missing):
    server.add(*(news(n) for n in range(1, 6)))
    asked = []

    def crash(connection, tag, rest):
        if 3 in connection._chosen(rest.split()[2].decode()) and part in rest:
            asked.append(rest)
            connection.close()
        else:
            connection._uid_fetch(tag, rest)

    server.answers["UID FETCH"] = crash
    meter, got, cursor = ByteCounter(), [], None

    def sink(mail):
        nonlocal cursor
        got.append(mail)
        cursor = Cursor(uidvalidity=1, last_uid=mail.uid)

    for _ in range(6):
        with (
            suppress(MailboxError),
            Session.open(account(server), PASSWORD, trust(), limits=QUICK, meter=meter) as session,
        ):
            session.poll("INBOX", cursor, None, everything, sink)

    assert [(mail.uid, mail.missing) for mail in got] == [
        (n, n == 3 and missing) for n in range(1, 6)
    ]
    assert all(mail.header == news(mail.uid).partition(b"body")[0] for mail in got)
    assert len(asked) == 4
    server.answers.clear()
    with Session.open(
        account(server), PASSWORD, trust(), limits=QUICK
    ) as session:  # as after a restart
        session.fetch("INBOX", 1, [3], sink)
    assert got[-1].raw == news(3)


def test_a_link_that_breaks_by_chance_gives_up_no_mail(server):
    server.add(*(news(n) for n in range(1, 30)))
    meter, got, cursor = ByteCounter(), [], None
    length = session_length(server)
    dice = random.Random(5)

    def sink(mail):
        nonlocal cursor
        got.append(mail)
        cursor = Cursor(uidvalidity=1, last_uid=mail.uid)

    for attempt in range(40):
        server.faults = Faults(cut_at=dice.randrange(length)) if attempt < 39 else Faults()
        with (
            suppress(MailboxError),
            Session.open(account(server), PASSWORD, trust(), limits=QUICK, meter=meter) as session,
        ):
            session.poll("INBOX", cursor, None, everything, sink)

    assert [mail.uid for mail in got] == list(range(1, 30))
    assert not any(mail.missing for mail in got)


def test_a_mail_expunged_between_search_and_fetch_is_gone(server):
    server.add(*(news(n) for n in range(1, 4)))

    def vanish(connection, tag, rest):
        server.mails.pop(2, None)
        connection._uid_fetch(tag, rest)

    server.answers["UID FETCH"] = vanish
    got = []
    with opened(server) as session:
        polled = session.poll("INBOX", None, None, everything, got.append)

    assert [mail.uid for mail in got] == [1, 3]
    assert polled.gone == (2,)
    assert polled.cursor.last_uid == 3


def test_flags_told_for_a_sequence_number_do_not_reach_the_mail_with_that_uid(server):
    server.add(*(news(n) for n in range(1, 4)))
    del server.mails[1]

    def noisy(connection, tag, rest):
        connection.send(b"* 2 FETCH (FLAGS (\\Flagged))\r\n")
        connection._uid_fetch(tag, rest)

    server.answers["UID FETCH"] = noisy
    got = []
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, got.append)
        flags = session.flags("INBOX", 1, [2, 3])

    assert [mail.flags for mail in got] == [(), ()]
    assert flags == {2: (), 3: ()}


def test_a_server_without_uidnext_is_polled_all_the_same(server):
    server.tells_uidnext = False
    got, cursor = [], None
    with opened(server) as session:
        for number in range(3):
            cursor = session.poll("INBOX", cursor, None, everything, got.append).cursor
            server.add(news(number))
        cursor = session.poll("INBOX", cursor, None, everything, got.append).cursor
        cursor = session.poll("INBOX", cursor, None, everything, got.append).cursor

    assert [mail.uid for mail in got] == [1, 2, 3]
    assert cursor == Cursor(uidvalidity=1, last_uid=3)


@pytest.mark.parametrize("value", [0, None])
def test_a_server_without_uidvalidity_is_read_once_all_the_same(server, value):
    server.uidvalidity = value
    server.add(news(1))
    got = []
    with opened(server) as session:
        polled = session.poll("INBOX", None, None, everything, got.append)
        again = session.poll("INBOX", polled.cursor, None, everything, got.append)

    assert (again.reset, again.seen) == (False, 0)


def test_going_backwards_without_uidvalidity_counts_as_a_reset(server):
    server.uidvalidity = 0
    server.add(news(1))
    got = []
    with opened(server) as session:
        polled = session.poll(
            "INBOX", Cursor(uidvalidity=0, last_uid=900), None, everything, got.append
        )

    assert polled.reset
    assert [mail.uid for mail in got] == [1]


def test_a_late_visible_uid_is_found_by_the_rescan(server):
    server.add(*(news(n) for n in range(1, 4)))
    late = server.mails.pop(2)
    got = []
    with opened(server) as session:
        cursor = session.poll("INBOX", None, None, everything, got.append).cursor
        server.mails[2] = late
        known = {mail.uid for mail in got}
        polled = session.rescan(
            "INBOX", cursor, lambda first, last: known, None, everything, got.append
        )

    assert [mail.uid for mail in got] == [1, 3, 2]
    assert polled.cursor == cursor


def test_trouble_of_the_sink_is_not_the_mailboxes_and_leaves_the_session_whole(server):
    server.add(*(news(n) for n in range(1, 4)))
    got = []

    def full(mail):
        if mail.uid == 2 and len(got) == 1:
            raise OSError(28, "No space left on device")
        got.append(mail)

    with opened(server) as session:
        with pytest.raises(OSError, match="No space left"):
            session.poll("INBOX", None, None, everything, full)
        got.append("again")
        session.poll("INBOX", Cursor(uidvalidity=1, last_uid=1), None, everything, full)

    assert [mail if mail == "again" else mail.uid for mail in got] == [1, "again", 2, 3]


def test_progress_is_told_in_mails(server):
    server.add(*(news(n) for n in range(1, 451)))
    told = []
    with opened(server) as session:
        session.poll(
            "INBOX",
            None,
            None,
            lambda header: False,
            drop,
            PollOptions(progress=lambda *done: told.append(done)),
        )

    assert told == [(200, 450), (400, 450), (450, 450)]


def test_a_mail_without_a_date_is_not_passed_over(server):
    server.add(Mail(news(1)))
    server.answers["UID FETCH"] = [
        (
            b"* 1 FETCH (UID 1 INTERNALDATE NIL RFC822.SIZE 9 FLAGS () BODY[HEADER]<0>"
            b" {4}\r\nA:b\n)\r\nTAG OK done\r\n"
        )
    ]
    got = []
    since = datetime.now(UTC) - timedelta(days=1)
    with opened(server) as session:
        session.poll("INBOX", None, since, everything, got.append)

    assert [mail.raw for mail in got] == [news(1)]
    assert got[0].internal_date > since


def test_a_server_that_knows_no_parts_of_headers_gives_whole_ones(server):
    server.add(news(1))

    def old(connection, tag, rest):
        if b"<0." in rest:
            connection.send(tag + b" BAD no parts here\r\n")
        else:
            connection._uid_fetch(tag, rest)

    server.answers["UID FETCH"] = old
    got = []
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, got.append)

    assert [mail.raw for mail in got] == [news(1)]


def refused(words):
    """A SEARCH answered NO where it holds any of the words."""

    def answer(connection, tag, rest):
        if any(word in rest for word in words):
            connection.send(tag + b" NO [CANNOT] SEARCH is not for you\r\n")
        else:
            connection._uid_search(tag, rest)

    return answer


@pytest.mark.parametrize("words", [[b"SINCE"], [b"UID"]], ids=["SINCE", "all of them"])
@pytest.mark.parametrize("tells", [True, False], ids=["", "no UIDNEXT"])
def test_a_server_that_refuses_to_search_is_read_in_windows_of_uids(server, words, tells):
    now = datetime.now(UTC)
    server.tells_uidnext = tells
    server.add(
        Mail(news(1), received=now - timedelta(days=200)),
        Mail(news(2), received=now),
        Mail(news(3), received=now - timedelta(days=30)),
    )
    server.mails[25_000] = Mail(news(4), received=now)
    server.answers["UID SEARCH"] = refused(words)
    got = []
    with opened(server) as session:
        polled = session.poll("INBOX", None, now - timedelta(days=90), everything, got.append)
        server.add(news(5))
        again = session.poll("INBOX", polled.cursor, None, everything, got.append)

    assert [mail.uid for mail in got] == [2, 3, 25_000, 25_001]
    assert again.cursor.last_uid == 25_001
    assert not polled.missing


def test_a_server_that_refuses_search_and_fetch_is_in_trouble(server):
    server.add(news(1))
    server.answers["UID SEARCH"] = server.answers["UID FETCH"] = b"TAG NO not now\r\n"
    with opened(server) as session, pytest.raises(MailboxError) as caught:
        session.poll("INBOX", None, None, everything, drop)

    assert caught.value.kind is MailboxErrorKind.TEMPORARY

"""A server that does everything a server must not do."""

import random
import resource
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from daemon.mailbox.arrived import Cursor
from daemon.mailbox.login import trust
from daemon.mailbox.session import Session
from daemon.mailbox.transport import Limits, Meter
from daemon.mailbox.trouble import Kind, MailboxError
from daemon.mailbox.wake import Wake
from daemon.settings import Mailbox, Secret
from tests.servers.certificates import certificate
from tests.servers.fake_imap import PASSWORD, TOKEN, USER, Faults, Mail, running

QUICK = Limits(connect=2, read=1, command=2, bodies=2, done=1)


def news(number):
    return b"Subject: news %d\r\n\r\nbody %d\r\n" % (number, number)


def account(server, **changes):
    settings = {
        "id": "main",
        "host": server.host,
        "port": server.port,
        "tls": "none",
        "user": USER,
        "password": Secret(value="x"),
    }
    return Mailbox(**(settings | changes))


def opened(server, secret=PASSWORD, context=None, *, token=False, limits=QUICK, **changes):
    return Session.open(account(server, **changes), secret, context or trust(), token=token, limits=limits)


def everything(_header):
    return True


def drop(_mail):
    pass


@pytest.fixture
def server():
    with running() as fake:
        yield fake


@pytest.fixture
def wake():
    bell = Wake()
    yield bell
    bell.close()


def read_all(server, cursor=None):
    """Poll until it works, as the loop does: every mail given to the sink moves the cursor. Returns (mails, tries)."""
    got, tries = [], 0
    while True:
        tries += 1
        try:
            with opened(server) as session:

                def sink(mail):
                    nonlocal cursor
                    got.append(mail)
                    cursor = Cursor(uidvalidity=mail.uidvalidity, last_uid=mail.uid)

                session.poll("INBOX", cursor, None, everything, sink, unfinished=True)
                return got, tries
        except MailboxError as error:
            if error.permanent:
                raise
            server.faults = Faults()


def test_the_fake_server_is_read_like_a_real_one(server):
    server.add(*(news(n) for n in range(1, 4)))
    got, tries = read_all(server)

    assert [mail.raw for mail in got] == [news(1), news(2), news(3)]
    assert tries == 1
    assert not any(b"STORE" in line or b"SELECT" in line or b"BODY[" in line for line in server.said)


def test_nothing_is_ever_said_that_could_change_a_mailbox(server, wake):
    server.add(*(news(n) for n in range(1, 4)))
    with opened(server) as session:
        polled = session.poll("INBOX", None, None, everything, drop)
        session.rescan("INBOX", polled.cursor, lambda first, last: (), None, everything, drop)
        session.fetch("INBOX", 1, [1, 2], drop)
        session.flags("INBOX", 1, [1])
        session.stamps("INBOX")
        session.folders()
        session.idle(0.1, wake)

    commands = {b" ".join(line.split()[1:3]) for line in server.said if len(line.split()) > 1}
    assert commands == {
        b"CAPABILITY",
        b"AUTHENTICATE PLAIN",
        b'EXAMINE "INBOX"',
        b"UID SEARCH",
        b"UID FETCH",
        b'LIST ""',
        b"IDLE",
        b"LOGOUT",
    }
    assert not any(b"BODY[" in line or b"RFC822)" in line or b"RFC822.TEXT" in line for line in server.said)


@pytest.mark.parametrize("answer", [b"TAG NO Session expired\r\n", b"TAG BAD not now\r\n"])
def test_a_folder_that_is_there_and_does_not_open_is_tried_again(server, answer):
    server.answers["EXAMINE"] = answer
    with opened(server) as session, pytest.raises(MailboxError) as caught:
        session.poll("INBOX", None, None, everything, drop)

    assert caught.value.kind is Kind.TEMPORARY
    assert "INBOX" in caught.value.what


def session_length(server):
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, drop)
    return max(connection.sent for connection in server._connections)


def test_a_session_cut_at_any_byte_loses_no_mail_and_repeats_none():
    with running() as server:
        server.add(*(news(n) for n in range(1, 4)))
        length = session_length(server)
        counts = []
        for offset in range(length):
            server.faults = Faults(cut_at=offset)
            got, tries = read_all(server)
            counts.append(tries)

            assert [mail.raw for mail in got] == [news(1), news(2), news(3)], offset

    assert length > 500
    assert set(counts) <= {1, 2}


def test_answers_split_at_every_byte_are_understood(server):
    server.add(*(news(n) for n in range(1, 4)))
    server.faults = Faults(split=True)

    assert [mail.raw for mail in read_all(server)[0]] == [news(1), news(2), news(3)]


def unusual():
    """Commands, and what is said to them instead of the right thing."""
    answers = {
        "no": b"TAG NO not today\r\n",
        "bad": b"TAG BAD what?\r\n",
        "bye": b"* BYE closing for a while\r\n",
        "ok with nothing": b"TAG OK done\r\n",
        "ok without text": b"TAG OK\r\n",
        "garbage": b"\x00\xff\xfe garbage\r\n",
        "unknown tag": b"zz9 OK done\r\n",
        "a plus": b"+ go ahead\r\nTAG OK done\r\n",
        "silence": b"",
        "no line end": b"* OK and then",
    }
    for command in ("CAPABILITY", "AUTHENTICATE", "EXAMINE", "UID SEARCH", "UID FETCH"):
        for name, answer in answers.items():
            yield pytest.param(command, answer, id=f"{command}: {name}")
    yield pytest.param("UID SEARCH", b"* SEARCH 1\r\n* SEARCH 2 3\r\nTAG OK done\r\n", id="SEARCH: two lines")
    yield pytest.param("UID SEARCH", b"* SEARCH 1 2 3 (MODSEQ 917)\r\nTAG OK done\r\n", id="SEARCH: modseq")
    yield pytest.param("UID SEARCH", b"* SEARCH one two\r\nTAG OK done\r\n", id="SEARCH: words")
    yield pytest.param("UID FETCH", b"* 1 FETCH (UID 1 BODY[] NIL)\r\nTAG OK done\r\n", id="FETCH: NIL")
    yield pytest.param("UID FETCH", b"* 1 FETCH (UID 1 BODY[] {9}\r\nshort)\r\nTAG OK\r\n", id="FETCH: short literal")
    yield pytest.param("UID FETCH", b"* 1 FETCH (UID one)\r\nTAG OK done\r\n", id="FETCH: odd uid")
    yield pytest.param("UID FETCH", b"* 1 FETCH " + b"(" * 3000 + b"\r\nTAG OK done\r\n", id="FETCH: deep")
    yield pytest.param("EXAMINE", b"* x EXISTS\r\n* OK [UIDNEXT soon]\r\nTAG OK done\r\n", id="EXAMINE: words")


@pytest.mark.parametrize(("command", "answer"), list(unusual()))
def test_an_odd_answer_once_is_a_mailbox_error_at_most_and_loses_nothing(server, command, answer):
    server.add(*(news(n) for n in range(1, 4)))
    server.answers[command] = [answer]
    got, cursor, errors = {}, None, []

    def keep(mail):
        got[mail.uid] = mail

    for _ in range(4):
        try:
            with opened(server, limits=replace(QUICK, read=0.4)) as session:
                cursor = session.poll("INBOX", cursor, None, everything, keep).cursor
                session.rescan("INBOX", cursor, lambda first, last: tuple(got), None, everything, keep)
                session.fetch("INBOX", cursor.uidvalidity, [uid for uid in got if got[uid].missing], keep)
        except MailboxError as error:
            errors.append(error)

    assert {uid: mail.raw for uid, mail in got.items()} == {n: news(n) for n in (1, 2, 3)}
    assert len(errors) <= 1
    assert all("127.0.0.1" in error.what for error in errors)


@pytest.mark.parametrize("seed", range(80))
def test_an_answer_with_spoiled_bytes_is_a_mailbox_error_at_most(server, seed):
    dice = random.Random(seed)
    server.add(*(news(n) for n in range(1, 3)))
    spoiled = dice.choice(["EXAMINE", "UID SEARCH", "UID FETCH", "CAPABILITY", "AUTHENTICATE"])

    def spoil(connection, tag, rest):
        whole = []
        send, connection.send = connection.send, whole.append
        try:
            getattr(connection, f"_{spoiled.replace(' ', '_').lower()}")(tag, rest)
        finally:
            connection.send = send
        answer = bytearray(b"".join(whole))
        for _ in range(dice.randrange(1, 6)):
            answer[dice.randrange(len(answer))] = dice.choice(b'\0 (){}[]"\\*+%NIL0123456789\r\n\xe6')
        connection.send(bytes(answer))

    server.answers[spoiled] = spoil
    with suppress(MailboxError), opened(server, limits=replace(QUICK, read=0.2, command=0.5)) as session:
        polled = session.poll("INBOX", None, None, everything, drop)
        session.rescan("INBOX", polled.cursor, lambda first, last: (), None, everything, drop)


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
    meter, got, cursor = Meter(), [], None

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

    assert [(mail.uid, mail.missing) for mail in got] == [(n, n == 3 and missing) for n in range(1, 6)]
    assert all(mail.header == news(mail.uid).partition(b"body")[0] for mail in got)
    assert len(asked) == 4
    server.answers.clear()
    with Session.open(account(server), PASSWORD, trust(), limits=QUICK) as session:  # as after a restart
        session.fetch("INBOX", 1, [3], sink)
    assert got[-1].raw == news(3)


def test_a_link_that_breaks_by_chance_gives_up_no_mail(server):
    server.add(*(news(n) for n in range(1, 30)))
    meter, got, cursor = Meter(), [], None
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
def test_a_server_without_uidvalidity_is_called_unstable(server, value):
    server.uidvalidity = value
    server.add(news(1))
    got = []
    with opened(server) as session:
        polled = session.poll("INBOX", None, None, everything, got.append)
        again = session.poll("INBOX", polled.cursor, None, everything, got.append)

    assert polled.unstable
    assert (again.reset, again.seen) == (False, 0)


def test_going_backwards_without_uidvalidity_counts_as_a_reset(server):
    server.uidvalidity = 0
    server.add(news(1))
    got = []
    with opened(server) as session:
        polled = session.poll("INBOX", Cursor(uidvalidity=0, last_uid=900), None, everything, got.append)

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
        polled = session.rescan("INBOX", cursor, lambda first, last: known, None, everything, got.append)

    assert [mail.uid for mail in got] == [1, 3, 2]
    assert polled.cursor == cursor


def test_gmails_own_number_of_a_mail_is_kept(server):
    server.capabilities += " X-GM-EXT-1"
    server.add(news(1))
    shown = b"UID 1 INTERNALDATE NIL RFC822.SIZE 9 FLAGS () X-GM-MSGID 1278455344230334865 BODY[HEADER]<0> {4}\r\nA:b\n"
    server.answers["UID FETCH"] = [b"* 1 FETCH (" + shown + b")\r\nTAG OK done\r\n"]
    got = []
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, got.append)

    assert got[0].gmail_id == "1278455344230334865"


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
        session.poll("INBOX", None, None, lambda header: False, drop, progress=lambda *done: told.append(done))

    assert told == [(200, 450), (400, 450), (450, 450)]


def test_a_mail_without_a_date_is_not_passed_over(server):
    server.add(Mail(news(1)))
    server.answers["UID FETCH"] = [
        b"* 1 FETCH (UID 1 INTERNALDATE NIL RFC822.SIZE 9 FLAGS () BODY[HEADER]<0> {4}\r\nA:b\n)\r\nTAG OK done\r\n"
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


# limits


def test_a_dripping_server_is_cut_off_by_the_deadline_of_the_command(server):
    server.add(news(1))
    server.faults = Faults(split=True, pause=0)
    with opened(server) as session:
        server.faults = Faults(split=True, pause=0.1)
        began = time.monotonic()
        with pytest.raises(MailboxError) as caught:
            session.poll("INBOX", None, None, everything, drop)

    assert time.monotonic() - began < 4
    assert caught.value.kind is Kind.UNREACHABLE


def test_a_silent_server_is_given_up(server):
    server.add(news(1))
    with opened(server) as session:
        server.faults = Faults(stall_at=0)
        with pytest.raises(MailboxError) as caught:
            session.poll("INBOX", None, None, everything, drop)

    assert "stopped answering during EXAMINE" in caught.value.what


def test_a_server_that_never_greets_is_given_up(server):
    server.greeting = b""
    with pytest.raises(MailboxError) as caught:
        opened(server)

    assert caught.value.kind is Kind.UNREACHABLE


def test_a_literal_of_four_gigabytes_is_refused_without_taking_memory(server):
    server.add(news(1))
    server.answers["UID FETCH"] = b"* 1 FETCH (UID 1 BODY[] {4294967295}\r\nabc"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with opened(server) as session, pytest.raises(MailboxError) as caught:
        session.poll("INBOX", None, None, everything, drop)

    assert caught.value.kind is Kind.PROTOCOL
    assert "4294967295" in caught.value.what
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_a_line_of_two_megabytes_is_read_and_one_of_seventeen_refused(server):
    server.add(news(1))
    numbers = b"* SEARCH " + b" ".join(b"%d" % n for n in range(1, 300_000)) + b"\r\n"
    server.answers["UID SEARCH"] = [numbers + b"TAG OK done\r\n", b"* SEARCH " + b"1 " * (9 << 20)]
    got = []
    with opened(server) as session:
        polled = session.poll("INBOX", None, None, everything, got.append)
        with pytest.raises(MailboxError) as caught:
            session.poll("INBOX", None, None, everything, got.append)

    assert polled.seen == len(got) == 1
    assert caught.value.kind is Kind.PROTOCOL


# IDLE


def idling(session, wake, seconds=5.0):
    began = time.monotonic()
    return session.idle(seconds, wake), time.monotonic() - began


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("place", ["before_plus", "with_plus", "after_done"])
def test_mail_told_around_the_plus_is_heard(server, wake, place, split):
    setattr(server, place, b"* 7 EXISTS\r\n")
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, drop)
        server.faults = Faults(split=split)
        heard, took = idling(session, wake, 0.5)

    assert heard
    assert took < 1


def test_a_line_split_over_packets_is_heard_once_it_is_whole(server, wake):
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, drop)
        pieces = [b"* 7 EXI", b"STS", b"\r", b"\n"]
        timers = [threading.Timer(0.1 * n, server.tell, (piece,)) for n, piece in enumerate(pieces, 1)]
        for timer in timers:
            timer.start()
        heard, took = idling(session, wake)
        for timer in timers:
            timer.join()

    assert heard
    assert 0.3 < took < 2


def test_news_that_are_no_mail_do_not_end_an_idle(server, wake):
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, drop)
        timer = threading.Timer(
            0.1, server.tell, (b"* OK still here\r\n* 3 EXPUNGE\r\n* 2 FETCH (FLAGS (\\Seen))\r\n",)
        )
        timer.start()
        heard, took = idling(session, wake, 0.6)
        timer.join()

    assert not heard
    assert took > 0.5


def test_a_flag_set_elsewhere_ends_an_idle(server, wake):
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, drop)
        timer = threading.Timer(0.1, server.tell, (b"* 2 FETCH (FLAGS (\\Seen \\Flagged))\r\n",))
        timer.start()
        heard, took = idling(session, wake)
        timer.join()

    assert heard
    assert took < 2


@pytest.mark.parametrize("line", [b"* BYE bored\r\n", b"IDLE1 OK that is all\r\n", b"nonsense\r\n"])
def test_a_server_that_ends_an_idle_is_left(server, wake, line):
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, drop)
        timer = threading.Timer(0.1, server.tell, (line,))
        timer.start()
        with pytest.raises(MailboxError):
            idling(session, wake)
        timer.join()


def test_a_server_that_hangs_up_while_idling_is_noticed_at_once(server, wake):
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, drop)
        timer = threading.Timer(0.2, server.hang_up)
        timer.start()
        began = time.monotonic()
        with pytest.raises(MailboxError) as caught:
            session.idle(20, wake)
        timer.join()

    assert time.monotonic() - began < 2
    assert caught.value.kind is Kind.UNREACHABLE


def test_a_dead_link_is_noticed_at_the_end_of_the_idle(server, wake):
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, drop)
        server.faults = Faults(stall_at=max(connection.sent for connection in server._connections) + 10)
        began = time.monotonic()
        with pytest.raises(MailboxError):
            session.idle(0.5, wake)

    assert time.monotonic() - began < 3


def test_a_server_that_refuses_idle_is_polled(server, wake):
    server.answers["IDLE"] = b"TAG NO not here\r\n"
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, drop)
        refused = session.idle(5, wake)
        began = time.monotonic()
        waited = session.idle(0.3, wake)

        assert (refused, waited) == (True, True)
        assert 0.2 < time.monotonic() - began < 2
        assert not session.can_idle
        session.poll("INBOX", None, None, everything, drop)


def test_mail_told_during_another_command_ends_the_next_idle_at_once(server, wake):
    server.add(news(1))

    def noisy(connection, tag, rest):
        connection.send(b"* 2 EXISTS\r\n")
        connection._uid_fetch(tag, rest)

    server.answers["UID FETCH"] = noisy
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, drop)
        heard, took = idling(session, wake)

    assert heard
    assert took < 1


# logging in

REFUSALS = [
    (b"TAG NO [AUTHENTICATIONFAILED] Invalid credentials\r\n", Kind.WRONG_PASSWORD),
    (b"TAG NO [ALERT] Application-specific password required\r\n", Kind.WRONG_PASSWORD),
    (b"TAG NO LOGIN failed.\r\n", Kind.WRONG_PASSWORD),
    (b"TAG NO\r\n", Kind.WRONG_PASSWORD),
    (b"TAG NO [AUTHENTICATIONFAILED] Too bad, try again\r\n", Kind.WRONG_PASSWORD),
    (b"TAG NO [UNAVAILABLE] Temporary authentication failure.\r\n", Kind.TEMPORARY),
    (b"TAG NO [INUSE] Mailbox is locked\r\n", Kind.TEMPORARY),
    (b"TAG NO [UNAVAILABLE] Maximum number of connections from user+IP exceeded\r\n", Kind.TOO_MANY),
    (b"TAG NO [ALERT] Too many simultaneous connections. (Failure)\r\n", Kind.TOO_MANY),
    (b"TAG NO [OVERQUOTA] Account exceeded command or bandwidth limits.\r\n", Kind.TOO_MANY),
    (b"* BYE Too many connections\r\n", Kind.TOO_MANY),
    (b"* BYE going down\r\n", Kind.UNREACHABLE),
    (b"TAG NO [PRIVACYREQUIRED] Plaintext authentication disallowed on non-secure connections.\r\n", Kind.TLS),
]


@pytest.mark.parametrize(("answer", "kind"), REFUSALS)
@pytest.mark.parametrize("command", ["AUTHENTICATE", "LOGIN"])
def test_refused_logins_are_told_apart(server, command, answer, kind):
    server.answers[command] = answer
    if command == "LOGIN":
        server.capabilities = "IMAP4rev1"
    with pytest.raises(MailboxError) as caught:
        opened(server)

    assert caught.value.kind is kind
    assert "127.0.0.1" in caught.value.what
    assert PASSWORD not in str(caught.value)


def test_a_server_that_greets_with_bye_is_told_by_its_reason(server):
    server.greeting = b"* BYE Too many connections from your address\r\n"
    with pytest.raises(MailboxError) as caught:
        opened(server)

    assert caught.value.kind is Kind.TOO_MANY


@pytest.mark.parametrize("capability", ["AUTH=XOAUTH2", "AUTH=OAUTHBEARER"])
def test_a_token_logs_in_and_an_expired_one_is_told_as_such(server, capability):
    server.capabilities = f"IMAP4rev1 {capability}"
    opened(server, TOKEN, token=True).close()
    with pytest.raises(MailboxError) as caught:
        opened(server, "old-token", token=True)

    assert caught.value.kind is Kind.EXPIRED_TOKEN
    assert "old-token" not in str(caught.value)


def test_a_provider_that_takes_no_tokens_is_told(server):
    server.capabilities = "IMAP4rev1 AUTH=PLAIN"
    with pytest.raises(MailboxError) as caught:
        opened(server, TOKEN, token=True)

    assert "it offers PLAIN" in caught.value.what


def test_the_providers_own_advice_is_given(server):
    server.answers["AUTHENTICATE"] = b"TAG NO [AUTHENTICATIONFAILED] no\r\n"
    with pytest.raises(MailboxError) as caught:
        opened(server, provider="gmail")

    assert "app password" in caught.value.try_this


def test_a_password_with_other_letters_needs_authenticate_plain(server):
    server.capabilities = "IMAP4rev1"
    with pytest.raises(MailboxError) as caught:
        opened(server, "鍵")

    assert not any(line.split()[1] == b"LOGIN" for line in server.said)
    assert caught.value.kind is Kind.WRONG_PASSWORD


def test_a_name_with_quotes_and_spaces_cannot_break_out_of_the_login(server):
    server.capabilities = "IMAP4rev1"
    with pytest.raises(MailboxError):
        opened(server, 'x" y\\', user='an "na')

    assert server.said[-1].partition(b" ")[2] == rb'LOGIN "an \"na" "x\" y\\"'


# TLS


def tls_server(folder, **how):
    cert, key = certificate(folder, **how)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, trust(cert)


def sent_secrets(server):
    return [line for line in server.said if b"AUTHENTICATE" in line or b"LOGIN" in line]


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_named_certificate_is_accepted(tmp_path, tls):
    context, believed = tls_server(tmp_path)
    with running(tls=context, implicit=tls == "implicit") as server:
        server.add(news(1))
        got = []
        with opened(server, context=believed, tls=tls) as session:
            session.poll("INBOX", None, None, everything, got.append)

    assert [mail.raw for mail in got] == [news(1)]


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
@pytest.mark.parametrize(
    ("how", "known", "advice"),
    [
        ({}, False, "tls_ca_file"),
        ({"days": -1}, True, "run out"),
        ({"names": ["mail.example.org"], "addresses": []}, True, "set host:"),
    ],
    ids=["self-signed", "expired", "wrong name"],
)
def test_a_bad_certificate_is_refused_and_no_login_sent(tmp_path, tls, how, known, advice):
    context, believed = tls_server(tmp_path, **how)
    with running(tls=context, implicit=tls == "implicit") as server:
        with pytest.raises(MailboxError) as caught:
            opened(server, context=believed if known else trust(), tls=tls)

        assert sent_secrets(server) == []
    assert caught.value.kind is Kind.TLS
    assert caught.value.permanent
    assert advice in caught.value.try_this


def test_old_tls_is_refused(tmp_path):
    context, believed = tls_server(tmp_path)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    with running(tls=context, implicit=True) as server, pytest.raises(MailboxError) as caught:
        opened(server, context=believed, tls="implicit")

    assert caught.value.kind is Kind.TLS


def test_starttls_stripped_on_the_way_sends_no_password(server):
    with pytest.raises(MailboxError) as caught:
        opened(server, tls="starttls")

    assert sent_secrets(server) == []
    assert caught.value.kind is Kind.TLS
    assert "offers no STARTTLS" in caught.value.what


def test_a_greeting_that_skips_the_encryption_is_refused(server):
    server.greeting = b"* PREAUTH you are in\r\n"
    with pytest.raises(MailboxError) as caught:
        opened(server, tls="starttls")

    assert caught.value.kind is Kind.TLS


def test_text_slipped_in_behind_starttls_is_refused(tmp_path):
    context, believed = tls_server(tmp_path)
    with running(tls=context) as server:
        server.injected = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"
        with pytest.raises(MailboxError) as caught:
            opened(server, context=believed, tls="starttls")

        assert sent_secrets(server) == []
    assert "injected" in caught.value.what


def test_tls_on_a_plain_port_is_told_with_a_cure(server):
    with pytest.raises(MailboxError) as caught:
        opened(server, tls="implicit")

    assert caught.value.kind is Kind.TLS
    assert "143 with starttls" in caught.value.try_this


def test_no_password_leaves_the_machine_unencrypted(server):
    outside = Mailbox.model_construct(**(account(server).model_dump() | {"host": "mail.example.org", "tls": "none"}))
    with pytest.raises(MailboxError) as caught:
        Session.open(outside, PASSWORD, trust())

    assert caught.value.kind is Kind.TLS


def test_a_ca_file_that_is_none_is_told(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(MailboxError, match=r"ca\.pem cannot be used"):
        trust(tmp_path / "ca.pem")


def test_idle_over_tls_hears_what_is_already_decrypted(tmp_path, wake):
    context, believed = tls_server(tmp_path)
    with running(tls=context, implicit=True) as server:
        server.with_plus = b"* OK hello\r\n" * 3 + b"* 9 EXISTS\r\n"
        with opened(server, context=believed, tls="implicit") as session:
            session.poll("INBOX", None, None, everything, drop)
            heard, took = idling(session, wake)

    assert heard
    assert took < 1

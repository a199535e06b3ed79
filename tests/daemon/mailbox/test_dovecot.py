"""The mailbox room against a real server."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from daemon.mailbox.arrived import Cursor
from daemon.mailbox.errors import MailboxError, MailboxErrorKind
from daemon.mailbox.login import trust
from daemon.mailbox.poll import PollOptions
from daemon.mailbox.session import Session
from daemon.settings import Mailbox, Secret

pytestmark = pytest.mark.dovecot

NEWS = b"From: a@example.org\r\nSubject: news %d\r\nMessage-ID: <%d@example.org>\r\n\r\nbody %d\r\n"


def news(number):
    return NEWS % (number, number, number)


def account(server, user, **changes):
    return Mailbox(
        **(
            {
                "id": "main",
                "host": server.host,
                "port": server.port,
                "tls": "none",
                "user": user,
                "password": Secret(value="x"),
            }
            | changes
        )
    )


def opened(server, user, **changes):
    return Session.open(account(server, user, **changes), server.password, trust(server.ca_file))


def everything(_header):
    return True


def nothing(_header):
    return False


def test_new_mails_come_in_the_order_of_their_uids_and_only_once(dovecot):
    user, got = dovecot.user(), []
    dovecot.append(user, *(news(n) for n in range(1, 4)))
    with opened(dovecot, user) as session:
        first = session.poll("INBOX", None, None, everything, got.append)
        again = session.poll("INBOX", first.cursor, None, everything, got.append)
        dovecot.append(user, news(4))
        last = session.poll("INBOX", again.cursor, None, everything, got.append)

    assert [mail.uid for mail in got] == [1, 2, 3, 4]
    assert [mail.raw for mail in got] == [news(n) for n in range(1, 5)]
    assert got[0].header == news(1).split(b"body")[0]
    assert (first.seen, again.seen, last.seen) == (3, 0, 1)
    assert last.cursor == Cursor(uidvalidity=first.cursor.uidvalidity, last_uid=4)


def test_only_wanted_mails_are_fetched_whole(dovecot):
    user, got = dovecot.user(), []
    dovecot.append(user, news(1), news(2), news(3))
    with opened(dovecot, user) as session:
        session.poll("INBOX", None, None, lambda header: b"news 2" in header, got.append)

    assert [(mail.uid, mail.raw) for mail in got] == [(1, None), (2, news(2)), (3, None)]


@pytest.mark.parametrize("tls", ["none", "starttls", "implicit"])
def test_each_way_to_encrypt_works(dovecot, tls):
    user, got = dovecot.user(), []
    dovecot.append(user, news(1))
    port = dovecot.tls_port if tls == "implicit" else dovecot.port
    with opened(dovecot, user, tls=tls, port=port) as session:
        session.poll("INBOX", None, None, everything, got.append)

    assert [mail.raw for mail in got] == [news(1)]


def test_the_mailbox_is_not_changed_by_one_byte(dovecot):
    user = dovecot.user()
    dovecot.append(user, news(1), news(2))
    with opened(
        dovecot, user
    ) as session:  # Dovecot itself moves mails from new/ to cur/ when a folder is opened
        session.poll("INBOX", None, None, nothing, lambda mail: None)
    before = dovecot.files(user)
    dovecot.append(user, news(3))
    arrived = dovecot.files(user)
    with opened(dovecot, user) as session:
        polled = session.poll("INBOX", None, None, everything, lambda mail: None)
        session.rescan(
            "INBOX", polled.cursor, lambda first, last: (), None, everything, lambda mail: None
        )
        session.fetch("INBOX", polled.cursor.uidvalidity, [1, 2], lambda mail: None)
        flags = session.flags("INBOX", polled.cursor.uidvalidity, [1, 2, 3])
        session.stamps("INBOX")
        session.folders()

    assert flags.keys() == {1, 2, 3}
    assert all("\\Seen" not in some for some in flags.values())
    assert len(before) == 2
    assert dovecot.files(user) == arrived


def test_flags_are_told_as_they_are_now(dovecot):
    user = dovecot.user()
    dovecot.append(user, news(1), news(2))
    with opened(dovecot, user) as session, dovecot.client(user) as reader:
        polled = session.poll("INBOX", None, None, everything, lambda mail: None)
        reader.select_folder("INBOX")
        reader.add_flags([2], [b"\\Flagged"])
        flags = session.flags("INBOX", polled.cursor.uidvalidity, [1, 2, 9])

        assert "\\Flagged" in flags[2]
        assert "\\Flagged" not in flags[1]
        assert 9 not in flags
        assert session.flags("INBOX", polled.cursor.uidvalidity + 1, [1, 2]) == {}


def test_a_new_uidvalidity_is_told_before_any_mail_and_all_is_read_anew(dovecot):
    user, story = dovecot.user(), []
    dovecot.append(user, news(1), news(2))
    with opened(dovecot, user) as session:
        cursor = session.poll("INBOX", None, None, everything, lambda mail: None).cursor
    dovecot.set_uid_validity(user, 77)
    with opened(dovecot, user) as session:
        polled = session.poll(
            "INBOX",
            cursor,
            None,
            everything,
            lambda mail: story.append((mail.uidvalidity, mail.uid)),
            PollOptions(on_reset=lambda value: story.append(("reset", value))),
        )

    assert story == [("reset", 77), (77, 1), (77, 2)]
    assert polled.reset
    assert polled.cursor == Cursor(uidvalidity=77, last_uid=2)


def test_a_folder_made_anew_is_read_anew(dovecot):
    user, got = dovecot.user(), []
    dovecot.append(user, news(1), news(2), folder="Orders")
    with opened(dovecot, user) as session:
        cursor = session.poll("Orders", None, None, everything, lambda mail: None).cursor
    dovecot.doveadm("mailbox", "delete", "-u", user, "Orders")
    time.sleep(1.1)  # UIDVALIDITY is a time in seconds
    dovecot.append(user, news(2), folder="Orders")
    with opened(dovecot, user) as session:
        polled = session.poll("Orders", cursor, None, everything, got.append)

    assert polled.reset
    assert [(mail.uid, mail.raw) for mail in got] == [(1, news(2))]


def test_the_first_run_passes_over_mails_received_before_it_asked_for(dovecot):
    user, got = dovecot.user(), []
    now = datetime.now(UTC)
    dovecot.append(user, news(1), when=now - timedelta(days=100))
    dovecot.append(user, news(2), when=now - timedelta(days=89))
    dovecot.append(user, news(3), when=now - timedelta(days=200))
    dovecot.append(user, news(4), when=now)
    since = now - timedelta(days=90)
    with opened(dovecot, user) as session:
        polled = session.poll("INBOX", None, since, everything, got.append)
        rest = session.poll(
            "INBOX",
            Cursor(uidvalidity=polled.cursor.uidvalidity, last_uid=2),
            since,
            everything,
            got.append,
            PollOptions(unfinished=True),
        )

    assert [mail.uid for mail in got] == [2, 4, 4]
    assert polled.cursor.last_uid == rest.cursor.last_uid == 4
    assert abs(got[0].internal_date - (now - timedelta(days=89))) < timedelta(seconds=2)


def test_the_rescan_brings_what_is_not_on_record(dovecot):
    user, got = dovecot.user(), []
    dovecot.append(user, *(news(n) for n in range(1, 6)))
    with opened(dovecot, user) as session:
        cursor = session.poll("INBOX", None, None, everything, lambda mail: None).cursor
        session.rescan("INBOX", cursor, lambda first, last: {1, 2, 4}, None, everything, got.append)

    assert [mail.uid for mail in got] == [3, 5]


def test_a_missing_folder_is_told_with_the_folders_there_are(dovecot):
    user = dovecot.user()
    dovecot.append(user, news(1), folder="Orders")
    with opened(dovecot, user) as session:
        with pytest.raises(MailboxError) as caught:
            session.poll("Order", None, None, everything, lambda mail: None)
        session.poll("INBOX", None, None, everything, lambda mail: None)

    assert caught.value.kind is MailboxErrorKind.FOLDER
    assert "did you mean 'Orders'?" in caught.value.what
    assert "INBOX" in caught.value.try_this


def test_a_folder_with_a_japanese_name_is_read(dovecot):
    user, got = dovecot.user(), []
    dovecot.append(user, news(1), folder="注文")
    with opened(dovecot, user) as session:
        session.poll("注文", None, None, everything, got.append)
        assert "注文" in session.folders()

    assert [mail.folder for mail in got] == ["注文"]


def test_a_wrong_password_is_told_as_one(dovecot):
    with pytest.raises(MailboxError) as caught:
        Session.open(account(dovecot, "anna"), "wrong", trust())

    assert caught.value.kind is MailboxErrorKind.WRONG_PASSWORD
    assert caught.value.permanent
    assert "refused the password for anna" in caught.value.what


def test_a_password_may_hold_any_letters(dovecot):
    with pytest.raises(MailboxError) as caught:
        Session.open(account(dovecot, "anna"), "pässwört 鍵", trust())

    assert caught.value.kind is MailboxErrorKind.WRONG_PASSWORD
    assert "refused" in caught.value.what


def test_a_certificate_nobody_vouches_for_is_refused_before_any_login(dovecot):
    with pytest.raises(MailboxError) as caught:
        Session.open(
            account(dovecot, "anna", tls="implicit", port=dovecot.tls_port),
            dovecot.password,
            trust(),
        )

    assert caught.value.kind is MailboxErrorKind.TLS
    assert "tls_ca_file" in caught.value.try_this


def test_idle_hears_of_mail_within_the_servers_own_delay(dovecot, wake):
    user, got = dovecot.user(), []
    with opened(dovecot, user) as session:
        cursor = session.poll("INBOX", None, None, everything, got.append).cursor
        timer = threading.Timer(0.3, dovecot.append, (user, news(1)))
        timer.start()
        heard = session.idle(20, wake)
        timer.join()
        session.poll("INBOX", cursor, None, everything, got.append)

    assert heard
    assert [mail.raw for mail in got] == [news(1)]


def test_mail_between_the_poll_and_the_idle_is_not_missed(dovecot, wake):
    user = dovecot.user()
    with opened(dovecot, user) as session:
        for number in range(5):
            session.poll("INBOX", None, None, nothing, lambda mail: None)
            dovecot.append(user, news(number))

            assert session.idle(20, wake)


def test_mail_that_came_while_another_folder_was_open_ends_the_idle_at_once(dovecot, wake):
    user = dovecot.user()
    dovecot.append(user, news(1), folder="Other")
    with opened(dovecot, user) as session:
        session.poll("INBOX", None, None, nothing, lambda mail: None)
        dovecot.append(user, news(2))
        session.poll("Other", None, None, nothing, lambda mail: None)
        began = time.monotonic()

        assert session.idle(20, wake, "INBOX")
        assert time.monotonic() - began < 5


def test_the_bell_ends_an_idle_and_the_session_goes_on(dovecot, wake):
    user, got = dovecot.user(), []
    with opened(dovecot, user) as session:
        cursor = session.poll("INBOX", None, None, nothing, lambda mail: None).cursor
        timer = threading.Timer(0.2, wake.ring)
        timer.start()
        heard = session.idle(20, wake)
        timer.join()
        dovecot.append(user, news(1))
        session.poll("INBOX", cursor, None, everything, got.append)

    assert not heard
    assert len(got) == 1


def test_a_mail_over_eight_megabytes_is_read_from_its_beginning(dovecot):
    user, got = dovecot.user(), []
    large = news(1) + b"x" * 70 + b"\r\n"
    large += (b"y" * 70 + b"\r\n") * 130_000
    dovecot.append(user, news(0), large, news(2))
    with opened(dovecot, user) as session:
        session.poll("INBOX", None, None, everything, got.append)

    assert [(mail.uid, len(mail.raw) < mail.size) for mail in got] == [
        (1, False),
        (2, True),
        (3, False),
    ]
    assert got[1].raw == large[: 8 << 20]
    assert got[1].size == len(large)
    assert got[2].raw == news(2)


def test_an_unchanged_inbox_costs_one_command_and_less_than_two_kilobytes(dovecot):
    user = dovecot.user()
    dovecot.append(user, news(1))
    with opened(dovecot, user) as session:
        cursor = session.poll("INBOX", None, None, everything, lambda mail: None).cursor
        before = (session.meter.commands, session.meter.received + session.meter.sent)
        session.poll("INBOX", cursor, None, everything, lambda mail: None)

        assert session.meter.commands - before[0] == 1
        assert session.meter.received + session.meter.sent - before[1] < 2000


def test_a_server_that_goes_away_while_idling_is_noticed_and_found_again(start_dovecot, wake):
    server = start_dovecot()
    user, got = server.user(), []
    server.append(user, news(1))
    with opened(server, user) as session:
        cursor = session.poll("INBOX", None, None, everything, got.append).cursor
        timer = threading.Timer(0.3, server.stop)
        timer.start()
        with pytest.raises(MailboxError) as caught:
            session.idle(30, wake)
        timer.join()
    with pytest.raises(MailboxError) as refused:
        opened(server, user)
    server.start()
    server.append(user, news(2))
    with opened(server, user) as session:
        session.poll("INBOX", cursor, None, everything, got.append)

    assert not caught.value.permanent
    assert refused.value.kind is MailboxErrorKind.UNREACHABLE
    assert [mail.raw for mail in got] == [news(1), news(2)]


def test_a_session_can_be_ended_from_another_thread(dovecot, wake):
    with opened(dovecot, dovecot.user()) as session:
        session.poll("INBOX", None, None, everything, lambda mail: None)
        timer = threading.Timer(0.2, session.abort)
        timer.start()
        with pytest.raises(MailboxError):
            session.idle(20, wake)
        timer.join()


def test_one_tls_context_serves_all_connections(dovecot):
    assert trust() is trust()
    assert trust(dovecot.ca_file) is trust(dovecot.ca_file)


def test_a_burst_of_ten_thousand_mails_while_idling_is_read_whole(start_dovecot, wake):
    server = start_dovecot(form="mdbox")
    user, got = server.user(), []
    with opened(server, user) as session:
        cursor = session.poll("INBOX", None, None, everything, got.append).cursor
        burst = threading.Thread(target=server.burst, args=(user, [news(n) for n in range(10_000)]))
        burst.start()
        while len(got) < 10_000:
            assert session.idle(30, wake)
            cursor = session.poll("INBOX", cursor, None, everything, got.append).cursor
        burst.join()

    assert [mail.uid for mail in got] == list(range(1, 10_001))

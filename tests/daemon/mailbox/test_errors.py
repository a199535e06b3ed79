from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.mailbox.connection import uid_set
from daemon.mailbox.errors import PERMANENT, STEPS, MailboxErrorKind, next_try, said
from daemon.mailbox.stamps import stamps
from rules.fields import FIELDS
from rules.strings import CHOICES, LANGUAGES


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        (MailboxErrorKind.WRONG_PASSWORD, 4),
        (MailboxErrorKind.EXPIRED_TOKEN, 4),
        (MailboxErrorKind.TOO_MANY, 10),
        (MailboxErrorKind.TLS, 8),
    ],
)
def test_an_account_is_not_locked_by_trying(kind, most):
    tries, spent = 1, next_try(kind, 1, 0)
    while spent < timedelta(hours=1):
        tries += 1
        spent += next_try(kind, tries, 0)

    assert tries <= most


def test_a_server_that_returns_is_found_within_about_a_minute():
    assert max(
        next_try(MailboxErrorKind.UNREACHABLE, failures, 1) for failures in range(1, 500)
    ) <= timedelta(seconds=66)


def test_waits_grow_and_stay():
    for kind in MailboxErrorKind:
        waits = [next_try(kind, failures, 0.5) for failures in range(1, 10)]

        assert waits == sorted(waits)
        assert waits[0] == timedelta(seconds=STEPS[kind][0])
        assert next_try(kind, 0, 0.5) == waits[0]


def test_what_a_person_must_end_is_permanent():
    assert MailboxErrorKind.WRONG_PASSWORD in PERMANENT
    assert MailboxErrorKind.UNREACHABLE not in PERMANENT


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (b"[ALERT] Not\x1b[31m here\r\n* OK", "[ALERT] Not [31m here * OK"),
        ("b'LOGIN failed.'", "LOGIN failed."),
        ("command: LOGIN => BYE too many", "BYE too many"),
        ("x" * 500, "x" * 200),
    ],
)
def test_what_a_server_says_is_made_fit_to_show(text, shown):
    assert said(text) == shown


@given(st.lists(st.integers(1, 300), unique=True).map(sorted))
@settings(max_examples=60)
def test_a_set_of_uids_names_each_one_once(uids):
    named = []
    for part in uid_set(uids).split(",") if uids else []:
        first, _, last = part.partition(":")
        named += range(int(first), int(last or first) + 1)

    assert named == uids


OURS = b"Authentication-Results: mx.example.jp; dkim=pass header.d=amazon.co.jp\r\n"
THEIRS = b"Authentication-Results: mx.evil.example; dmarc=pass\r\n"
HOP = b"Received: from a by b\r\n\tfor <c@example.org>; Tue, 3 Mar 2026 09:00:00 +0900\r\n"


@pytest.mark.parametrize(
    ("header", "ids"),
    [
        (OURS + HOP + HOP + THEIRS, {"mx.example.jp"}),
        (HOP + OURS + HOP + THEIRS, {"mx.example.jp"}),
        (HOP + HOP + THEIRS, set()),
        (
            b"Authentication-Results:\r\n\tMX.Google.com (a; b);\r\n dkim=pass\r\n" + HOP,
            {"mx.google.com"},
        ),
        (b"Authentication-Results: mx.example.jp 1; none\r\n" + HOP, {"mx.example.jp"}),
        (
            (
                b"Authentication-Results: spf=pass (sender IP is 192.0.2.1)"
                b" smtp.mailfrom=a.example;dkim=pass\r\n"
            ),
            {""},
        ),
        (b"Subject: Authentication-Results: no\r\n\r\nAuthentication-Results: body; none", set()),
        (b"", set()),
    ],
)
def test_the_stamp_of_the_own_provider_is_found(header, ids):
    assert {name for name, _ in stamps([header])} == ids


def test_the_most_frequent_stamp_comes_first():
    other = OURS.replace(b"mx.example.jp", b"mx2.example.jp")

    assert stamps([OURS, other, OURS]) == (("mx.example.jp", 2), ("mx2.example.jp", 1))


def test_rules_know_every_kind_of_trouble_in_every_language():
    assert FIELDS["mailbox.trouble"].choices == tuple(kind.value for kind in MailboxErrorKind)
    for language in LANGUAGES:
        assert [kind for kind in MailboxErrorKind if kind.value not in CHOICES[language]] == []

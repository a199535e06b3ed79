"""What is dull: only what a pack lists, shown by `mails noise`, told once a week in the digest."""

from datetime import timedelta

import pytest

from tests.servers.sample_mail import mail

NEWS, CODE = "store-news@amazon.com", "auto-confirm@amazon.com"
STRANGE = "hello@amazon.com"


@pytest.fixture
def dull(household):
    household.take(
        *(mail(NEWS, f"Deals of day {day}", "Shop now", at=household.now) for day in (1, 2)),
        mail(CODE, "Your one-time password", "000000", at=household.now),
        mail(STRANGE, "Your watchlist has grown", "Look what is new.", at=household.now),
    )
    return household


def test_dull_mails_are_counted_by_address_with_the_entry_that_lists_them(dull):
    found = {row["sender"]: row for row in dull.rows("mails", "noise")}

    assert {sender: row["mails"] for sender, row in found.items()} == {NEWS: 2, CODE: 1}
    assert found[NEWS]["entry"] == "store-news (senders.noise of packs/amazon/pack.yaml)"
    assert found[CODE]["entry"].startswith(
        "'Your one-time password' (packs/amazon/phrases/en.yaml:"
    )
    assert found[NEWS].keys() == {"sender", "marketplace", "mails", "first", "last", "entry"}
    assert "store-news" in dull.call("mails", "noise").stdout


def test_each_dull_mail_of_an_address_is_listed(dull):
    every = dull.rows("mails", "noise", "--from", NEWS.upper())
    shown = dull.call("mails", "noise", "--from", NEWS, "--limit", "1").stdout

    assert [row["subject"] for row in every] == ["Deals of day 2", "Deals of day 1"]
    assert {row["entry"] for row in every} == {
        "store-news (senders.noise of packs/amazon/pack.yaml)"
    }
    assert "Deals of day 2" in shown
    assert "Deals of day 1" not in shown
    assert "no mail was left out" in dull.call("mails", "noise", "--from", STRANGE).stderr


def test_what_no_pack_lists_is_unread_even_where_it_names_nothing(dull):
    [unread] = dull.rows("mails", "unread")

    assert unread["sender"] == STRANGE
    assert "does not list" in unread["reason"]


def test_the_digest_tells_once_a_week_what_was_left_out(dull):
    week = "Left out as dull this week: "
    for _ in range(10):
        dull.later(timedelta(days=1))
        dull.take(mail(STRANGE, f"News of {dull.now}", "Look what is new.", at=dull.now))
    told = [one.body for one in dull.sent if week in one.body]

    assert len(told) == 1
    assert f"{week}3 mails, of new senders {NEWS.replace('.com', '․com')} (2)" in told[0]
    assert "Not understood this week: 1 mail (orderbell mails unread)." in told[0]
    assert len([one for one in dull.sent if "Not understood this week" in one.body]) == 2


@pytest.mark.parametrize(
    "words", [("unread",), ("noise",), ("noise", "--from", NEWS)], ids=" ".join
)
def test_a_list_that_was_cut_says_so(dull, words):
    dull.take(mail(STRANGE, "Your watchlist shrank", "Look what is gone.", at=dull.now))
    cut = dull.call("mails", *words, "--limit", "1")
    whole = dull.call("mails", *words, "--limit", "2")

    assert "there are more than 1; see more with --limit" in cut.stderr
    assert "there are more" not in whole.stderr
    assert len(cut.stdout.splitlines()) < len(whole.stdout.splitlines())

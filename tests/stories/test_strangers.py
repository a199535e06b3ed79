"""Mail that nobody vouches for about orders that nobody knows is told as one warning, however much
of it comes.
"""

from datetime import UTC, datetime, timedelta

import pytest

from daemon.replay import Filed, Scenario, replay
from parsers.frame import Frame
from parsers.notice import Kind, Notice, Outcome, Proof, Reading, Role, Trust
from tests.stories import story as made

START = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


def judged(
    number, *, kind=Kind.DISPUTE_JUDGED, trust=Trust.UNVERIFIED, sender="transaction", **more
):
    notice = Notice(
        kind=kind,
        marketplace="aliexpress",
        role=more.pop("role", Role.BUYER),
        language="en",
        proof=Proof.REAL,
        order_numbers=(number,) if number else (),
        fields={"judgement": "invalid"} if kind is Kind.DISPUTE_JUDGED else more,
    )
    return Reading(
        outcome=Outcome.NOTICES,
        reason="",
        marketplace="aliexpress",
        trust=trust,
        notices=(notice,),
        subject="Judgement from AE",
        sender=f"{sender}@notice.aliexpress.com",
    )


def rung(readings, until=timedelta(days=6)):
    texts = {
        f"From: a <a@notice.aliexpress.com>\n\n{at}".encode(): one
        for at, one in enumerate(readings)
    }
    filed = [
        Filed(name=str(at), at=START + timedelta(minutes=at), load=lambda raw=raw: raw)
        for at, raw in enumerate(texts)
    ]
    return tuple(
        replay(
            Scenario(mails=filed, until=START + until),
            made.set_up(),
            made.Prepared(lambda raw, _frame: texts[raw]),
            Frame(zone=made.ZONE, role="buyer"),
        )
    )


def number(at):
    return f"8109{at:012}"


def test_150_forgeries_that_no_stamp_betrays_are_one_warning():
    told = rung([judged(number(at), sender=f"s{at % 7}") for at in range(150)])

    assert [(one.rule, one.severity, one.state) for one in told] == [
        ("unverified-orders", "warning", "firing")
    ]
    assert "aliexpress" in told[0].title


def test_forged_warnings_about_the_account_are_one_warning_beside_the_true_one():
    def warned(metric, trust=Trust.UNVERIFIED):
        kind = Kind.ACCOUNT_WARNING
        return judged("", kind=kind, trust=trust, role=Role.SELLER, metric=metric)

    told = rung([warned(f"m{at}") for at in range(30)] + [warned("late", Trust.VERIFIED)])

    assert [one.rule for one in told if one.state == "firing"].count("unverified-orders") == 1
    assert [one.rule for one in told if one.state == "firing"].count("account-warning") == 1


@pytest.mark.parametrize("trust", [Trust.VERIFIED, Trust.FORWARDED])
def test_a_mail_that_somebody_vouches_for_rings_by_itself(trust):
    told = rung([judged(number(1), trust=trust)])

    assert ("dispute-judged-invalid", "critical") in {(one.rule, one.severity) for one in told}
    assert "unverified-orders" not in {one.rule for one in told}


def test_an_order_that_is_known_is_no_strangers():
    placed = judged(number(1), kind=Kind.ORDER_PLACED, trust=Trust.VERIFIED)
    told = rung([placed, judged(number(1))])

    assert "dispute-judged-invalid" in {one.rule for one in told}


def test_a_flood_does_not_hide_the_true_one():
    flood = [judged(number(at)) for at in range(40)]
    told = rung([*flood[:20], judged(number(99), trust=Trust.VERIFIED), *flood[20:]])

    assert [one.orders for one in told if one.rule == "dispute-judged-invalid"][:1] == [
        (number(99),)
    ]
    assert len([one for one in told if one.rule == "unverified-orders"]) == 1

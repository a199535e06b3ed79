"""The shipped rules: every promised id, both languages, each tried in both directions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from orders.facts.describe import FINDING_KINDS, WATCH_KINDS
from rules import ruletests
from rules.alert import BODY_LENGTH, TITLE_LENGTH, Cause
from rules.rulebook import Rulebook, shipped
from rules.strings import LANGUAGES
from rules.templates import parse, slots
from rules.wording import Listener, write
from tests.rules.sample_alerts import alert, sample

BOOK = shipped()
EVERY = {rule.id: rule for rule in (*BOOK.rules, *BOOK.idle)}
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

PROMISED = [
    "dispute-judged-invalid",
    "dispute-judged-valid",
    "dispute-judgement-unclear",
    "proposal-needs-answer",
    "seller-silent-in-dispute",
    "evidence-due",
    "evidence-empty",
    "return-parcel-due",
    "return-window-missed",
    "appeal-due",
    "appeal-decided",
    "return-was-in-time",
    "shipped-after-cancel-request",
    "cancelled-order-moving",
    "cancel-unanswered",
    "cancelled-without-request",
    "not-shipped-in-time",
    "partly-shipped",
    "no-movement",
    "late-delivery",
    "promise-broken",
    "seller-out-of-stock",
    "dispute-window-closing",
    "protection-ending",
    "completed-without-delivery",
    "completed-while-dispute-open",
    "dispute-withdrawn-not-by-me",
    "foreign-parcel",
    "bad-tracking-number",
    "pressure-to-close",
    "payment-failed",
    "payment-due",
    "pickup-ending",
    "a-to-z-opens",
    "a-to-z-closing",
    "refund-not-seen",
    "refund-short",
    "refund-announced",
    "shipped",
    "delivered",
    "delivery-delayed",
    "order-cancelled",
    "seller-cancel-request",
    "seller-shipped-despite-request",
    "cancel-complaint-without-request",
    "cancel-outage-suspected",
    "seller-ship-by",
    "claim-answer-due",
    "chargeback-answer-due",
    "buyer-message-due",
    "return-request-due",
    "refund-after-return-due",
    "fee-changed",
    "sale-not-booked",
    "account-warning",
    "mail-not-understood",
    "suspicious-mail",
    "unknown-order",
    "which-order",
    "mailbox-unreachable",
    "marketplace-silent",
    "rules-rejected",
    "target-failing",
]


def test_every_promised_id_is_shipped():
    assert [name for name in PROMISED if name not in EVERY] == []


def test_the_shipped_tests_pass_and_cover_every_rule():
    everything = Rulebook(rules=tuple(EVERY.values()))
    tests = ruletests.load(Path(str(files("rules").joinpath("defaults.tests.yaml"))))

    assert [str(failure) for failure in ruletests.run(tests, everything)] == []
    assert {name for check in tests.checks for name in check.rules if check.exact} == set(EVERY)
    silent = {name for check in tests.checks for name in check.rules if not check.exact}
    silent |= {
        name
        for check in tests.checks
        if check.at == "+0m"
        for name in check.rules
        for other in tests.checks
        if other.name == check.name and other.exact and name not in other.rules
    }
    assert set(EVERY) - silent == set()


def _tested(fact):
    for rule in EVERY.values():
        for test in rule.when.tests():
            if test.field == fact:
                yield from test.span.values or ()


def test_every_watch_and_every_contradiction_has_a_rule():
    # A request to cancel on an unshipped order has its own watch, strangers' mail a rule for all
    # of it together; what a mail asks that no phrase fits is told by the mail's own alert.
    assert set(WATCH_KINDS) - set(_tested("watch.kind")) == {"stated_deadline"}
    assert set(FINDING_KINDS) - set(_tested("finding.kind")) == {
        "seller_cancel_request",
        "unverified_order",
    }


@pytest.mark.parametrize(
    "name",
    [
        "shipped-after-cancel-request",
        "cancelled-order-moving",
        "seller-cancel-request",
        "which-order",
    ],
)
def test_what_must_not_wait_has_no_hold(name):
    assert EVERY[name].hold == timedelta(0)


@pytest.mark.parametrize(
    "name",
    [
        "partly-delivered",
        "completed-without-delivery",
        "not-shipped-in-time",
        "no-movement",
        "late-delivery",
        "partly-shipped",
        "cancel-unanswered",
        "refund-not-seen",
        "seller-silent-in-dispute",
        "appeal-result-missing",
        "returned-no-refund",
        "promise-broken",
        "sale-not-booked",
    ],
)
def test_what_a_late_mail_can_undo_holds_half_an_hour(name):
    assert EVERY[name].hold == timedelta(minutes=30)


def test_a_silence_says_since_when_no_mail_was_seen_never_that_nothing_happened():
    silences = [
        rule
        for rule in EVERY.values()
        if rule.hold and rule.about == "watch" and rule.id != "a-to-z-opens"
    ]

    assert len(silences) > 10
    for rule in silences:
        assert "seen since {watch.since|date}" in rule.body["en"], rule.id
        assert "{watch.since|date}" in rule.body["ja"], rule.id


@pytest.mark.parametrize("rule", EVERY.values(), ids=lambda rule: rule.id)
def test_every_text_exists_in_every_language_and_speaks_of_the_same_facts(rule):
    for texts in (rule.title, rule.body, rule.advice, rule.missed):
        if texts:
            assert set(texts) == set(LANGUAGES)
            said = {
                language: {one.name for one in slots(parse(text))}
                for language, text in texts.items()
            }
            assert said["en"] - {"contact", "order.amount"} == said["ja"] - {
                "contact",
                "order.amount",
            }
    assert rule.body


@pytest.mark.parametrize("rule", EVERY.values(), ids=lambda rule: rule.id)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("cause", Cause)
def test_every_alert_reads_well_with_all_facts_and_with_hardly_any(rule, language, cause):
    full = sample(rule, NOW)
    bare = type(full)(about=full.about, id=full.id, facts={}, order=None)
    for subject in (full, bare):
        text = write(
            rule,
            subject,
            alert(rule, subject, NOW),
            cause,
            Listener(language=language, zone=ZoneInfo("Asia/Tokyo"), now=NOW),
        )
        assert 0 < len(text.title) <= TITLE_LENGTH
        assert 0 < len(text.body) <= BODY_LENGTH
        assert not set("{}[]") & set(text.title + text.body)
        assert "  " not in text.title
    assert "?" not in write(
        rule,
        full,
        alert(rule, full, NOW),
        cause,
        Listener(language=language, zone=ZoneInfo("Asia/Tokyo"), now=NOW),
    ).title.replace("Did you check what came?", "").replace("Ordered twice?", "").replace(
        "Which order is this about?", ""
    )


BOTH = [
    "cancel-too-late",
    "cancelled-order-moving",
    "completed-without-delivery",
    "delivered",
    "foreign-parcel",
    "late-delivery",
    "no-movement",
    "not-shipped-in-time",
    "partly-delivered",
    "partly-shipped",
    "promise-broken",
    "return-parcel-due",
    "return-window-missed",
    "seller-out-of-stock",
    "shipped-after-cancel-request",
]
FOREIGN = {
    "amazon": ("AliExpress", "confirm receipt", "dispute", "PayPal", "受取確認", "紛争"),
    "aliexpress": ("Amazon", "A-to-z", "マーケットプレイス保証", "返品手続き"),
}


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("shop", FOREIGN)
@pytest.mark.parametrize("language", LANGUAGES)
def test_advice_fits_the_marketplace(name, shop, language):
    rule, full = EVERY[name], sample(EVERY[name], NOW)
    about = replace(full, facts={**full.facts, "order.marketplace": shop, "order.link": ""})
    text = write(
        rule,
        about,
        alert(rule, about, NOW),
        Cause.FIRING,
        Listener(language=language, zone=ZoneInfo("UTC"), now=NOW),
    )
    said = text.body.replace("USB-C cable 2 m, braided (+1), 26.12 USD, AliExpress", "")
    said = said.replace("26.12 USD、AliExpress", "").replace("Judgement from AE", "")

    assert [word for word in FOREIGN[shop] if word in said] == []
    assert "  " not in said


@pytest.mark.parametrize("name", sorted(EVERY))
def test_every_alert_says_what_to_do_next(name):
    assert EVERY[name].advice


SILENCES = [
    "foreign-parcel",
    "late-delivery",
    "no-movement",
    "not-shipped-in-time",
    "partly-delivered",
    "partly-shipped",
    "promise-broken",
    "seller-out-of-stock",
]


@pytest.mark.parametrize("name", SILENCES)
def test_who_has_opened_a_dispute_is_not_told_to_again(name):
    quiet = EVERY[name].quiet_while

    assert quiet is not None
    assert quiet.holds({"order.problem": True}, NOW)
    assert not quiet.holds({"order.problem": False}, NOW)


def test_the_two_verdicts_say_what_to_do_next():
    valid, invalid = EVERY["dispute-judged-valid"], EVERY["dispute-judged-invalid"]

    assert "accept AliExpress's proposal" in valid.advice["en"]
    assert (
        "Accept AliExpress's alternative[ by {due}], or add evidence and appeal"
        in invalid.advice["en"]
    )
    assert "only once" in invalid.advice["en"]
    assert "{dispute.appeal_by}" in invalid.advice["en"]
    assert "1回だけ" in invalid.advice["ja"]

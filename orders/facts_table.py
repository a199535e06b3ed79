"""The documented table of facts about orders and what hangs on them: names, types, meanings,
examples.
"""

from collections.abc import Iterator

from orders.order import Actor, CaseKind, OrderStatus, ShipmentStatus, WatchState
from orders.subject import FactSpec, FactType
from parsers import marketplaces
from parsers.notice import Role

CASE_STATES: dict[CaseKind, tuple[str, ...]] = {
    CaseKind.CANCELLATION: ("requested", "cancelled", "rejected", "overtaken", "unanswered"),
    CaseKind.DISPUTE: ("opened", "proposal", "review", "evidence_due", "judged", "closed"),
    CaseKind.APPEAL: ("submitted", "granted", "rejected", "decided"),
    CaseKind.RETURN: (
        "requested",
        "authorised",
        "shipped",
        "received",
        "refunded",
        "rejected",
        "expired",
    ),
    CaseKind.REFUND: ("announced", "completed", "failed", "overdue"),
    CaseKind.CLAIM: ("opened", "info_due", "review", "granted", "denied", "withdrawn", "decided"),
    CaseKind.CHARGEBACK: ("opened", "review", "decided"),
    CaseKind.ACCOUNT: ("warned", "restricted", "resolved"),
    CaseKind.FEE: ("noticed", "resolved"),
}
"""States of each kind of case. `unanswered`, `expired` and `overdue` are lapses: they depend on the
hour.
"""

WATCH_KINDS = (
    "pay",
    "dispute_opens",
    "protection_end",
    "dispute_window",
    "auto_confirm",
    "proposal_answer",
    "evidence",
    "return_parcel",
    "appeal",
    "card_route",
    "a_to_z_opens",
    "seller_contact_clock",
    "a_to_z_closes",
    "return_window",
    "pickup",
    "ship_by",
    "auto_cancel",
    "cancel_request_answer",
    "buyer_message",
    "return_request",
    "refund_after_return",
    "claim_answer",
    "claim_appeal",
    "chargeback_answer",
    "fee_claim",
    "account_answer",
    "coupon",
    "not_shipped",
    "no_movement",
    "not_delivered",
    "rest_not_shipped",
    "cancel_unanswered",
    "refund_not_seen",
    "dispute_stalls",
    "appeal_stalls",
    "returned_no_refund",
    "return_not_received",
    "promise_broken",
    "sale_not_booked",
    "nudge",
    "check_goods",
    "stated_deadline",
)

FINDING_KINDS: dict[str, str] = {
    "shipped_after_cancel_request": "C01",
    "cancelled_order_moving": "C02",
    "cancel_after_shipping": "C03",
    "foreign_parcel": "C04",
    "partial_delivery": "C05",
    "completed_while_dispute_open": "C06",
    "completed_without_delivery": "C07",
    "refund_short": "C08",
    "refund_double": "C09",
    "result_contradicts_judgement": "C10",
    "closed_early": "C11",
    "second_appeal": "C12",
    "dispute_withdrawn_not_by_me": "C13",
    "return_was_in_time": "C14",
    "cancelled_without_request": "C15",
    "bad_tracking_number": "C16",
    "tracking_changed": "C17",
    "impossible_dates": "C18",
    "pressure_to_close": "C19",
    "shipped_after_refund": "C20",
    "cancel_complaint_without_request": "C21",
    "seller_cancel_request": "C22",
    "seller_shipped_despite_request": "C23",
    "case_on_refunded_order": "C24",
    "refund_without_return": "C25",
    "fee_changed": "C26",
    "different_content": "C27",
    "phishing_names_order": "C28",
    "unknown_order": "C29",
    "double_order": "C30",
    "unverified_order": "C31",
}
CODES = {code: kind for kind, code in FINDING_KINDS.items()}

_PURPOSES = {
    CaseKind.CANCELLATION: "the wish to cancel",
    CaseKind.DISPUTE: "the dispute",
    CaseKind.APPEAL: "the appeal",
    CaseKind.RETURN: "the return",
    CaseKind.REFUND: "the refund",
    CaseKind.CLAIM: "the A-to-z claim",
    CaseKind.CHARGEBACK: "the chargeback",
    CaseKind.ACCOUNT: "the account matter",
    CaseKind.FEE: "the fee matter",
}


def _flag(name: str, meaning: str) -> FactSpec:
    return FactSpec(name=name, type=FactType.FLAG, meaning=meaning, example="true")


def _time(name: str, meaning: str) -> FactSpec:
    return FactSpec(name=name, type=FactType.TIME, meaning=meaning, example="{within: 48h}")


def _text(name: str, meaning: str, example: str) -> FactSpec:
    return FactSpec(name=name, type=FactType.TEXT, meaning=meaning, example=example)


def _money(name: str, meaning: str) -> FactSpec:
    return FactSpec(name=name, type=FactType.MONEY, meaning=meaning, example="{at_least: 3000 JPY}")


def _number(name: str, meaning: str) -> FactSpec:
    return FactSpec(name=name, type=FactType.NUMBER, meaning=meaning, example="{at_least: 2}")


def _choice(name: str, meaning: str, *choices: str) -> FactSpec:
    return FactSpec(
        name=name, type=FactType.CHOICE, meaning=meaning, example=choices[0], listed=tuple(choices)
    )


_ORDER = (
    _text("order.number", "order number as the marketplace prints it", "249-0000000-0000001"),
    FactSpec(
        name="order.marketplace",
        type=FactType.CHOICE,
        meaning="where it was bought",
        example="aliexpress",
        found=marketplaces.names,
    ),
    _choice("order.role", "whether you buy or sell", *(role.value for role in Role)),
    _choice("order.status", "how far the order is", *(status.value for status in OrderStatus)),
    _text("order.title", "its first item, and how many more", "USB cable (+1)"),
    _text("order.store", "the seller's name", "Good Cables Store"),
    _text("order.region", "the marketplace's country, where known", "JP"),
    _text(
        "order.link",
        "its page at the marketplace, built from its number",
        "https://www.amazon.co.jp/…",
    ),
    _money("order.amount", "what the order costs"),
    _money("order.refund_amount", "sum of completed refunds"),
    _number("order.lines", "order lines known"),
    _number("order.unshipped", "order lines no mail called shipped, once a part was shipped"),
    _number("order.same_messages", "how often the other side sent one and the same message"),
    _time("order.ordered_at", "when it was placed"),
    _time("order.ship_by", "the seller must ship by"),
    _time("order.expected_from", "earliest expected arrival"),
    _time("order.expected_until", "latest expected arrival"),
    _time("order.shipped_at", "when the first parcel left"),
    _time("order.delivered_at", "when the last parcel was delivered"),
    _time("order.cancelled_at", "when it was cancelled or closed"),
    _time("order.completed_at", "when it was completed"),
    _time("order.protection_until", "when buyer protection ends, where a mail says so"),
    _time("order.cancel_requested_at", "the first request to cancel"),
    _time("order.payment_failed_at", "the last failed payment"),
    _time("order.out_of_stock_at", "the last message of the seller that it is out of stock"),
    _time("order.delayed_at", "the last mail that moved the expected arrival to a later day"),
    _time("order.last_mail_at", "the last mail seen for it: “no mail seen since …”"),
    _text("order.cancelled_by", "who cancelled: buyer, seller, platform, unknown", "seller"),
    _text("order.cancel_reason", "why it was cancelled", "out_of_stock"),
    _text("order.failure", "why the payment failed", "card declined"),
    _flag("order.problem", "a dispute, claim or chargeback is open"),
    _flag("order.on_hold", "the marketplace checks or froze it"),
    _flag("order.stub", "known only from later mail, no order mail and no import seen"),
    _flag("order.payment_due", "it waits for payment"),
    _flag("order.payment_failed", "a payment failed and none was confirmed since"),
    _flag("order.shipped", "a parcel left"),
    _flag("order.partly_shipped", "a parcel left but order lines are still missing"),
    _flag("order.delivered", "every parcel was delivered"),
    _flag("order.cancelled", "it was cancelled or closed"),
    _flag("order.completed", "receipt was confirmed, by you or by itself"),
    _flag("order.returned", "the goods went back and were refunded"),
    _number("order.evidence_files", "files kept as evidence, and evidence noted as handed in"),
    _money("order.stake", "what doing nothing about it costs, as last judged"),
    _time("order.stake_due", "until when that can be averted"),
    _flag("order.refunded", "a refund was completed"),
    _flag("order.cancel_requested", "cancelling was asked for"),
    _flag(
        "order.cancel_open",
        "cancelling was asked for, and it was neither answered nor overtaken by shipping",
    ),
    _flag(
        "order.out_of_stock", "the seller wrote that it is out of stock, and nothing was shipped"
    ),
    _flag("order.delayed", "the expected arrival was moved to a later day, and it is not here yet"),
    _flag("order.dispute_open", "a dispute is open"),
    _flag("order.return_shipped", "a return parcel was posted"),
    _flag("order.verified", "at least one mail of it has a verified sender"),
)

_SHIPMENT = (
    _text("shipment.id", "tracking number, else the marketplace's parcel id", "LP00123456789012"),
    _choice(
        "shipment.status", "how far the parcel is", *(status.value for status in ShipmentStatus)
    ),
    _text("shipment.tracking", "tracking number", "LP00123456789012"),
    _text("shipment.provider", "carrier", "Yamato"),
    _text("shipment.stage", "last stage told", "cleared_customs"),
    _text("shipment.items", "titles of what is in it, where told", "USB cable"),
    _text("shipment.place", "where it waits", "parcel locker"),
    _text(
        "shipment.problem", "what went wrong: returned_to_sender, lost, damaged, customs …", "lost"
    ),
    _time("shipment.shipped_at", "when it left"),
    _time("shipment.delivered_at", "when it was delivered"),
    _time("shipment.expected_from", "earliest expected arrival"),
    _time("shipment.expected_until", "latest expected arrival"),
    _time("shipment.pickup_by", "it waits until then"),
    _time("shipment.moved_at", "the last sign of movement"),
    _flag("shipment.shipped", "it left"),
    _flag("shipment.delivered", "it was delivered"),
    _flag("shipment.waiting", "it waits to be fetched"),
    _flag("shipment.exception", "something went wrong with it"),
)

_WATCH = (
    _choice("watch.kind", "which deadline or silence", *WATCH_KINDS),
    _text("watch.key", "its row of the policy table", "D-AE-11"),
    _choice("watch.actor", "who must move", *(actor.value for actor in Actor)),
    _choice(
        "watch.state",
        "open, met, or void because it no longer matters",
        *(state.value for state in WatchState),
    ),
    _time("watch.opened_at", "when it began"),
    _time("watch.due_at", "when it is over"),
    _time("watch.half_at", "half of its span"),
    _time("watch.since", "the last sign of life: “no mail seen since …”"),
    _time(
        "watch.doubtful_at",
        "a mail that says it is done came then, but its sender or its order is not sure",
    ),
    _time("watch.undelivered_at", "a mail said then that your answer did not arrive"),
    _time("watch.expected_at", "the promised or expected date, where patience is added to it"),
    _flag("watch.open", "it still runs: neither met nor void"),
    _flag("watch.stated", "the date stands in a mail or was told by hand, not computed"),
    _flag(
        "watch.inferred",
        "it rests on mail that surely belongs to no order, or whose sender is not verified",
    ),
    _flag("watch.missed", "it is open and its time is over"),
    _number("watch.number", "the how many-th of its kind: promise 2 of 3"),
    _text("watch.why", "which rule or mail gave the date", "return_by in the mail of 2026-03-02"),
    _money("watch.amount_claimed", "what was asked for in the case it belongs to"),
    _money("watch.amount_awarded", "what was offered or decided in the case it belongs to"),
    _text("watch.tracking", "the parcel it is about", "LP00123456789012"),
    _text("watch.text", "what the mail or note behind it says", "will ship next week"),
)

_FINDING = (
    _choice("finding.kind", "which contradiction", *FINDING_KINDS),
    _choice("finding.code", "its number in the documented list", *CODES),
    _time("finding.at", "when the second mail made it true"),
    _flag(
        "finding.inferred",
        "it rests on mail that surely belongs to no order, or whose sender is not verified",
    ),
    _money("finding.amount", "the difference, where money is concerned"),
    _number("finding.orders", "how many orders it is about"),
    _text("finding.detail", "what differs", "LP00123456789012"),
    _flag("finding.scanned", "a parcel with a doubtful number was seen on its way all the same"),
)


def _case_facts(kind: CaseKind) -> Iterator[FactSpec]:
    name, thing = kind.value, _PURPOSES[kind]
    yield _choice(f"{name}.state", f"how far {thing} is", *CASE_STATES[kind])
    yield _flag(f"{name}.open", f"{thing} has not ended")
    yield _flag(f"{name}.inferred", f"{thing} rests only on mail that is not sure")
    yield _text(f"{name}.id", f"number of {thing}, where known", "8100000000000099")
    yield _time(f"{name}.opened_at", f"when {thing} began")
    yield _time(f"{name}.closed_at", f"when {thing} ended")
    yield _time(f"{name}.respond_by", "answer before this")
    yield _choice(f"{name}.waiting_for", "who must move", *(actor.value for actor in Actor))
    yield _text(f"{name}.reason", "why, as the mail says", "not received")
    yield _text(f"{name}.outcome", "how it ended", "no_refund")
    yield _money(f"{name}.amount_claimed", "what was asked for")
    yield _money(f"{name}.amount_awarded", "what was offered or decided")
    yield _money(f"{name}.amount_paid", "what was paid")
    if kind is CaseKind.DISPUTE:
        yield _choice(
            "dispute.judgement",
            "the platform's verdict on the claim",
            "valid",
            "invalid",
            "mixed",
            "unknown",
        )
        yield _choice(
            "dispute.proposed_by",
            "who made the last proposal",
            "seller",
            "platform",
            "buyer",
            "unknown",
        )
        yield _flag("dispute.judged", "the platform's verdict came")
        yield _time("dispute.appeal_by", "the one appeal is possible until then")
    if kind in (CaseKind.FEE, CaseKind.ACCOUNT):
        yield _text(f"{name}.about", "which product or metric", "SKU-1")
    if kind is CaseKind.ACCOUNT:
        yield _flag(
            "account.outage", "several buyers complain of cancel requests that never came (C21)"
        )
        yield _number("account.complaints", "on how many orders they do, within seven days")
    if kind is CaseKind.FEE:
        yield _number("fee.old_rate", "rate before, in percent")
        yield _number("fee.new_rate", "rate after, in percent")


FACTS: tuple[FactSpec, ...] = (
    *_ORDER,
    *_SHIPMENT,
    *(spec for kind in CaseKind for spec in _case_facts(kind)),
    *_WATCH,
    *_FINDING,
)
"""Every fact of the subjects `facts.describe` makes."""

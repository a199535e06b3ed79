"""What an export's own status words mean as the status of an order. A word that is not here claims
nothing.
"""

from collections.abc import Iterable, Mapping

from orders.order import OrderStatus

WORDS: Mapping[OrderStatus, str] = {
    OrderStatus.PAYMENT_DUE: (
        "awaiting_payment to_pay unpaid place_order_success 支払い待ち お支払い待ち"
    ),
    OrderStatus.PROCESSING: (
        """to_ship ready_to_ship awaiting_shipment awaiting_shipping not_shipped unshipped pending
        pendingavailability new authorized processing wait_seller_send_goods risk_control
        発送待ち 出荷待ち"""
    ),
    OrderStatus.PARTIALLY_IN_TRANSIT: (
        "partially_shipped partiallyshipped seller_part_send_goods 一部発送済み"
    ),
    OrderStatus.IN_TRANSIT: (
        """shipped shipped_picked_up shipped_out_for_delivery shipping in_transit awaiting_delivery
        to_receive wait_buyer_accept_goods 配送中 発送済み"""
    ),
    OrderStatus.DELIVERED: "delivered shipped_delivered_to_buyer 配達済み 配達完了",
    OrderStatus.COMPLETED: (
        "completed finished finish closed fund_processing to_review awaiting_review 完了"
    ),
    OrderStatus.CANCELLED: "cancelled canceled in_cancel キャンセル キャンセル済み",
    OrderStatus.RETURNED: "returned shipped_returned_to_seller 返品済み",
}
_OF_WORD = {word: status for status, words in WORDS.items() for word in words.split()}
_ADVANCE = tuple(WORDS)


def claimed(word: str) -> OrderStatus | None:
    """The order status a status cell (as `entry.slug` writes it) claims.

    AliExpress writes `Closed` for an order that ended without goods and Amazon for one that is
    done: both are over.
    """
    return _OF_WORD.get(word)


def together(words: Iterable[str]) -> OrderStatus | None:
    """What the cells of one order's lines claim for the whole: the line that is least far,
    cancelled lines apart.
    """
    found = {status for status in map(claimed, words) if status is not None}
    alive = found - {OrderStatus.CANCELLED}
    return min(alive or found, key=_ADVANCE.index, default=None)

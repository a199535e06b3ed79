"""A store's record in one line, as alerts and orders show it."""

from collections.abc import Mapping

from orders.facts.stores import StoreRecord

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "line": "This store: {figures}.",
        "orders": "{n} orders",
        "one_order": "1 order",
        "days_to_ship": "ships in {n} days",
        "late": "{n} late",
        "broken_promise": "{n} with a broken promise",
        "same_apology": "{n} with the same apology again",
        "refused": "{n} refused",
        "cancelled_by_seller": "{n} cancelled by the seller",
        "refund_short": "{n} refunded short",
        "disputes": "{n} disputed",
        "valid": "{n} judged Valid",
        "invalid": "{n} judged Invalid",
        "won": "{n} won",
        "between": ", ",
    },
    "ja": {
        "line": "この店の記録：{figures}。",
        "orders": "注文{n}件",
        "one_order": "注文1件",
        "days_to_ship": "発送まで{n}日",
        "late": "遅延{n}件",
        "broken_promise": "約束違反{n}件",
        "same_apology": "同じ謝罪の繰り返し{n}件",
        "refused": "拒否{n}件",
        "cancelled_by_seller": "出品者によるキャンセル{n}件",
        "refund_short": "返金不足{n}件",
        "disputes": "紛争{n}件",
        "valid": "Valid判定{n}件",
        "invalid": "Invalid判定{n}件",
        "won": "勝ち{n}件",
        "between": "、",
    },
}


def record_line(record: StoreRecord, language: str) -> str:
    """“This store: 7 orders, 3 late, 2 disputed, 2 judged Valid.”; empty where one order is all
    there is, since that order's own alert says it.
    """
    words = WORDS.get(language, WORDS["en"])
    if len(record.orders) < 2:
        return ""
    return words["line"].format(figures=words["between"].join(record_figures(record, language)))


def record_figures(record: StoreRecord, language: str) -> list[str]:
    """Each figure in words, the number of orders first."""
    words = WORDS.get(language, WORDS["en"])
    counted = {mark: len(numbers) for mark, numbers in record.marks.items()}
    orders = len(record.orders)
    figures = [words["one_order" if orders == 1 else "orders"].format(n=orders)]
    if record.days_to_ship is not None:
        figures.append(words["days_to_ship"].format(n=record.days_to_ship))
    return figures + [words[mark].format(n=number) for mark, number in counted.items()]

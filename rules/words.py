"""The words around the rules' own texts, in every language; a test holds the languages side by side."""

from collections.abc import Mapping

LANGUAGES = ("en", "ja")

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "reminder": "Reminder: {title}",
        "cleared": "Cleared: {title}",
        "cleared_body": "This no longer holds, or it is too late to act on it.",
        "order": "Order {number}",
        "to_do": "To do: {advice}",
        "until": "Until {when} ({left})",
        "was_until": "It was due {when} ({left})",
        "read_in": "Read in: {what}",
        "from_mails": "mail {numbers}",
        "not_verified": "The sender of this mail is not verified.",
        "inferred": "Matched without a full order number: check that it is this order.",
        "more_titles": "and {count} more",
        "digest": "{count} things to know",
        "digest_one": "1 thing to know",
        "first_run": "{mails} mails, {orders} orders, {count} need you",
        "all_quiet": "All quiet",
        "all_quiet_body": "Nothing happened that you should know. Every mailbox is being read.",
        "rate_limit": "{count} more alerts",
        "rate_limit_body": "Too many at once for this target. See the list: orderbell alerts",
        "broken_text": "The text of this rule could not be written; these are its facts.",
        "left": "{span} left",
        "ago": "{span} ago",
        "days": "{n} d",
        "hours": "{n} h",
        "minutes": "{n} min",
        "between": " ",
        "yes": "yes",
        "no": "no",
        "colon": ": ",
        "comma": ", ",
        "contact_aliexpress": "AliExpress Help Center, Online Service, Chat Now",
        "contact_amazon": "Amazon customer service (Contact Us)",
        "contact_other": "the marketplace's support",
    },
    "ja": {
        "reminder": "再通知：{title}",
        "cleared": "解消：{title}",
        "cleared_body": "この件は解消したか、対応できる時期を過ぎました。",
        "order": "注文 {number}",
        "to_do": "次にすること：{advice}",
        "until": "期限：{when}（{left}）",
        "was_until": "期限は {when} でした（{left}）",
        "read_in": "根拠：{what}",
        "from_mails": "メール {numbers}",
        "not_verified": "このメールの送信元は確認できていません。",
        "inferred": "注文番号の全桁なしで照合しました。この注文の件か確認してください。",
        "more_titles": "ほか{count}件",
        "digest": "お知らせ {count}件",
        "digest_one": "お知らせ 1件",
        "first_run": "メール{mails}通・注文{orders}件、対応が必要なもの{count}件",
        "all_quiet": "異常なし",
        "all_quiet_body": "お知らせすることはありませんでした。メールボックスはすべて読めています。",
        "rate_limit": "ほか{count}件の通知",
        "rate_limit_body": "この宛先への通知が多すぎるためまとめました。一覧：orderbell alerts",
        "broken_text": "このルールの文面を作れませんでした。元の値をそのままお知らせします。",
        "left": "あと{span}",
        "ago": "{span}前",
        "days": "{n}日",
        "hours": "{n}時間",
        "minutes": "{n}分",
        "between": "",
        "yes": "はい",
        "no": "いいえ",
        "colon": "：",
        "comma": "、",
        "contact_aliexpress": "AliExpressのヘルプセンター→オンラインサービス→チャット",
        "contact_amazon": "Amazonカスタマーサービス（お問い合わせ）",
        "contact_other": "サイトのサポート窓口",
    },
}

CHOICES: Mapping[str, Mapping[str, str]] = {
    "en": {"aliexpress": "AliExpress", "amazon": "Amazon", "me": "you", "counterparty": "the other side"},
    "ja": {
        "aliexpress": "AliExpress",
        "amazon": "Amazon",
        "me": "あなた",
        "counterparty": "相手側",
        "platform": "運営",
        "carrier": "配送会社",
        "bank": "カード会社・銀行",
        "daemon": "Orderbell",
        "buyer": "購入者",
        "seller": "出品者",
        "valid": "Valid（主張を認める）",
        "invalid": "Invalid（主張を認めない）",
        "mixed": "一部のみ認める",
        "unknown": "不明",
        "payment_due": "支払い待ち",
        "processing": "発送準備中",
        "partially_in_transit": "一部配送中",
        "in_transit": "配送中",
        "pickup_available": "受け取り待ち",
        "delivered": "配達済み",
        "completed": "取引完了",
        "cancelled": "キャンセル済み",
        "returned": "返品済み",
        "verified": "確認済み",
        "forwarded": "転送",
        "unverified": "未確認",
        "forged": "偽装",
    },
}
"""Values of choices as people say them; what is missing is shown as it is, without underscores."""

WEEKDAYS: Mapping[str, tuple[str, ...]] = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "ja": ("月", "火", "水", "木", "金", "土", "日"),
}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def word(language: str, key: str, /, **values: object) -> str:
    """The word `key` in `language`, its gaps filled."""
    return WORDS[language][key].format(**values)

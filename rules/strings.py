"""The words around the rules' own texts, in every language; a test holds the languages side by
side.
"""

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
        "not_verified": "Sender not verified: look at the order on the site itself.",
        "doubtful": (
            "A mail of {when}, unsure by sender or order, says otherwise: look at the order page."
        ),
        "inferred": "Matched without a full order number: check that it is this order.",
        "more_titles": "and {count} more",
        "title_and_more": " and {count} more",
        "digest": "{count} things to know",
        "digest_one": "1 thing to know",
        "first_run": "{mails}, {orders}, {count} need you",
        "first_run_one": "{mails}, {orders}, {count} needs you",
        "mail": "{n} mail",
        "mails": "{n} mails",
        "one_order": "{n} order",
        "orders": "{n} orders",
        "all_quiet": "All quiet",
        "all_quiet_body": "Nothing happened that you should know. Every mailbox is being read.",
        "rate_limit": "{count} more alerts",
        "rate_limit_body": "Too many at once for this target. See the list: orderbell alerts",
        "broken_text": "The text of this rule could not be written; these are its facts.",
        "left": "{span} left",
        "ago": "{span} ago",
        "now": "now",
        "days": "{n} d",
        "hours": "{n} h",
        "minutes": "{n} min",
        "between": " ",
        "yes": "yes",
        "no": "no",
        "colon": ": ",
        "comma": ", ",
        "contact_aliexpress": "AliExpress (Help Center, Online Service, Chat Now)",
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
        "not_verified": "送信元は未確認です。サイトで直接確認してください。",
        "doubtful": (
            "{when} に別の内容のメールがありますが、"
            "送信元か注文が未確認です。注文ページを確認してください。"
        ),
        "inferred": "注文番号の全桁なしで照合しました。この注文の件か確認してください。",
        "more_titles": "ほか{count}件",
        "title_and_more": "、ほか{count}件",
        "digest": "お知らせ {count}件",
        "digest_one": "お知らせ 1件",
        "first_run": "{mails}・{orders}、対応が必要なもの{count}件",
        "first_run_one": "{mails}・{orders}、対応が必要なもの{count}件",
        "mail": "メール{n}通",
        "mails": "メール{n}通",
        "one_order": "注文{n}件",
        "orders": "注文{n}件",
        "all_quiet": "異常なし",
        "all_quiet_body": (
            "お知らせすることはありませんでした。メールボックスはすべて読めています。"
        ),
        "rate_limit": "ほか{count}件の通知",
        "rate_limit_body": "この宛先への通知が多すぎるためまとめました。一覧：orderbell alerts",
        "broken_text": "このルールの文面を作れませんでした。元の値をそのままお知らせします。",
        "left": "あと{span}",
        "ago": "{span}前",
        "now": "今",
        "days": "{n}日",
        "hours": "{n}時間",
        "minutes": "{n}分",
        "between": "",
        "yes": "はい",
        "no": "いいえ",
        "colon": "：",
        "comma": "、",
        "contact_aliexpress": "AliExpress（ヘルプセンター→オンラインサービス→チャット）",
        "contact_amazon": "Amazonカスタマーサービス（お問い合わせ）",
        "contact_other": "サイトのサポート窓口",
    },
}

CHOICES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "aliexpress": "AliExpress",
        "amazon": "Amazon",
        "me": "you",
        "counterparty": "the other side",
        "buyer": "the buyer",
        "seller": "the seller",
        "platform": "the marketplace",
        "wrong_password": "Wrong password",
        "expired_token": "Sign in again",
        "secret": "Password not found",
        "temporary": "The server says: not now",
        "too_many": "Too many connections",
        "unreachable": "The server cannot be reached",
        "tls": "No secure connection",
        "folder": "A folder is missing",
        "protocol": "The server's answer makes no sense",
    },
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
        "granted": "認められました",
        "rejected": "却下",
        "decided": "内容は要確認",
        "warned": "警告",
        "restricted": "制限",
        "out_of_stock": "在庫切れ",
        "unpaid": "未払い",
        "not_shipped_in_time": "期限内に未発送",
        "risk": "リスク審査",
        "buyer_request": "購入者の依頼",
        "returned_to_sender": "差出人に返送",
        "lost": "紛失",
        "damaged": "破損",
        "customs": "税関",
        "refused": "受取拒否",
        "return_missed": "返品期限切れ",
        "payment_released": "代金は支払い済み",
        "evidence": "証拠不足",
        "cannot_reprocess": "再審査不可",
        "not_received": "未着",
        "wrong_password": "パスワードが違います",
        "expired_token": "サインインし直してください",
        "secret": "パスワードを取得できません",
        "temporary": "サーバーが一時的に応じません",
        "too_many": "接続数が多すぎます",
        "unreachable": "サーバーに接続できません",
        "tls": "安全な接続ができません",
        "folder": "フォルダーが見つかりません",
        "protocol": "サーバーの応答が不正です",
    },
}
"""Values of choices, and reasons, as people say them; what is missing is shown as it is, without
underscores.
"""
WORDY = (
    "marketplace",
    "reason",
    "cancel_reason",
    "cancelled_by",
    "problem",
    "outcome",
    "failure",
    "stage",
)
"""Last words of text facts that hold a word of ours or the mail's own words."""
UNSAID = ("unknown", "other")
"""Values that say nothing: the optional part of a text they stand in is left out."""

WEEKDAYS: Mapping[str, tuple[str, ...]] = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "ja": ("月", "火", "水", "木", "金", "土", "日"),
}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def word(language: str, key: str, /, **values: object) -> str:
    """The word `key` in `language`, its gaps filled."""
    return WORDS[language][key].format(**values)

"""What people call the kinds of events, deadlines, cases and findings, in every language of pages
and files.
"""

import re
from collections.abc import Mapping

LANGUAGES = ("en", "ja")

EVENTS: Mapping[str, tuple[str, str]] = {
    "order.placed": ("Ordered", "注文"),
    "order.payment_due": ("Payment due", "支払い待ち"),
    "order.payment_confirmed": ("Payment confirmed", "支払い確認"),
    "order.payment_failed": ("Payment failed", "支払い失敗"),
    "order.on_hold": ("On hold", "保留"),
    "order.cancelled": ("Cancelled or closed", "キャンセル・終了"),
    "order.awaiting_confirmation": ("Waiting for your confirmation", "受取確認待ち"),
    "order.completed": ("Completed", "取引完了"),
    "cancel.requested": ("Cancellation asked for", "キャンセル依頼"),
    "cancel.rejected": ("Cancellation refused", "キャンセル拒否"),
    "shipment.preparing": ("Being packed", "発送準備"),
    "shipment.shipped": ("Shipped", "発送"),
    "shipment.in_transit": ("On its way", "輸送中"),
    "shipment.out_for_delivery": ("Out for delivery", "配達中"),
    "shipment.attempt_failed": ("Delivery tried in vain", "配達不在"),
    "shipment.available_for_pickup": ("Ready for pickup", "受け取り可能"),
    "shipment.delivered": ("Delivered", "配達完了"),
    "shipment.estimate_changed": ("New delivery date", "お届け予定日の変更"),
    "shipment.exception": ("Trouble on the way", "配送異常"),
    "message.received": ("Message", "メッセージ"),
    "message.sent": ("Your answer was sent", "返信を送信"),
    "message.undelivered": ("Your answer was not delivered", "返信は届かず"),
    "dispute.opened": ("Dispute opened", "紛争開始"),
    "dispute.proposal": ("Proposal in the dispute", "紛争の提案"),
    "dispute.escalated": ("The platform steps in", "運営の介入"),
    "dispute.evidence_requested": ("Evidence asked for", "証拠の要求"),
    "dispute.judged": ("Judgement of the dispute", "紛争の判定"),
    "dispute.closed": ("Dispute closed", "紛争終了"),
    "appeal.submitted": ("Appeal filed", "異議申し立て"),
    "appeal.decided": ("Appeal decided", "異議申し立ての結果"),
    "return.requested": ("Return asked for", "返品依頼"),
    "return.authorised": ("Return allowed", "返品承認"),
    "return.shipped": ("Return posted", "返品発送"),
    "return.received": ("Return arrived", "返品到着"),
    "return.rejected": ("Return refused", "返品拒否"),
    "refund.announced": ("Refund announced", "返金の予告"),
    "refund.completed": ("Refund paid", "返金完了"),
    "refund.failed": ("Refund failed", "返金失敗"),
    "claim.opened": ("A-to-z claim", "マーケットプレイス保証の申請"),
    "claim.info_requested": ("Answer asked for in the claim", "保証申請への回答要求"),
    "claim.decided": ("Claim decided", "保証申請の結果"),
    "chargeback.opened": ("Chargeback", "チャージバック"),
    "chargeback.decided": ("Chargeback decided", "チャージバックの結果"),
    "account.warning": ("Account warning", "アカウント警告"),
    "account.restricted": ("Account restricted", "アカウント制限"),
    "fee.notice": ("Fee notice", "手数料の通知"),
    "payout.sent": ("Payout", "入金"),
    "payout.held": ("Payout held back", "入金保留"),
    "platform.notice": ("Notice of the platform", "運営からのお知らせ"),
    "coupon.late_delivery": ("Coupon for late delivery", "遅延クーポン"),
    "survey.request": ("Survey", "アンケート"),
    "import.row": ("From an imported file", "取り込みファイル"),
    "promo": ("Advertisement", "広告"),
    "unparsed": ("Mail not understood", "読み取れないメール"),
    "mail.gist": ("Mail not understood, its gist", "読み取れないメールの要点"),
    "suspicious": ("Suspicious mail", "不審なメール"),
    "promise": ("Promise", "約束"),
    "evidence": ("Evidence", "証拠"),
    "parcel_not_here": ("Parcel is not here", "荷物が届いていない"),
    "wrong_item": ("Wrong item", "違う商品"),
    "letter": ("Letter made ready", "文例を作成"),
    "evidence_file": ("Evidence kept", "証拠を保管"),
    "goods_checked": ("Goods checked", "商品確認済み"),
    "withdrawal": ("Dispute withdrawn by me", "紛争を自分で取り下げ"),
    "contacted_seller": ("Seller contacted", "出品者へ連絡"),
    "assignment": ("Assigned by hand", "手動で割り当て"),
    "correction": ("Taken back or judged anew", "取り消し・再判定"),
}
"""Kinds of `parsers.notice.Kind`: English, Japanese."""

WATCHES: Mapping[str, tuple[str, str]] = {
    "pay": ("Pay", "支払い期限"),
    "dispute_opens": ("Dispute becomes possible", "紛争を開始できる日"),
    "protection_end": ("Buyer protection ends", "購入者保護の終了"),
    "dispute_window": ("Last day to open a dispute", "紛争を開始できる最終日"),
    "auto_confirm": ("Receipt is confirmed by itself", "自動受取確認"),
    "proposal_answer": ("Answer the proposal", "提案への回答期限"),
    "evidence": ("Hand in evidence", "証拠の提出期限"),
    "return_parcel": ("Post the return parcel", "返品の発送期限"),
    "appeal": ("File the appeal", "異議申し立ての期限"),
    "card_route": ("Last day for PayPal or card", "PayPal・カード会社への申立期限"),
    "a_to_z_opens": ("A-to-z claim becomes possible", "マーケットプレイス保証を申請できる日"),
    "seller_contact_clock": ("The seller's 48 hours are over", "出品者の回答48時間の終了"),
    "a_to_z_closes": ("Last day for the A-to-z claim", "マーケットプレイス保証の申請期限"),
    "return_window": ("Last day to return", "返品受付の最終日"),
    "pickup": ("Fetch the parcel", "荷物の受け取り期限"),
    "ship_by": ("Ship", "発送期限"),
    "auto_cancel": ("Unshipped orders are cancelled", "未発送注文の自動キャンセル"),
    "cancel_request_answer": ("Answer the cancel request", "キャンセル依頼への対応期限"),
    "buyer_message": ("Answer the buyer", "購入者への回答期限"),
    "return_request": ("Answer the return request", "返品依頼への回答期限"),
    "refund_after_return": ("Refund the returned goods", "返品後の返金期限"),
    "claim_answer": ("Answer the claim", "保証申請への回答期限"),
    "claim_appeal": ("Appeal the claim", "保証申請への異議申し立て期限"),
    "chargeback_answer": ("Answer the chargeback", "チャージバックへの回答期限"),
    "fee_claim": ("Claim the fee back", "手数料の返還請求期限"),
    "account_answer": ("Answer the account warning", "アカウント警告への回答期限"),
    "coupon": ("Coupon ends", "クーポンの有効期限"),
    "not_shipped": ("Nothing shipped", "未発送"),
    "no_movement": ("Parcel does not move", "荷物が動いていない"),
    "not_delivered": ("Not delivered", "未着"),
    "rest_not_shipped": ("Rest not shipped", "残りの商品が未発送"),
    "cancel_unanswered": ("Cancel request unanswered", "キャンセル依頼に返答なし"),
    "refund_not_seen": ("Refund not seen", "返金が未確認"),
    "dispute_stalls": ("Dispute stalls", "紛争が停滞"),
    "appeal_stalls": ("Appeal stalls", "異議申し立てが停滞"),
    "returned_no_refund": ("Returned, no refund", "返品後の返金なし"),
    "return_not_received": ("Return not received", "返品が未着"),
    "promise_broken": ("Promise not kept", "約束の不履行"),
    "sale_not_booked": ("Sale not booked", "売上が未計上"),
    "nudge": ("Write again in the dispute", "紛争で再連絡"),
    "check_goods": ("Check the goods", "商品の確認"),
    "stated_deadline": ("What a mail asks for", "メールに書かれた期限"),
}

CASES: Mapping[str, tuple[str, str]] = {
    "cancellation": ("Cancellation", "キャンセル"),
    "dispute": ("Dispute", "紛争"),
    "appeal": ("Appeal", "異議申し立て"),
    "return": ("Return", "返品"),
    "refund": ("Refund", "返金"),
    "claim": ("A-to-z claim", "マーケットプレイス保証"),
    "chargeback": ("Chargeback", "チャージバック"),
    "account": ("Account", "アカウント"),
    "fee": ("Fee", "手数料"),
}

FINDINGS: Mapping[str, tuple[str, str]] = {
    "shipped_after_cancel_request": ("Shipped after the cancel request", "キャンセル依頼後に発送"),
    "cancelled_order_moving": ("A cancelled order is moving", "キャンセル済みの注文が動いている"),
    "cancel_after_shipping": ("Cancel request after shipping", "発送後のキャンセル依頼"),
    "foreign_parcel": ("The parcel's data belong to another order", "別の注文の荷物情報"),
    "partial_delivery": ("Only a part arrived", "一部しか届いていない"),
    "completed_while_dispute_open": ("Completed while a dispute is open", "紛争中に取引完了"),
    "completed_without_delivery": ("Completed without delivery", "未着のまま取引完了"),
    "refund_short": ("Refund too small", "返金額の不足"),
    "refund_double": ("Refunded twice", "二重返金"),
    "result_contradicts_judgement": ("The result contradicts the judgement", "判定と結果の矛盾"),
    "closed_early": ("Closed before the deadline", "期限前に終了"),
    "second_appeal": ("Second appeal", "二度目の異議申し立て"),
    "dispute_withdrawn_not_by_me": ("Dispute withdrawn, not by me", "身に覚えのない紛争の取り下げ"),
    "return_was_in_time": ("The return was in time", "返品は期限内だった"),
    "cancelled_without_request": ("Cancelled without request", "依頼していないキャンセル"),
    "bad_tracking_number": ("Tracking number cannot be right", "追跡番号の誤り"),
    "tracking_changed": ("Tracking number changed", "追跡番号の変更"),
    "impossible_dates": ("Impossible dates", "日付の矛盾"),
    "pressure_to_close": ("Pressed to close or confirm", "終了・受取確認の催促"),
    "shipped_after_refund": ("Shipped after the refund", "返金後に発送"),
    "cancel_complaint_without_request": (
        "Complaint, but no cancel request came",
        "届いていないキャンセル依頼への苦情",
    ),
    "seller_cancel_request": ("The buyer asks to cancel", "購入者からのキャンセル依頼"),
    "seller_shipped_despite_request": ("Shipped despite the request", "依頼に反して発送"),
    "case_on_refunded_order": ("Case on a refunded order", "返金済み注文への申請"),
    "refund_without_return": ("Refund without return", "返品のない返金"),
    "fee_changed": ("Fee rate changed", "手数料率の変更"),
    "different_content": ("Two mails disagree", "メール同士の食い違い"),
    "phishing_names_order": ("A fake mail names this order", "偽メールがこの注文番号を使用"),
    "unknown_order": ("Order not known before", "未登録の注文"),
    "double_order": ("Ordered twice", "二重注文"),
}

CODE = re.compile(r"^[A-Z]+\d*(?:-[A-Z]+)?(?:-\d+)?(?:/\w+)?: ")
"""`D-AE-13: `, `W5/hour: `: the row of the policy that a reason begins with."""
KIND = re.compile(r"\b[a-z_]+\.[a-z_]+\b")

TABLES = {"event": EVENTS, "watch": WATCHES, "case": CASES, "finding": FINDINGS}


def name(table: str, kind: str, language: str) -> str:
    """The name of `kind` in `language`, else the kind itself as words."""
    names = TABLES[table].get(kind)
    return names[LANGUAGES.index(language)] if names else kind.replace("_", " ").replace(".", " ")


JA_REASONS = (
    (re.compile(r"(\d+) business days from “(.+?)” of ([\d-]+).*"), r"「\2」（\3）から\1営業日"),
    (re.compile(r"(\d+) days from “(.+?)” of ([\d-]+).*"), r"「\2」（\3）から\1日"),
    (re.compile(r"(\d+) hours from “(.+?)” of ([\d-]+).*"), r"「\2」（\3）から\1時間"),
    (re.compile(r"“(.+)” in the mail of ([\d-]+), which.*"), r"\2 のメールの一文：「\1」"),
    (re.compile(r"\S+ as stated in the mail of ([\d-]+).*"), r"\1 のメールに記載"),
)
"""How reasons are told in Japanese: from what was counted, without the source of the policy."""


def in_words(why: str, language: str) -> str:
    """A watch's reason as people read it: without the policy's row, each kind by its name."""
    text = KIND.sub(lambda kind: f"“{name('event', kind[0], language)}”", CODE.sub("", why))
    if language != "ja":
        return text
    told = (pattern.fullmatch(text) and pattern.sub(said, text) for pattern, said in JA_REASONS)
    return next(filter(None, told), text)

"""Small mails that an attacker of the reader wrote: each unsays, by its own means, what a phrase of the
packs would say. None is read as the kind it only seems to be.
"""

import pytest

from tests.parsers.truth import (
    AMAZON_ORDER,
    DISPUTES,
    ORDER,
    PARCELS,
    RETURNS,
    SELLING,
    UPDATES,
    field,
    kinds,
    mail,
    table,
)

AO = f"Order # {AMAZON_ORDER}"
AE = f"Order number: {ORDER}"
HIDDEN = (
    '<div style="position:absolute;left:-9999px">{}</div>',
    '<div style="text-indent:-9999px">{}</div>',
    '<div style="transform:scale(0)">{}</div>',
    '<div style="clip-path:inset(100%)">{}</div>',
    '<div style="color:rgba(0,0,0,0)">{}</div>',
    '<div style="display&#58;none">{}</div>',
    '<font color="white">{}</font>',
    "<template>{}</template>",
    "<!-- {} -->",
    '<style>#a .b > p { display: none }</style><div id="a"><div class="b"><p>{}</p></div></div>',
    "<style>[data-x] { display: none }</style><p data-x>{}</p>",
    '<img alt="{}" src="x">',
    "<details><summary>Help</summary><p>{}</p></details>",
    "<select><option>One</option><option>{}</option></select>",
    "<s>{}</s>",
    '<span style="text-decoration: red line-through">{}</span>',
    "<blockquote>{}</blockquote>",
    '<div class="gmail_quote">{}</div>',
)
MAILS = (
    ("shipment.shipped", mail(PARCELS,'Shipped: "Lantern"',["This shipment was cancelled before it left our warehouse.",AO])),
    ("refund.", mail(RETURNS,"Refund issued for Lantern",["Your bank rejected this refund.",AO])),
    ("refund.", mail(RETURNS,"Refund issued for Lantern",["The refund was reversed.",AO])),
    ("refund.", mail(RETURNS,"Refund issued for Lantern",["We can't refund this order.",AO])),
    ("shipment.delivered", mail(PARCELS,'Delivered: "Lantern"',["The package was marked delivered, but it was returned to sender.",AO])),
    ("order.cancelled", mail(UPDATES,"Your Amazon.com order #249-0000000-0000001 has been canceled",["Your order could not be cancelled because it already shipped."])),
    ("order.cancelled", mail(UPDATES,'Item cancelled: "Lantern"',["The cancellation request was declined.",AO])),
    ("refund.announced", mail(RETURNS,"Refund issued for Lantern got rejected by your bank",[AO])),
    ("refund.announced", mail(RETURNS,"Refund issued for Lantern would follow",[AO])),
    ("refund.announced", mail(RETURNS,"Refund issued for Lantern?",[AO])),
    ("order.placed", mail(UPDATES,"Ordered: Lantern cannot be fulfilled",[AO])),
    ("shipment.delivered", mail(PARCELS,"Delivered: Lantern (attempt unsuccessful)",[AO])),
    ("shipment.delivered", mail(PARCELS,"Delivered: Lantern - delivery failed",[AO])),
    ("shipment.delivered", mail(PARCELS,"Delivered: Lantern, no, sorry, not yet",[AO])),
    ("shipment.delivered", mail(PARCELS,'Delivered: "Lantern" was not possible',[AO])),
    ("shipment.delivered", mail(PARCELS,"A note for you",["Your package might have been delivered",AO])),
    ("shipment.delivered", mail(PARCELS,"A note for you",["Has your package been delivered?",AO])),
    ("shipment.delivered", mail(PARCELS,"A note for you",["We are sorry that your order has not been delivered",AO])),
    ("shipment.delivered", mail(PARCELS,"A note for you",["Frequently asked questions","Your package was delivered","What can I do when it is missing?",AO])),
    ("shipment.delivered", mail(PARCELS,"A note for you",["Such mails look like this:","Your package was delivered",AO])),
    ("chargeback.decided", mail(SELLING,"Chargeback update",["The chargeback was not decided in your favor.",AO])),
    ("chargeback.decided", mail(SELLING,"Chargeback update",["Should the bank agree, the chargeback is decided in your favor.",AO])),
    ("chargeback.decided", mail(SELLING,"Chargeback update",["We do not think you are responsible for this chargeback.",AO])),
    ("dispute.judged", mail(DISPUTES,"AliExpress Dispute Order",["The seller argues that your claim is invalid.",AE])),
    ("dispute.judged", mail(DISPUTES,"AliExpress Dispute Order",["We will have judged your claim within 10 days.",AE])),
    ("dispute.judged", mail(DISPUTES,"AliExpress Dispute Order",["Have we judged your claim as invalid?",AE])),
    ("dispute.judged", mail(DISPUTES,"AliExpress Dispute Order",["Evidence without a date is invalid.",AE])),
    ("dispute.judged", mail(DISPUTES,"AliExpress Dispute Order",["For example, Judgement from AE: Valid",AE])),
    ("dispute.judged", mail(DISPUTES,"AliExpress Dispute Order",["Judgement from the seller: Valid",AE])),
    ("shipment.delivered", mail(PARCELS,"配達済み: ランタンは配達できておりません",["注文番号 249-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,"お客様へのご案内",["商品が配達されました際にはご連絡ください","注文番号 249-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,"お客様へのご案内",["販売者によると商品が配達されましたとのことです","注文番号 249-0000000-0000001"])),
    ("order.placed", mail(SELLING,"注文確定: ランタンはキャンセルとなりました",["249-0000000-0000001"])),
    ("order.placed", mail(SELLING,"注文確定: ランタンの出荷予定日を過ぎています",["249-0000000-0000001"])),
    ("appeal.decided", mail(DISPUTES,"大切なお知らせ",["異議申し立てについて","期限までに返品されない場合、売り手に支払いがリリースされます。","注文番号 8100000000000001"])),
    ("appeal.decided", mail(DISPUTES,"大切なお知らせ",["異議申し立てについて","時間内に商品を返品していただけませんと、売り手に支払いがリリースされることになります。","注文番号 8100000000000001"])),
    ("appeal.decided", mail(DISPUTES,"大切なお知らせ",["異議申し立てについて","時間内に商品を返品しませんと売り手に支払いがリリースされます","注文番号 8100000000000001"])),
    ("appeal.decided", mail(DISPUTES,"大切なお知らせ",["異議申し立てを受け付けました。結果の通知は一度限りで、再処理することはできません。","注文番号 8100000000000001"])),
    ("refund.announced", mail(RETURNS,"返金のお知らせ",["返金はいたしかねます","注文番号 249-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,"Zugestellt: Laterne ließ sich nicht zustellen",["Bestellnr. 305-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,"Ein Hinweis",["Ihr Paket wurde zugestellt, behauptet der Zusteller.","Bestellnr. 305-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,"Ein Hinweis",["Sollte es heißen „Paket wurde zugestellt“, melden Sie sich.","Bestellnr. 305-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,"Geliefert: „Laterne“",["Ihr Paket ist an den Absender zurückgegangen und wurde nicht zugestellt.","Bestellnr. 305-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,"Livré : Lanterne reste introuvable",["N° de commande 404-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,"Livré : « Lanterne »",["Votre colis n'a malheureusement pas été livré.","N° de commande 404-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,'Consegna effettuata: "Lanterna"',["Il tuo pacco non è stato ancora consegnato.","405-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,'Entregado: "Farol"',["Tu paquete todavía no se ha entregado.","408-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,'Entregue: "Lanterna"',["Seu pacote ainda não foi entregue.","701-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,'Bezorgd: "Lantaarn"',["Je pakket is helaas niet bezorgd.","405-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,"Dostarczono: „Latarnia”",["Twoja paczka nie została jeszcze dostarczona.","405-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,'배송 완료: "랜턴"',["상품이 아직 배송되지 않았습니다.","405-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,"配達済み: 「ランタン」",["商品はまだ配達されておりません。","249-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,"配達済み: 「ランタン」",["お荷物をお届けすることができませんでした。","249-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,"Delivery problem",html='<script type="application/ld+json">{"@context":"http://schema.org","@type":"ParcelDelivery","trackingNumber":"LP00123456789012","deliveryStatus":"Delivered","partOfOrder":{"@type":"Order","orderNumber":"249-0000000-0000001","orderStatus":"http://schema.org/OrderDelivered"}}</script><p>Your package could not be delivered.</p>')),
    ("shipment.delivered", mail(PARCELS,"RE: A note",["Hello,","From: shipment-tracking@amazon.com","Sent: Monday, 4 May 2026","Subject: Delivered","Your package was delivered",AO])),
    ("shipment.delivered", mail(PARCELS,"RE: A note",html='<p>Hello</p><div style="border-left:1px solid #ccc;padding-left:1ex" class="gmail_quote"><p>Your package was delivered</p><p>Order # 249-0000000-0000001</p></div>')),
    ("shipment.delivered", mail(PARCELS,"RE: A note",["Hello","On Mon, 4 May 2026 at 10:12","Amazon <shipment-tracking@amazon.com> wrote:","Your package was delivered",AO])),
    ("order.cancelled", mail("X <abc@marketplace.amazon.com>","Your order has been cancelled",["Your order has been cancelled",AO])),
    ("shipment.delivered", mail(PARCELS,'Delivered: "Lantern"',["Hello Ann,","Has your package been delivered?",AO])),
    ("shipment.delivered", mail(PARCELS,'Delivered: "Lantern"',["If your package was delivered, please confirm it.",AO])),
    ("shipment.delivered", mail(PARCELS,"Geliefert: „Laterne“",["Wurde Ihr Paket zugestellt?","Bestellnr. 305-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,"Livré : « Lanterne »",["Votre colis a-t-il été livré ?","N° de commande 404-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,'Entregado: "Farol"',["¿Se ha entregado tu paquete?","408-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,'Consegna effettuata: "Lanterna"',["Il tuo pacco è stato consegnato?","405-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,'Bezorgd: "Lantaarn"',["Is je pakket bezorgd?","405-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,"Dostarczono: „Latarnia”",["Czy Twoja paczka została dostarczona?","405-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,"配達済み: 「ランタン」",["商品は配達されましたか？","注文番号 249-0000000-0000001"])),
    ("order.cancelled", mail(UPDATES,"Your Amazon.com order #249-0000000-0000001 has been canceled",["Should your order be cancelled, you will not be charged."])),
    ("refund.", mail(RETURNS,"Refund issued for Lantern",["Has your refund been issued?",AO])),
    ("refund.", mail(RETURNS,"Your refund for Lantern: more information needed",[AO])),
    ("refund.completed", mail(DISPUTES,f"Order {ORDER}: refund completed",["Once the refund is completed we will write again."])),
    ("dispute.closed", mail(DISPUTES,f"Order {ORDER}: dispute closed",["Your dispute will be closed if you do not answer by 2026-06-20."])),
    ("appeal.decided", mail(DISPUTES,f"Order {ORDER}: appeal granted",["If your appeal is granted, you get the money back."])),
    ("order.cancelled", mail(DISPUTES,f"Order {ORDER}: order cancelled",["Your order will be cancelled unless you pay by 2026-06-20."])),
    ("shipment.shipped", mail(DISPUTES,f"Order {ORDER}: order shipped",["The seller will ship your order within 5 days."])),
    ("shipment.delivered", mail(PARCELS,"A note for you",["You will soon read:","Your package was delivered",AO])),
    ("shipment.delivered", mail(PARCELS,"A note for you",["FAQ","Your package was delivered","but you cannot find it?",AO])),
    ("shipment.delivered", mail(PARCELS,"お届けについて",["商品が配達されました","というメールが届くまでお待ちください","注文番号 249-0000000-0000001"])),
    ("shipment.delivered", mail(PARCELS,"お届けについて",["以下のようなメールが届きます","商品が配達されました","注文番号 249-0000000-0000001"])),
    ("refund.", mail(RETURNS,"返金についてのご質問",["返金が完了しました","というメールが届いていない場合はお待ちください。","注文番号 249-0000000-0000001"])),
    ("appeal.decided", mail(DISPUTES,f"Order {ORDER}: appeal granted",["Your appeal was rejected."])),
    ("appeal.decided", mail(DISPUTES,f"Order {ORDER}: appeal granted",["We regret that your appeal has been denied by the platform."])),
    ("shipment.out_for_delivery", mail(PARCELS,'Out for delivery: "Lantern"',["Your package could not be delivered today.",AO])),
    ("shipment.out_for_delivery", mail(PARCELS,'Arriving today: "Lantern"',["Your package will not arrive today.",AO])),
    ("refund.completed", mail(DISPUTES,f"Order {ORDER}: refund completed",["Your refund will be completed within 10 days."])),
)  # fmt: skip
"""The kind that must not be read, and the mail."""


@pytest.mark.parametrize(("kind", "raw"), MAILS)
def test_a_mail_that_unsays_a_phrase_is_not_read_as_it(kind, raw):
    assert [one for one in kinds(raw) if one.startswith(kind)] == []


@pytest.mark.parametrize("markup", HIDDEN)
def test_what_nobody_sees_or_an_earlier_mail_said_is_no_news(markup):
    delivered = markup.replace("{}", "Your package was delivered")
    valid = markup.replace("{}", "Judgement from AE: Valid")

    assert kinds(mail(PARCELS, "A note", html=f"<p>A note</p>{delivered}<p>{AO}</p>")) == []
    assert kinds(mail(DISPUTES, "A note", html=f"<p>A note</p>{valid}<p>{AE}</p>")) == []


@pytest.mark.parametrize(
    "markup",
    [
        "<p>Your <b>pack</b>age was <i>delivered</i></p>",
        "<p>Your&nbsp;package&#32;was&#x20;deli&shy;vered</p>",
        "<p>Your package was del&zwnj;ivered</p>",
    ],
)
def test_a_line_of_split_tags_and_entities_is_read_as_it_is_seen(markup):
    assert kinds(mail(PARCELS, "A note", html=f"{markup}<p>{AO}</p>")) == ["shipment.delivered"]


@pytest.mark.parametrize(
    "lines",
    [
        "Judgement from AE: not Valid yet",
        "Judgement from AE: Valid or Invalid",
        "Judgement from AE: Valid / Invalid",
    ],
)
def test_a_judgement_that_is_no_clear_word_is_unknown(lines):
    assert field(mail(DISPUTES, "AliExpress Dispute Order", [lines, AE]), "judgement") == "unknown"


@pytest.mark.parametrize(
    "rows",
    [
        (("Buyer's claim", "Judgement from AE"), ("Valid", "")),
        (("Judgement from AE", ""), ("Seller's claim", "Valid")),
        (("Judgement from AE", "Pending"), ("Seller's claim", "Valid")),
    ],
)
def test_an_empty_cell_does_not_take_its_neighbours_verdict(rows):
    raw = mail(DISPUTES, "AliExpress Dispute Order", html=f"<p>{AE}</p>{table(*rows)}")

    assert field(raw, "judgement") == "unknown"


@pytest.mark.parametrize(
    "lines",
    [
        ["Your package was delivered!", "If your package has not arrived, contact us."],
        ["Your package was left near the front door.", "How was your delivery?"],
        ["Hello Ann,", "Was everything all right?"],
    ],
)
def test_help_and_surveys_below_the_news_unsay_nothing(lines):
    assert kinds(mail(PARCELS, 'Delivered: "Lantern"', [*lines, AO])) == ["shipment.delivered"]


def test_a_line_that_goes_on_below_and_stays_a_fact_is_read():
    lines = ["Your package was delivered", "to the front door.", AO]

    assert kinds(mail(PARCELS, "A note for you", lines)) == ["shipment.delivered"]


@pytest.mark.parametrize(
    ("lines", "language"),
    [
        (["Please return the goods by June 16.", AE], "en"),
        (["6月16日までに商品を返送してください。", f"注文番号：{ORDER}"], "ja"),
    ],
)
def test_a_return_that_is_still_open_is_granted_and_not_missed(lines, language):
    missed = {
        "en": "If the item is not returned in time, the payment is released to the seller.",
        "ja": "時間内に返品しない場合、売り手に支払いがリリースされます。",
    }
    raw = mail(DISPUTES, "A note", [*lines, missed[language]])

    assert kinds(raw) == ["return.authorised"]
    assert str(field(raw, "return_by")) == "2026-06-16"


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("order.placed", mail(UPDATES, 'Ordered: "Lantern"', ["Didn't place this order?", AO])),
        ("refund.announced", mail(RETURNS, "Refund issued for Lantern", ["When will I see my refund?", AO])),
        ("order.cancelled", mail(UPDATES, f"Your Amazon.com order #{AMAZON_ORDER} has been canceled", ["Your order has been canceled because payment failed."])),
        ("return.authorised", mail(DISPUTES, f"Order {ORDER}: return approved", ["Please return the goods by June 20. If you do not, the dispute is closed."])),
        ("refund.completed", mail(DISPUTES, f"Order {ORDER}: refund completed", ["If you have not received the refund within 10 days, contact your bank."])),
        ("appeal.decided", mail(DISPUTES, f"Order {ORDER}: appeal granted", ["The seller's claim was rejected."])),
        ("shipment.shipped", mail(PARCELS, "Wysłane: „Latarnia”", ["Jeśli paczka nie dotrze, napisz do nas.", "405-0000000-0000001"])),
        ("shipment.shipped", mail(PARCELS, "発送済み: 「ランタン」", ["商品は明日お届け予定です。", "249-0000000-0000001"])),
    ],
)  # fmt: skip
def test_what_is_usually_said_below_a_title_does_not_unsay_it(kind, raw):
    assert kinds(raw) == [kind]

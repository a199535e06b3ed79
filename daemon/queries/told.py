"""What a person told and can take back, as rows, newest first."""

from collections.abc import Sequence
from typing import Any

from daemon.files.exports.words import name
from daemon.queries.alerts import Teller
from daemon.queries.times import iso
from daemon.store.ledger import Ledger
from daemon.store.told import ToldRow
from orders.event import Event

ANSWERS = {
    "en": {"ack": "acknowledged", "snooze": "silenced", "resolve": "resolved"},
    "ja": {"ack": "確認済みにした", "snooze": "一時停止した", "resolve": "解決済みにした"},
}
WORDS = {
    "en": {
        "belongs": "mail {mail} belongs to {order}",
        "none": "mail {mail} belongs to no order of the ledger",
        "import": "{events} entries of {orders} orders",
        "files": "{files}: {what}",
        "alert": "{what}: alert {alert}, {title}",
    },
    "ja": {
        "belongs": "メール{mail}は注文 {order} のもの",
        "none": "メール{mail}は台帳のどの注文でもない",
        "import": "注文{orders}件、{events}項目",
        "files": "{files}：{what}",
        "alert": "{what}：アラート{alert}「{title}」",
    },
}


def told_rows(ledger: Ledger, teller: Teller, *, limit: int = 200) -> list[dict[str, Any]]:
    """What stands: notes, answers, imports, what was acknowledged, silenced or resolved."""
    rows = [told_row(ledger, row, teller) for row in ledger.told.standing(limit)]
    return [row for row in rows if row["what"]]


def told_row(ledger: Ledger, row: ToldRow, teller: Teller) -> dict[str, Any]:
    """One thing told; without `what` when nothing came of it."""
    events = ledger.events_told(row.id)
    return {
        "number": row.id,
        "at": iso(row.at, teller.zone),
        "kind": row.kind,
        "by": row.channel,
        "what": _answered(ledger, row, teller)
        if row.answers
        else _said(ledger, row, events, teller),
        "orders": sorted({number for event in events for number in event.order_numbers}),
    }


def _said(ledger: Ledger, row: ToldRow, events: Sequence[Event], teller: Teller) -> str:
    if not events:
        return ""
    words = WORDS[teller.language]
    first = events[0]
    match row.kind:
        case "note":
            text = str(first.fields.get("text", ""))
            what = f"{name('event', first.kind, teller.language)}, {', '.join(first.order_numbers)}"
            return what + (f": {text}" if text else "")
        case "assignment":
            meant = ledger.by_origin(str(first.assigns))
            mail = meant.mail if meant else "?"
            if not first.order_numbers:
                return words["none"].format(mail=mail)
            return words["belongs"].format(mail=mail, order=first.order_numbers[0])
        case _:
            orders = {number for event in events for number in event.order_numbers}
            what = words["import"].format(events=len(events), orders=len(orders))
            return words["files"].format(files=row.what, what=what) if row.what else what


def _answered(ledger: Ledger, row: ToldRow, teller: Teller) -> str:
    what = ANSWERS[teller.language][row.kind]
    texts = []
    for answer in row.answers:
        alert = ledger.alerts.get(answer.alert)
        title = teller.text(alert).title if alert else ""
        texts.append(
            WORDS[teller.language]["alert"].format(what=what, alert=answer.alert, title=title)
        )
    return "; ".join(texts)

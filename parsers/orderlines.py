"""Order lines told by their count alone: `{title} ...`, a variant perhaps, then `x1` (AliExpress,
since 2019).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from parsers.money import whole_money
from parsers.notice import Item, Money

COUNT = re.compile(
    r"(?P<price>\S.{0,24}?\d[^\sx×]{0,3}|[^\W\d_]{0,3} ?[€$¥₩£]\S{0,12})?\s*[x×]"
    r" ?(?P<count>\d{1,4})",
    re.IGNORECASE,
)
CUT = ("...", "…")
CJK = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
LONG_TITLE = 4
"""Words from which a line is rather a title than a variant."""
LONG_CJK = 12
MAX_ITEMS = 60


def counted(lines: Sequence[str], dollar: str) -> tuple[Item, ...]:
    """The items of a block of lines; `dollar` is what a bare `$` means there. An unclear line is no
    item.
    """
    return tuple(_counted(lines, dollar))[:MAX_ITEMS]


def labelled(pairs: Iterable[tuple[str, str]], dollar: str | None) -> tuple[Item, ...]:
    """The items of labelled lines (a seller's sales notice): `item` begins one, `quantity` and
    `price` complete it.
    """
    out: list[Item] = []
    for name, text in pairs:
        if name == "item":
            out.append(Item(title=text[:300]))
        elif not out:
            continue
        elif name == "quantity" and text.isdecimal() and len(text) <= 4:
            out[-1] = replace(out[-1], quantity=int(text))
        elif name == "price" and out[-1].price is None:
            out[-1] = replace(out[-1], price=whole_money(text, dollar))
    return tuple(out)[:MAX_ITEMS]


def _counted(lines: Sequence[str], dollar: str) -> Iterator[Item]:
    used = -1
    for place, line in enumerate(lines):
        match = COUNT.fullmatch(line)
        if match is None:
            continue
        title = _title(lines[max(used + 1, place - 2) : place])
        price = _price(match["price"], lines[place + 1 : place + 2], dollar)
        used = place
        if title:
            yield Item(title=title[:300], quantity=int(match["count"]), price=price)


def _title(above: Sequence[str]) -> str:
    """Of the (at most two) lines above a count: the one cut short, else a long one, else the
    nearest.
    """
    for line in reversed(above):
        if line.endswith(CUT):
            return line.rstrip(".… ")
    told = [
        line
        for line in above
        if ":" not in line and "：" not in line and any(sign.isalpha() for sign in line)
    ]
    if not told:
        return ""
    if len(told) == 2 and len(told[0]) > len(told[1]) and _is_long(told[0]):
        return told[0]
    return told[-1]


def _is_long(line: str) -> bool:
    return len(line.split()) >= LONG_TITLE or (
        CJK.search(line) is not None and len(line) >= LONG_CJK
    )


def _price(before: str | None, below: Sequence[str], dollar: str) -> Money | None:
    for text in (before or "", *below):
        money = whole_money(text, dollar) if text else None
        if money is not None:
            return money
    return None

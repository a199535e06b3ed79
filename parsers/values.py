"""What a piece of text is, as the type of a field: one mail's pack, clock and currency applied.

Nothing here looks at a whole mail; an unclear text is None, never the likeliest reading.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from parsers import marks
from parsers.dates import Clock, find_dates, find_span
from parsers.money import find_money, whole_money
from parsers.notice import FIELDS, FieldType, FieldValue, Item
from parsers.pack import Pack
from parsers.phrase import fold
from parsers.template import Language

PAST = frozenset({"delivered_at", "shipped_at", "ordered_at", "at"})
TEXT_GAPS = frozenset({"item", "name", "any", "category"})
COUNTED = re.compile(r"(\d{1,3})\s*(?:[x×]\s*)?(?=[\"“„「«『])|(\d{1,3})\s*[x×]\s+")
REDACTED = re.compile(r"\d{1,3}\s++[^\"“„「«『].* items?", re.IGNORECASE)
"""A count and a category (`1 Pet item`): what the item is called is withheld."""
QUANTITY = re.compile(r"\d{1,4}")
SITE = re.compile(r"[a-z]{2,3}(?:\.[a-z]{2})?", re.IGNORECASE)
"""The end of a store's address: com, co.uk."""
CODE = re.compile(r"[A-Z]*+\d[A-Z0-9]*+")
"""What opens a locker."""
CASE = re.compile(r"(?=.*\d)[\w-]{5,40}")
QUOTES = "\"'“”„‟«»「」『』‚‘’ "


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """How the texts of one mail are understood."""

    pack: Pack
    clock: Clock
    dollar: str | None
    """What a bare $ means; None: nothing."""

    def accepts(self, gap: str, text: str, code: str) -> bool:
        """Whether a gap of a phrase in language `code` may hold this text."""
        language = self.pack.languages.get(code)
        match gap:
            case "site":
                return bool(SITE.fullmatch(text))
            case "code":
                return bool(CODE.fullmatch(text))
            case "order":
                return bool(self.pack.order.fullmatch(bare(text)))
            case "orders":
                return any(True for _ in self.orders_in(text))
            case "masked":
                return bool(marks.masked_in_line(text))
            case "parcel" | "tracking" | "package":
                return marks.is_parcel(text)
            case "case":
                return bool(CASE.fullmatch(text))
            case "n":
                return bool(QUANTITY.fullmatch(text))
            case "window":
                return language is not None and self.span(text, language) != (None, None)
            case _:
                return gap in TEXT_GAPS or (
                    language is not None and self.of(gap, text, language) is not None
                )

    def orders_in(self, text: str) -> Iterator[str]:
        for part in re.split(r"[\s,;&、()（）#]+", text):
            if self.pack.order.fullmatch(part):
                yield part

    def span(self, text: str, language: Language) -> tuple[FieldValue | None, FieldValue | None]:
        return find_span(text, language.words, self.clock)

    def of(self, name: str, text: str, language: Language) -> FieldValue | None:
        """The text as the type of the field `name`, or None when it is not clearly that.

        `name` may say how its numbers are ordered: `delivered_at:dmy`.
        """
        name, _, numeric = name.partition(":")
        match FIELDS[name].type:
            case FieldType.MONEY:
                return whole_money(text, self.dollar) or find_money(text, self.dollar)
            case FieldType.WHEN:
                clock = replace(self.clock, numeric=numeric) if numeric else self.clock
                days = find_dates(text, language.words, clock, past=name in PAST)
                return days[-1] if days else None
            case FieldType.CHOICE:
                return self.choice(name, text, language)
            case FieldType.NUMBER:
                try:
                    return Decimal(text.replace(",", ".").rstrip("% "))
                except InvalidOperation:
                    return None
            case FieldType.TEXT:
                known = language.values.get(name, {}).get(fold(text).rstrip(".。!"))
                return known or (text.strip(QUOTES)[:300] or None)
            case _:
                return None

    def choice(self, name: str, text: str, language: Language) -> str | None:
        """The word's meaning in the label's language, else in the pack's others, which must
        agree.
        """
        word = fold(text).rstrip(".。!")
        known = language.values.get(name, {}).get(word)
        if known is not None:
            return known
        others = {
            one.values[name][word]
            for one in self.pack.languages.values()
            if word in one.values.get(name, {})
        }
        return others.pop() if len(others) == 1 else None


def item_of(text: str, language: Language | None = None) -> Item | None:
    """The item a subject names: `2 "Something..."` is two of it; `1 Pet item` names none."""
    if language is not None:
        text = language.more.sub("", text.rstrip(" .!"))
        if language.counts.fullmatch(text.strip(QUOTES)):
            return None
    if REDACTED.fullmatch(text.strip()):
        return None
    match = COUNTED.match(text)
    title = (text[match.end() :] if match else text).strip(QUOTES)
    while title.endswith("..."):
        title = title.removesuffix("...").strip(QUOTES)
    return (
        Item(title=title[:300], quantity=int(match[1] or match[2]) if match else 1)
        if title
        else None
    )


def bare(text: str) -> str:
    return text.strip(" #№.:*()[]")

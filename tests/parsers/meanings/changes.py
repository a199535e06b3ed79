"""The changes of meaning: each takes a mail that is read with confidence and makes mails that say
something else.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from parsers.notice import Kind, Notice
from parsers.pack import phrases, shipped
from parsers.phrase import fold
from tests.parsers.meanings.sheet import Base, Sheet
from tests.parsers.meanings.words import WORDS, Words

CLOSING = " .!?。！？"
HIDDEN: Mapping[str, str] = {
    "display": 'style="display:none"',
    "visibility": 'style="visibility:hidden"',
    "opacity": 'style="opacity:0"',
    "font size": 'style="font-size:0"',
    "height": 'style="max-height:0;overflow:hidden"',
    "colour": 'style="color:#ffffff;background-color:#ffffff"',
    "outlook": 'style="mso-hide:all;display:none"',
    "attribute": "hidden",
    "class": 'class="gone"',
}
BODY = "in the body alone"
CSS = ".gone { display: none }"
RELAYS: Mapping[str, str] = {
    "amazon": "a1b2c3d4@marketplace.amazon.{}",
    "aliexpress": "message@notice.aliexpress.com",
}
RELAYED_BY = ("message@notice.aliexpress.com", "notice@info.aliexpress.com")
OTHER_ORDERS: Mapping[str, str] = {
    "amazon": "249-0000000-0000999",
    "aliexpress": "8100000000000999",
}
CANCELLATIONS = ("order.cancelled", "cancel.")
FAILURES = ("shipment.attempt_failed", "shipment.exception", "order.cancelled", "refund.failed")
REFUSALS = ("cancel.rejected", "return.rejected", "order.payment_failed", "claim.", "chargeback.")
DELAYS = ("shipment.estimate_changed",)
LABELLED = ("judgement", "outcome", "solution")
"""Deciding fields that stand behind a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One changed mail."""

    kind: str
    """What was done, such as `negated`."""
    how: str
    """Which of its ways."""
    sheet: Sheet
    other: str = ""
    """The order of a card that says something else: the old statement must not reach it."""


def changes(base: Base) -> Iterator[Change]:
    """Every change of meaning that this mail bears and a person would see."""
    words = WORDS[base.language]
    for make in MAKERS:
        for change in make(base, words):
            if not any(same(base, change) for same in ALIKE.values()):
                yield change


def _came_by_relay(base: Base, _: Change) -> bool:
    local, _, domain = base.sheet.sender.rpartition("@")
    relay = domain.startswith("marketplace.") or f"{local}@{domain}" in RELAYED_BY
    return relay and all(notice.kind is Kind.MESSAGE_RECEIVED for notice in base.notices)


def _changed(base: Base, change: Change) -> list[tuple[str, str]]:
    """The lines that were changed, before and after; [] when lines came or went."""
    old, new = base.sheet, change.sheet
    if old.subject != new.subject or len(old.lines) != len(new.lines):
        return []
    return [pair for pair in zip(old.lines, new.lines, strict=True) if pair[0] != pair[1]]


def _behind_a_sentence(base: Base, change: Change) -> bool:
    """`Judgement from AE: Invalid. You may … unless …`."""
    pairs = _changed(base, change)
    return bool(pairs) and all(
        ". " in old and new.startswith(f"{old.split('. ')[0]}. ") for old, new in pairs
    )


def _under_a_clause(base: Base, change: Change) -> bool:
    pairs = _changed(base, change)
    return bool(pairs) and all(
        "ので、" in old and _bare(old).split("ので、")[-1] == _bare(new).split("ので、")[-1]
        for old, new in pairs
    )


SAID_AGAIN = frozenset(
    {
        "aliexpress/en/order-cancelled-202605-closed.eml",
        "aliexpress/en/shipment-in-transit-202605-merged.eml",
        "aliexpress/en/shipment-shipped-202605.eml",
        "amazon/de/shipment-shipped-201805-carrier.eml",
        "amazon/en/order-payment_failed-202605.eml",
        "amazon/en/shipment-shipped-202605-uk.eml",
        "amazon/it/shipment-shipped-202011-carrier.eml",
        "amazon/ja/seller-order-placed-202611-notice-one-line.eml",
    }
)
"""Mails whose body says it in two sentences, of which one is changed."""


def _said_again(base: Base, change: Change) -> bool:
    return change.kind == BODY and base.name in SAID_AGAIN


def _ready_until(base: Base, change: Change) -> bool:
    return change.kind == BODY and base.notices[0].kind is Kind.SHIPMENT_AVAILABLE_FOR_PICKUP


ALIKE: Mapping[str, Callable[["Base", Change], bool]] = {
    "a mail through the relay for people's words is a message, whatever it says": _came_by_relay,
    "a verdict that is a whole sentence stands, whatever is said behind it": _behind_a_sentence,
    "the body says it once more, in a sentence that was left": _said_again,
    "a parcel is ready under its title, whatever it is ready until": _ready_until,
    "the main clause stands, whatever is said in the clause under it": _under_a_clause,
}
"""Changes that a person could not tell from the mail as it was, each with its reason."""


def _bare(line: str) -> str:
    return line.strip().rstrip(CLOSING)


def _inside(line: str, patterns: tuple[tuple[str, str], ...]) -> str | None:
    for pattern, replacement in patterns:
        changed, count = re.subn(pattern, replacement, _bare(line), count=1, flags=re.IGNORECASE)
        if count:
            return changed
    return None


def _wrapped(kind: str, templates: tuple[str, ...]) -> Callable[[Base], Iterator[Change]]:
    def make(base: Base) -> Iterator[Change]:
        for template in templates:
            changed = {line: template.format(_bare(line)) for line in base.stating()}
            if all(fold(new) != fold(line) for line, new in changed.items()):
                yield Change(kind=kind, how=template, sheet=base.with_lines(changed))

    return make


def _grammar(
    kind: str, patterns: tuple[tuple[str, str], ...], fallback: str, base: Base
) -> Iterator[Change]:
    """The verb itself changed in every line that has one; a line without one takes the fallback."""
    inside = {line: _inside(line, patterns) for line in base.stating()}
    if any(inside.values()):
        changed = {line: new or fallback.format(_bare(line)) for line, new in inside.items()}
        yield Change(kind=kind, how="the verb", sheet=base.with_lines(changed))


def _negated(base: Base, words: Words) -> Iterator[Change]:
    yield from _grammar("negated", words.denied, words.denials[0], base)
    yield from _wrapped("negated", words.denials)(base)


def _conditional(base: Base, words: Words) -> Iterator[Change]:
    yield from _wrapped("conditional", words.conditions)(base)


def _future(base: Base, words: Words) -> Iterator[Change]:
    yield from _grammar("future", words.later, words.futures[0], base)
    yield from _wrapped("future", words.futures)(base)


def _asked(base: Base, words: Words) -> Iterator[Change]:
    yield from _wrapped("asked", words.questions)(base)


def _reported(base: Base, words: Words) -> Iterator[Change]:
    yield from _wrapped("reported", words.reports)(base)


def _body_alone(base: Base, words: Words) -> Iterator[Change]:
    """A clear title, and a body that takes it back."""
    told = [line for line in base.stating() if line != base.sheet.subject]
    if base.sheet.subject not in base.stating() or not told:
        return
    ways = words.denials, words.conditions, words.futures, words.questions, words.reports
    for template in (one for way in ways for one in way):
        changed = {line: template.format(_bare(line)) for line in told}
        yield Change(kind=BODY, how=template, sheet=base.with_lines(changed))


def _predicate_behind_item(base: Base, words: Words) -> Iterator[Change]:
    """`Shipped: Lantern has been cancelled`: the item's gap must not hold the predicate."""
    titles = {item.title for notice in base.notices for item in notice.fields.get("items", ())}
    held = {line: title for line in base.stating() for title in titles if title and title in line}
    if not held:
        return
    kinds = [notice.kind.value for notice in base.notices]
    for name, predicate, same in (
        ("cancelled", words.cancelled, CANCELLATIONS),
        ("failed", words.failed, FAILURES),
        ("refused", words.refused, REFUSALS),
        ("delayed", words.delayed, DELAYS),
    ):
        if any(kind.startswith(same) for kind in kinds):
            continue
        changed = {line: _denial(line, words) for line in base.stating()}
        for line, title in held.items():
            end = line.index(title) + len(title)
            quote = re.match(r"[.…]*[\"'”“’»」』]?", line[end:])
            end += quote.end() if quote else 0
            changed[line] = line[:end] + predicate
        yield Change(kind="predicate behind item", how=name, sheet=base.with_lines(changed))


def _denial(line: str, words: Words) -> str:
    return words.denials[-1].format(_bare(line))


def _hidden(base: Base, words: Words) -> Iterator[Change]:
    """What states the kind is there, and nobody sees it."""
    stating = base.stating()
    above = [base.sheet.subject] if base.sheet.subject in stating else []
    lines = [*above, *base.sheet.lines]
    found = [place for place, line in enumerate(lines) if line in stating]
    for how, attributes in HIDDEN.items():
        yield Change(
            kind="hidden",
            how=how,
            sheet=replace(
                base.sheet,
                subject=words.subject,
                lines=tuple(lines),
                links=_shifted(base.sheet, len(lines) - len(base.sheet.lines)),
                styles=dict.fromkeys(found, attributes),
                css=CSS,
                dress="html",
            ),
        )


def _shifted(sheet: Sheet, count: int) -> tuple[tuple[int, str], ...]:
    """The links, where so many lines stand above what they stood on."""
    return tuple((line + count, address) for line, address in sheet.links)


def _renderings(base: Base, words: Words) -> Iterator[Change]:
    """The plain text says one thing, the HTML that people see another."""
    other = _other_statement(base)
    if other is None:
        return
    stating = base.stating()
    told = [line for line in base.sheet.lines if line in stating]
    told = told or [base.sheet.subject]
    rest = [line for line in base.sheet.lines if line not in stating]
    yield Change(
        kind="renderings differ",
        how="the HTML says another kind",
        sheet=replace(
            base.sheet, subject=words.subject, plain=(*told, *rest), lines=(other, *rest), links=()
        ),
    )


def _verdict_renderings(base: Base, words: Words) -> Iterator[Change]:
    for label in _labels(base):
        opposite = label.opposite()
        if opposite is None:
            continue
        other = label.rewritten(base.sheet.lines, label.written, opposite)
        for how, plain, seen in (
            ("plain keeps it", base.sheet.lines, other),
            ("HTML keeps it", other, base.sheet.lines),
        ):
            yield Change(
                kind="renderings differ",
                how=f"{label.field}, {how}",
                sheet=replace(base.sheet, plain=plain, lines=seen, links=()),
            )


def _relayed(base: Base, _: Words) -> Iterator[Change]:
    if any(notice.kind is Kind.MESSAGE_RECEIVED for notice in base.notices):
        return
    domain = base.sheet.sender.rpartition("@")[2].partition("amazon.")[2] or "com"
    sender = RELAYS[base.marketplace].format(domain)
    yield Change(kind="relayed", how=sender, sheet=replace(base.sheet, sender=sender))


def _quoted(base: Base, words: Words) -> Iterator[Change]:
    """The mail of then, below one that says nothing."""
    title, sender, subject = words.original
    old = base.sheet
    head = (f"{sender}: {old.sender}", f"{subject}: {old.subject}")
    marked = tuple(f"> {line}" for line in (old.subject, *old.lines))
    yield Change(
        kind="quoted",
        how="marked lines",
        sheet=replace(
            old,
            subject=words.subject,
            lines=(words.text, words.wrote, *marked),
            links=_shifted(old, 3),
            dress="plain",
        ),
    )
    yield Change(
        kind="quoted",
        how="original message",
        sheet=replace(
            old,
            subject=words.subject,
            lines=(words.text, title, *head, *old.lines),
            links=_shifted(old, 4),
            dress="plain",
        ),
    )
    yield Change(
        kind="quoted",
        how="blockquote",
        sheet=replace(
            old,
            subject=words.subject,
            lines=(words.text, words.wrote, *head, *old.lines),
            links=_shifted(old, 4),
            quote=True,
            dress="html",
        ),
    )


def _second_card(base: Base, _: Words) -> Iterator[Change]:
    """A card of another kind with an order of its own, behind the mail's own."""
    other = _other_statement(base)
    if other is None or not any(notice.order_numbers for notice in base.notices):
        return
    number = OTHER_ORDERS[base.marketplace]
    card = (other, f"{_order_word(base)} {number}")
    yield Change(
        kind="second card",
        how=other,
        sheet=replace(base.sheet, lines=(*base.sheet.lines, *card)),
        other=number,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Label:
    """A deciding field that the mail states behind a label."""

    field: str
    value: str
    written: str
    """The label's words in the mail."""
    word: str
    """The value's words in the mail."""
    language: str
    marketplace: str

    def opposite(self) -> str | None:
        """Other words of the field that mean something else."""
        pack = shipped().pack(self.marketplace)
        words = pack.languages[self.language].values.get(self.field, {}) if pack else {}
        return next(
            (word for word, value in words.items() if value not in (self.value, "unknown")), None
        )

    def rewritten(self, lines: tuple[str, ...], label: str, word: str) -> tuple[str, ...]:
        """The lines with the label and the value in these words."""
        joined = "\n".join(lines)
        for between in (": ", ":", "： ", "：", " : ", "\n", "\n:\n", " "):
            old = f"{self.written}{between}{self.word}"
            if old in joined:
                new = f"{label}{between}{word}" if label else word
                return tuple(joined.replace(old, new).split("\n"))
        return lines


def _labels(base: Base) -> tuple[_Label, ...]:
    """Deciding fields whose value stands in the mail behind a label, and nowhere else.

    A mail of several notices has the label of each, and what was changed in one may hold for another.
    """
    if len(base.notices) > 1:
        return ()
    return tuple(
        label
        for notice in base.notices
        for field in LABELLED
        if (label := _label(base, notice, field)) is not None
    )


def _label(base: Base, notice: Notice, field: str) -> _Label | None:
    value = notice.fields.get(field)
    if value == "mixed":  # another verdict in one of its places leaves it mixed
        return None
    pack = shipped().pack(base.marketplace)
    if value is None or pack is None:
        return None
    fixed = [proof for proof in notice.evidence if proof.where in ("subject", "headline")]
    if any(template.fixed.get(field) for template in _templates(fixed, base.marketplace)):
        return None
    for proof in notice.evidence:
        if proof.where != "label":
            continue
        for code, language in pack.languages.items():
            for label in (one for group in language.labels.values() for one in group):
                if label.source != proof.source or label.field != field:
                    continue
                written, _, word = _split(proof.line, label.written)
                if word and word not in written:
                    return _Label(
                        field=field,
                        value=str(value),
                        written=written,
                        word=word,
                        language=code,
                        marketplace=base.marketplace,
                    )
    return None


def _split(line: str, label: str) -> tuple[str, str, str]:
    """The label as the mail prints it, what stands between, and the value."""
    place = line.lower().find(label.lower())
    if place != 0:
        return "", "", ""
    written, rest = line[: len(label)], line[len(label) :]
    between = re.match(r"[\s:：/]*", rest)
    end = between.end() if between else 0
    return written, rest[:end], rest[end:]


def _templates(proofs: list[object], marketplace: str) -> Iterator[object]:
    sources = {proof.source for proof in proofs}
    pack = shipped().pack(marketplace)
    yield from (template for phrase, template in phrases(pack) if phrase.source in sources)


def _neighbour(base: Base, words: Words) -> Iterator[Change]:
    """The old value stands in the other party's cell, another one in the platform's own."""
    for label in _labels(base):
        opposite = label.opposite()
        if opposite is None:
            continue
        rest = label.rewritten(base.sheet.lines, "", "")
        if rest == base.sheet.lines:
            continue
        heads, values = (words.other_party, label.written), (label.word, opposite)
        turned = (label.written, words.other_party), (opposite, label.word)
        for how, grid in (
            ("columns", (heads, values)),
            ("columns turned", turned),
            ("rows", tuple(zip(heads, values, strict=True))),
        ):
            yield Change(
                kind="neighbour's cell",
                how=f"{label.field}, {how}",
                sheet=replace(base.sheet, lines=rest, grid=grid, links=(), dress="html"),
            )
        yield Change(
            kind="neighbour's cell",
            how=f"{label.field}, stacked",
            sheet=replace(base.sheet, lines=(*rest, *heads, *values), links=()),
        )


def _header_cut(base: Base, _: Words) -> Iterator[Change]:
    """The value without the label that says whose it is."""
    for label in _labels(base):
        lines = label.rewritten(base.sheet.lines, "", label.word)
        if lines != base.sheet.lines:
            yield Change(
                kind="header cut", how=label.field, sheet=replace(base.sheet, lines=lines, links=())
            )


def _order_word(base: Base) -> str:
    pack = shipped().pack(base.marketplace)
    labels = [
        label
        for group in pack.languages[base.language].labels.values()
        for label in group
        if label.field == "order"
    ]
    return min(labels, key=lambda label: label.rank).written


def _other_statement(base: Base) -> str | None:
    """A headline of another kind in the mail's language."""
    kinds = {notice.kind for notice in base.notices}
    lines = _headlines(base.marketplace, base.language)
    for kind in (Kind.ORDER_CANCELLED, Kind.SHIPMENT_DELIVERED, Kind.SHIPMENT_SHIPPED):
        if kind not in kinds and kind in lines:
            return lines[kind]
    return None


@cache
def _headlines(marketplace: str, language: str) -> Mapping[Kind, str]:
    found: dict[Kind, str] = {}
    for phrase, template in phrases(shipped().pack(marketplace)):
        plain = template.where == "headline" and not phrase.gaps and not template.vague
        if plain and template.language == language:
            found.setdefault(template.kind, phrase.written)
    return found


MAKERS: tuple[Callable[[Base, Words], Iterator[Change]], ...] = (
    _negated,
    _conditional,
    _future,
    _asked,
    _reported,
    _body_alone,
    _predicate_behind_item,
    _neighbour,
    _hidden,
    _renderings,
    _verdict_renderings,
    _relayed,
    _header_cut,
    _quoted,
    _second_card,
)
KINDS = (
    "negated",
    "conditional",
    "future",
    "asked",
    "reported",
    BODY,
    "predicate behind item",
    "neighbour's cell",
    "hidden",
    "renderings differ",
    "relayed",
    "header cut",
    "quoted",
    "second card",
)

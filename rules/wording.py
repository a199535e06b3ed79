"""What an alert says, in the target's language and zone: understood in five seconds on a lock
screen.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal

from orders.facts.stake import Worth
from orders.facts.stores import StoreRecord
from orders.subject import FactType, FactValue, Subject
from parsers import marketplaces
from parsers.dates import MONTHS
from parsers.notice import Money
from rules.alert import BODY_LENGTH, TITLE_LENGTH, Alert, Cause, Severity
from rules.fields import FIELDS
from rules.records import record_line
from rules.rulebook import Rule
from rules.strings import CHOICES, UNSAID, WEEKDAYS, WORDY, word
from rules.templates import Placeholder, fill

MORE_ITEMS = re.compile(r" \(\+(\d+)\)$")
"""How `Order.title` ends where an order has more items."""
SHORT = 40
"""Characters of a text behind `|short`."""
ITEM = 48
"""Characters of an item's title inside the order's name; marketplaces fill them with search
words.
"""

SEEN = ("watch.since", "order.last_mail_at")
"""Facts whose words speak of any mail, whoever sent it."""
MOST_NEW = 3
"""So many new senders are named."""
BULLET = "• "
"""Before each line of a list of alerts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertText:
    """One message: a title of at most 120 and a body of at most 1,000 characters."""

    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """To whom an alert is said, and when."""

    language: str
    zone: tzinfo
    now: datetime
    contact: Mapping[str, str] = field(default_factory=dict)
    """How to reach a marketplace's support, by marketplace, where the user says so."""
    worth: Worth = field(default_factory=Worth)
    record: StoreRecord | None = None
    """Of the store of the order that is spoken of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertParts:
    """What a message is made of, each by itself; empty where there is nothing to say."""

    body: str
    advice: str
    read_in: str
    """In which mail it was read."""


def parts(rule: Rule, subject: Subject, alert: Alert, listener: Listener) -> AlertParts:
    """The parts of the message that says it is so."""
    voice = _voice(subject, alert, listener)
    return AlertParts(
        body=voice.text(rule.body),
        advice=_advice(rule, voice),
        read_in=_read_in(subject, listener.language, listener.zone, listener.now),
    )


def write(
    rule: Rule,
    subject: Subject,
    alert: Alert,
    cause: Cause,
    listener: Listener,
) -> AlertText:
    """The message for one announcement. Never fails: a text that cannot be filled is replaced by
    the bare facts.
    """
    language = listener.language
    voice = _voice(subject, alert, listener)
    try:
        return _write(rule, cause, voice)
    except Exception:  # noqa: BLE001 -- an alert is never lost for its wording
        facts = "\n".join(f"{name}: {value}" for name, value in sorted(subject.facts.items()))
        return AlertText(
            title=cut(rule.id, TITLE_LENGTH),
            body=cut(f"{word(language, 'broken_text')}\n{facts}", BODY_LENGTH),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Voice:
    """To whom something is said, and of what."""

    subject: Subject
    alert: Alert
    language: str
    zone: tzinfo
    now: datetime
    contact: Mapping[str, str]
    worth: Worth
    record: StoreRecord | None

    @property
    def due(self) -> datetime | None:
        return self.alert.due_at or self.subject.due_at

    def text(self, of: Mapping[str, str]) -> str:
        shop = str(self.subject.facts.get("order.marketplace", ""))
        return fill(in_language(of, self.language), self.value, shop).strip() if of else ""

    def value(self, slot: Placeholder) -> str | None:
        match slot.name:
            case "order":
                return order_name(self.subject, self.language)
            case "contact":
                return _contact(self.subject, self.contact, self.language)
            case "due" | "since":
                at = self.due if slot.name == "due" else self.alert.since
                return self._shown(at, slot) if at else None
            case _:
                return self._fact(slot)

    def _fact(self, slot: Placeholder) -> str | None:
        fact = self.subject.facts.get(slot.name)
        if slot.name in SEEN:  # “no mail seen since” is true of mail that is not believed, too
            fact = self.subject.uncounted.get(slot.name, fact)
        if fact is None or fact in UNSAID:
            return None
        if isinstance(fact, str) and is_word(slot.name):
            return self._spoken(fact, slot.name)
        return self._shown(fact, slot)

    def _spoken(self, fact: str, name: str) -> str:
        mine = name != "order.role" and fact == self.subject.facts.get("order.role")
        return spoken("me" if mine else fact, self.language)

    def _shown(self, value: FactValue, slot: Placeholder) -> str:
        return show(value, slot.filter, self.language, self.zone, self.now)


def _voice(subject: Subject, alert: Alert, listener: Listener) -> _Voice:
    return _Voice(
        subject=subject,
        alert=alert,
        language=listener.language,
        zone=listener.zone,
        now=listener.now,
        contact=listener.contact,
        worth=listener.worth,
        record=listener.record,
    )


def _advice(rule: Rule, voice: _Voice) -> str:
    due = voice.due
    return voice.text((rule.missed if due and due <= voice.now else {}) or rule.advice)


def _write(rule: Rule, cause: Cause, voice: _Voice) -> AlertText:
    subject, language = voice.subject, voice.language
    title = voice.text(rule.title)
    match cause:
        case Cause.REPEAT:
            title = word(language, "reminder", title=title)
        case Cause.RESOLVED:
            title = word(language, "cleared", title=title)
    if cause is Cause.RESOLVED:
        lines = [word(language, "cleared_body"), _order_line(subject, language)]
        return AlertText(title=cut(title, TITLE_LENGTH), body=_fit("", lines))
    return AlertText(
        title=cut(title, TITLE_LENGTH), body=_fit(voice.text(rule.body), _lines(rule, voice))
    )


def _lines(rule: Rule, voice: _Voice) -> list[str]:
    """What stands below the text of the rule, the most needed first."""
    subject, language, zone, now = voice.subject, voice.language, voice.zone, voice.now
    advice = _advice(rule, voice)
    return [
        _order_line(subject, language),
        word(language, "to_do", advice=advice) if advice else "",
        *(_money_lines(voice) if voice.alert.severity is not Severity.INFO else ()),
        _until(voice.due, language, zone, now) if voice.due else "",
        _doubt(subject, language, zone, now),
        _read_in(subject, language, zone, now),
        str(subject.facts.get("order.link", "")),
    ]


def _money_lines(voice: _Voice) -> Sequence[str]:
    """What is at stake, that nobody is reminded of so little, and how the store has behaved."""
    language, worth = voice.language, voice.worth
    amount = voice.subject.facts.get("order.stake")
    lines = []
    if isinstance(amount, Money):
        lines.append(_stake_line(amount, voice))
        if worth.is_small(amount):
            lines.append(word(language, "small", limit=worth.limit))
    if voice.record is not None:
        lines.append(record_line(voice.record, language))
    return lines


def _stake_line(amount: Money, voice: _Voice) -> str:
    """Until when, too, where that is to come and is not the alert's own deadline."""
    language, due = voice.language, voice.subject.facts.get("order.stake_due")
    if not isinstance(due, datetime) or due <= voice.now or due == voice.due:
        return word(language, "stake", amount=amount, when="")
    when = moment(due, language, voice.zone, voice.now)
    return word(language, "stake_until", amount=amount, when=when)


def in_language(texts: Mapping[str, str], language: str) -> str:
    """The text in `language`, else in English, else in whatever there is."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()))


def order_name(subject: Subject, language: str) -> str | None:
    """What a person calls the order: its item and its number, as far as they are known."""
    item, number = _item(subject, language, ITEM), _numbers(subject)
    if item and number:
        return f"{item} ({number})"
    if number:
        return word(language, "order", number=number)
    shop = subject.facts.get("order.marketplace")
    return item or (spoken(str(shop), language) if shop else None)


def _item(subject: Subject, language: str, most: int) -> str:
    """The first item, at most `most` characters of it, and in words how many more there are."""
    title = str(subject.facts.get("order.title", ""))
    more = MORE_ITEMS.search(title)
    if more is None:
        return cut(title, most)
    key = "and_item" if more[1] == "1" else "and_items"
    return cut(title[: more.start()], most) + word(language, key, count=more[1])


def _numbers(subject: Subject, most: int = 3) -> str:
    number = subject.facts.get("order.number")
    return str(number) if number else ", ".join(subject.orders[:most])


def _order_line(subject: Subject, language: str) -> str:
    """Number, item, amount, shop: “Order 8100…: USB cable, 26.12 USD, AliExpress”."""
    number = _numbers(subject, 20)
    if not number:
        return ""
    facts = subject.facts
    about = [
        _item(subject, language, 2 * ITEM),
        str(facts.get("order.amount", "")),
        spoken(str(facts["order.marketplace"]), language) if "order.marketplace" in facts else "",
    ]
    known = word(language, "comma").join(filter(None, about))
    head = word(language, "order", number=number)
    return head + (word(language, "colon") + known if known else "")


def _until(due: datetime, language: str, zone: tzinfo, now: datetime) -> str:
    key = "until" if due > now else "was_until"
    return word(
        language, key, when=moment(due, language, zone, now), left=distance(due - now, language)
    )


def _doubt(subject: Subject, language: str, zone: tzinfo, now: datetime) -> str:
    facts = subject.facts
    lines = []
    hint = subject.uncounted.get("watch.doubtful_at", facts.get("watch.doubtful_at"))
    if isinstance(hint, datetime):
        lines.append(word(language, "doubtful", when=day(hint, language, zone, now)))
    if (facts.get("read.trust") or facts.get("mail.trust")) in ("unverified", "forwarded"):
        lines.append(word(language, "not_verified"))
    if facts.get("watch.inferred") is True or facts.get("finding.inferred") is True:
        lines.append(word(language, "inferred"))
    return " ".join(lines)


def _read_in(subject: Subject, language: str, zone: tzinfo, now: datetime) -> str:
    """The mail it was read in: its subject and day, or at least its number in the ledger."""
    facts = subject.facts
    title = facts.get("read.subject") or facts.get("mail.subject")
    at = facts.get("read.at") or facts.get("mail.received_at")
    if title:
        what = _quoted(str(title), language)
        if isinstance(at, datetime):
            what += f" {moment(at, language, zone, now)}"
        return word(language, "read_in", what=what)
    if not subject.mails:
        return ""
    numbers = ", ".join(map(str, subject.mails[:5]))
    return word(language, "read_in", what=word(language, "from_mails", numbers=numbers))


def _quoted(title: str, language: str) -> str:
    return f"“{cut(title, 80)}”" if language == "en" else f"「{cut(title, 80)}」"


def _contact(subject: Subject, contact: Mapping[str, str], language: str) -> str:
    shop = str(subject.facts.get("order.marketplace", ""))
    if shop in contact:
        return contact[shop]
    return marketplaces.of(shop).contact(language) or word(language, "contact_other")


def show(value: FactValue, filter_: str, language: str, zone: tzinfo, now: datetime) -> str:
    """One fact as people read it."""
    match value:
        case bool():
            return word(language, "yes" if value else "no")
        case datetime():
            return _show_time(value, filter_, language, zone, now)
        case Decimal():
            return f"{value:f}"
        case _:
            return cut(str(value), SHORT) if filter_ == "short" else str(value)


def _show_time(at: datetime, filter_: str, language: str, zone: tzinfo, now: datetime) -> str:
    match filter_:
        case "date":
            return day(at, language, zone, now)
        case "left" | "ago":
            return distance(at - now, language)
        case _:
            return moment(at, language, zone, now)


def is_word(name: str) -> bool:
    """The fact holds a word of ours (a choice, a reason, a marketplace), not a stranger's text."""
    return FIELDS[name].type is FactType.CHOICE or name.rpartition(".")[2] in WORDY


KEY = re.compile("[a-z0-9_]+")
"""A word of ours that has no words for people; no sentence and no path of a file."""


def spoken(value: str, language: str) -> str:
    """A word of ours as people say it."""
    known = CHOICES[language].get(value)
    if known is None and value in marketplaces.names():
        return marketplaces.title(value)
    return known or (value.replace("_", " ") if KEY.fullmatch(value) else value)


def day(at: datetime, language: str, zone: tzinfo, now: datetime) -> str:
    """“Wed 25 Nov” or “11/25(水)”, with the year when it is another one."""
    local = at.astimezone(zone)
    other_year = local.year != now.astimezone(zone).year
    weekday = WEEKDAYS[language][local.weekday()]
    if language == "ja":
        return (f"{local.year}/" if other_year else "") + f"{local.month}/{local.day}({weekday})"
    return f"{weekday} {local.day} {MONTHS[local.month - 1]}" + (
        f" {local.year}" if other_year else ""
    )


def moment(at: datetime, language: str, zone: tzinfo, now: datetime) -> str:
    """“Wed 25 Nov 23:59 JST”, always with the zone."""
    local = at.astimezone(zone)
    name = local.tzname() or ""
    named = f"UTC{name}" if name[:1] in "+-" else name
    return f"{day(at, language, zone, now)} {local:%H:%M} {named}".rstrip()


def distance(span: timedelta, language: str) -> str:
    """“5 d 3 h left”, “2 d ago” or, within the minute, “now”: two steps at most."""
    minutes = int(abs(span).total_seconds() // 60)
    shown = _steps(minutes)
    if not shown:
        return word(language, "now")
    text = word(language, "between").join(word(language, key, n=number) for number, key in shown)
    return word(language, "left" if span >= timedelta(0) else "ago", span=text)


def _steps(minutes: int) -> list[tuple[int, str]]:
    """The largest unit that there is any of and the one below it."""
    steps = [(minutes // 1440, "days"), (minutes // 60 % 24, "hours"), (minutes % 60, "minutes")]
    start = next((at for at, (number, _) in enumerate(steps) if number), 2)
    return [(number, key) for number, key in steps[start : start + 2] if number]


def cut(text: str, size: int) -> str:
    """At most `size` characters, cut between words where that loses little, with an ellipsis."""
    if len(text) <= size:
        return text
    head = text[: size - 1]
    space = head.rfind(" ")
    return (head[:space] if space > size * 2 // 3 else head).rstrip(" ,、。:：") + "…"


def _fit(first: str, lines: Sequence[str]) -> str:
    """The body: `first` is shortened before any of `lines`, which matter more; then the last lines
    go.
    """
    kept = list(filter(None, lines))
    while len(kept) > 1 and _size(kept) > BODY_LENGTH:
        kept.pop()
    room = BODY_LENGTH - _size(kept)
    if room < 0:
        return cut(kept[0], BODY_LENGTH)
    head = cut(first, room) if first and room > 20 else ""
    return "\n".join(filter(None, (head, *kept)))


def _size(lines: Iterable[str]) -> int:
    """Characters, with the end of each line."""
    return sum(len(line) + 1 for line in lines)


def join(texts: Sequence[tuple[Severity, AlertText]], language: str) -> AlertText:
    """Several announcements as one message, worst first: the worst in full, the others as far as
    there is room.
    """
    ordered = _worst_first(texts)
    if len(ordered) == 1:
        return ordered[0]
    first, *rest = ordered
    more = word(language, "title_and_more", count=len(rest))
    said = set(first.body.split("\n"))
    blocks = [first.body]
    for text in rest:
        fresh = [
            line for line in text.body.split("\n") if line not in said
        ]  # the order, its link: once is enough
        said.update(fresh)
        blocks.append("\n".join([text.title, *fresh]))
    return AlertText(
        title=cut(first.title, TITLE_LENGTH - len(more)) + more,
        body=_stack(blocks, [first.title, *(text.title for text in rest)], "\n\n", language),
    )


def digest(texts: Sequence[tuple[Severity, AlertText]], language: str) -> AlertText:
    """The daily digest: one line for each, worst first."""
    ordered = _worst_first(texts)
    title = (
        word(language, "digest_one")
        if len(ordered) == 1
        else word(language, "digest", count=len(ordered))
    )
    return AlertText(title=title, body=_list(ordered, language))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was found when the mail of the past was read."""

    mails: int
    orders: int
    in_need: int
    """Orders, not alerts."""


def first_run(
    texts: Sequence[tuple[Severity, AlertText]], language: str, counts: Counts
) -> AlertText:
    """The one message after the mail of the past was read: what is still true."""
    title = word(
        language,
        "first_run_one" if counts.in_need == 1 else "first_run",
        mails=_mails(counts.mails, language),
        orders=word(language, "one_order" if counts.orders == 1 else "orders", n=counts.orders),
        count=counts.in_need,
    )
    return AlertText(
        title=title, body=_list(_worst_first(texts), language) or word(language, "all_quiet_body")
    )


def all_quiet(language: str) -> AlertText:
    """The weekly sign of life of those who want it."""
    return AlertText(title=word(language, "all_quiet"), body=word(language, "all_quiet_body"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What was not told one by one in a week."""

    dull: int
    unread: int
    new: tuple[tuple[str, int], ...] = ()
    """Addresses from which dull mail came for the first time, and how many."""


def with_week(text: AlertText, week: Week, language: str) -> AlertText:
    """The message with its weekly lines; what is told there is shortened before them."""
    lines = [*_dull_line(week, language), *_unread_line(week, language)]
    room = BODY_LENGTH - _size(lines)
    return AlertText(title=text.title, body="\n".join([cut(text.body, room), *lines]))


def _dull_line(week: Week, language: str) -> Iterator[str]:
    if week.dull:
        senders = word(language, "comma").join(f"{name} ({n})" for name, n in week.new[:MOST_NEW])
        if len(week.new) > MOST_NEW:
            senders += word(language, "title_and_more", count=len(week.new) - MOST_NEW)
        new = word(language, "week_new", senders=senders) if senders else ""
        yield word(language, "week", mails=_mails(week.dull, language), new=new)


def _unread_line(week: Week, language: str) -> Iterator[str]:
    if week.unread:
        yield word(language, "week_unread", mails=_mails(week.unread, language))


def _mails(count: int, language: str) -> str:
    return word(language, "mail" if count == 1 else "mails", n=count)


def rate_limited(count: int, language: str) -> AlertText:
    """The one line for `count` messages that a target's limit held back."""
    return AlertText(
        title=word(language, "rate_limit", count=count), body=word(language, "rate_limit_body")
    )


def _worst_first(texts: Sequence[tuple[Severity, AlertText]]) -> list[AlertText]:
    return [text for _, text in sorted(texts, key=lambda one: -one[0].rank)]


def _list(texts: Sequence[AlertText], language: str) -> str:
    lines = [BULLET + title for title in dict.fromkeys(text.title for text in texts)]
    return _stack(lines, lines, "\n", language)


def _stack(blocks: Sequence[str], titles: Sequence[str], gap: str, language: str) -> str:
    """Blocks below each other while there is room; of those without, the titles, then only their
    number.
    """
    shown: list[str] = []
    for at, (block, title) in enumerate(zip(blocks, titles, strict=True)):
        rest = word(language, "more_titles", count=len(blocks) - at)
        room = BODY_LENGTH - sum(len(one) + len(gap) for one in shown) - len(rest) - len(gap)
        piece: str = next((one for one in (block, title) if len(one) <= room), "")
        if not piece:
            return gap.join([*shown, rest])
        shown.append(piece)
    return gap.join(shown)

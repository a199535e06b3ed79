"""The gist of a mail that no phrase fits: which orders it names, until when, and what about.

It needs no wording known beforehand, so that it may open something and never closes anything.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from parsers import marks
from parsers.dates import Clock, dated_places, find_dates
from parsers.gistwords import GistWords
from parsers.identifiers import normal, shape_of
from parsers.mail import ParsedMail
from parsers.money import every_money
from parsers.notice import Gist, Money, Role, StatedDeadline
from parsers.pack import Library, Pack
from parsers.phrase import fold
from parsers.stores import Letterhead, dollar_of
from parsers.text import VisibleText
from parsers.wordlist import Mark, longest, plain_text

MAX_LINES = 400
MAX_AMOUNTS = 8
MAX_DEADLINES = 5
MAX_TOPICS = 3
URGENT_DAYS = 3
"""72 hours, in days of the calendar."""
HORIZON = timedelta(days=400)
"""A date farther ahead is no deadline."""
NEAR = 24
"""Characters between a cue and its date."""
BESIDE = 6
"""Characters between a span and what it is counted from."""
LABEL_REACH = 48
SEGMENT = re.compile(r"\s[-–—|•·]\s|;")
COMMA = re.compile("[,、]")
HEAD = 3
"""So many lines at the top say what a mail is about."""
ENOUGH = 3
"""Weight from which on a topic is told; below it only the heaviest is."""
TITLE = 4
"""Weight of a topic in the subject; one of the first lines or of a deadline's weighs 2."""
CODE_HEADERS = ("x-space-notification-type", "x-amazon-mail-relay-type", "x-notification-type")
CODE_PARAMETERS = ("nt", "communicationName", "customAttribute1Value")
CODES = (
    ("A_Z_CLAIM", "claim"),
    ("ATOZ", "claim"),
    ("CHARGEBACK", "chargeback"),
    ("REFUND", "refund"),
    ("RETURN", "return"),
    ("CANCEL", "cancel"),
    ("BRC_", "cancel"),
    ("MESSAGE", "message"),
    ("DISPUTE", "dispute"),
    ("APPEAL", "dispute"),
    ("CUSTOMS", "customs"),
    ("PICKUP", "pickup"),
    ("ACCOUNT", "account"),
    ("PERFORMANCE", "account"),
    ("FEE", "fee"),
    ("DISBURSEMENT", "payment"),
    ("PAYMENT", "payment"),
    ("SHIP", "parcel"),
)
"""Parts of a notification's code, surest first."""
PATHS = (
    ("a-to-z", "claim"),
    ("atoz", "claim"),
    ("chargeback", "chargeback"),
    ("dispute", "dispute"),
    ("appeal", "dispute"),
    ("refund", "refund"),
    ("return", "return"),
    ("cancel", "cancel"),
    ("customs", "customs"),
    ("pickup", "pickup"),
    ("payment", "payment"),
    ("messag", "message"),
)
"""Parts of the address of a link."""


def gist_of(
    mail: ParsedMail, head: Letterhead, library: Library, *, role: Role = Role.BUYER
) -> Gist:
    """What `mail` names and asks for, from a sender of whom `head` tells store and group."""
    pack, clock, listed = head.pack, head.clock, head.group is not None
    lines = _lines(mail, pack)
    language = language_of((mail.subject, *lines), library)
    words, clauses = library.gist_words[language], library.clauses[language]
    orders = _orders(mail, lines, pack)
    parcels = _parcels(mail, lines, pack, orders)
    deadlines = _Deadlines(words, library, clock, mail.date).all((mail.subject, *lines))
    if not (orders or parcels):
        needs = [one.line for one in deadlines if _asks(one.line, words)]
        top = (mail.subject, *lines[: 2 * HEAD])
        duty = bool(needs) or any(clauses.predicates(line) for line in top)
        if _is_advert(mail.subject, lines, words, duty=duty, listed=listed):
            return Gist()
    topics = _topics(mail, lines, words, orders, [one.line for one in deadlines])
    if not (orders or parcels or topics):
        return Gist()
    return Gist(
        orders=orders,
        parcels=parcels,
        amounts=_amounts((mail.subject, *lines), dollar_of(head.store)),
        deadlines=deadlines,
        topics=topics,
        urgent=any(_is_near(one.at, clock) for one in deadlines),
        role=role,
        language=language,
    )


def _letters(spans: Iterable[tuple[int, int]]) -> int:
    """How many stand in them; a single one tells nothing."""
    return sum(end - start for start, end in spans if end - start > 1)


def language_of(lines: Iterable[str], library: Library) -> str:
    """The language most of whose listed words stand in the text, by their letters."""
    text = plain_text("\n".join(lines)[:3000])
    weights: Counter[str] = Counter()
    for code, words in library.gist_words.items():
        found = (*words.topics.find(text), *words.cues.find(text))
        told = library.clauses[code].words.find(text)
        weights[code] = _letters({(mark.start, mark.end) for mark in (*found, *told)})
    if not weights or not max(weights.values()):
        return "en"
    return max(sorted(weights), key=lambda code: weights[code])


def _lines(mail: ParsedMail, pack: Pack) -> tuple[str, ...]:
    """What both renderings show, each line once, up to where adverts begin."""
    texts: list[VisibleText] = [mail.text] if mail.has_plain or not mail.html else []
    texts += [mail.rich] if mail.html else []
    shown: dict[str, None] = {}
    for text in texts:
        for place, line in enumerate(text.lines[:MAX_LINES]):
            if place > 3 and fold(line) in pack.ends:
                break
            shown.setdefault(line)
    return tuple(shown)


def _orders(mail: ParsedMail, lines: Sequence[str], pack: Pack) -> tuple[str, ...]:
    named = marks.in_links(mail.links, pack)
    told = [
        number for line in (mail.subject, *lines) for number in marks.orders_in_line(line, pack)
    ]
    sure = marks.merge_orders([told, [number for one in named for number in one.orders]])
    if sure:
        return sure
    parcels = {number for one in named for number in (*one.tracking, *one.packages)}
    bare = (
        match[0]
        for line in (mail.subject, *lines)
        for match in pack.order.finditer(line)
        if _stands_alone(line, match.start(), match.end()) and match[0] not in parcels
    )
    return tuple(dict.fromkeys(number for number in bare if not pack.package.fullmatch(number)))


def _stands_alone(line: str, start: int, end: int) -> bool:
    near = line[max(0, start - 1) : start] + line[end : end + 1]
    return not any(sign.isalnum() and sign.isascii() for sign in near)


def _parcels(
    mail: ParsedMail, lines: Sequence[str], pack: Pack, orders: Sequence[str]
) -> tuple[str, ...]:
    named = marks.in_links(mail.links, pack)
    linked = [number for one in named for number in (*one.tracking, *one.packages)]
    told = _parcels_in_lines((mail.subject, *lines), pack)
    return tuple(dict.fromkeys(number for number in (*linked, *told) if number not in orders))


def _parcels_in_lines(lines: Iterable[str], pack: Pack) -> Iterator[str]:
    """Numbers known by their shape, or behind a word for tracking number in the line before or the
    same.
    """
    labelled = False
    for line in lines:
        folded = fold(line)
        labelled_here = any(label in folded for label in pack.tracking_words)
        for match in marks.PARCEL_IN_LINE.finditer(line):
            number = normal(match[0])
            known = shape_of(number) or pack.package.fullmatch(number)
            if known or ((labelled or labelled_here) and marks.is_parcel(number)):
                yield number
        labelled = labelled_here and len(folded) <= LABEL_REACH


def _amounts(lines: Iterable[str], dollar: str) -> tuple[Money, ...]:
    found = (money for line in lines for money in every_money(line, dollar))
    return tuple(dict.fromkeys(money for money in found if money.value))[:MAX_AMOUNTS]


def _is_advert(
    subject: str, lines: Sequence[str], words: GistWords, *, duty: bool, listed: bool
) -> bool:
    """Whether a mail that names no order sells something, or is about nothing of the reader's.

    `duty`: it asks the reader for something until a date, or says that something has happened.
    """
    titled = bool(_in_text(subject, words))
    if not listed and not (titled and duty):
        return True
    signs = 2 * len(_hits(subject, words)) + len(_hits("\n".join(lines), words))
    return signs > 2 * listed + titled + 2 * duty


def _hits(text: str, words: GistWords) -> set[str]:
    plain = plain_text(text)
    found = words.cues.find(plain)
    return {plain[mark.start : mark.end] for mark in found if mark.role == "adverts"}


def _asks(line: str, words: GistWords) -> bool:
    found = words.cues.find(plain_text(line))
    return any(mark.role in ("acts", "yours") for mark in found)


def _is_near(at: date | datetime, clock: Clock) -> bool:
    day = at.date() if isinstance(at, datetime) else at
    return clock.today is not None and day <= clock.today + timedelta(days=URGENT_DAYS)


def _topics(
    mail: ParsedMail,
    lines: Sequence[str],
    words: GistWords,
    orders: Sequence[str],
    deadline_lines: Sequence[str],
) -> tuple[str, ...]:
    """What the mail is about, heaviest first: a code says most, then the subject, the first lines
    and the lines of deadlines.
    """
    weights: Counter[str] = Counter()
    for topic in _coded(mail):
        weights[topic] += 2 * TITLE
    weights.update(dict.fromkeys(_linked(mail, orders), 2))
    for topic in _in_text(mail.subject, words):
        weights[topic] += TITLE
    for line in lines[:HEAD]:
        weights.update(dict.fromkeys(_in_text(line, words), 2))
    for line in deadline_lines:
        weights.update(dict.fromkeys(_in_text(line, words), 2))
    body = Counter(topic for line in lines for topic in _in_text(line, words))
    weights.update({topic: min(count, ENOUGH) for topic, count in body.items()})
    if not weights:
        return ()
    heaviest = max(weights.values())
    floor = max(min(ENOUGH, heaviest), heaviest / 2)
    told = [topic for topic, weight in weights.most_common() if weight >= floor]
    return tuple(told[:MAX_TOPICS])


def _in_text(text: str, words: GistWords) -> set[str]:
    return {mark.family for mark in longest(words.topics.find(plain_text(text)))}


def _coded(mail: ParsedMail) -> set[str]:
    """Topics of the codes in header and links."""
    codes = [value for name in CODE_HEADERS for value in mail.all(name)]
    for link in mail.links:
        try:
            codes += [value for name, value in link.parameters() if name in CODE_PARAMETERS]
        except ValueError:
            continue
    return {topic for code in codes if (topic := _topic_of(code))}


def _linked(mail: ParsedMail, orders: Sequence[str]) -> set[str]:
    """Topics of the paths that lead to one of the orders; others stand in every footer."""
    return {
        topic
        for link in mail.links
        if any(number in link.url for number in orders)
        for part, topic in PATHS
        if part in link.url.lower()
    }


def _topic_of(code: str) -> str | None:
    upper = code.upper()
    return next((topic for part, topic in CODES if part in upper), None)


class _Deadlines:
    """Finds dates and spans beside the cues of a deadline, in one language."""

    def __init__(
        self, words: GistWords, library: Library, clock: Clock, sent: datetime | None
    ) -> None:
        self.words, self.clock, self.sent = words, clock, sent
        self.dates = library.words[words.language]
        self.clauses = library.clauses[words.language]

    def all(self, lines: Sequence[str]) -> tuple[StatedDeadline, ...]:
        """Every deadline with the line it stands in, each instant once."""
        found: dict[date | datetime, str] = {}
        for line, following in zip(lines, (*lines[1:], ""), strict=True):
            here = list(self._in_line(line))
            for at in here:
                found.setdefault(at, line)
            if not here and following and not line.rstrip().endswith((".", "!", "?", "。")):
                both = f"{line} {following}"
                own = set(self._in_line(following))
                for at in self._in_line(both):
                    if at not in own:
                        found.setdefault(at, both)
        told = [StatedDeadline(at=at, line=line) for at, line in found.items()]
        return tuple(told[:MAX_DEADLINES])

    def _in_line(self, line: str) -> Iterator[date | datetime]:
        for sentence in self.clauses.sentences(line):
            plain = plain_text(sentence)
            cues = sorted(self.words.cues.find(plain))
            if cues:
                yield from self._stated(sentence, plain, cues)
                yield from self._counted(plain, cues)

    def _stated(self, text: str, plain: str, cues: Sequence[Mark]) -> Iterator[date | datetime]:
        end = 0
        for start, stop, day in dated_places(text, self.dates, self.clock):
            cue = self._cue_of(plain, start, stop, cues, end)
            end = stop
            if cue is None or not self._is_ahead(day):
                continue
            if self._is_the_readers(cues, min(cue.start, start), max(cue.end, stop), plain):
                window = text[min(cue.start, start) : max(cue.end, stop + 16)]
                exact = find_dates(window, self.dates, self.clock)
                yield exact[0] if len(exact) == 1 else day

    def _cue_of(
        self, plain: str, start: int, stop: int, cues: Sequence[Mark], since: int
    ) -> Mark | None:
        """The cue that makes a deadline of the date between `start` and `stop`."""
        for cue in reversed(cues):
            before, behind = start - cue.end, cue.start - stop
            if cue.role == "labels" and 0 <= before <= LABEL_REACH and cue.start >= since:
                return cue
            if cue.role == "by" and 0 <= before <= NEAR and cue.start >= since:
                between = plain[cue.end : start]
            elif cue.role == "after" and 0 <= behind <= NEAR:
                between = plain[stop : cue.start]
            else:
                continue
            if self.words.fills(between):
                return cue
        return None

    def _counted(self, plain: str, cues: Sequence[Mark]) -> Iterator[date | datetime]:
        for match in self.words.spans.finditer(plain):
            cue = self._cue_of_span(plain, match.start(), match.end(), cues)
            if cue is None or self._is_counted_elsewhere(cues, match.start(), match.end()):
                continue
            at = self._after(match[1], self.words.units[match[2]])
            start, stop = min(cue.start, match.start()), max(cue.end, match.end())
            if at is not None and self._is_the_readers(cues, start, stop, plain):
                yield at

    def _is_counted_elsewhere(self, cues: Sequence[Mark], start: int, stop: int) -> bool:
        """Whether a span begins with something other than this mail: after delivery, 到着後."""
        for cue in cues:
            if cue.role != "elsewhere":
                continue
            before, behind = start - cue.end, cue.start - stop
            if 0 <= behind <= BESIDE or (self.words.glued and 0 <= before <= BESIDE):
                return not any(
                    one.role == "here" and abs(one.start - cue.start) <= NEAR for one in cues
                )
        return False

    def _cue_of_span(self, plain: str, start: int, stop: int, cues: Sequence[Mark]) -> Mark | None:
        for cue in reversed(cues):
            before, behind = start - cue.end, cue.start - stop
            if cue.role in ("within", "yours") and 0 <= before <= NEAR:
                between = plain[cue.end : start]
            elif cue.role == "left" and 0 <= behind <= NEAR // 2:
                between = plain[stop : cue.start]
            else:
                continue
            if self.words.fills(between):
                return cue
        return None

    def _is_the_readers(self, cues: Sequence[Mark], start: int, stop: int, plain: str) -> bool:
        """Whether the time is the reader's to act in: no arrival, and nobody else's."""
        begin = max((match.end() for match in SEGMENT.finditer(plain, 0, start)), default=0)
        first = not plain[begin:start].strip(" \"'(-")
        for cue in cues:
            leads = begin <= cue.start < start or (first and stop <= cue.start <= stop + NEAR)
            if cue.role == "others" and leads:
                return False
            if (
                cue.role == "promises"
                and cue.start >= stop
                and not COMMA.search(plain, stop, cue.start)
            ):
                return False
        acts = any(cue.role in ("acts", "yours") for cue in cues)
        arrives = any(cue.role == "arrivals" and cue.end > begin for cue in cues)
        return acts or not arrives

    def _is_ahead(self, day: date) -> bool:
        today = self.clock.today
        return today is not None and today <= day <= today + HORIZON

    def _after(self, number: str, unit: str) -> date | datetime | None:
        count = int(number) if number.isdigit() else self.words.numbers[number]
        today = self.clock.today
        if today is None or not 0 < count <= 120:
            return None
        match unit:
            case "hours":
                return None if self.sent is None else self.sent + timedelta(hours=count)
            case "weeks":
                return today + timedelta(weeks=count)
            case "business_days":
                return _business_days(today, count)
            case _:
                return today + timedelta(days=count)


def _business_days(day: date, count: int) -> date:
    """So many days of Monday to Friday after `day`; gazettes are not known here."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day

"""How a mail that was not understood is taught: its lines as phrases, what each may say, and what
speaks against it. Nothing here decides anything: a person does, and the reader judges the phrase.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import getaddresses
from itertools import pairwise
from math import log
from pathlib import Path

from parsers import authentic, forwarded, renderings, stores
from parsers.authentic import Sender
from parsers.body import Page
from parsers.doubts import doubt
from parsers.errors import OrderbellError
from parsers.gapping import compiled, gapped, is_line
from parsers.gist import language_of
from parsers.mail import ParsedMail, parse
from parsers.marketplaces import order_in_text
from parsers.notice import Kind, NearMiss, Outcome, Reading, Role
from parsers.pack import Pack, phrases
from parsers.phrase import CJK, GAP, IS_CJK, fold
from parsers.reader import Context, group_of, read

KANA = re.compile("[\u3041-\u30ff]")
GREETING = re.compile(
    r"^(?:hi|hello|dear|hallo|guten tag|liebe[rs]?|sehr geehrte[rs]?|hola|estimad[oa]|bonjour|cher|"
    r"chère|ciao|gentile|buongiorno|olá|prezad[oa]|beste|geachte|cześć|dzień dobry|witaj)\b"
    r"|님[,.! ]*$|様[、。 ]*$",
    re.IGNORECASE,
)
VALUE = "0123456789-#:： "
"""What may stand behind a label."""
WORD = re.compile(r"[^\W\d_]{2,}")
ALL_CJK = re.compile(f"[{CJK}]+")
MAX_LINE, MAX_LINES = 200, 10
"""Signs of a line that may be a phrase, and how many of them are offered."""
TOP = 25
"""Headlines are offered from so many lines."""
ALIKE = 0.2
"""Share of words that a line has in common with a phrase whose kind is worth offering."""
MAX_KINDS = 5
TAUGHT_KINDS = tuple(
    kind for kind in Kind if "." in kind.value and kind not in (Kind.IMPORT_ROW, Kind.MAIL_GIST)
)
"""What a phrase may say; the others are written down by the program, or noted by a person."""


class TeachError(OrderbellError):
    """Why a mail or a phrase cannot be taught. Nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A line of the mail that may be taught."""

    place: str
    """subject or headline."""
    line: str
    phrase: str
    """The line with gaps for what changes."""
    kinds: tuple[Kind, ...] = ()
    """What it may say, likeliest first."""
    near: NearMiss | None = None
    """The phrase that nearly fits the line, or fits and was not believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One phrase as it is to be taught."""

    marketplace: str
    language: str
    place: str
    phrase: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Teachable:
    """A mail that was not understood, with what could be taught of it."""

    marketplace: str
    language: str
    subject: str
    sender: str
    suggestions: tuple[Suggestion, ...]
    page: Page = field(repr=False)

    def lesson(self, suggestion: Suggestion, kind: Kind, phrase: str | None = None) -> Lesson:
        """The suggestion as a lesson, with gaps as the kind has them unless `phrase` is given."""
        own = gapped(suggestion.line, self.page, self.language, kind)
        return Lesson(
            marketplace=self.marketplace,
            language=self.language,
            place=suggestion.place,
            phrase=phrase or own,
            kind=kind,
        )

    def line_of(self, place: str, phrase: str) -> str | None:
        """The line of the mail that is this phrase."""
        lines = [self.page.subject] if place == "subject" else self.page.lines.printed
        return next(
            (line for line in lines if is_line(phrase, line, self.page, self.language)), None
        )


def teachable(raw: bytes, context: Context, language: str | None = None) -> Teachable:
    """What could be taught of the mail. `language`: of its words, where that is not to be found
    out. Raises TeachError for one that needs no teaching, or that no phrase could change.
    """
    if language is not None and language not in context.library.words:
        codes = ", ".join(sorted(context.library.words))
        raise TeachError(f"the language {language!r} is not known", f"known are {codes}")
    reading = read(raw, context)
    _demand_unread(reading)
    mail, sender = _letter(raw, context)
    pack = sender.pack
    assert pack is not None  # noqa: S101 - `_letter` looked
    group = group_of(sender, pack)
    if group == "noise":
        raise TeachError(f"the pack lists {sender.local} as an address of dull mail alone")
    page = renderings.read(mail, stores.letterhead(mail, sender, group), Role.BUYER).pages[0]
    found = language or _language(page, reading, context)
    return Teachable(
        marketplace=pack.marketplace,
        language=found,
        subject=page.subject,
        sender=sender.address,
        suggestions=_suggestions(mail, page, found, reading),
        page=page,
    )


def _demand_unread(reading: Reading) -> None:
    """Raises TeachError."""
    if reading.outcome is Outcome.NOTICES:
        said = ", ".join(dict.fromkeys(one.kind.value for one in reading.notices))
        raise TeachError(f"this mail is understood already, as {said}")
    if reading.outcome is Outcome.FORGED:
        raise TeachError(
            "this mail only pretends to be from a marketplace, and what it says counts for nothing"
        )


def _letter(raw: bytes, context: Context) -> tuple[ParsedMail, Sender]:
    """The mail, or the one that was forwarded in it, and its sender. Raises TeachError."""
    try:
        mail = parse(raw)
    except Exception:  # noqa: BLE001 - hostile bytes; the reader has told why it is not read
        raise TeachError(
            "this mail cannot be taken apart, so no line of it can be taught"
        ) from None
    inner = forwarded.inner_letter(mail, context.library)
    for letter in (mail, inner or mail):
        sender = authentic.sender_of(letter, context.library)
        if sender is not None and sender.pack is not None:
            return letter, sender
    raise TeachError(
        "this mail is from no marketplace whose pack is known, so no phrase would be looked for"
    )


def _language(page: Page, reading: Reading, context: Context) -> str:
    language = language_of((page.subject, *page.lines.printed), context.library)
    if language not in page.pack.languages and reading.near:
        return Path(reading.near[0].source.rpartition(":")[0]).stem
    return language


def _suggestions(
    mail: ParsedMail, page: Page, language: str, reading: Reading
) -> tuple[Suggestion, ...]:
    """Lines that may be taught, those whose kind can be guessed first; none that names the
    reader.
    """
    names = [name for name, _ in getaddresses(mail.all("to")) if len(name) > 1]
    found = [
        Suggestion(
            place=place,
            line=line,
            phrase=gapped(line, page, language),
            kinds=kinds_like(line, language, page.pack, reading),
            near=next((miss for miss in reading.near if miss.line == line), None),
        )
        for place, line in _lines(page)
        if not any(name in line for name in names)
    ]
    best = sorted(found, key=lambda one: (not one.kinds, one.place == "headline"))
    return tuple(best[:MAX_LINES])


def _lines(page: Page) -> Iterator[tuple[str, str]]:
    """The subject and the lines near the top that may be sentences, each once."""
    yield "subject", page.subject
    seen = {fold(page.subject)}
    for line, folded in zip(page.lines.printed[:TOP], page.lines.folded, strict=False):
        if folded not in seen and _is_sentence(line, page.pack):
            seen.add(folded)
            yield "headline", line


def _is_sentence(line: str, pack: Pack) -> bool:
    words = len(line) / 3 if IS_CJK.search(line) else len(WORD.findall(line))
    dull = GREETING.search(line) or _is_label(line, pack)
    return words >= 2 and len(line) <= MAX_LINE and not dull


def _is_label(line: str, pack: Pack) -> bool:
    """`Order number: 249-…`: a name and a value, and nothing that happened."""
    if fold(line.rstrip(VALUE)) in pack.label_words:
        return True
    name, colon, value = line.partition(":")
    digits = any(sign.isdigit() for sign in value)
    return bool(colon) and digits and len(name.split()) <= 3


def kinds_like(line: str, language: str, pack: Pack, reading: Reading) -> tuple[Kind, ...]:
    """What a line may say, likeliest first: kinds of phrases that nearly fit it, then of those that
    share most words with it; none that its own words speak against.
    """
    near = [miss.kind for miss in reading.near if miss.line == line and not miss.why]
    alike = _alike(_words(line), _worded(language, pack))
    ranked = sorted(alike, key=lambda kind: -alike[kind])
    found = dict.fromkeys([*near, *filter(lambda kind: alike[kind] >= ALIKE, ranked)])
    return tuple(kind for kind in found if _doubtless(line, kind, language, pack))[:MAX_KINDS]


def _worded(language: str, pack: Pack) -> list[tuple[Kind, frozenset[str]]]:
    """The words of every phrase of the language, with its kind."""
    return [
        (template.kind, _words(GAP.sub(" ", phrase.written)))
        for phrase, template in phrases(pack)
        if template.language == language
    ]


def _alike(
    own: frozenset[str], known: Sequence[tuple[Kind, frozenset[str]]]
) -> Mapping[Kind, float]:
    """How much of the words of a line and of the nearest phrase of each kind are the same, from 0
    to 1; a word that stands in many phrases weighs little.
    """
    counts = Counter(word for _, words in known for word in words)
    alike: dict[Kind, float] = {}

    def weight(words: Iterable[str]) -> float:
        return sum(log(1 + len(known) / counts[word]) if counts[word] else 1.0 for word in words)

    for kind, words in known:
        share = weight(own & words) / (weight(own | words) or 1.0)
        alike[kind] = max(share, alike.get(kind, 0.0))
    return alike


def _doubtless(line: str, kind: Kind, language: str, pack: Pack) -> bool:
    with suppress(ValueError):
        return doubt(line, kind, language, pack) is None
    return False


def _words(text: str) -> frozenset[str]:
    """What two lines are compared by: words, and pairs of signs where no spaces part words."""
    folded = fold(text)
    pairs = (one + other for one, other in pairwise(folded) if IS_CJK.match(one))
    return frozenset((*WORD.findall(ALL_CJK.sub(" ", folded)), *filter(ALL_CJK.fullmatch, pairs)))


def demand_sound(lesson: Lesson, of: Teachable) -> None:
    """Raises TeachError when the phrase's own words, or this mail's, speak against it."""
    if lesson.kind not in TAUGHT_KINDS:
        raise TeachError(f"{lesson.kind.value} is said by no mail")
    if not lesson.phrase.isprintable():
        raise TeachError("a phrase is one line of letters, without control characters")
    try:
        compiled(lesson.phrase)
    except ValueError as error:
        raise TeachError(str(error)) from None
    if of.line_of(lesson.place, lesson.phrase) is None:
        raise TeachError(f"no line of this mail is “{lesson.phrase}”", "a phrase is a whole line")
    why = doubt(lesson.phrase, lesson.kind, lesson.language, of.page.pack)
    if why is not None:
        raise TeachError(why)


def lines_to_write(reading: Reading, folder: Path) -> Iterator[str]:
    """What to write, and into which file below the folder of the user's packs; nothing for a mail
    that was understood.
    """
    if reading.outcome is not Outcome.UNREAD or reading.marketplace is None or not reading.subject:
        return
    best = reading.near[0] if reading.near else None
    if best:
        language, kind = Path(best.source.rpartition(":")[0]).stem, f"  {best.kind.value}:"
    else:
        language = "ja" if KANA.search(reading.subject) else "en"
        kind = "  KIND:   # what the mail says, such as shipment.shipped"
    place = "headline" if best and best.line != reading.subject else "subject"
    text = gaps_of(best.line if best else reading.subject).replace("'", "''")
    path = folder / reading.marketplace / "phrases" / f"{language}.yaml"
    yield f"To teach it, write into {path}:"
    yield kind
    yield f"    {place}: ['{text}']   # {{…}} for what changes from mail to mail"
    yield "then `orderbell mails reread`; or let `orderbell teach` do all of it."


def gaps_of(line: str) -> str:
    """A line of a mail as a phrase: quoted titles and order numbers become gaps."""
    line = re.sub(
        r"(?<![\w'])[\"“„«「『][^\"”“»」』]{3,}[\"”“»」』]", "{item}", line.strip(), count=1
    )
    return order_in_text().sub("{order}", line, count=1)

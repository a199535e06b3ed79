"""A mail as its subject and the lines that are seen: what a change of meaning works on."""

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from email.header import Header
from email.utils import format_datetime
from functools import cache
from pathlib import Path

from parsers import mail as mime
from parsers.notice import Evidence, Notice, Reading
from parsers.reader import Context, read
from tests.golden import FIXTURES, context_of, expected, mails

STAMP = "mx.example.org"
DECIDING = ("judgement", "outcome", "solution", "type", "charged", "debited", "scope")
"""Fields that a rule acts on: the same kind with another of these is another statement."""
SEEN = "padding:4px"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What the reader is shown."""

    sender: str
    date: str
    subject: str
    lines: tuple[str, ...]
    links: tuple[tuple[int, str], ...] = ()
    """Line, address."""
    dress: str = "html"
    """plain, html or both."""
    styles: Mapping[int, str] | None = None
    """Line -> attributes of its cell, where it is not simply seen."""
    css: str = ""
    grid: tuple[tuple[str, ...], ...] = ()
    """Rows of cells below the lines."""
    plain: tuple[str, ...] | None = None
    """The other rendering, where it says something else."""
    quote: bool = False
    """Whether everything below the first line stands in a <blockquote>."""

    def raw(self) -> bytes:
        """The mail, as the user's own server stamped it."""
        domain = self.sender.rpartition("@")[2]
        head = {
            "Authentication-Results": (
                f"{STAMP}; dkim=pass header.d={domain}; dmarc=pass header.from={domain}"
            ),
            "From": f"<{self.sender}>",
            "To": "me@example.org",
            "Subject": Header(self.subject, "utf-8").encode(linesep="\r\n"),
            "Date": self.date,
            "Message-ID": "<meaning@mail.example.net>",
            "MIME-Version": "1.0",
        }
        fields = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        parts = list(self._parts())
        if len(parts) == 1:
            return (fields + parts[0]).encode()
        inner = "".join(f"--=_m\r\n{part}\r\n" for part in parts)
        kind = 'Content-Type: multipart/alternative; boundary="=_m"\r\n\r\n'
        return (fields + kind + inner + "--=_m--\r\n").encode()

    def _parts(self) -> Iterator[str]:
        if self.plain is not None or self.dress != "html":
            lines = self.plain if self.plain is not None else self._plain_lines()
            yield _part("plain", "\r\n".join(lines))
        if self.plain is not None or self.dress != "plain":
            yield _part("html", "\r\n".join(self._html()))

    def _plain_lines(self) -> tuple[str, ...]:
        return (*self.lines, *(f"<{address}>" for _, address in self.links))

    def _html(self) -> Iterator[str]:
        yield f"<html><head><style>{self.css}</style></head><body>"
        places = range(len(self.lines))
        for place in places[:1] if self.quote else places:
            yield self._row(place)
        if self.quote:
            yield "<blockquote>"
            yield from (self._row(place) for place in places[1:])
            yield "</blockquote>"
        if self.grid:
            yield "<table>"
            for row in self.grid:
                cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in row)
                yield f"<tr>{cells}</tr>"
            yield "</table>"
        yield "</body></html>"

    def _row(self, place: int) -> str:
        attributes = (self.styles or {}).get(place, f'style="{SEEN}"')
        text = html.escape(self.lines[place], quote=False)
        for line, address in self.links:
            if line == place:
                text = f'<a href="{html.escape(address)}">{text}</a>'
                break
        more = "".join(
            f'<a href="{html.escape(address)}"></a>'
            for line, address in self.links
            if line == place and f'href="{html.escape(address)}"' not in text
        )
        return f"<div {attributes}>{text}{more}</div>"


def _part(subtype: str, text: str) -> str:
    return (
        f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        f"{text}\r\n"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A golden mail whose meaning can be changed: as it is, it is read as its golden mail is."""

    name: str
    sheet: Sheet
    context: Context
    notices: tuple[Notice, ...]

    @property
    def language(self) -> str:
        return self.notices[0].language

    @property
    def marketplace(self) -> str:
        return self.notices[0].marketplace

    def evidence(self, *where: str) -> tuple[Evidence, ...]:
        return tuple(
            proof for notice in self.notices for proof in notice.evidence if proof.where in where
        )

    def stating(self) -> frozenset[str]:
        """The lines that say what the mail is about, its subject among them."""
        said = self.evidence("subject", "headline") or self.evidence("label")
        return frozenset(proof.line for proof in said)

    def with_lines(self, changed: Mapping[str, str]) -> Sheet:
        """The sheet with these lines, and the subject if it is one of them, in other words."""
        return replace(
            self.sheet,
            subject=changed.get(self.sheet.subject, self.sheet.subject),
            lines=tuple(changed.get(line, line) for line in self.sheet.lines),
        )


def statements(notices: Sequence[Notice]) -> frozenset[tuple[object, ...]]:
    """What is claimed with confidence: each kind with its deciding fields."""
    return frozenset(
        (
            notice.kind,
            *((name, notice.fields[name]) for name in DECIDING if name in notice.fields),
        )
        for notice in notices
        if "unknown" not in [notice.fields.get(name) for name in DECIDING]
    )


@cache
def bases() -> tuple[Base, ...]:
    """Every real and reconstructed golden mail that says something and survives being written anew."""
    return tuple(base for path in mails() if (base := _base(path)) is not None)


@cache
def lost() -> tuple[str, ...]:
    """Golden mails of notices that do not survive it: structured data, cards only HTML can show."""
    kept = {base.name for base in bases()}
    return tuple(
        name
        for path in mails()
        if expected(path).get("notices") and (name := str(path.relative_to(FIXTURES))) not in kept
    )


def _base(path: Path) -> Base | None:
    wanted = expected(path)
    if not wanted.get("notices"):
        return None
    context = context_of(
        {**wanted, "context": {**wanted.get("context", {}), "authserv_ids": [STAMP]}}
    )
    raw = path.read_bytes()
    golden = read(raw, context)
    if all(_by_code_alone(notice) for notice in golden.notices):
        return None
    letter = mime.parse(raw)
    for dress in ("plain", "html", "both") if letter.has_plain else ("html", "plain", "both"):
        sheet = _sheet(letter, golden, dress)
        again = read(sheet.raw(), context)
        if statements(again.notices) == statements(golden.notices) != frozenset():
            return Base(
                name=str(path.relative_to(FIXTURES)),
                sheet=sheet,
                context=context,
                notices=again.notices,
            )
    return None


def _by_code_alone(notice: Notice) -> bool:
    """Whether no words of the mail say what it is, so that none can be changed."""
    places = {one.where for one in notice.evidence}
    return "code" in places and not places & {"subject", "headline", "sentence"}


def _sheet(letter: mime.ParsedMail, golden: Reading, dress: str) -> Sheet:
    text = letter.text if dress == "plain" or not letter.html else letter.rich
    return Sheet(
        sender=golden.sender,
        date=format_datetime(golden.sent_at)
        if golden.sent_at
        else "Tue, 12 May 2026 09:30:00 +0000",
        subject=golden.subject,
        lines=text.lines,
        links=tuple((link.line, link.url) for link in text.links),
        dress=dress,
    )

"""The code by which a marketplace names the kind of its own mail.

It stands in a field of the header and again in links of the body, so that a forward keeps it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from parsers import marks
from parsers.mail import ParsedMail
from parsers.notice import Evidence, FieldValue, Kind
from parsers.pack import Pack
from parsers.packfile import Coded

HEADED = re.compile(r"[\w.:-]{3,80}")
LINKED = re.compile(r"[A-Z][A-Z0-9]{0,40}(?:_[A-Z0-9]{1,40}){1,12}")
"""Link parameters carry much else, so that only what looks like a code is one there."""
UNLISTED = "a code that the pack does not list"
"""By these words `doctor` counts such mails."""
MAX_LINKS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class MailCode:
    """What a mail calls itself."""

    name: str
    line: str
    """Where it stands: the field of the header, or the link."""
    means: Coded | None
    """What the pack lists it as; None for a code that nobody knows."""
    source: str
    linked: bool
    """Whether only a link says it."""

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kind it names, and those that its words may tell instead."""
        return self.means.kinds if self.means else ()

    @property
    def fixed(self) -> Mapping[str, FieldValue]:
        """What such a mail states whenever its words do not say otherwise."""
        return self.means.fixed if self.means else {}

    @property
    def evidence(self) -> Evidence:
        return Evidence(where="code", phrase=self.name, line=self.line, source=self.source)

    @property
    def complaint(self) -> str:
        """That nobody knows it, as the end of a sentence; nothing of one that is listed."""
        return "" if self.means else f"it names itself {self.name}, {UNLISTED}"


def unlisted_in(reason: str) -> str:
    """The code that a reason complains of."""
    return reason.partition(f", {UNLISTED}")[0].rpartition("names itself ")[2]


def code_of(mail: ParsedMail, pack: Pack) -> MailCode | None:
    """The code of a mail: of its header, else of its links. Several that differ are none that is
    known.
    """
    for linked, places in ((False, _headed(mail, pack)), (True, _linked(mail, pack))):
        found = dict(places)
        if found:
            return _one(found, pack, linked=linked)
    return None


def _one(found: dict[str, str], pack: Pack, *, linked: bool) -> MailCode:
    listed = [name for name in found if name in pack.file.codes]
    name = listed[0] if len(listed) == 1 else " and ".join(found)
    return MailCode(
        name=name,
        line=found.get(name) or next(iter(found.values())),
        means=pack.file.codes.get(name),
        source=f"pack.yaml codes: {name}",
        linked=linked,
    )


def _headed(mail: ParsedMail, pack: Pack) -> Iterator[tuple[str, str]]:
    for field in pack.file.code_headers:
        for value in mail.all(field.lower()):
            if HEADED.fullmatch(value.strip()):
                yield value.strip(), f"{field}: {value.strip()}"


def _linked(mail: ParsedMail, pack: Pack) -> Iterator[tuple[str, str]]:
    names = pack.file.links.get("code", ())
    for link in mail.links[:MAX_LINKS] if names else ():
        if "=" in link.url and marks.is_own(link.url, pack):
            values = filter(LINKED.fullmatch, marks.parameters(link, names))
            yield from ((value, link.url) for value in values)

"""Text for strangers' screens: what a mail says may neither ring everyone, nor link, nor break the
line.
"""

import re
import unicodedata
from dataclasses import replace

from orders.subject import FactType, FactValue, Subject
from rules.alert import BODY_LENGTH, TITLE_LENGTH
from rules.fields import FIELDS

LINK = re.compile(
    r"(?:\b(?:https?|ftp|file|data|javascript|mailto|tel)://?|\bmailto:|\bjavascript:|\bwww\.)\S*",
    re.IGNORECASE,
)
BARE_HOST = re.compile(r"(?<=\w)\.(?=[^\W\d_]{2,})")
MENTION = re.compile(r"(?<![\w.])@(?=\w)|(?<=<)@")
SLACK_COMMAND = re.compile(r"<(?=[!#@&/])")
MARKDOWN_LINK = re.compile(r"\](?=[(\[])")

ZERO_WIDTH = "\u200b"
"""Put in by us to break what an app would act on; those that came with the text are taken out
before.
"""
DOT_LEADER = "\u2024"
"""Looks like a dot, and no app makes a link of shop․example; unlike a zero-width mark it survives
`body`.
"""


def foreign(text: str) -> str:
    """One line of a mail (item, seller, case number) made safe to stand in a message: links go,
    names stay readable.
    """
    line = _one_line(LINK.sub("[link]", _plain(text)))
    return _disarm(BARE_HOST.sub(DOT_LEADER, line))


def title(text: str, *, before: str = "", behind: str = "") -> str:
    """One line of at most 120 characters; what stands before and behind is never cut."""
    return (
        before
        + _disarm(_cut(_one_line(_plain(text)), TITLE_LENGTH - len(before) - len(behind)))
        + behind
    )


def body(text: str) -> str:
    """At most 1,000 characters, never more than one empty line in a row. Links are kept: ours are
    built, not copied.
    """
    lines = [" ".join(line.split()) for line in _plain(text).split("\n")]
    return _disarm(_cut(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), BODY_LENGTH))


def _plain(text: str) -> str:
    """NFC; every line end a line feed; no control, format (bidi, zero-width), private or surrogate
    characters.
    """
    text = re.sub(r"\r\n?|[\v\f\x85\u2028\u2029]", "\n", text).replace("\t", " ")
    kept = (
        char
        for char in text
        if char == "\n" or unicodedata.category(char) not in ("Cc", "Cf", "Co", "Cs")
    )
    return unicodedata.normalize("NFC", "".join(kept))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _disarm(text: str) -> str:
    """@everyone, <!channel>, [text](link): looks the same, does nothing. Done twice, it is as done
    once.
    """
    text = MENTION.sub("@" + ZERO_WIDTH, text)
    text = SLACK_COMMAND.sub("<" + ZERO_WIDTH, text)
    return MARKDOWN_LINK.sub("]" + ZERO_WIDTH, text)


OURS = ("mailbox.", "target.", "pack.", "rules.", "service.", "order.link")
"""Said by the program and its own files, not by a mail."""


def sanitized(subject: Subject) -> Subject:
    """The subject with every text that came out of a mail cleaned. For wording only: rules judge
    what was written.
    """
    return replace(
        subject, facts={name: _clean(name, value) for name, value in subject.facts.items()}
    )


def _clean(name: str, value: FactValue) -> FactValue:
    known = FIELDS.get(name)
    choice = known is not None and known.type is FactType.CHOICE
    return (
        value if not isinstance(value, str) or choice or name.startswith(OURS) else foreign(value)
    )

"""What a YAML parser complains of, in the words of a person who never read its specification, with
what to write instead.
"""

import re
from collections.abc import Callable

LONGEST = 60
"""Characters of a line that are shown in a suggestion."""
SECRETS = ("password", "url", "value", "token", "answers", "secret")
"""Keys whose text is never repeated."""


def _colon(line: str) -> str:
    key, _, text = line.strip().removeprefix("- ").partition(":")
    text = text.strip()
    if not text or len(line) > LONGEST or key.strip() in SECRETS or '"' in text:
        return "a colon inside a text: put the text in quotes"
    return f'a colon inside a text wants quotes; write {key}: "{text}"'


def _start(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent:
        return "a tab; YAML is indented with spaces: write two spaces instead"
    return "a text that begins with @, `, % or a tab wants quotes; write it as '…'"


def _misfit(line: str) -> str:
    key, _, text = line.strip().partition(": ")
    if re.match(r"[{\[].*[}\]].+", text) and len(line) <= LONGEST and key not in SECRETS:
        return f"a text that begins with {text[0]} wants quotes; write {key}: {text!r}"
    return (
        "this line does not fit those above: entries of one list or map begin in the same column;"
        " indent it by as many spaces as they have"
    )


def _said(words: str) -> Callable[[str], str]:
    return lambda _: words


SAYINGS: tuple[tuple[str, Callable[[str], str]], ...] = (
    (r"mapping values are not allowed", _colon),
    (r"cannot start any token", _start),
    (
        r"could not find expected ':'",
        _said("expected 'key: value': a colon is missing here or in the line above"),
    ),
    (
        r"unexpected end of stream|found unexpected document separator",
        _said("a quote that was opened here or above is never closed; close it"),
    ),
    (
        r"expected ',' or '\]'",
        _said("a list opened with [ does not end; write [one, two]"),
    ),
    (
        r"expected ',' or '\}'",
        _said("a map opened with { does not end; write {key: value, key: value}"),
    ),
    (
        r"expected <block end>|sequence entries are not allowed|expected the node content",
        _misfit,
    ),
    (
        r"unknown escape character|expected escape sequence",
        _said("a backslash between double quotes; use single quotes: '…'"),
    ),
    (
        r"could not determine a constructor|undefined tag handle|expected .*tag",
        _said("a text that begins with ! wants quotes; write it as '…'"),
    ),
)
"""A pattern of the parser's complaint, and what is said instead, given the line."""


def in_words(complaint: str, line: str) -> str:
    """The complaint about this line of the file as a sentence with its cure."""
    for pattern, say in SAYINGS:
        if re.search(pattern, complaint):
            return say(line)
    return f"not YAML ({complaint}); compare it with the example in the documentation"

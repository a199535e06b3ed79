"""A phrase put into the text of a phrase file, and taken out again; all else stays as written.

Each phrase stands on a line of its own, with the time it was taught behind it; comments, order and
indentation of the file are its owner's. The text is changed by the places of its YAML nodes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from parsers.user_yaml import UserFileError, parse, plain

MARK = "# taught "
TAUGHT = re.compile(
    r"^(?P<indent> *)(?:- )?\{?(?P<place>subject|headline): \['(?P<phrase>(?:[^']|'')*)'\]\}?"
    r"  # taught (?P<at>\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2})\s*$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaughtLine:
    """A phrase in the text of a file, as `added` wrote it."""

    number: int
    """Of its line, from 0."""
    place: str
    phrase: str
    at: str
    """Local time, `2026-11-29 14:03:05`: sorts as text."""


def added(text: str, kind: str, place: str, phrase: str, at: str) -> str:
    """The text with one more phrase of `kind`. Raises ValueError when the file is not written in a
    way that can be changed here.
    """
    entry = f"{place}: ['{phrase.replace(chr(39), chr(39) * 2)}']"
    changed = _with(text, kind, entry, f"{MARK}{at}")
    try:
        good = _tree(changed) == _expected(_tree(text), kind, place, phrase)
    except UserFileError:
        good = False
    if not good:
        raise ValueError(f"{kind} is written there in a way that cannot be added to")
    return changed


def _with(text: str, kind: str, entry: str, note: str) -> str:
    value = _value(text, kind)
    if value is None:
        lead = "" if not text or text.endswith("\n") else "\n"
        return f"{text}{lead}{kind}:\n- {entry}  {note}\n"
    if value.flow_style:
        return _in_flow(text, value, f"{{{entry}}}  {note}")
    if isinstance(value, MappingNode):
        text = _as_list(text, value)
    return _below(text, value, f"- {entry}  {note}")


def removed(text: str, line: TaughtLine) -> str:
    """The text without that phrase, and without its kind where nothing else stands under it."""
    lines = text.splitlines(keepends=True)
    del lines[line.number]
    root = YAML(typ="rt", pure=True).compose("".join(lines))
    for key, value in root.value if isinstance(root, MappingNode) else ():
        if isinstance(value, ScalarNode) and not value.value:
            del lines[key.start_mark.line]
            break
    return "".join(lines)


def taught_lines(text: str) -> Iterator[TaughtLine]:
    """Every phrase of the text that `added` wrote, in its order."""
    for number, line in enumerate(text.splitlines()):
        match = TAUGHT.match(line)
        if match:
            yield TaughtLine(
                number=number,
                place=match["place"],
                phrase=match["phrase"].replace("''", "'"),
                at=match["at"],
            )


def _value(text: str, kind: str) -> CollectionNode | None:
    """What stands under the kind at the top of the file; None for nothing. Raises ValueError where
    something else than blocks stands there.
    """
    root = YAML(typ="rt", pure=True).compose(text)
    for key, value in root.value if isinstance(root, MappingNode) else ():
        if key.value == kind:
            if not isinstance(value, MappingNode | SequenceNode):
                raise ValueError(f"{kind} holds no blocks there")
            return value
    return None


def _in_flow(text: str, value: CollectionNode, entry: str) -> str:
    """`kind: [{…}]` with one more at its end; `kind: {…}` becomes a list."""
    start, stop = value.start_mark.index, value.end_mark.index
    if isinstance(value, MappingNode):
        return f"{text[:start]}[{text[start:stop]},\n  {entry}\n  ]{text[stop:]}"
    inside = text[start : stop - 1].rstrip()
    comma = "" if inside.endswith((",", "[")) else ","
    return f"{text[:start]}{inside}{comma}\n  {entry}\n  {text[stop - 1 :]}"


def _below(text: str, value: CollectionNode, entry: str) -> str:
    """A line more behind the last line of a list, as far in as the others."""
    lines = text.split("\n")
    last = max(mark for mark in _ends(value)) + 1
    lines.insert(last, " " * value.start_mark.column + entry)
    return "\n".join(lines)


def _as_list(text: str, value: CollectionNode) -> str:
    """The one block under a kind as the first of a list: `- ` before it, the rest two further
    in.
    """
    lines = text.split("\n")
    first, last = value.start_mark.line, max(_ends(value))
    column = value.start_mark.column
    for place in range(first, last + 1):
        if lines[place].strip():
            lead = "- " if place == first else "  "
            lines[place] = f"{lines[place][:column]}{lead}{lines[place][column:]}"
    return "\n".join(lines)


def _ends(node: Node) -> Iterator[int]:
    """The lines on which scalars and flow lists below the node end."""
    if not isinstance(node, CollectionNode) or node.flow_style:
        yield node.end_mark.line
        return
    for value in node.value:
        yield from _ends(value[1] if isinstance(node, MappingNode) else value)


def _tree(text: str) -> dict[str, Any]:
    return plain(parse(text, "").tree) or {}


def _expected(tree: dict[str, Any], kind: str, place: str, phrase: str) -> dict[str, Any]:
    old = tree.get(kind) or []
    blocks = old if isinstance(old, list) else [old]
    return {**tree, kind: [*blocks, {place: [phrase]}]}

"""One more rule put into the text of a rule file; comments, order and indentation stay as written.

The text is changed by the places of its YAML nodes, and read again before anybody believes it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, SequenceNode

from parsers.user_yaml import UserFileError, parse, plain

HEAD = "# yaml-language-server: $schema=./rules.schema.json\nversion: 1\n"
NOTES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "when": "all of these must hold; docs/facts.md lists every fact",
        "severity": "critical rings at night, info waits for the digest",
        "notify": "groups of config.yaml to tell instead of those of the severity",
        "repeat": "told again until you acknowledge it",
        "quiet": 'or hold, or hours of its own: {from: "22:30", to: "07:00"}',
    },
    "ja": {
        "when": "すべて満たすと鳴ります。項目の一覧は docs/facts.md",
        "severity": "critical は夜も鳴り、info はまとめ通知を待ちます",
        "notify": "重大度の通知先の代わりに知らせる、config.yaml のグループ",
        "repeat": "確認するまで、この間隔で繰り返します",
        "quiet": 'または hold、または自分の時間帯：{from: "22:30", to: "07:00"}',
    },
}
STARTS: Mapping[str, tuple[str, str, str]] = {
    "order": (
        "order.role: buyer|order.amount: {at_least: 5000 JPY}|order.shipped_at: {newer_than: 2d}",
        "On its way: {order}",
        "発送されました：{order}",
    ),
    "shipment": (
        "order.role: buyer|shipment.status: out_for_delivery",
        "Comes today: {order}",
        "今日届きます：{order}",
    ),
    "dispute": (
        "order.role: buyer|dispute.open: true|dispute.respond_by: {within: 48h}",
        "Answer the dispute by {dispute.respond_by}: {order}",
        "{dispute.respond_by} までに紛争へ回答：{order}",
    ),
    "refund": (
        "order.role: buyer|refund.state: completed|refund.closed_at: {newer_than: 2d}",
        "Refunded[ {refund.amount_paid}]: {order}",
        "返金されました[（{refund.amount_paid}）]：{order}",
    ),
    "mail": (
        "mail.outcome: unread|mail.received_at: {newer_than: 2d}",
        "A mail to look at: {mail.subject¦short}",
        "確認したいメール：{mail.subject¦short}",
    ),
}
"""What a new rule may be about: its tests, and its title in English and Japanese."""


def starting_rule(name: str, about: str, severity: str, language: str) -> str:
    """The lines of a rule to be changed by its owner, with what its keys mean beside them."""
    tests, english, japanese = STARTS[about]
    note = NOTES[language]
    lines = [
        f"- id: {name}",
        f"  about: {about}",
        f"  when:  # {note['when']}",
        *(f"    {test}" for test in tests.split("|")),
        f"  severity: {severity}  # {note['severity']}",
        f"  # notify: [phone]  # {note['notify']}",
        f"  # repeat: 3d  # {note['repeat']}",
        f"  # quiet_hours: ignore  # {note['quiet']}",
        "  resolved: false",
        "  title:",
        f'    en: "{english}"'.replace("¦", "|"),
        f'    ja: "{japanese}"'.replace("¦", "|"),
    ]
    return "".join(f"{line}\n" for line in lines)


def with_rule(text: str, rule: str) -> str:
    """The text of a rule file with one rule more at the end of its own. Raises ValueError when the
    file is written in a way that cannot be added to.
    """
    text = "".join(_whole(text.splitlines(keepends=True)))
    changed = _with(text if text.strip() else HEAD, rule)
    if _rules(changed) != [*_rules(text), *(plain(parse(rule, "rule").tree))]:
        raise ValueError("its rules are written in a way that cannot be added to")
    return changed


def _rules(text: str) -> list[Any]:
    """The user's own rules; none in a text that is none. Raises ValueError."""
    try:
        tree = plain(parse(text, "rules.yaml").tree)
    except UserFileError as error:
        raise ValueError(str(error)) from error
    return list((tree or {}).get("rules") or ())


def _with(text: str, rule: str) -> str:
    root = YAML(typ="rt", pure=True).compose(text)
    lines = text.splitlines(keepends=True)
    for key, value in root.value if isinstance(root, MappingNode) else ():
        if key.value == "rules":
            return "".join(_under(lines, key, value, rule))
    return "".join((*_whole(lines), "\nrules:\n", *_indented(rule, 2)))


def _under(lines: list[str], key: Node, value: Node, rule: str) -> list[str]:
    """The lines with the rule behind those that stand under `rules:`. Raises ValueError."""
    if isinstance(value, SequenceNode) and not value.flow_style:
        at = _behind(lines, value)
        return [*_whole(lines[:at]), *_indented(rule, value.start_mark.column), *lines[at:]]
    if value.value:
        raise ValueError("its rules stand between brackets; write each on lines of its own")
    at = key.start_mark.line
    return [*lines[:at], "rules:\n", *_indented(rule, 2), *lines[at + 1 :]]


def _behind(lines: list[str], value: SequenceNode) -> int:
    """The line behind the last of the list, and behind the comments that belong to it."""
    at = max(_last_lines(value)) + 1
    while at < len(lines) and _belongs(lines[at], value.start_mark.column):
        at += 1
    return at


def _belongs(line: str, column: int) -> bool:
    inside = line.lstrip(" ")
    return inside.startswith("#") and len(line) - len(inside) > column


def _last_lines(node: Node) -> Iterator[int]:
    """The last line of everything in it, from 0; a block of text ends at the next line's begin."""
    parts = [] if not isinstance(node, CollectionNode) or node.flow_style else node.value
    if not parts:
        yield node.end_mark.line - (node.end_mark.column == 0)
    for part in parts:
        yield from _last_lines(part[1] if isinstance(part, tuple) else part)


def _whole(lines: list[str]) -> list[str]:
    """The last line with its end."""
    return [*lines[:-1], lines[-1].rstrip("\n") + "\n"] if lines else []


def _indented(rule: str, column: int) -> list[str]:
    return [" " * column + line for line in rule.splitlines(keepends=True)]

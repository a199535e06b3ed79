"""The manual page that a package installs, made from the commands: `python -m tests.manual write`,
checked in the suite.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from daemon.cli import main as orderbell
from daemon.cli.exits import MEANINGS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "man" / "orderbell.1"
FILES = (
    ("~/.config/orderbell/config.yaml", "mailboxes, targets and how you want to be told"),
    ("~/.config/orderbell/rules.yaml", "what you want otherwise than the rules that are shipped"),
    ("~/.config/orderbell/packs/", "your corrections to what is understood"),
    ("~/.local/state/orderbell/", "the ledger and seven daily copies of it"),
)


def page() -> str:
    """The manual page as roff."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield '.TH ORDERBELL 1 "" Orderbell "User Commands"'
    yield from (".SH NAME", f"orderbell \\- {_text(orderbell.help)}")
    yield from (
        ".SH SYNOPSIS",
        ".B orderbell",
        "[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGS\\fR]...",
    )
    yield ".SH OPTIONS"
    yield from _options(orderbell)
    yield ".SH COMMANDS"
    for title, commands in orderbell.sections.items():
        yield f".SS {title}"
        for command in commands:
            yield from _command(command, f"orderbell {command.name}")
    yield ".SH FILES"
    for path, what in FILES:
        yield from (".TP", f".I {_text(path)}", _text(what))
    yield ".SH EXIT STATUS"
    for code, what in MEANINGS.items():
        yield from (".TP", f".B {code.value}", _text(what))


def _command(command: click.Command, name: str) -> Iterator[str]:
    usage = " ".join(command.collect_usage_pieces(_context(command)))
    yield from (".TP", f".B {_text(name)} {_text(usage)}", _text(command.help))
    yield from (".RS", *_options(command), ".RE")
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from _command(inner, f"{name} {inner.name}")


def _options(command: click.Command) -> Iterator[str]:
    context = _context(command)
    for option in command.get_params(context):
        record = option.get_help_record(context)
        if record is not None:
            yield from (".TP", f".B {_text(record[0])}", _text(record[1]) or "\\&")


def _context(command: click.Command) -> click.Context:
    """As a call makes it: a command keeps the help option of the first context that asks."""
    return click.Context(command, **orderbell.context_settings)


def _text(words: str | None) -> str:
    """One paragraph as roff: nothing in it is taken for a request."""
    line = " ".join((words or "").replace("\b", "").split())
    line = line.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", line)


def main(words: list[str]) -> int:
    fresh = page()
    if words == ["write"]:
        PAGE.write_text(fresh)
        return 0
    stale = PAGE.read_text() != fresh
    print(f"{PAGE.name}: not as the program is; run: make docs" if stale else "", end="")
    return int(stale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

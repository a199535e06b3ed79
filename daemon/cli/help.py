"""The help of all commands in the language of the terminal: the tree of commands, copied with its
texts translated.
"""

import inspect
import re
from collections.abc import Iterable
from copy import copy
from gettext import gettext as _
from typing import TypeVar

import click

from daemon.cli.listing import width, wrapped

CommandT = TypeVar("CommandT", bound=click.Command)

VERBATIM = "\b"
"""click's mark of a paragraph whose lines stay as they are."""


class WideFormatter(click.HelpFormatter):
    """Help whose signs may be two columns wide and stand without spaces between words."""

    def write_heading(self, heading: str) -> None:
        self.write(f"{' ' * self.current_indent}{heading}{_(':')}\n")

    def write_text(self, text: str) -> None:
        size = max(self.width - self.current_indent, 11)
        for index, paragraph in enumerate(text.split("\n\n")):
            kept = paragraph.startswith(VERBATIM)
            lines = paragraph.splitlines()[1:] if kept else wrapped(paragraph, size)
            for line in [""] * (index > 0) + lines:
                self.write(f"{' ' * self.current_indent * bool(line)}{line}\n")

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        rows = list(rows)
        first = min(max(width(name) for name, _text in rows), col_max) + col_spacing
        indent = " " * self.current_indent
        for name, text in rows:
            lines = wrapped(text, max(self.width - first - self.current_indent, 10))
            if width(name) > first - col_spacing:
                self.write(f"{indent}{name}\n")
            else:
                lines[0] = name + " " * (first - width(name)) + lines[0]
            for line in lines:
                known = line.startswith(name)
                self.write(f"{indent}{'' if known else ' ' * first}{line}".rstrip() + "\n")


class WideContext(click.Context):
    formatter_class = WideFormatter


def key(text: str) -> str:
    """A help text as the catalogue knows it: each paragraph one line, but for those kept as they
    are.
    """
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(
        part if part.startswith(VERBATIM) else re.sub(r"\s*\n\s*", " ", part) for part in paragraphs
    )


def translated(command: CommandT) -> CommandT:
    """The command and all below it, as the terminal's language says them; the original stays."""
    made = copy(command)
    made.context_class = WideContext
    made.help, made.short_help, made.epilog = map(_text, (made.help, made.short_help, made.epilog))
    made.params = [_param(param) for param in made.params]
    if isinstance(made, click.Group):
        made.commands = {name: translated(below) for name, below in made.commands.items()}
    return made


def _text(text: str | None) -> str | None:
    return text and _(key(text))


def _param(param: click.Parameter) -> click.Parameter:
    if not isinstance(param, click.Option):
        return param
    made = copy(param)
    made.help = _text(made.help)
    return made

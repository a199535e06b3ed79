"""How far a long reading is: a bar in a terminal, a line now and then elsewhere (cron, a log)."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from gettext import gettext as _
from gettext import ngettext
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

MANY = 100
"""Mails in a folder that are worth a bar: a first run, or one after a long while."""
EVERY = 10.0
"""Seconds between two lines."""

Progress = Callable[[str, str, int, int], None]


@contextmanager
def progress() -> Iterator[Progress]:
    """What is called with mailbox, folder, mails done and mails in all."""
    if not sys.stderr.isatty():
        yield ProgressLines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    words = TextColumn("{task.description}")
    columns = (words, BarColumn(), MofNCompleteColumn(), TextColumn(_("mails, left:")))
    with Bars(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bars:
        yield _on(bars)


def _on(bars: "Bars") -> Progress:
    tasks: dict[tuple[str, str], TaskID] = {}

    def show(mailbox: str, folder: str, done: int, of: int) -> None:
        if of < MANY:
            return
        key = (mailbox, folder)
        if key not in tasks:
            tasks[key] = bars.add_task(f"{mailbox}, {folder}", total=of)
        bars.update(tasks[key], completed=done, total=of)

    return show


class ProgressLines:
    """A line at the begin, every ten seconds, and at the end."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun: dict[tuple[str, str], float] = {}
        self._last = float("-inf")

    def __call__(self, mailbox: str, folder: str, done: int, of: int) -> None:
        now = self._clock()
        if of < MANY or (self._last + EVERY > now and done < of):
            return
        self._last = now
        begun = self._begun.setdefault((mailbox, folder), now)
        told = _("{mailbox}, {folder}: {done} of {count} mails").format(
            mailbox=mailbox, folder=folder, done=done, count=of
        )
        left = remaining(now - begun, done, of)
        click.echo(told + (_(", {left} left").format(left=left) if left else ""), err=True)


def remaining(seconds: float, done: int, of: int) -> str:
    """How long the rest will take at the pace so far; nothing where that is not known yet."""
    if not done or not seconds or done >= of:
        return ""
    left = round(seconds / done * (of - done))
    if left < 60:
        return ngettext("{n} second", "{n} seconds", left).format(n=left)
    minutes = round(left / 60)
    return ngettext("{n} minute", "{n} minutes", minutes).format(n=minutes)

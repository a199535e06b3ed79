"""How a command ends: the exit codes, and every foreseen error as sentences on stderr instead of a
traceback.
"""

import os
import sys
from collections.abc import Iterable
from enum import IntEnum
from pathlib import Path
from typing import Any

import click

from daemon.cli.listing import say
from parsers.errors import OrderbellError, os_error_text


class Exit(IntEnum):
    """Documented for scripts; treat an unknown code as a failure."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    CONFIGURATION = 3
    RULES = 4
    MAILBOX = 5
    DELIVERY = 6
    LEDGER = 7


MEANINGS: dict[Exit, str] = {
    Exit.DONE: "done",
    Exit.ERROR: "something could not be done; the message says what",
    Exit.USAGE: "the command line was not understood",
    Exit.CONFIGURATION: "the configuration, a pack or a secret is wrong or missing",
    Exit.RULES: "the rules are wrong, or a test of them failed",
    Exit.MAILBOX: "a mailbox cannot be reached or refuses the login",
    Exit.DELIVERY: "a target does not take messages",
    Exit.LEDGER: "the ledger cannot be opened, is damaged, or is in use",
}


ENDS: dict[str, Exit] = {
    "UserFileError": Exit.CONFIGURATION,  # or RULES, when all its faults are in the user's rules
    "TooComplexError": Exit.ERROR,
    "OperandError": Exit.RULES,
    "CellError": Exit.ERROR,
    "TeachError": Exit.ERROR,
    "ModelError": Exit.ERROR,
    "WorkerError": Exit.ERROR,
    "ReadingError": Exit.ERROR,
    "StandInError": Exit.ERROR,
    "ReadingStoppedError": Exit.ERROR,
    "MailboxError": Exit.MAILBOX,  # or CONFIGURATION, when its secret is what is missing
    "StoreError": Exit.LEDGER,
    "SecretError": Exit.CONFIGURATION,
    "WebError": Exit.ERROR,
    "CommandError": Exit.ERROR,
    "LetterError": Exit.ERROR,
    "EvidenceError": Exit.ERROR,
    "UndoError": Exit.ERROR,
    "UnknownOrderError": Exit.ERROR,
    "UnknownAlertError": Exit.ERROR,
    "UnknownMailError": Exit.ERROR,
    "ListingError": Exit.USAGE,
    "AccessError": Exit.ERROR,
    "PortError": Exit.ERROR,
    "BodyError": Exit.ERROR,
    "UnknownRuleError": Exit.USAGE,
    "UnknownStoreError": Exit.ERROR,
    "AmbiguousOrderError": Exit.USAGE,
    "BackupError": Exit.ERROR,
    "MqttError": Exit.CONFIGURATION,
    "PostboxError": Exit.ERROR,
}
"""How each error of the tree (`parsers/errors.py`) ends a command; by name, so that a command that
never meets one need not load its room.
"""


class ExitError(OrderbellError):
    """Ends the command with sentences for a person and an exit code."""

    def __init__(self, code: Exit, *sentences: str) -> None:
        self.code = code
        self._sentences = sentences
        super().__init__("\n".join(sentences))

    @property
    def sentences(self) -> tuple[str, ...]:
        return self._sentences


class CommandGroup(click.Group):
    """A group whose foreseen errors become sentences; what is not foreseen keeps its traceback, as
    our own mistake.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except BrokenPipeError:
            # The reader has gone (`orderbell orders | head`): nothing to say, and nobody to say it
            # to.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(Exit.ERROR)
        except Exception as error:
            stop = foreseen(error, rules=ctx.obj and ctx.obj.rules)
            if stop is None:
                raise
            complain(stop.sentences)
            ctx.exit(stop.code)


def complain(sentences: Iterable[str]) -> None:
    """Write sentences to stderr, one a line, in the language of the terminal."""
    for sentence in sentences:
        say(sentence, err=True)


def foreseen(error: Exception, *, rules: Path | None = None) -> ExitError | None:
    """The error as the end of a command, or None when it is a mistake of ours. `rules` is the
    user's rule file.
    """
    match error:
        case ExitError():
            return error
        case OrderbellError():
            return ExitError(exit_of(error, rules), *error.sentences)
        case OSError():
            return ExitError(Exit.ERROR, os_error_text(error))
        case _:
            return None


def exit_of(error: OrderbellError, rules: Path | None = None) -> Exit:
    """The exit code, by `ENDS` and its two exceptions."""
    name = type(error).__name__
    files = {fault.file for fault in getattr(error, "faults", ())}
    if name == "UserFileError" and files == {str(rules)}:
        return Exit.RULES
    if name == "MailboxError" and getattr(error, "kind", None) == "secret":
        return Exit.CONFIGURATION
    return ENDS.get(name, Exit.ERROR)

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


class ExitError(Exception):
    """Ends the command with sentences for a person and an exit code."""

    def __init__(self, code: Exit, *sentences: str) -> None:
        self.code = code
        self.sentences = sentences
        super().__init__("\n".join(sentences))


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
    """Write sentences to stderr, one a line."""
    for sentence in sentences:
        click.echo(sentence, err=True)


def foreseen(error: Exception, *, rules: Path | None = None) -> ExitError | None:
    """The error as the end of a command, or None when it is a mistake of ours. `rules` is the
    user's rule file.
    """
    from parsers.user_yaml import UserFileError

    match error:
        case ExitError():
            return error
        case UserFileError():
            about_rules = rules is not None and all(
                fault.file == str(rules) for fault in error.faults
            )
            return ExitError(
                Exit.RULES if about_rules else Exit.CONFIGURATION,
                *(str(fault) for fault in error.faults),
            )
        case _ if (told := _from_a_room(error)) is not None:
            return told
        case OSError():
            return ExitError(Exit.ERROR, in_words(error))
        case _:
            return None


def _from_a_room(error: Exception) -> ExitError | None:
    """Errors of the rooms that touch the world: each says what, and what to try."""
    from daemon.mailbox.errors import MailboxError, MailboxErrorKind
    from daemon.secrets import SecretError
    from daemon.store.errors import StoreError

    if isinstance(error, MailboxError) and error.kind is MailboxErrorKind.SECRET:
        return ExitError(Exit.CONFIGURATION, _sentence(error))
    codes = (
        (StoreError, Exit.LEDGER),
        (MailboxError, Exit.MAILBOX),
        (SecretError, Exit.CONFIGURATION),
    )
    return next(
        (ExitError(code, _sentence(error)) for kind, code in codes if isinstance(error, kind)), None
    )


def _sentence(error: Any) -> str:
    return f"{error.what}; {error.try_this}" if error.try_this else str(error.what)


def in_words(error: OSError) -> str:
    """An error of the operating system with the file it is about."""
    what = (error.strerror or str(error) or type(error).__name__).lower()
    return f"{error.filename}: {what}" if error.filename else what

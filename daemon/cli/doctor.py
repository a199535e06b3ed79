"""`doctor`: everything that must be right, looked at once, each finding with its cure."""

from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit, ExitError, foreseen
from daemon.cli.listing import as_json, print_json, words
from daemon.cli.paths import Paths
from daemon.i18n import in_terminal

if TYPE_CHECKING:
    from daemon.service.doctor import Check

CODES = {
    "ledger": Exit.LEDGER,
    "mailbox": Exit.MAILBOX,
    "target": Exit.DELIVERY,
}
"""Of what is bad without an error that has a code of its own."""


def _tell(check: "Check", *, verbose: bool, as_json: bool) -> None:
    more = f" (it said: {check.said})" if check.said and verbose else ""
    what = check.what + more
    if as_json:
        print_json({"verdict": check.result.value, "about": check.about, "what": what})
        return
    about = f"{words(check.area)} {check.name}".rstrip()
    click.echo(f"{check.result.value:<5} {about}: {in_terminal(what)}")


@click.command(short_help="Look at everything that must be right, with the cures.")
@click.option("--no-message", is_flag=True, help="Send no test message to the targets.")
@click.option(
    "--verbose", is_flag=True, help="Show what a command for a secret complained of, veiled."
)
@as_json
@click.pass_obj
def doctor(paths: Paths, no_message: bool, verbose: bool, as_json: bool) -> None:
    """Look at everything that must be right: files, logins, folders, clock, ledger, targets,
    unit.
    """
    from daemon.service.doctor import CheckResult, examine

    bad: list[Check] = []
    for check in examine(paths.files(), message=not no_message):
        _tell(check, verbose=verbose, as_json=as_json)
        bad += [check] if check.result is CheckResult.BAD else []
    if bad:
        raise ExitError(
            _code(paths, bad[0]), f"{len(bad)} thing{'s' * (len(bad) > 1)} to mend, see above"
        )


def _code(paths: Paths, check: "Check") -> Exit:
    end = None if check.error is None else foreseen(check.error, rules=paths.rules)
    return end.code if end else CODES.get(check.area, Exit.ERROR)

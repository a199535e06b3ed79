"""`notify test`: a message to each target, the way an alert goes there."""

from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import say
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from daemon.settings import Settings, Target


@click.group()
def notify() -> None:
    """Look after the targets alerts are pushed to."""


@notify.command()
@click.argument("target", required=False)
@click.pass_obj
def test(paths: Paths, target: str | None) -> None:
    """Send a test message to TARGET, or to every target."""
    from daemon.push.notifier import Notifier
    from daemon.push.trial import send_test

    chosen = targets(paths.settings(), target)
    failures = []
    with Notifier() as notifier:
        for goal in chosen:
            why = send_test(goal, notifier)
            if why is None:
                say(f"{goal.id}: sent")
            else:
                failures.append(f"{goal.id}: {why}")
    if failures:
        raise ExitError(Exit.DELIVERY, *failures)


def targets(settings: "Settings", name: str | None) -> "tuple[Target, ...]":
    """The target called `name`, else all. Raises ExitError when there is none."""
    from parsers.user_yaml import did_you_mean

    known = [target.id for target in settings.targets]
    if not known:
        raise ExitError(
            Exit.CONFIGURATION, "the configuration has no targets: yet, so there is nobody to tell"
        )
    if name is None:
        return tuple(settings.targets)
    if name not in known:
        raise ExitError(
            Exit.USAGE, f"no target {name!r} in the configuration{did_you_mean(name, known)}"
        )
    return (settings.targets[known.index(name)],)

"""`replay`: a folder of mails under a virtual clock, and the alerts it would have sent."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.exits import Exit, ExitError, complain
from daemon.cli.listing import as_json, print_json, put, say
from daemon.cli.paths import Paths, mailbox_of

if TYPE_CHECKING:
    from datetime import tzinfo

    from daemon.pipeline.setup import Setup
    from daemon.replay import Rung
    from daemon.settings import Settings, Target
    from orders.event import Event
    from parsers.frame import Frame


@click.command(short_help="Which alerts a folder of mails would have sent.")
@click.argument("path", type=click.Path(path_type=Path))
@as_json
@click.option(
    "--orders",
    type=click.Path(path_type=Path),
    help="An order export that is known before the first mail.",
)
@click.option(
    "--notes",
    type=click.Path(path_type=Path),
    help="YAML list of {at, kind, order, …} told meanwhile.",
)
@click.option(
    "--rules",
    "rules_file",
    type=click.Path(path_type=Path),
    help="Rules to try instead of your own.",
)
@click.option(
    "--trust",
    type=click.Choice(["headers", "all"]),
    default="headers",
    show_default=True,
    help="all: take mails without authentication as genuine.",
)
@click.option("--role", type=click.Choice(["buyer", "seller"]), help="Whose mailbox it is.")
@click.option(
    "--until",
    metavar="WHEN",
    help="Let the clock run until then.  [default: a day after the last mail]",
)
@click.option("--mailbox", metavar="ID", help="Read as mail of this mailbox of the configuration.")
@click.option(
    "--language", type=click.Choice(["en", "ja"]), help="[default: that of your first target]"
)
@click.pass_obj
def replay(paths: Paths, /, path: Path, as_json: bool, **options: Any) -> None:
    """Say which alerts the mails of PATH (folder, mbox, Maildir) would have sent; sends nothing,
    keeps nothing.
    """
    from daemon.replay import Scenario, mails
    from daemon.replay import replay as run
    from daemon.worker.reading import inline
    from parsers.user_yaml import UserFileError

    setup = paths.setup(rules=options["rules_file"])
    frame = _frame(
        paths,
        setup,
        options["mailbox"],
        options["role"],
        trust_all=options["trust"] == "all",
    )
    try:
        scenario = Scenario(
            mails=mails(path),
            **_known(setup.zone, options["orders"], options["notes"], options["until"]),
        )
    except UserFileError as error:
        raise ExitError(Exit.ERROR, *error.sentences) from error
    except ValueError as error:
        raise ExitError(Exit.USAGE, str(error)) from error
    target = _target(paths.settings_if_any(), options["language"])
    rung = None
    for rung in run(scenario, setup, inline(paths.packs), frame, target):
        if as_json:
            print_json(rung.to_json(setup.zone))
        else:
            put(_in_words(rung, setup.zone))
    if rung is None and not as_json:
        say(f"{path}: no alert would have been sent", err=True)


def _known(
    zone: "tzinfo", orders: Path | None, notes: Path | None, until: str | None
) -> dict[str, Any]:
    """What is known besides the mails. Raises UserFileError and ValueError."""
    from daemon.pipeline.notes import instant, load

    return {
        "orders": _orders(orders, zone) if orders else (),
        "notes": load(notes, zone) if notes else (),
        "until": instant(until, zone, until=True) if until else None,
    }


def _frame(
    paths: Paths, setup: "Setup", mailbox: str | None, role: str | None, *, trust_all: bool
) -> "Frame":
    """How the mails are read: as those of the mailbox called so, else the first."""
    from parsers.frame import Frame

    settings = paths.settings_if_any()
    if settings is None:
        if mailbox:
            raise ExitError(
                Exit.CONFIGURATION,
                f"--mailbox {mailbox} needs a configuration; {paths.config}: no such file",
            )
        return Frame(zone=setup.zone, role=role or "buyer", trust_all=trust_all)
    frame = setup.frame(mailbox_of(settings, mailbox).id)
    return replace(frame, role=role or frame.role, trust_all=trust_all)


def _orders(path: Path, zone: "tzinfo") -> "tuple[Event, ...]":
    from daemon.files.importers import read

    found = read(path, seen=datetime.now(UTC), zone=zone)
    complain(map(str, found.faults))
    return found.events


def _target(settings: "Settings | None", language: str | None) -> "Target | None":
    """Whose words are shown: the first target's, in `language` when that is given."""
    first = settings.targets[0] if settings and settings.targets else None
    if language is None:
        return first
    from daemon.settings import Secret, Target

    base = first or Target(id="terminal", url=Secret(value=""))
    return base.model_copy(update={"language": language})


def _in_words(rung: "Rung", zone: "tzinfo") -> str:
    at = f"{rung.at.astimezone(zone):%Y-%m-%d %H:%M}"
    head = f"{at}  {rung.severity}  {rung.state}  [{rung.rule}]  {rung.title}"
    return "\n".join([head, *(f"    {line}" for line in rung.body.splitlines())])

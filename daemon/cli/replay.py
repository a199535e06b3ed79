"""`replay`: a folder of mails under a virtual clock, and the alerts it would have sent."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit, ExitError, complain
from daemon.cli.listing import as_json, print_json
from daemon.cli.paths import Paths, mailbox_of

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

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
def replay(
    places: Paths,
    path: Path,
    as_json: bool,
    orders: Path | None,
    notes: Path | None,
    rules_file: Path | None,
    trust: str,
    role: str | None,
    until: str | None,
    mailbox: str | None,
    language: str | None,
) -> None:
    """Say which alerts the mails of PATH (folder, mbox, Maildir) would have sent; sends nothing,
    keeps nothing.
    """
    from datetime import UTC, datetime

    from daemon.pipeline import notes as told
    from daemon.replay import mails
    from daemon.replay import replay as run
    from daemon.worker.reading import inline
    from parsers.user_yaml import UserFileError

    settings = places.settings_if_any()
    if mailbox and settings is None:
        raise ExitError(
            Exit.CONFIGURATION,
            f"--mailbox {mailbox} needs a configuration; {places.config}: no such file",
        )
    zone = places.zone()
    setup = places.setup(rules=rules_file)
    frame = _frame(settings, mailbox, zone, role, trust_all=trust == "all")
    try:
        filed = mails(path)
        events = _orders(orders, zone, datetime.now(UTC)) if orders else ()
        noted = told.load(notes, zone) if notes else ()
        end = told.instant(until, zone, until=True) if until else None
    except UserFileError as error:
        raise ExitError(Exit.ERROR, *(str(fault) for fault in error.faults)) from error
    except ValueError as error:
        raise ExitError(Exit.USAGE, str(error)) from error
    target = _target(settings, language)
    rung = run(
        filed,
        setup,
        inline(places.packs),
        frame,
        orders=events,
        notes=noted,
        until=end,
        target=target,
    )
    for one in rung:
        if as_json:
            print_json(one.to_json(zone))
        else:
            click.echo(_in_words(one, zone))


def _frame(
    settings: "Settings | None",
    name: str | None,
    zone: "tzinfo",
    role: str | None,
    *,
    trust_all: bool,
) -> "Frame":
    from parsers.frame import Frame

    if settings is None:
        return Frame(zone=zone, role=role or "buyer", trust_all=trust_all)
    frame = mailbox_of(settings, name).frame(zone)
    return dataclasses.replace(frame, role=role or frame.role, trust_all=trust_all)


def _orders(path: Path, zone: "tzinfo", now: "datetime") -> "tuple[Event, ...]":
    from daemon.files.importers import read

    found = read(path, seen=now, zone=zone)
    complain(str(fault) for fault in found.faults)
    return found.events


def _target(settings: "Settings | None", language: str | None) -> "Target | None":
    """Whose words are shown: the first target's, in `language` when that is given."""
    first = settings.targets[0] if settings and settings.targets else None
    if language is None:
        return first
    from daemon.settings import Secret, Target

    base = first or Target(id="terminal", url=Secret(value=""))
    return base.model_copy(update={"language": language})


def _in_words(one: "Rung", zone: "tzinfo") -> str:
    head = (
        f"{one.at.astimezone(zone):%Y-%m-%d %H:%M}  {one.severity}  {one.state}  [{one.rule}] "
        f" {one.title}"
    )
    return "\n".join([head, *(f"    {line}" for line in one.body.splitlines())])

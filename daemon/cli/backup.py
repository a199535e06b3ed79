"""`backup` and `restore`: the ledger and your files as one file, and back again."""

from datetime import UTC, datetime
from pathlib import Path

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import say
from daemon.cli.paths import Paths


@click.command(short_help="The ledger and your files in one file, without secrets.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.pass_obj
def backup(paths: Paths, file: Path, force: bool) -> None:
    """Write ledger, configuration, rules and packs into FILE, while the service runs if it does.

    Secrets are left out: passwords, tokens and addresses of targets stay where they lie.
    """
    from daemon.backup import Places, make_backup
    from daemon.store.store import FILE

    ledger = paths.state / FILE
    if not ledger.exists():
        raise ExitError(
            Exit.LEDGER, f"{ledger}: there is no ledger yet; it begins with: orderbell once"
        )
    if file.exists() and not force:
        raise ExitError(Exit.ERROR, f"{file} is there already; choose another name, or --force")
    if not file.parent.is_dir():
        raise ExitError(Exit.ERROR, f"{file.parent}: no such folder; make it first")
    made = make_backup(Places(config=paths.config, state=paths.state), file, datetime.now(UTC))
    size = file.stat().st_size
    say(f"written to {file}: {len(made.files)} files, {size / 1e6:.1f} MB; no secret is in it")


@click.command(short_help="Put a backup in force; what it replaces is kept.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--check", is_flag=True, help="Only say what is in it.")
@click.pass_obj
def restore(paths: Paths, file: Path, check: bool) -> None:
    """Check FILE, a backup, then put it in the place of ledger and files; those are kept beside.

    Stop the service first. Mail that came since the backup is read again, and may ring again.
    """
    from daemon.backup import Places, read_backup
    from daemon.backup import restore as put_back

    if check:
        found = read_backup(file)
        say(
            f"{file}: made {found.made:%Y-%m-%d %H:%M} UTC by Orderbell {found.version},"
            f" {len(found.files)} files"
        )
        return
    done = put_back(file, Places(config=paths.config, state=paths.state), datetime.now(UTC))
    say(f"restored from {file}, made {done.backup.made:%Y-%m-%d %H:%M} UTC")
    for path in done.aside:
        say(f"kept: {path}")
    if done.secrets:
        say(
            f"{paths.config}: {done.secrets} secrets were written into this file and are no part of"
            " a backup; write them in again, then: orderbell doctor"
        )

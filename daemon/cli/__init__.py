"""The command `orderbell`."""

from pathlib import Path

import click

from daemon import __version__
from daemon.cli import (
    alerts,
    configuration,
    demo,
    doctor,
    files,
    first,
    ledger,
    login,
    mails,
    notify,
    reading,
    replay,
    rules,
    service,
    status,
    telling,
    watching,
)
from daemon.cli.exits import MEANINGS, Commands
from daemon.cli.places import Places

EPILOG = "\b\nExit codes: " + "\n".join(f"{code.value}  {meaning}" for code, meaning in MEANINGS.items()).replace(
    "\n", "\n            "
)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(__version__, prog_name="orderbell")
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Configuration file; rules.yaml and packs/ lie beside it.  [default: ~/.config/orderbell/config.yaml]",
)
@click.option(
    "--state",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder of the ledger.  [default: $STATE_DIRECTORY, else ~/.local/state/orderbell]",
)
@click.pass_context
def main(ctx: click.Context, config: Path | None, state: Path | None) -> None:
    """Read the mail AliExpress and Amazon send, and ring before money or rights are lost."""
    ctx.obj = Places(given_config=config, given_state=state)


for command in (
    demo.demo,
    reading.read,
    reading.why,
    reading.scrub,
    replay.replay,
    configuration.config,
    rules.rules,
    ledger.orders,
    ledger.order,
    ledger.cases,
    ledger.watches,
    telling.note,
    telling.assign,
    telling.dossier,
    alerts.alerts,
    alerts.ack,
    alerts.snooze,
    alerts.resolve,
    mails.mails,
    files.import_files,
    files.export,
    notify.notify,
    doctor.doctor,
    first.init,
    login.login,
    watching.run,
    watching.once,
    status.status,
    service.service,
):
    main.add_command(command)

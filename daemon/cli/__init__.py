"""The command `orderbell`."""

import os
import sys
from collections.abc import Mapping, Sequence
from gettext import gettext as _
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import click

from daemon import __version__
from daemon.cli import (
    alerts,
    backup,
    config,
    demo,
    doctor,
    evidence,
    import_export,
    init,
    letters,
    login,
    mails,
    notes,
    notify,
    orders,
    read,
    replay,
    routes,
    rules,
    run,
    service,
    stake,
    status,
    teach,
    undo,
    web,
)
from daemon.cli.exits import MEANINGS, CommandGroup
from daemon.cli.help import translated
from daemon.cli.paths import Paths
from daemon.i18n import choose_language, configured_language, speak
from parsers import marketplaces

EPILOG = "\b\nExit codes: " + "\n".join(
    f"{code.value}  {meaning}" for code, meaning in MEANINGS.items()
).replace("\n", "\n            ")


class Sections(CommandGroup):
    """The commands by what one wants, in the help as in the documentation."""

    sections: Mapping[str, Sequence[click.Command]] = {}

    def main(self, args: Sequence[str] | None = None, *rest: Any, **more: Any) -> Any:
        """Everything a person reads is in their language, the usage error of a wrong call too."""
        words = sys.argv[1:] if args is None else args
        language = choose_language(_configured(words), os.environ)
        with speak(language):
            tree = self if language == "en" else translated(self)
            return super(Sections, tree).main(args, *rest, **more)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        for title, commands in self.sections.items():
            with formatter.section(_(title)):
                rows = [self.commands[str(command.name)] for command in commands]
                formatter.write_dl(
                    [(str(command.name), command.get_short_help_str(62)) for command in rows],
                    col_max=10,
                )


def _configured(words: Sequence[str]) -> str | None:
    """The language of the configuration this call is about, before anything of it is parsed."""
    given = [word.partition("=")[2] for word in words if word.startswith("--config=")]
    given += [after for word, after in pairwise(words) if word == "--config"]
    return configured_language(
        Paths(given_config=Path(given[0]) if given else None, given_state=None).config
    )


@click.group(cls=Sections, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(__version__, prog_name="orderbell")
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path, readable=False),
    help=(
        "Configuration file; rules.yaml and packs/ lie beside it.  [default:"
        " ~/.config/orderbell/config.yaml]"
    ),
)
@click.option(
    "--state",
    metavar="DIR",
    type=click.Path(path_type=Path, readable=False),
    help="Folder of the ledger.  [default: $STATE_DIRECTORY, else ~/.local/state/orderbell]",
)
@click.pass_context
def main(ctx: click.Context, config: Path | None, state: Path | None) -> None:
    """Read the mail AliExpress and Amazon send, and ring before money or rights are lost."""
    ctx.obj = Paths(given_config=config, given_state=state)
    marketplaces.use(ctx.obj.packs)


main.sections = {
    "Begin": (demo.demo, init.init, doctor.doctor),
    "Watch": (
        run.run,
        run.once,
        run.reload,
        status.status,
        service.service,
        web.web,
        login.login,
    ),
    "Mails": (read.read, read.why, teach.teach, read.scrub, replay.replay, mails.mails),
    "Orders": (
        orders.orders,
        orders.order,
        orders.cases,
        orders.watches,
        stake.stake,
        stake.stores,
        notes.note,
        notes.assign,
        undo.undo,
        notes.dossier,
        evidence.evidence,
        letters.letter,
        letters.letters,
        import_export.import_files,
        import_export.export,
    ),
    "Alerts": (
        alerts.alerts,
        alerts.alert,
        alerts.ack,
        alerts.snooze,
        alerts.resolve,
        notify.notify,
    ),
    "Files": (
        config.config,
        rules.rules,
        routes.routes,
        backup.backup,
        backup.restore,
        config.completion,
    ),
}
for command in chain.from_iterable(main.sections.values()):
    main.add_command(command)

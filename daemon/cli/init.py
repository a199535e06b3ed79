"""`init`: from nothing to a configuration that works, by questions or by flags; and one more of
something for one that is there.
"""

from collections.abc import Mapping
from dataclasses import replace
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.paths import Paths
from daemon.cli.questions import (
    PROVIDERS,
    ask,
    ask_mailbox,
    ask_target,
    quiet_span,
    with_login,
    zone_name,
)
from daemon.i18n import in_terminal

if TYPE_CHECKING:
    from daemon.service.starter import Answers
    from daemon.settings import Settings


def _known_zone(ctx: click.Context, option: click.Parameter, name: str | None) -> str | None:
    del ctx, option
    return name and zone_name(name)


def _known_span(ctx: click.Context, option: click.Parameter, text: str | None) -> str | None:
    del ctx, option
    return text and quiet_span(text)


@click.command()
@click.option("--non-interactive", is_flag=True, help="Ask nothing; take the flags.")
@click.option("--provider", type=click.Choice(PROVIDERS), help="A provider whose server is known.")
@click.option("--host", help="IMAP server.")
@click.option("--port", type=click.IntRange(1, 65535), help="[default: tried]")
@click.option(
    "--tls",
    type=click.Choice(["implicit", "starttls", "none"]),
    help="How the connection is encrypted.  [default: tried]",
)
@click.option(
    "--tls-ca-file",
    type=click.Path(path_type=Path),
    help="PEM file with the certificate of your own server.",
)
@click.option("--user", help="Name the server knows you by, usually your address.")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path),
    help="File with the password as its one line.",
)
@click.option("--password-env", metavar="NAME", help="Environment variable with the password.")
@click.option(
    "--folder",
    "folders",
    multiple=True,
    help="Folder to watch; may be given again.  [default: INBOX]",
)
@click.option(
    "--role", type=click.Choice(["buyer", "seller", "both"]), default="buyer", show_default=True
)
@click.option(
    "--url-file", type=click.Path(path_type=Path), help="File with an Apprise URL to push to."
)
@click.option("--ntfy", is_flag=True, help="Push to a new ntfy topic with a random name.")
@click.option("--language", type=click.Choice(["en", "ja"]), help="Of the messages.")
@click.option(
    "--timezone",
    metavar="ZONE",
    callback=_known_zone,
    help="Such as Asia/Tokyo.  [default: this machine's]",
)
@click.option(
    "--quiet-hours",
    metavar="SPAN",
    callback=_known_span,
    help="When only what is critical rings, or none.  [default: 22:30-07:00]",
)
@click.option(
    "--add",
    type=click.Choice(["mailbox", "target"]),
    help="One more of these for a configuration that is there.",
)
@click.option("--name", metavar="ID", help="What the mailbox or target that is added is called.")
@click.option("--no-try", is_flag=True, help="Try neither login nor target.")
@click.option(
    "--force", is_flag=True, help="Replace a configuration; the old one is kept as config.yaml.old."
)
@click.pass_obj
def init(paths: Paths, /, non_interactive: bool, no_try: bool, force: bool, **flags: Any) -> None:
    """Make a configuration: mailbox, login, target, quiet hours, time zone."""
    from daemon.service.starter import write_files

    if flags["add"]:
        _add(paths, flags, asks=not non_interactive, tries=not no_try)
        return
    if paths.config.exists() and not force:
        there = _(
            "{path} is there already; edit it, give it one more with --add mailbox or --add target,"
            " or start anew with --force (the old one is kept)"
        )
        raise ExitError(Exit.ERROR, there.format(path=paths.config))
    answers = _from_flags(flags)
    answers = _demand(answers) if non_interactive else ask(answers, quiet=not flags["quiet_hours"])
    if not no_try and not answers.signs_in:
        answers = with_login(paths, answers, asks=not non_interactive)
    write_files(paths.files(), answers)
    click.echo(_("Written: {path}").format(path=paths.config))
    _say_topic(answers, flags)
    if not no_try:
        _try_targets(paths.settings())
    if answers.signs_in:
        click.echo(
            _("Next: orderbell login {name} --client-id ID    # of an app for mail; then").format(
                name=answers.name
            )
        )
    click.echo(_("Next: orderbell once    # reads 90 days back and says what needs you"))


def _say_topic(answers: "Answers", flags: Mapping[str, Any]) -> None:
    if answers.url and "ntfy" in answers.url and not flags["url_file"]:
        told = _("In the ntfy app on your phone, subscribe to the topic {topic} (it is a secret).")
        click.echo(told.format(topic=answers.url.rsplit("/", 1)[-1]))


def _add(paths: Paths, flags: Mapping[str, Any], *, asks: bool, tries: bool) -> None:
    """A mailbox or a target for the configuration, which must be right already."""
    from daemon.service.starter import add_mailbox, add_target

    settings = paths.settings()
    answers = _from_flags(flags)
    if flags["add"] == "mailbox":
        taken = [box.id for box in settings.mailboxes]
        answers = ask_mailbox(answers) if asks else _demand(answers)
        answers = replace(answers, name=flags["name"] or _free_name(answers, taken))
        _demand_free(answers.name, taken)
        if tries and not answers.signs_in:
            answers = with_login(paths, answers, asks=asks)
        add_mailbox(paths.files(), answers)
    else:
        taken = [target.id for target in settings.targets]
        name = flags["name"] or _free("phone", taken)
        _demand_free(name, taken)
        if asks and not answers.url and not answers.url_place:
            answers = replace(answers, url=ask_target())
        if not answers.url and not answers.url_place:
            raise ExitError(
                Exit.USAGE, _("without questions these are needed: --url-file or --ntfy")
            )
        answers = replace(answers, name=name)
        add_target(paths.files(), answers)
        _say_topic(answers, flags)
        if tries:
            _try_targets(paths.settings(), only=name)
    added = _("Added to {path}: {name}; a service that runs reads it by itself")
    click.echo(added.format(path=paths.config, name=answers.name))


def _free_name(answers: "Answers", taken: list[str]) -> str:
    """Called after where it is, such as gmail."""
    place = answers.provider or str(answers.host)
    return _free("".join(sign if sign.isalnum() else "-" for sign in place), taken)


def _free(name: str, taken: list[str]) -> str:
    names = [name, *(f"{name}-{number}" for number in range(2, len(taken) + 3))]
    return next(one for one in names if one not in taken)


def _demand_free(name: str, taken: list[str]) -> None:
    if name in taken:
        told = _("{name!r} is there already; choose another with --name")
        raise ExitError(Exit.USAGE, told.format(name=name))


def _from_flags(flags: Mapping[str, Any]) -> "Answers":
    from daemon.i18n import speaking
    from daemon.service.starter import Answers, new_topic
    from daemon.settings import zone_here

    password_place = {"file": _whole(flags["password_file"])} if flags["password_file"] else None
    if flags["password_env"]:
        password_place = {"env": flags["password_env"]}
    quiet = flags["quiet_hours"] or "22:30-07:00"
    return Answers(
        provider=flags["provider"],
        host=flags["host"],
        port=flags["port"],
        tls=flags["tls"],
        tls_ca_file=_whole(flags["tls_ca_file"]) if flags["tls_ca_file"] else None,
        user=flags["user"] or "",
        password_place=password_place,
        folders=flags["folders"] or ("INBOX",),
        role=flags["role"],
        url=new_topic() if flags["ntfy"] else None,
        url_place={"file": _whole(flags["url_file"])} if flags["url_file"] else None,
        language=flags["language"] or speaking(),
        timezone=flags["timezone"] or zone_here(),
        quiet_hours=None if quiet == "none" else quiet,
    )


def _whole(path: Path) -> str:
    return str(path.expanduser().absolute())


def _demand(answers: "Answers") -> "Answers":
    needed = {
        "--provider or --host": answers.provider or answers.host,
        "--user": answers.user,
        "--password-file or --password-env": answers.password_place or answers.signs_in,
    }
    missing = [in_terminal(flag) for flag, answer in needed.items() if not answer]
    if missing:
        told = _("without questions these are needed: {flags}")
        raise ExitError(Exit.USAGE, told.format(flags=", ".join(missing)))
    return answers


def _try_targets(settings: "Settings", only: str | None = None) -> None:
    from daemon.push.notifier import Notifier
    from daemon.push.trial import send_each

    with Notifier() as notifier:
        for target in settings.targets:
            if only in (None, target.id):
                why = send_each(target, notifier)
                good = _("a test message of each severity was sent: critical, warning, info")
                told = _("Target {name}: {what}")
                what = in_terminal(why) if why else good
                click.echo(told.format(name=target.id, what=what), err=bool(why))

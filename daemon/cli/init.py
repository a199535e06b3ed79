"""`init`: from nothing to a configuration that works, by questions or by flags."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.exits import Exit, ExitError, exit_of
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from daemon.mailbox.errors import MailboxError
    from daemon.service.account import Account
    from daemon.service.starter import Answers

PROVIDERS = ("gmail", "outlook", "yahoo-japan", "icloud", "fastmail")


def _known_zone(ctx: click.Context, option: click.Parameter, name: str | None) -> str | None:
    del ctx, option
    return name and _zone(name)


def _zone(name: str) -> str:
    from daemon.settings import zone

    try:
        return zone(name).key
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.option("--non-interactive", is_flag=True, help="Ask nothing; take the flags.")
@click.option("--provider", type=click.Choice(PROVIDERS), help="A provider whose server is known.")
@click.option("--host", help="IMAP server.")
@click.option("--port", type=click.IntRange(1, 65535), help="[default: 993, or 143 for starttls]")
@click.option(
    "--tls",
    type=click.Choice(["implicit", "starttls", "none"]),
    default="implicit",
    show_default=True,
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
@click.option("--no-try", is_flag=True, help="Try neither login nor target.")
@click.option(
    "--force", is_flag=True, help="Replace a configuration; the old one is kept as config.yaml.old."
)
@click.pass_obj
def init(paths: Paths, /, non_interactive: bool, no_try: bool, force: bool, **flags: Any) -> None:
    """Make a configuration: mailbox, login, target, time zone."""
    from daemon.service.starter import write_files

    if paths.config.exists() and not force:
        raise ExitError(
            Exit.ERROR,
            f"{paths.config} is there already; edit it, or start anew with --force (the old one is"
            " kept)",
        )
    answers = _from_flags(flags)
    answers = _demand(answers) if non_interactive else _ask(answers)
    if not no_try and not answers.signs_in:
        answers = _with_login(paths, answers, ask=not non_interactive)
    write_files(paths.files(), answers)
    click.echo(f"Written: {paths.config}")
    if answers.url and "ntfy" in answers.url and not flags["url_file"]:
        click.echo(
            "In the ntfy app on your phone, subscribe to the topic"
            f" {answers.url.rsplit('/', 1)[-1]} (it is a secret)."
        )
    if not no_try:
        _try_targets(paths)
    if answers.signs_in:
        click.echo(
            "Next: orderbell login main --client-id ID    # of an app that may read mail; then"
        )
    click.echo("Next: orderbell once    # reads 90 days back and says what needs you")


def _from_flags(flags: Mapping[str, Any]) -> "Answers":
    from daemon.service.starter import Answers, new_topic
    from daemon.settings import zone_here

    password_place = {"file": _whole(flags["password_file"])} if flags["password_file"] else None
    if flags["password_env"]:
        password_place = {"env": flags["password_env"]}
    here = "ja" if os.environ.get("LANG", "").startswith("ja") else "en"
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
        language=flags["language"] or here,
        timezone=flags["timezone"] or zone_here(),
    )


def _whole(path: Path) -> str:
    return str(path.expanduser().absolute())


def _demand(answers: "Answers") -> "Answers":
    needed = {
        "--provider or --host": answers.provider or answers.host,
        "--user": answers.user,
        "--password-file or --password-env": answers.password_place or answers.signs_in,
    }
    missing = [flag for flag, answer in needed.items() if not answer]
    if missing:
        raise ExitError(Exit.USAGE, f"without questions these are needed: {', '.join(missing)}")
    return answers


def _ask(answers: "Answers") -> "Answers":
    answers = _ask_mailbox(answers)
    if not answers.url and not answers.url_place:
        answers = replace(answers, url=_ask_target())
    language = click.prompt(
        "Language of the messages", type=click.Choice(["en", "ja"]), default=answers.language
    )
    return replace(
        answers,
        language=language,
        timezone=click.prompt("Time zone", default=answers.timezone, value_proc=_zone),
    )


def _ask_mailbox(answers: "Answers") -> "Answers":
    from daemon.settings import PROVIDERS as KNOWN

    if not answers.provider and not answers.host:
        chosen = click.prompt(
            "Where is your mail", type=click.Choice([*PROVIDERS, "other"]), default="other"
        )
        answers = replace(answers, provider=None if chosen == "other" else chosen)
        if chosen == "other":
            answers = replace(answers, host=click.prompt("IMAP server, such as imap.example.org"))
    if answers.provider and (told := KNOWN[answers.provider].help):
        click.echo(told)
    if not answers.user:
        check = _address if answers.provider else _name
        answers = replace(answers, user=click.prompt("Your address there", value_proc=check))
    if not answers.password_place and not answers.signs_in:
        password = click.prompt("Password (kept in a file only you can read)", hide_input=True)
        answers = replace(answers, password=password)
    return answers


def _ask_target() -> str | None:
    from daemon.service.starter import new_topic

    target = click.prompt(
        "Where shall alerts go: 'ntfy' for a new private topic, an Apprise URL, or 'none'",
        default="ntfy",
        value_proc=_target,
    )
    return {"ntfy": new_topic(), "none": None}.get(target, target)


def _address(text: str) -> str:
    if "@" not in text:
        raise click.BadParameter(f"{text!r} is no address; write one such as me@example.org")
    return text.strip()


def _name(text: str) -> str:
    """Servers of one's own know their users by other names too; a number is what was meant as the
    port.
    """
    return _address(text) if text.strip().isdigit() else text.strip()


def _target(text: str) -> str:
    from daemon.push import check_url

    target = text.strip()
    if target not in ("ntfy", "none") and (reason := check_url(target)):
        raise click.BadParameter(f"this {reason}")
    return target


def _with_login(paths: Paths, answers: "Answers", *, ask: bool) -> "Answers":
    """Log in once, so that a typing mistake shows now; and learn who stamps this mailbox's mail."""
    from daemon.mailbox.errors import MailboxError
    from daemon.service.account import inspect
    from daemon.service.starter import mailbox_of

    box = mailbox_of(answers)
    try:
        account = inspect(box, paths.files())
    except MailboxError as error:
        sentence = str(error) + _flags_for(error, answers)
        if not ask:
            raise ExitError(exit_of(error), sentence) from error
        click.echo(sentence, err=True)
        if not click.confirm("Write the configuration all the same?", default=False):
            raise ExitError(exit_of(error), "nothing was written") from error
        return answers
    idle = "" if account.idle else " (it has no IDLE: new mail is seen at each poll)"
    click.echo(f"Logged in at {box.server}{idle}")
    if account.missing and not ask:
        raise _no_folder(account)
    if ask and len(account.folders) > 1:
        answers = _picked(answers, account.folders)
    stamps = {name: count for name, count in account.stamps if name}
    if box.stamps or not stamps:
        return answers
    return replace(answers, authserv_ids=(_stamp(stamps, ask=ask),))


def _stamp(stamps: Mapping[str, int], *, ask: bool) -> str:
    """Whose word on senders is trusted: the only one there is, else the one that is chosen."""
    first = next(iter(stamps))
    if len(stamps) > 1 and ask:
        shares = ", ".join(f"{name} ({count} mails)" for name, count in stamps.items())
        click.echo(f"Several servers stamp your mail: {shares}.")
        first = click.prompt(
            "Which of them is your mail provider's, whose word on senders is trusted",
            type=click.Choice(list(stamps)),
            default=first,
        )
    click.echo(f"Your mail is stamped by {first}, whose word on senders will be trusted.")
    return first


def _flags_for(error: "MailboxError", answers: "Answers") -> str:
    """The flags that would mend it, where a message about the configuration names its keys."""
    return (
        " (--host and --port here)" if error.kind == "unreachable" and not answers.provider else ""
    )


def _no_folder(account: "Account") -> ExitError:
    from parsers.user_yaml import did_you_mean

    missing = ", ".join(
        f"{name!r}{did_you_mean(name, account.folders)}" for name in account.missing
    )
    return ExitError(
        Exit.MAILBOX, f"no folder {missing}; there are {', '.join(account.folders[:40])}"
    )


def _picked(answers: "Answers", folders: Sequence[str]) -> "Answers":
    """Which folders are watched, chosen from those that are there."""
    click.echo(f"Folders: {', '.join(folders[:40])}")
    while True:
        text = click.prompt(
            "Folders to watch, with commas between", default=", ".join(answers.folders)
        )
        chosen = tuple(name.strip() for name in text.split(",") if name.strip())
        unknown = [name for name in chosen if name not in folders and name.upper() != "INBOX"]
        if chosen and not unknown:
            return replace(answers, folders=chosen)
        click.echo(f"There is no folder {', '.join(unknown) or 'without a name'}.", err=True)


def _try_targets(paths: Paths) -> None:
    from daemon.push.notifier import Notifier
    from daemon.push.trial import send_test

    with Notifier() as notifier:
        for target in paths.settings().targets:
            why = send_test(target, notifier)
            click.echo(f"Target {target.id}: {why or 'a test message was sent'}", err=bool(why))

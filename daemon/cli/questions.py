"""What `init` asks, each answer checked where it is typed; a fault asks again and loses nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from gettext import gettext as _
from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit, ExitError, exit_of
from daemon.cli.listing import put
from daemon.cli.paths import Paths
from daemon.i18n import in_terminal

if TYPE_CHECKING:
    from daemon.mailbox.errors import MailboxError
    from daemon.service.account import Account
    from daemon.service.starter import Answers

PROVIDERS = ("gmail", "outlook", "yahoo-japan", "icloud", "fastmail")
FLAGS: Mapping[str, str] = {
    "unreachable": "--host, --port",
    "tls": "--tls, --port, --tls-ca-file",
    "wrong_password": "--user, --password-file",
    "secret": "--password-file, --password-env",
    "folder": "--folder",
}
"""Kind of fault → the flags that mend it, where the sentence names keys of config.yaml."""


def zone_name(name: str) -> str:
    from daemon.settings import zone

    try:
        return zone(name).key
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def quiet_span(text: str) -> str:
    """Such as 22:30-07:00, or `none`."""
    from daemon.settings import QuietHours

    begin, _dash, end = text.replace(" ", "").partition("-")
    if (begin, end) == ("none", ""):
        return begin
    try:
        QuietHours.model_validate({"from": begin, "to": end})
    except ValueError:
        hint = _("{text!r} is no span of a day; write one such as 22:30-07:00, or none")
        raise click.BadParameter(hint.format(text=text)) from None
    return f"{begin}-{end}"


def ask(answers: "Answers", *, quiet: bool) -> "Answers":
    """Everything that no flag told. `quiet`: quiet hours were not told."""
    answers = ask_mailbox(answers)
    if not answers.url and not answers.url_place:
        answers = replace(answers, url=ask_target())
    answers = replace(
        answers,
        language=click.prompt(
            _("Language of the messages"),
            type=click.Choice(["en", "ja"]),
            default=answers.language,
        ),
        timezone=click.prompt(_("Time zone"), default=answers.timezone, value_proc=zone_name),
    )
    return _quiet_hours(answers) if quiet and (answers.url or answers.url_place) else answers


def _quiet_hours(answers: "Answers") -> "Answers":
    text = _("Quiet hours, in which only what is critical rings (or 'none')")
    span = click.prompt(text, default=answers.quiet_hours, value_proc=quiet_span)
    return replace(answers, quiet_hours=None if span == "none" else span)


def ask_mailbox(answers: "Answers") -> "Answers":
    from daemon.settings import PROVIDERS as KNOWN

    if not answers.provider and not answers.host:
        chosen = click.prompt(
            _("Where is your mail"), type=click.Choice([*PROVIDERS, "other"]), default="other"
        )
        answers = replace(answers, provider=None if chosen == "other" else chosen)
        if chosen == "other":
            host = click.prompt(_("IMAP server, such as imap.example.org"))
            answers = replace(answers, host=host.strip())
    if answers.provider and (told := KNOWN[answers.provider].help):
        click.echo(in_terminal(told))
    if not answers.user:
        answers = replace(answers, user=_asked_user(answers))
    if not answers.password_place and not answers.signs_in:
        answers = replace(answers, password=_asked_password(answers))
    return answers


def _asked_user(answers: "Answers") -> str:
    check = _address if answers.provider else _name
    default = answers.user or None
    return str(click.prompt(_("Your address there"), default=default, value_proc=check))


def _asked_password(answers: "Answers") -> str:
    if answers.password:
        text = _("Password (Enter: as before)")
        return str(click.prompt(text, answers.password, hide_input=True, show_default=False))
    return str(click.prompt(_("Password (kept in a file only you can read)"), hide_input=True))


def ask_target() -> str | None:
    from daemon.service.starter import new_topic

    target = click.prompt(
        _("Where shall alerts go: 'ntfy' for a new private topic, an Apprise URL, or 'none'"),
        default="ntfy",
        value_proc=_target,
    )
    return {"ntfy": new_topic(), "none": None}.get(target, target)


def _address(text: str) -> str:
    if "@" not in text:
        hint = _("{text!r} is no address; write one such as me@example.org")
        raise click.BadParameter(hint.format(text=text))
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
        raise click.BadParameter(in_terminal(f"this {reason}"))
    return target


def with_login(paths: Paths, answers: "Answers", *, asks: bool) -> "Answers":
    """Log in once, so that a typing mistake shows now; and learn port, TLS, folders and who stamps
    this mailbox's mail. A person is asked again until it works, or they choose otherwise.
    """
    from daemon.mailbox.errors import MailboxError

    while True:
        try:
            answers, account = _looked(paths, answers)
        except MailboxError as error:
            said = in_terminal(str(error)) + _flags_for(error, answers)
            if not asks:
                raise ExitError(exit_of(error), said) from error
            put(said, err=True)
            match _what_now():
                case "quit":
                    raise ExitError(exit_of(error), _("nothing was written")) from error
                case "write":
                    return answers
            answers = _asked_again(answers, error)
        else:
            return _learned(answers, account, asks=asks)


def _looked(paths: Paths, answers: "Answers") -> "tuple[Answers, Account]":
    from daemon.service.account import inspect, reach, ways
    from daemon.service.starter import mailbox_of

    box, files = mailbox_of(answers), paths.files()
    if answers.provider:
        account = inspect(box, files)
    else:
        tried = ways(str(answers.host), answers.port, answers.tls)
        box, account = reach(box, tried, lambda here: inspect(here, files))
        answers = replace(answers, port=box.port, tls=box.tls)
    idle = "" if account.idle else _(" (it has no IDLE: new mail is seen at each poll)")
    where = _("Logged in at {server}, port {port}, TLS {tls}")
    click.echo(where.format(server=box.server, port=box.port, tls=box.tls) + idle)
    return answers, account


def _what_now() -> str:
    text = _("Try 'again', 'write' the configuration all the same, or 'quit'")
    return str(click.prompt(text, type=click.Choice(["again", "write", "quit"]), default="again"))


def _asked_again(answers: "Answers", error: "MailboxError") -> "Answers":
    """What may have been wrong, each with what was typed as its default."""
    if not answers.provider and error.kind in ("unreachable", "tls", "protocol"):
        host = click.prompt(_("IMAP server"), default=answers.host)
        port = click.prompt(
            _("Port (0: the usual ones are tried)"), default=0, type=click.IntRange(0, 65535)
        )
        return replace(answers, host=host.strip(), port=port or None, tls=None)
    answers = replace(answers, user=_asked_user(answers))
    if answers.password_place:
        return answers
    return replace(answers, password=_asked_password(answers))


def _learned(answers: "Answers", account: "Account", *, asks: bool) -> "Answers":
    from daemon.service.starter import mailbox_of

    if account.missing and not asks:
        raise _no_folder(account)
    if asks and len(account.folders) > 1:
        answers = _picked(answers, account.folders)
    stamps = {name: count for name, count in account.stamps if name}
    if mailbox_of(answers).stamps or not stamps:
        return answers
    return replace(answers, authserv_ids=(_stamp(stamps, asks=asks),))


def _stamp(stamps: Mapping[str, int], *, asks: bool) -> str:
    """Whose word on senders is trusted: the only one there is, else the one that is chosen."""
    first = next(iter(stamps))
    if len(stamps) > 1 and asks:
        mails = _("{name} ({count} mails)")
        shares = ", ".join(mails.format(name=name, count=count) for name, count in stamps.items())
        click.echo(_("Several servers stamp your mail: {shares}.").format(shares=shares))
        first = click.prompt(
            _("Which of them is your mail provider's, whose word on senders is trusted"),
            type=click.Choice(list(stamps)),
            default=first,
        )
    told = _("Your mail is stamped by {name}, whose word on senders will be trusted.")
    click.echo(told.format(name=first))
    return first


def _flags_for(error: "MailboxError", answers: "Answers") -> str:
    """The flags that would mend it, where a message about the configuration names its keys."""
    if answers.provider and error.kind in ("unreachable", "tls"):
        return ""
    flags = FLAGS.get(error.kind.value)
    return _(" (as flags: {flags})").format(flags=flags) if flags else ""


def _no_folder(account: "Account") -> ExitError:
    from parsers.user_yaml import did_you_mean

    missing = ", ".join(
        f"{name!r}{did_you_mean(name, account.folders)}" for name in account.missing
    )
    there = ", ".join(account.folders[:40])
    return ExitError(
        Exit.MAILBOX,
        _("no folder {missing}; there are {there} (as a flag: --folder)").format(
            missing=missing, there=there
        ),
    )


def _picked(answers: "Answers", folders: Sequence[str]) -> "Answers":
    """Which folders are watched, chosen from those that are there."""
    put(_("Folders: {names}").format(names=", ".join(folders[:40])))
    while True:
        text = click.prompt(
            _("Folders to watch, with commas between"), default=", ".join(answers.folders)
        )
        chosen = tuple(name.strip() for name in text.split(",") if name.strip())
        unknown = [name for name in chosen if name not in folders and name.upper() != "INBOX"]
        if chosen and not unknown:
            return replace(answers, folders=chosen)
        names = ", ".join(unknown) or _("without a name")
        click.echo(_("There is no folder {names}.").format(names=names), err=True)

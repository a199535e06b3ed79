"""`init`: from nothing to a configuration that works, by questions or by flags."""

import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from daemon.cli.exits import Exit, ExitError, foreseen
from daemon.cli.paths import Paths

SIGNED_IN = {"outlook": "microsoft"}
"""Providers that take no passwords over IMAP, and what `orderbell login` calls them."""
PROVIDERS = ("gmail", "outlook", "yahoo-japan", "icloud", "fastmail")
RULES = """\
# yaml-language-server: $schema=./rules.schema.json
# $schema: ./rules.schema.json
# The shipped rules are always there (orderbell rules list).
# Here stands only what you want otherwise.
version: 1

disable: []

change: {}

rules: []
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a configuration needs to know. Secrets are either text to be kept in a file, or a
    place.
    """

    provider: str | None = None
    host: str | None = None
    port: int | None = None
    tls: str = "implicit"
    tls_ca_file: str | None = None
    user: str = ""
    password: str | None = None
    password_place: Mapping[str, str] | None = None
    folders: tuple[str, ...] = ("INBOX",)
    role: str = "buyer"
    authserv_ids: tuple[str, ...] = ()
    url: str | None = None
    url_place: Mapping[str, str] | None = None
    language: str = "en"
    timezone: str = "UTC"


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
def init(places: Paths, /, non_interactive: bool, no_try: bool, force: bool, **flags: Any) -> None:
    """Make a configuration: mailbox, login, target, time zone."""
    if places.config.exists() and not force:
        raise ExitError(
            Exit.ERROR,
            f"{places.config} is there already; edit it, or start anew with --force (the old one is"
            " kept)",
        )
    answers = _from_flags(flags)
    answers = _demand(answers) if non_interactive else _ask(answers)
    signs_in = answers.provider in SIGNED_IN
    if not no_try and not signs_in:
        answers = _tried_mailbox(places, answers, ask=not non_interactive)
    _write(places, answers)
    if answers.url and "ntfy" in answers.url and not flags["url_file"]:
        click.echo(
            "In the ntfy app on your phone, subscribe to the topic"
            f" {answers.url.rsplit('/', 1)[-1]} (it is a secret)."
        )
    if not no_try:
        _try_target(places)
    if signs_in:
        click.echo(
            "Next: orderbell login main --client-id ID    # of an app that may read mail; then"
        )
    click.echo("Next: orderbell once    # reads 90 days back and says what needs you")


def zone_here() -> str:
    """The machine's zone by name, UTC when it has none."""
    named = os.environ.get("TZ", "").lstrip(":")
    link = os.path.realpath("/etc/localtime").partition("/zoneinfo/")[2]
    for name in (named, link):
        try:
            return ZoneInfo(name).key if name else "UTC"
        except (ValueError, OSError, KeyError):
            continue
    return "UTC"


def _from_flags(flags: Mapping[str, Any]) -> Answers:
    url = f"ntfys://ntfy.sh/orderbell-{secrets.token_urlsafe(18)}" if flags["ntfy"] else None
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
        url=url,
        url_place={"file": _whole(flags["url_file"])} if flags["url_file"] else None,
        language=flags["language"] or here,
        timezone=flags["timezone"] or zone_here(),
    )


def _whole(path: Path) -> str:
    return str(path.expanduser().absolute())


def _demand(answers: Answers) -> Answers:
    missing = [
        flag
        for flag, there in (
            ("--provider or --host", answers.provider or answers.host),
            ("--user", answers.user),
            (
                "--password-file or --password-env",
                answers.password_place or answers.provider in SIGNED_IN,
            ),
        )
        if not there
    ]
    if missing:
        raise ExitError(Exit.USAGE, f"without questions these are needed: {', '.join(missing)}")
    return answers


def _ask(answers: Answers) -> Answers:
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
    if not answers.password_place and answers.provider not in SIGNED_IN:
        answers = replace(
            answers,
            password=click.prompt("Password (kept in a file only you can read)", hide_input=True),
        )
    if not answers.url and not answers.url_place:
        target = click.prompt(
            "Where shall alerts go: 'ntfy' for a new private topic, an Apprise URL, or 'none'",
            default="ntfy",
            value_proc=_target,
        )
        new = f"ntfys://ntfy.sh/orderbell-{secrets.token_urlsafe(18)}"
        answers = replace(answers, url={"ntfy": new, "none": None}.get(target, target))
    language = click.prompt(
        "Language of the messages", type=click.Choice(["en", "ja"]), default=answers.language
    )
    return replace(
        answers,
        language=language,
        timezone=click.prompt("Time zone", default=answers.timezone, value_proc=_zone),
    )


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


def _tried_mailbox(places: Paths, answers: Answers, *, ask: bool) -> Answers:
    """Log in once, so that a typing mistake shows now; and learn who stamps this mailbox's mail."""
    from daemon.cli.account import look
    from daemon.mailbox.errors import MailboxError, MailboxErrorKind
    from daemon.settings import Mailbox
    from parsers.user_yaml import did_you_mean

    place = answers.password_place or {"value": answers.password or ""}
    try:
        box = Mailbox.model_validate(_mailbox(answers, place))
        seen = look(box, places.files())
    except MailboxError as error:
        stop = foreseen(error)
        if stop is None:
            raise
        flags = (
            " (--host and --port here)"
            if error.kind is MailboxErrorKind.UNREACHABLE and not answers.provider
            else ""
        )
        if not ask:
            raise ExitError(stop.code, stop.sentences[0] + flags) from error
        click.echo(stop.sentences[0] + flags, err=True)
        if not click.confirm("Write the configuration all the same?", default=False):
            raise ExitError(stop.code, "nothing was written") from error
        return answers
    click.echo(
        f"Logged in at {box.server}"
        + ("" if seen.idle else " (it has no IDLE: new mail is seen at each poll)")
    )
    if seen.missing and not ask:
        missing = ", ".join(f"{name!r}{did_you_mean(name, seen.folders)}" for name in seen.missing)
        raise ExitError(
            Exit.MAILBOX, f"no folder {missing}; there are {', '.join(seen.folders[:40])}"
        )
    if ask and len(seen.folders) > 1:
        answers = _picked(answers, seen.folders)
    names = [name for name, _ in seen.stamps if name]
    if box.stamps or not names:
        return answers
    click.echo(f"Your mail is stamped by {names[0]}, whose word on senders will be trusted.")
    return replace(answers, authserv_ids=(names[0],))


def _picked(answers: Answers, folders: Sequence[str]) -> Answers:
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


def _mailbox(answers: Answers, password: Mapping[str, str]) -> dict[str, Any]:
    where: dict[str, Any] = (
        {"provider": answers.provider} if answers.provider else {"host": answers.host}
    )
    if not answers.provider:
        where |= ({"port": answers.port} if answers.port else {}) | {"tls": answers.tls}
        where |= {"tls_ca_file": answers.tls_ca_file} if answers.tls_ca_file else {}
    signing = SIGNED_IN.get(answers.provider or "")
    secret: dict[str, Any] = {"login": signing} if signing else {"password": dict(password)}
    row = {"id": "main", **where, "user": answers.user, **secret, "folders": list(answers.folders)}
    row["role"] = answers.role
    return row | ({"authserv_ids": list(answers.authserv_ids)} if answers.authserv_ids else {})


def _write(places: Paths, answers: Answers) -> None:
    from daemon.settings import schema
    from rules.schema import FILE, text

    folder = places.folder
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    password = answers.password_place or {}
    if answers.password:
        password = _kept(folder / "secrets" / "imap-main", answers.password)
    url = answers.url_place or (
        _kept(folder / "secrets" / "phone-url", answers.url) if answers.url else None
    )
    if places.config.exists():
        places.config.replace(places.config.with_name(places.config.name + ".old"))
    written = "\n".join(_lines(answers, _mailbox(answers, password), url)) + "\n"
    _put(places.config, written)

    _put(folder / "config.schema.json", json.dumps(schema(), indent=1))
    _put(folder / FILE, text())
    if not (folder / "rules.yaml").exists():
        _put(folder / "rules.yaml", RULES)
    click.echo(f"Written: {places.config}")


def _lines(
    answers: Answers, mailbox: Mapping[str, Any], url: Mapping[str, str] | None
) -> Iterator[str]:
    yield "# yaml-language-server: $schema=./config.schema.json"
    yield "# $schema: ./config.schema.json"
    yield "version: 1"
    yield "mailboxes:"
    for index, (key, value) in enumerate(mailbox.items()):
        yield f"  {'-' if index == 0 else ' '} {key}: {_yaml(value)}"
    if url:
        yield "targets:"
        yield f"  - {{id: phone, url: {_yaml(url)}, language: {answers.language}}}"
        yield "notify: {everyone: [phone]}"
        yield "alerts:"
        yield "  critical: {notify: [everyone], quiet_hours: ignore}"
        yield "  warning: {notify: [everyone]}"
        yield "  info: {notify: [everyone], group: digest}"
        yield 'quiet_hours: {from: "22:30", to: "07:00"}'
    yield f"timezone: {_yaml(answers.timezone)}"


def _yaml(value: object) -> str:
    """A value in flow style; text in quotes, which JSON and YAML write alike."""
    match value:
        case Mapping():
            return "{" + ", ".join(f"{key}: {_yaml(one)}" for key, one in value.items()) + "}"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case Sequence():
            return "[" + ", ".join(_yaml(one) for one in value) + "]"
        case _:
            return str(value)


def _kept(path: Path, secret: str) -> dict[str, str]:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    _put(path, secret + "\n")
    return {"file": str(path.absolute())}


def _put(path: Path, text: str) -> None:
    """Write a file only its owner can read, whole or not at all."""
    partial = path.with_name(f".{path.name}.new")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(path)


def _try_target(places: Paths) -> None:
    from daemon.cli.notify import sender, try_target

    settings = places.settings()
    with sender() as post:
        for one in settings.targets:
            why = try_target(one, post)
            click.echo(f"Target {one.id}: {why or 'a test message was sent'}", err=why is not None)

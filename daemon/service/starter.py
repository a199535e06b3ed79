"""The configuration a newcomer begins with, from what they answered."""

import io
import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from daemon.atomic import write_file
from daemon.service.files import Files
from daemon.settings import Mailbox, load, schema
from parsers.user_yaml import UserFileError
from rules import schema as rules_schema

SIGNED_IN = {"outlook": "microsoft"}
"""Providers that take no passwords over IMAP, and what `orderbell login` calls them."""
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
    tls: str | None = None
    """Left out, like the port: what the server answers to."""
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
    quiet_hours: str | None = "22:30-07:00"
    name: str = "main"
    """Id of the mailbox."""

    @property
    def signs_in(self) -> bool:
        """Whether the mailbox takes no password, and is signed in to later."""
        return self.provider in SIGNED_IN


def new_topic() -> str:
    """A private ntfy topic nobody can guess, as an Apprise URL."""
    return f"ntfys://ntfy.sh/orderbell-{secrets.token_urlsafe(18)}"


def mailbox_of(answers: Answers) -> Mailbox:
    """The mailbox as it would be configured, with the password as typed: for a first login."""
    place = answers.password_place or {"value": answers.password or ""}
    return Mailbox.model_validate(_mailbox(answers, place))


def write_files(files: Files, answers: Answers) -> None:
    """Write the configuration, its schemas, and a rule file where there is none. Secrets go into
    files of their own; a configuration that was there is kept as config.yaml.old.
    """
    folder = files.config.parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    password = answers.password_place or {}
    if answers.password:
        password = _keep(folder / "secrets" / f"imap-{answers.name}", answers.password)
    url = answers.url_place or (
        _keep(folder / "secrets" / "phone-url", answers.url) if answers.url else None
    )
    if files.config.exists():
        files.config.replace(files.config.with_name(files.config.name + ".old"))
    lines = _lines(answers, _mailbox(answers, password), url)
    write_file(files.config, "\n".join(lines) + "\n")
    write_file(folder / "config.schema.json", json.dumps(schema(), indent=1))
    write_file(folder / rules_schema.FILE, rules_schema.text())
    if not files.rules.exists():
        write_file(files.rules, RULES)


def add_mailbox(files: Files, answers: Answers) -> None:
    """One more mailbox in the configuration, which keeps its comments; as it was, it is kept as
    config.yaml.old. Raises UserFileError when the result would be wrong.
    """
    password: Mapping[str, str] = answers.password_place or {}
    if answers.password:
        kept = files.config.parent / "secrets" / f"imap-{answers.name}"
        password = _keep(kept, answers.password)
    row = _mailbox(answers, password)

    def add(tree: Any) -> None:
        tree["mailboxes"].append(row)

    _change(files, add)


def add_target(files: Files, answers: Answers) -> None:
    """One more target, told what the first group is told. As `add_mailbox`."""
    kept = files.config.parent / "secrets" / f"{answers.name}-url"
    url = answers.url_place or _keep(kept, str(answers.url))
    row = {"id": answers.name, "url": dict(url), "language": answers.language}

    def add(tree: Any) -> None:
        tree.setdefault("targets", []).append(row)
        if groups := tree.get("notify"):
            next(iter(groups.values())).append(answers.name)

    _change(files, add)


def _change(files: Files, change: Callable[[Any], None]) -> None:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    before = files.config.read_text(encoding="utf-8")
    tree = yaml.load(before)
    change(tree)
    after = io.StringIO()
    yaml.dump(tree, after)
    write_file(files.config.with_name(files.config.name + ".old"), before)
    write_file(files.config, after.getvalue())
    try:
        load(files.config)
    except UserFileError:
        write_file(files.config, before)
        raise


def _mailbox(answers: Answers, password: Mapping[str, str]) -> dict[str, Any]:
    where: dict[str, Any] = (
        {"provider": answers.provider} if answers.provider else {"host": answers.host}
    )
    if not answers.provider:
        where |= {"port": answers.port} if answers.port else {}
        where |= {"tls": answers.tls or "implicit"}
        where |= {"tls_ca_file": answers.tls_ca_file} if answers.tls_ca_file else {}
    login = SIGNED_IN.get(answers.provider or "")
    secret: dict[str, Any] = {"login": login} if login else {"password": dict(password)}
    row = {
        "id": answers.name,
        **where,
        "user": answers.user,
        **secret,
        "folders": list(answers.folders),
    }
    row["role"] = answers.role
    return row | ({"authserv_ids": list(answers.authserv_ids)} if answers.authserv_ids else {})


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
        if answers.quiet_hours:
            begin, end = answers.quiet_hours.split("-")
            yield f'quiet_hours: {{from: "{begin}", to: "{end}"}}'
    yield f"language: {answers.language}"
    yield f"timezone: {_yaml(answers.timezone)}"


def _yaml(value: object) -> str:
    """A value in flow style; text in quotes, which JSON and YAML write alike."""
    match value:
        case Mapping():
            pairs = (f"{key}: {_yaml(part)}" for key, part in value.items())
            return f"{{{', '.join(pairs)}}}"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case Sequence():
            return f"[{', '.join(map(_yaml, value))}]"
        case _:
            return str(value)


def _keep(path: Path, secret: str) -> dict[str, str]:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_file(path, secret + "\n")
    return {"file": str(path.absolute())}

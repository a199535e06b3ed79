"""`read`, `why` and `scrub`: what one mail says, which words said so, and a copy that is safe to
share.
"""

import sys
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import as_json, named, print_json, put, say, words
from daemon.cli.paths import Paths
from daemon.i18n import in_terminal
from parsers.errors import os_error_text

if TYPE_CHECKING:
    from parsers.notice import Gist, NearMiss, Notice, Reading

MAX_BYTES = 64 << 20
"""No mail server takes a larger mail; a film that was named by mistake is larger."""

files = click.argument("files", metavar="FILE…", nargs=-1, required=True)
one_file = click.argument("file", metavar="FILE")
mailbox = click.option(
    "--mailbox", metavar="ID", help="Read as mail of this mailbox of the configuration."
)


@click.command()
@files
@as_json
@mailbox
@click.pass_obj
def read(paths: Paths, files: tuple[str, ...], as_json: bool, mailbox: str | None) -> None:
    """Say what mails say ('-' is standard input). With --json, one object a file and line."""
    from parsers.notice import reading_to_json
    from parsers.reader import read as read_mail
    from parsers.sniff import NO_MAIL, looks_like_mail

    context, language = paths.context(mailbox), paths.language()
    wrong: list[str] = []
    for name in files:
        try:
            raw = mail_bytes(name)
        except ExitError as end:
            wrong += end.sentences
            continue
        reading = read_mail(raw, context)
        if as_json:
            print_json({"file": name, **reading_to_json(reading)})
        else:
            put("\n".join(in_short(name, reading, language)))
        if not looks_like_mail(raw):
            wrong.append(f"{name}: {NO_MAIL}")
    if wrong:
        raise ExitError(Exit.ERROR, *wrong)


@click.command(short_help="Which words led to a reading, and what nearly matched.")
@one_file
@as_json
@mailbox
@click.pass_obj
def why(paths: Paths, file: str, as_json: bool, mailbox: str | None) -> None:
    """Say which phrase and line of a mail led to what was read, and what nearly matched."""
    from parsers.reader import read as read_mail
    from parsers.teach import lines_to_write

    context = paths.context(mailbox)
    raw = demand_mail(file)
    reading = read_mail(raw, context)
    if as_json:
        print_json(_reasons(file, reading))
    else:
        lines = _in_full(file, reading, paths.language())
        taught = map(in_terminal, lines_to_write(reading, paths.folder / "packs"))
        put("\n".join([*lines, *taught]))


@click.command(short_help="A copy of a mail that is safe to share.")
@one_file
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write here, not to stdout.",
)
@click.pass_obj
def scrub(paths: Paths, file: str, output: Path | None) -> None:
    """Write a copy of a mail with names, addresses and order numbers replaced, safe to share."""
    from parsers.scrub import scrub as scrub_mail

    raw = demand_mail(file)
    copy = scrub_mail(raw, paths.library())
    if output is None:
        click.echo(copy, nl=False)
        return
    if output.exists():
        raise ExitError(Exit.ERROR, f"{output} exists already and is left alone; name another file")
    output.write_bytes(copy)
    say(f"written to {output}; read it once before you share it", err=True)


def mail_bytes(name: str) -> bytes:
    """The bytes of the file called `name` ('-': standard input). Raises ExitError when there are
    none.
    """
    path = Path(name)
    try:
        if name == "-":
            return _filled(name, sys.stdin.buffer.read(MAX_BYTES))
        if path.is_dir():
            raise ExitError(
                Exit.ERROR, f"{name} is a folder; name its mails, such as {path / '*.eml'}"
            )
        if path.stat().st_size > MAX_BYTES:
            raise ExitError(Exit.ERROR, f"{name}: larger than 64 MiB; is this a mail?")
        return _filled(name, path.read_bytes())
    except FileNotFoundError:
        raise ExitError(Exit.ERROR, f"{name}: no such file") from None
    except OSError as error:
        raise ExitError(Exit.ERROR, os_error_text(error)) from error


def demand_mail(name: str) -> bytes:
    from parsers.sniff import NO_MAIL, looks_like_mail

    raw = mail_bytes(name)
    if not looks_like_mail(raw):
        raise ExitError(Exit.ERROR, f"{name}: {NO_MAIL}")
    return raw


def _filled(name: str, raw: bytes) -> bytes:
    if not raw.strip():
        raise ExitError(
            Exit.ERROR, f"{name}: the file is empty; save the mail again, with its headers, as .eml"
        )
    return raw


def in_short(name: str, reading: "Reading", language: str) -> Iterator[str]:
    told = _("{file}: {outcome} ({trust}) – {reason}")
    yield told.format(
        file=name,
        outcome=words(reading.outcome.value),
        trust=words(reading.trust.value),
        reason=in_terminal(reading.reason),
    )
    for notice in reading.notices:
        numbers = " ".join(notice.order_numbers)
        yield f"  {_event(notice.kind.value, language)}  {numbers}".rstrip()
        yield from (f"    {words(key)}: {value}" for key, value in _details(notice))


def _event(kind: str, language: str) -> str:
    return f"{kind} ({named('event', kind, language)})"


def _details(notice: "Notice") -> Iterator[tuple[str, str]]:
    from parsers.notice import FIELDS, field_to_json

    for key in ("tracking", "packages", "cases", "masked"):
        if values := getattr(notice, key):
            yield key, " ".join(values)
    for key, value in sorted(notice.fields.items()):
        spoken = _spoken(field_to_json(value))
        yield key, words(spoken) if spoken in FIELDS[key].choices else spoken


def _spoken(value: Any) -> str:
    match value:
        case {"value": amount, "currency": currency}:
            return f"{amount} {currency}"
        case list():
            return ", ".join(map("{quantity} × {title}".format_map, value))
        case bool():
            return _("yes") if value else _("no")
        case _:
            return str(value)


def _in_full(name: str, reading: "Reading", language: str) -> Iterator[str]:
    yield from in_short(name, reading, language)
    told = _("  from {sender}, subject {subject!r}")
    yield told.format(sender=reading.sender or _("nobody"), subject=reading.subject)
    for notice in reading.notices:
        yield _("{event} was said by").format(event=_event(notice.kind.value, language))
        yield from _evidence(notice)
        yield from (
            _("  {name} is a whole day, compared with days and never with a clock").format(
                name=words(name)
            )
            for name, value in sorted(notice.fields.items())
            if isinstance(value, date) and not isinstance(value, datetime)
        )
    if reading.gist is not None:
        yield from _gist_in_full(reading.gist)
    if reading.near:
        yield _("What nearly matched:")
        yield from _near(reading.near, language)


def _near(near: "Iterable[NearMiss]", language: str) -> Iterator[str]:
    for miss in near:
        told = _("  {event}, {share} alike: {line!r}")
        event = _event(miss.kind.value, language)
        yield told.format(event=event, share=f"{miss.likeness:.0%}", line=miss.line.strip())
        yield _("    against {phrase!r} ({source})").format(phrase=miss.phrase, source=miss.source)
        if miss.why:
            yield _("    refused: {why}").format(why=in_terminal(miss.why))


def _evidence(notice: "Notice") -> Iterator[str]:
    for one in notice.evidence:
        yield f"  {words(one.where)}: {one.line.strip()!r}"
        told = _("    matches {phrase!r} ({source})") if one.phrase else _("    read by {source}")
        yield told.format(phrase=one.phrase, source=one.source)


def _gist_in_full(gist: "Gist") -> Iterator[str]:
    """What a mail that no phrase fits names and asks for all the same."""
    for what, values in (
        (_("about"), [words(topic) for topic in gist.topics]),
        (_("orders"), gist.orders),
        (_("parcels"), gist.parcels),
        (_("amounts"), gist.amounts),
    ):
        if values:
            yield f"  {what}: {', '.join(map(str, values))}"
    for deadline in gist.deadlines:
        told = _("  until {time}: {line!r}")
        yield told.format(time=deadline.at.isoformat(), line=deadline.line.strip())


def _reasons(name: str, reading: "Reading") -> dict[str, Any]:
    from dataclasses import asdict

    from parsers.notice import notice_to_json, reading_to_json

    return {
        "file": name,
        **reading_to_json(reading),
        "reason": reading.reason,
        "subject": reading.subject,
        "sender": reading.sender,
        "notices": [
            {**notice_to_json(notice), "evidence": [asdict(one) for one in notice.evidence]}
            for notice in reading.notices
        ],
        "near": [{**asdict(miss), "kind": miss.kind.value} for miss in reading.near],
    }

"""`letter` and `letters`: a letter filled from the ledger, ready to paste."""

import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import Column, Overflow, as_json, column, print_json, put, show
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from daemon.letters.book import LetterBook
    from daemon.letters.write import LetterWriter, MissingFact


@click.command(short_help="A letter about an order, ready to paste, from its facts.")
@click.argument("order_id", metavar="ORDER")
@click.argument("kind", metavar="[KIND]", required=False)
@click.option(
    "--language", type=click.Choice(["en", "ja"]), help="Beside the English.  [default: yours]"
)
@click.option(
    "--copy",
    "copy",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the English text there, and note on the order that the letter was used.",
)
@click.option(
    "--fact",
    "facts",
    metavar="NAME=TEXT",
    multiple=True,
    help="Say a fact that no mail has, such as problem='The lamp is broken.'",
)
@as_json
@click.pass_obj
def letter(
    paths: Paths,
    /,
    order_id: str,
    kind: str | None,
    *,
    as_json: bool,
    facts: tuple[str, ...],
    **options: Any,
) -> None:
    """Write a letter about an order: in English, with your language beside it and the mail behind
    each fact. Without KIND, the one that fits where the order stands. What no mail says is asked
    for.
    """
    from daemon.queries.letters import letter_lines, letter_row

    writer, copy = writer_of(paths, order_id, options["language"]), options["copy"]
    name = writer.choose(kind)
    given = dict(_given(facts))
    if sys.stdin.isatty() and sys.stdout.isatty():
        given |= {one.name: _asked(one) for one in writer.missing(name, given)}
    written = writer.write(name, given)
    if as_json:
        print_json(letter_row(written, writer.zone))
    else:
        put("\n".join(letter_lines(written, writer.language, writer.zone)))
    if copy is not None:
        _use(paths, writer, name, copy, "\n\n".join(written.pieces) + "\n")
    elif written.then and not as_json:
        number = writer.view.order.number
        click.echo(f"sent it? note it: orderbell note {number} {written.then}", err=True)


@click.group()
def letters() -> None:
    """The letters there are."""


@letters.command(name="list")
@as_json
@click.pass_obj
def list_letters(paths: Paths, as_json: bool) -> None:
    """List the letters there are: ours, and those of your folder letters/ beside the
    configuration.
    """
    from daemon.queries.letters import letter_rows

    show(
        letter_rows(book_of(paths), paths.language()),
        (
            column("letter", "letter"),
            column("title", "title", Overflow.FOLD),
            column("as", "role"),
            Column("for", lambda row: row["marketplace"] or "any"),
            column("characters", "characters", Overflow.HIDE),
            Column("whose", lambda row: "yours" if row["yours"] else "ours"),
        ),
        as_json=as_json,
        empty="there are no letters",
    )


def book_of(paths: Paths) -> "LetterBook":
    """Ours with the user's laid over. Raises UserFileError."""
    from daemon.letters.book import load_letters

    return load_letters(paths.folder / "letters")


def writer_of(paths: Paths, number: str, language: str | None = None) -> "LetterWriter":
    """Who writes about that order. Raises UnknownOrderError."""
    from daemon.letters.write import LetterWriter
    from daemon.pipeline.lookup import find_orders

    with paths.ledger() as ledger:
        view = paths.view(find_orders(ledger, number)[0].key, ledger)
    return LetterWriter(
        view=view, book=book_of(paths), zone=paths.zone(), language=language or paths.language()
    )


def _given(facts: Iterable[str]) -> Iterable[tuple[str, str]]:
    for one in facts:
        name, equals, text = one.partition("=")
        if not equals:
            raise ExitError(Exit.USAGE, f"--fact {one!r}: write NAME=TEXT, such as problem='…'")
        yield name.strip(), text


def _asked(missing: "MissingFact") -> str:
    for key, words in missing.choices.items():
        click.echo(f"  {key}: {words[0]} ({words[1]})")
    kind = click.Choice(list(missing.choices)) if missing.choices else None
    return str(click.prompt(missing.question, type=kind))


def _use(paths: Paths, writer: "LetterWriter", name: str, file: Path, text: str) -> None:
    """The file first: what is noted was written. A note that fails leaves no file."""
    from daemon.atomic import write_file
    from daemon.pipeline.notes import Note
    from parsers.notice import Kind

    order, existed = writer.view.order, file.exists()
    if existed:
        raise ExitError(Exit.ERROR, f"{file}: is there already; name another file")
    write_file(file, text, mode=None)
    told = Note(kind=Kind.LETTER, order=order.number, at=datetime.now(UTC), text=name)
    try:
        with paths.commands() as commands:
            commands.note(told, order.marketplace, order.role)
    except BaseException:
        with suppress(OSError):
            file.unlink()
        raise
    click.echo(
        f"written to {file}, and noted on the order; orderbell undo --last takes the note back",
        err=True,
    )

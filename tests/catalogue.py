"""The catalogues of `daemon/locale`, made from what the program says: `python -m tests.catalogue write`
after any change of words; checked in the suite. New messages are listed, and wait in the .po file.
"""

import ast
import io
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from daemon.cli import main as orderbell
from daemon.cli.help import key
from daemon.files.dossier.words import STATES
from daemon.i18n import FEWEST_LETTERS as FEWEST
from daemon.i18n import GAP, LANGUAGES, LOCALES
from daemon.queries.status import Area
from daemon.store.outbox import OutboxState
from orders.event import Source
from orders.order import Actor, OrderStatus, ShipmentStatus, WatchState
from parsers.notice import FIELDS, Outcome, Role, Trust
from rules.alert import AlertState, Severity
from tests.daemon.web.catalogue import page_words

ROOT = Path(__file__).parents[1]
KEYWORDS = {"_": None, "ngettext": (1, 2), **dict.fromkeys(("column", "Column", "choice"), (1,))}
NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
"""A catalogue says nothing of when it was made, so that it differs only where words do."""
FOREIGN = [name for name in LANGUAGES if name != "en"]
SAYERS = (
    *("doctor.py", "errors.py", "secrets.py", "classify.py", "address.py", "bounds.py"),
    *("user_yaml.py", "settings.py", "play.py", "trouble.py", "packcheck.py"),
    *("doubts.py", "model.py", "overreach.py", "guard.py", "agreement.py"),
    *("reader.py", "authentic.py", "limits.py", "parsers/teach.py", "sniff.py"),
)
"""Files whose sentences are made apart from where they are raised or printed."""

NO_SENTENCE = re.compile(r"\\\\|\w\|\w|^\S+, \S+$|\n|\(\?")
"""Patterns, and texts of files."""
OURS = frozenset(
    {
        "  {ctl} daemon-reload && {ctl_} enable --now orderbell",
        "{text} is no span such as -3d or +5h",
        "not a link of ours: {target}",
        "Refund Amount",
        "Return request date",
        "Garden Hose",
        "^command: \\w+ => ",
        "starttls needs a context that checks certificates",
        "each round ends or counts",
        "not a fact: {value}",
        "no such table",
        "a time without a zone: {value}",
        "half a character",
        "no character of JIS X 0208",
        "another language's escape",
        "no intent {intent}",
        "  KIND:   # what the mail says, such as shipment.shipped",
        "    {place}: ['{text}']   # {{…}} for what changes from mail to mail",
        "Value error, ",
        "Assertion failed, ",
    }
)
"""What nobody meets but who changes the program, and what other programs say."""

CLICK: tuple["Message", ...] = (
    "Aborted!",
    "Options",
    ("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"),
    "Commands",
    "Missing command.",
    "default: {default}",
    "required",
    "%(prog)s, version %(version)s",
    "Show the version and exit.",
    "Show this message and exit.",
    ("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"),
    "Error: {message}",
    "Try '{command} {option}' for help.",
    "Invalid value: {message}",
    "Invalid value for {param_hint}: {message}",
    "Missing argument",
    "Missing option",
    "Missing parameter",
    "No such option {name!r}.",
    "No such command {name!r}.",
    "Could not open file {filename!r}: {message}",
    "Usage:",
    "Option {name!r} does not take a value.",
    ("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments."),
    "Error: invalid input",
    "Choose from:\n\t{choices}",
    ("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
    (
        "{value!r} does not match the format {format}.",
        "{value!r} does not match the formats {formats}.",
    ),
    "{value!r} is not a valid {number_type}.",
    "{value} is not in the range {range}.",
    "file",
    "directory",
    "path",
    "{name} {filename!r} does not exist.",
    "{name} {filename!r} is a file.",
    "{name} {filename!r} is a directory.",
    "{name} {filename!r} is not readable.",
    "{name} {filename!r} is not writable.",
)
"""click's own words that a person meets; a test looks whether click still says them."""

CHOICES: tuple[Iterable[str], ...] = (
    *(Severity, AlertState, WatchState, Actor, OrderStatus, ShipmentStatus, Role, Trust),
    *(Source, OutboxState, Area, STATES, ("valid", "invalid", "mixed")),
    *(Outcome, FIELDS, ("tracking", "packages", "cases", "masked")),
    ("subject", "headline", "label", "body", "structured"),
    *(spec.choices for spec in FIELDS.values()),
)
"""Values of rows that a table shows in words."""

Message = str | tuple[str, ...]


def terminal() -> Iterator[Message]:
    """What commands say: marked in their source, their help, and click's own words."""
    yield from marked(ROOT / "daemon" / "cli")
    yield from CLICK
    yield from helps(orderbell)
    for choices in CHOICES:
        yield from (choice.replace("_", " ") for choice in choices)


def marked(folder: Path) -> Iterator[Message]:
    """What stands in `_(…)` and its like below `folder`."""
    for found in extract_from_dir(folder, [("**.py", "python")], keywords=KEYWORDS):
        yield found[2]


def helps(command: click.Command) -> Iterator[str]:
    """Help of a command, its options and those below it, as click keeps it."""
    for text in (command.help, command.short_help, command.epilog):
        if text:
            yield key(text)
    for param in command.params:
        if isinstance(param, click.Option) and param.help:
            yield key(param.help)
    if isinstance(command, click.Group):
        yield from getattr(command, "sections", {})
        for below in command.commands.values():
            yield from helps(below)


def sentences() -> Iterator[str]:
    """What the rooms raise, as templates, and everything said by files that only speak."""
    yield "; "
    for room in ("daemon", "rules", "orders", "parsers"):
        for file in sorted((ROOT / room).rglob("*.py")):
            tree = ast.parse(file.read_text())
            if {file.name, f"{room}/{file.name}"} & {*SAYERS}:
                yield from said_in(tree)
            for node in ast.walk(tree):
                for words in spoken(node):
                    yield from said_in(words)


def spoken(node: ast.AST) -> Iterator[ast.AST]:
    """What of a piece of source is for people: what is raised, what is printed by `say`, what is
    said of an empty listing.
    """
    match node:
        case ast.Raise(exc=ast.AST() as words):
            yield words
        case ast.Call(func=ast.Name(id="say"), args=args):
            yield from args
        case ast.keyword(arg="empty", value=words):
            yield words


def said_in(tree: ast.AST) -> Iterator[str]:
    """Texts below `tree` that are sentences: of several words, and no documentation."""
    match tree:
        case ast.Constant(value=str(text)):
            found = text
        case ast.JoinedStr():
            found = template(tree)
        case ast.Expr(value=ast.Constant()):
            return
        case ast.Call(func=ast.Name(id="_" | "ngettext")):
            return
        case _:
            for below in ast.iter_child_nodes(tree):
                yield from said_in(below)
            return
    if " " in found.strip() and not NO_SENTENCE.search(found) and _own_letters(found) >= FEWEST:
        yield found


def _own_letters(text: str) -> int:
    return sum(sign.isalpha() for sign in GAP.sub("", text))


def template(node: ast.JoinedStr) -> str:
    """An f-string with its gaps named by what stands in them: `{name}`, `{path}`."""
    parts, taken = [], set[str]()
    for value in node.values:
        if isinstance(value, ast.Constant):
            parts.append(str(value.value).replace("{", "{{").replace("}", "}}"))
        else:
            parts.append(f"{{{_gap(value, taken)}}}")
    return "".join(parts)


def _gap(value: ast.AST, taken: set[str]) -> str:
    words = [
        one.attr if isinstance(one, ast.Attribute) else one.id
        for one in ast.walk(value)
        if isinstance(one, ast.Attribute | ast.Name)
    ]
    name = next(
        (word.strip("_") for word in words if word not in ("self", "map", "str", "len")), "x"
    )
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def web() -> Iterator[Message]:
    """What the page says: its Python, and its templates as Jinja2's own extraction reads them."""
    methods = [("**.py", "python"), ("**.html", "jinja2")]
    for found in extract_from_dir(ROOT / "daemon" / "web", methods, keywords=KEYWORDS):
        yield found[2]
    yield from page_words()


SOURCES = {"terminal": terminal, "sentences": sentences}
if (ROOT / "daemon" / "web").is_dir():
    SOURCES["web"] = web


def path(domain: str, language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / f"{domain}.po"


def fresh(domain: str, language: str) -> Catalog:
    """The catalogue with every message of today, translated as far as the file is."""
    file = path(domain, language)
    old = read_po(io.BytesIO(file.read_bytes()) if file.exists() else io.BytesIO(), locale=language)
    made = Catalog(
        locale=language,
        domain=domain,
        project="Orderbell",
        version="1",
        creation_date=NO_DATE,
        revision_date=NO_DATE,
        header_comment="",
        fuzzy=False,
    )
    for message in dict.fromkeys(SOURCES[domain]()):
        known = old.get(message[0] if isinstance(message, tuple) else message)
        made.add(message, known.string if known else None)
    return made


def untranslated(domain: str, language: str) -> list[str]:
    """Messages without words in `language`, each singular only."""
    return [
        one.id[0] if isinstance(one.id, tuple) else one.id
        for one in fresh(domain, language)
        if one.id
        and one.id not in OURS
        and not all(one.string if isinstance(one.string, tuple) else (one.string,))
    ]


def rendered(domain: str, language: str) -> tuple[bytes, bytes]:
    """The catalogue as .po and .mo."""
    made, source, binary = fresh(domain, language), io.BytesIO(), io.BytesIO()
    write_po(source, made, sort_output=True, no_location=True, width=100)
    write_mo(binary, made)
    return source.getvalue(), binary.getvalue()


def main(words: list[str]) -> int:
    missing = 0
    for domain in SOURCES:
        for language in FOREIGN:
            file = path(domain, language)
            if words == ["write"]:
                source, binary = rendered(domain, language)
                file.write_bytes(source)
                file.with_suffix(".mo").write_bytes(binary)
            for text in untranslated(domain, language):
                missing += 1
                print(f"{file.relative_to(ROOT)}: {text!r}")
    return int(missing > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

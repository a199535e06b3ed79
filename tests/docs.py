"""The tables in the documentation, made from the program itself: `python -m tests.docs write`,
checked in the suite.

A table stands between `<!-- begin NAME -->` and `<!-- end NAME -->`; whatever a person writes
around it stays.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGES = (
    "README.md",
    "README.ja.md",
    "docs/alerts.md",
    "docs/coverage.md",
    "docs/facts.md",
    "docs/files.md",
    "docs/notes.md",
    "docs/rules.md",
    "docs/service.md",
    "docs/settings.md",
    "docs/targets.md",
    "docs/stories.md",
    "docs/writing-rules.md",
)
BLOCK = re.compile(r"(<!-- begin (?P<name>[\w-]+) -->\n).*?(<!-- end (?P=name) -->)", re.DOTALL)


def commands() -> Iterator[str]:
    import click

    from daemon.cli import main

    yield from ("| Command | Does |", "| --- | --- |")
    for command in (one for section in main.sections.values() for one in section):
        name = command.name
        if isinstance(command, click.Group):
            words = " \\| ".join(sorted(command.commands))
            yield f"| `{name} {words}` | {_first(command.help)} |"
        else:
            usage = " ".join(
                one.make_metavar(click.Context(command))
                for one in command.params
                if isinstance(one, click.Argument)
            )
            yield f"| `{_cell(f'{name} {usage}'.strip())}` | {_first(command.help)} |"


def exit_codes() -> Iterator[str]:
    from daemon.cli.exits import MEANINGS

    yield from ("| Code | Means |", "| ---: | --- |")
    yield from (f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items())


def metrics() -> Iterator[str]:
    from daemon.service.metrics import METRICS

    yield from ("| Metric | Kind | Means |", "| --- | --- | --- |")
    for one in METRICS:
        labels = f"{{{', '.join(one.labels)}}}" if one.labels else ""
        yield f"| `{one.name}{labels}` | {one.kind} | {one.meaning} |"


def priorities() -> Iterator[str]:
    from daemon.push.address import MACHINES, MARKS, PRIORITIES

    names = {
        "ntfy": "ntfy",
        "pover": "Pushover",
        "gotify": "Gotify",
        "prowl": "Prowl",
        "join": "Join",
    }
    yield from ("| | critical | warning | info |", "| --- | --- | --- | --- |")
    for service, words in PRIORITIES.items():
        yield f"| {names[service]} | {words['critical']} | {words['warning']} | {words['info']} |"
    yield (
        f"| {', '.join(f'`{name}://`' for name in MACHINES)} | `type: failure` | `type: warning` |"
        " `type: info` |"
    )
    marks = {
        level: f"{mark.strip()} before the title" if mark else "" for level, mark in MARKS.items()
    }
    yield f"| all others | {marks['critical']} | {marks['warning']} | {marks['info']} |"


def settings() -> Iterator[str]:
    from daemon.settings import schema

    tree = schema()
    yield from ("| Key | Takes | Left out | Means |", "| --- | --- | --- | --- |")
    for path, spec in _keys(tree, tree):
        default = spec.get("default")
        shown = (
            "" if isinstance(default, dict) or default in (None, "", []) else f"`{_plain(default)}`"
        )
        yield f"| `{path}` | {_takes(spec)} | {shown} | {_cell(_first(spec.get('description')))} |"


def facts() -> Iterator[str]:
    from rules.fields import FIELDS

    yield from ("| Fact | Kind | Means | Example |", "| --- | --- | --- | --- |")
    for name, spec in FIELDS.items():
        kind = f"{spec.type.value}: {', '.join(spec.choices)}" if spec.choices else spec.type.value
        yield f"| `{name}` | {kind} | {spec.meaning} | `{spec.example}` |"


def rules() -> Iterator[str]:
    from rules.rulebook import load

    yield from ("| Rule | About | Severity | Says |", "| --- | --- | --- | --- |")
    for rule in load(None).rules:
        yield (
            f"| `{rule.id}` | {rule.about} | {rule.severity.value} |"
            f" {rule.title['en'].replace('|', '¦')} |"
        )


def coverage() -> Iterator[str]:
    """Marketplace × kind × language with the best proof a phrase of it has, and the holes
    counted.
    """
    from tests.coverage_table import lines

    yield from lines()


def gist_coverage() -> Iterator[str]:
    """Topic × language: which topics are heard of a mail that no phrase fits."""
    from tests.coverage_table import gist_lines

    yield from gist_lines()


def rule_keys() -> Iterator[str]:
    from rules.rulefile import WrittenRule

    yield from ("| Key | Means |", "| --- | --- |")
    yield from (
        f"| `{spec.alias or name}` | {spec.description} |"
        for name, spec in WrittenRule.model_fields.items()
    )


def rule_tests() -> Iterator[str]:
    from rules.operators import OPERATORS, PLAIN

    yield from ("| Kind of fact | Tests |", "| --- | --- |")
    for kind, operators in OPERATORS.items():
        tests = [PLAIN[kind], *(f"`{{{one}: …}}`" for one in operators)]
        yield f"| {kind.value} | {', '.join(one for one in tests if one)} |"


def alerts() -> Iterator[str]:
    from tests.rules.sample_alerts import page

    yield from page()


def imports() -> Iterator[str]:
    """Every file that can be imported, with the columns that give it away."""
    from daemon.files.importers.formats import FORMATS

    yield from ("| File | Known by these columns |", "| --- | --- |")
    for one in FORMATS:
        yield f"| {one.title} | {', '.join(f'`{name}`' for name in sorted(one.columns))} |"


def note_kinds() -> Iterator[str]:
    """Kinds of `note`, with the words a text may be and the date `--due` is."""
    from orders.notes import DUE, NOTES, words_of

    yield from ("| Kind | Tells | Words of `--text` | `--due` is |", "| --- | --- | --- | --- |")
    for kind, what in NOTES.items():
        words = ", ".join(f"`{word}`" for word in words_of(kind))
        yield f"| `{kind.value}` | {_cell(what)} | {words} | {DUE.get(kind, 'due')} |"


def note_keys() -> Iterator[str]:
    """Keys of the notes file of `replay`."""
    from daemon.pipeline.notes import WrittenNote

    yield from ("| Key | | Means |", "| --- | --- | --- |")
    for name, spec in WrittenNote.model_fields.items():
        must = "needed" if spec.is_required() else ""
        yield f"| `{name}` | {must} | {spec.description} |"


def stories() -> Iterator[str]:
    """Every described situation with its state."""
    from tests.stories.rows import table

    yield from table()


def needs() -> Iterator[str]:
    """What each story's person is given when it matters."""
    from tests.stories import needs, story

    yield from needs.table(story.stories())


TABLES: Mapping[str, Callable[[], Iterable[str]]] = {
    "commands": commands,
    "exit-codes": exit_codes,
    "metrics": metrics,
    "priorities": priorities,
    "settings": settings,
    "facts": facts,
    "rules": rules,
    "rule-keys": rule_keys,
    "tests": rule_tests,
    "alerts": alerts,
    "coverage": coverage,
    "gist-coverage": gist_coverage,
    "imports": imports,
    "stories": stories,
    "needs": needs,
    "note-kinds": note_kinds,
    "note-keys": note_keys,
}


def rendered(text: str) -> str:
    """The page with every table made anew. Raises KeyError for a table nobody makes."""
    return BLOCK.sub(
        lambda block: block[1] + "\n".join(TABLES[block["name"]]()) + "\n" + block[3], text
    )


def _keys(tree: Any, node: Any, path: str = "", given: Any = None) -> Iterator[tuple[str, Any]]:
    """Every key with its own schema; `given` are the defaults that the map around it has."""
    for name, spec in node.get("properties", {}).items():
        inner = _followed(tree, spec)
        default = (given or {}).get(name, spec.get("default"))
        here = f"{path}{name}"
        if inner.get("title") == "Secret":
            yield here, {"takes": "a secret", "description": spec.get("description")}
        elif "properties" in inner:
            yield from _keys(tree, inner, f"{here}.", default)
        elif "properties" in (item := _followed(tree, inner.get("items", {}))):
            yield from _keys(tree, item, f"{here}[].")
        else:
            yield here, {**inner, **spec, "default": default}


def _followed(tree: Any, spec: Any) -> Any:
    return tree["$defs"][spec["$ref"].rsplit("/", 1)[-1]] if "$ref" in spec else spec


def _takes(spec: Any) -> str:
    match spec:
        case {"takes": words}:
            return str(words)
        case {"enum": choices}:
            return ", ".join(f"`{one}`" for one in choices)
        case {"const": only}:
            return f"`{only}`"
        case {"examples": [*examples]}:
            return "such as " + ", ".join(f"`{one}`" for one in examples)
        case {"type": "array"}:
            return "a list"
        case {"type": "object"}:
            return "a map"
        case {"type": "boolean"}:
            return "`true`, `false`"
        case {"type": "integer"}:
            return "a whole number"
        case _:
            return "text"


def _plain(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list():
            return f"[{', '.join(str(one) for one in value)}]"
        case _:
            return str(value)


def _cell(text: str) -> str:
    """A bar in a table's cell would end it, even in a code span."""
    return text.replace("|", "\\|")


def _first(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split()).rstrip(".").replace("|", "\\|")


def main(words: list[str]) -> int:
    stale = [
        page for page in PAGES if rendered((ROOT / page).read_text()) != (ROOT / page).read_text()
    ]
    match words:
        case ["write"]:
            for page in stale:
                (ROOT / page).write_text(rendered((ROOT / page).read_text()))
                print(f"{page}: written")
            return 0
        case ["check"]:
            print("\n".join(f"{page}: not as the program is; run: make docs" for page in stale))
            return 1 if stale else 0
        case _:
            print("usage: python -m tests.docs write|check")
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

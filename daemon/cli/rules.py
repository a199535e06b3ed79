"""`rules`: check, list, test, explain and replay the rules, and their schema for editors."""

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import (
    STYLES,
    Column,
    Overflow,
    as_json,
    choice,
    column,
    print_json,
    put,
    say,
    show,
    words,
)
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from rules.rulebook import Rulebook


STARTS = ("order", "shipment", "dispute", "refund", "mail")
"""What a new rule may be about, as in rules/rulewriter.py."""
PAST = timedelta(days=90)
"""How far back a new rule is tried."""


@click.group()
def rules() -> None:
    """Look at the rules."""


@rules.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.pass_obj
def check(paths: Paths, file: Path | None) -> None:
    """Check the rules and say every fault as file:line:column."""
    book = paths.rulebook(file)
    where = file or paths.rules or "the shipped rules"
    say(f"{where}: right; {len(book.rules)} rules in effect")


@rules.command(name="list")
@click.option(
    "--effective",
    is_flag=True,
    help="Each rule whole, with what your file changed; with --json as data.",
)
@as_json
@click.pass_obj
def list_rules(paths: Paths, effective: bool, as_json: bool) -> None:
    """List the rules, and which of them your file changed or switched off."""
    from daemon.queries.rules import listed_rules

    book = paths.rulebook()
    if effective:
        _effective(book, as_json=as_json)
        return
    columns = (
        Column(
            "severity",
            lambda row: row["severity"] if row["enabled"] else "off",
            lambda row: STYLES[row["severity"]],
        ),
        Column("rule", lambda row: row["id"] + (" *" if row["changed"] else "")),
        column("about", "about"),
        column("title", "title", Overflow.FOLD),
    )
    show(listed_rules(book), columns, as_json=as_json, empty="no rules are in effect")


@rules.command()
@click.argument("name")
@click.option(
    "--about",
    type=click.Choice(STARTS),
    default="order",
    show_default=True,
    help="What it speaks of.",
)
@click.option(
    "--severity",
    type=click.Choice(("critical", "warning", "info")),
    default="warning",
    show_default=True,
    help="How loud it is.",
)
@click.pass_obj
def new(paths: Paths, name: str, about: str, severity: str) -> None:
    """Write a starting rule called NAME into your rules.yaml, and say what it would have rung for.

    What stands in the file stays, comments too. Change the rule there to what you want.
    """
    from daemon.newrule import add_rule, check_name
    from rules.rulewriter import starting_rule

    settings = paths.settings_if_any()
    groups, file = settings.notify if settings else None, paths.folder / "rules.yaml"
    try:
        check_name(name, file, groups)
        rule = starting_rule(name, about, severity, paths.language())
        book = add_rule(file, rule, groups)
    except ValueError as error:
        raise ExitError(Exit.USAGE, str(error)) from error
    say(f"{book.rule(name).source}: the rule is written; change it there to what you want")
    put("")
    put(rule.rstrip())
    put("")
    _tell_past(paths, name)


@rules.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--shipped", is_flag=True, help="Run the tests that come with the shipped rules.")
@click.pass_obj
def test(paths: Paths, file: Path | None, shipped: bool) -> None:
    """Run the tests in FILE, else those in rules.tests.yaml beside the configuration."""
    from importlib.resources import files

    from parsers.user_yaml import UserFileError, parse
    from rules.rulebook import Rulebook
    from rules.rulebook import shipped as shipped_book
    from rules.ruletests import load, run, trials

    try:
        if shipped:
            name, base = "defaults.tests.yaml", shipped_book()
            found = trials(parse(files("rules").joinpath(name).read_bytes(), name))
            book = Rulebook(rules=(*base.rules, *base.idle))  # those that are off are tested too
        else:
            found = load(file or paths.folder / "rules.tests.yaml")
            book = paths.rulebook(found.rules)
    except UserFileError as error:
        raise ExitError(Exit.RULES, *(str(fault) for fault in error.faults)) from error
    failures = run(found, book)
    if failures:
        raise ExitError(
            Exit.RULES,
            *(str(failure) for failure in failures),
            f"{len(failures)} of {len(found.checks)} checks failed",
        )
    say(f"{found.file}: {len(found.checks)} checks passed")


@rules.command()
@click.argument("rule_id", metavar="RULE")
@click.argument("order_id", metavar="ORDER")
@click.pass_obj
def explain(paths: Paths, rule_id: str, order_id: str) -> None:
    """Say test by test why RULE does or does not ring for ORDER, and when that could change."""
    from datetime import UTC, datetime

    from daemon.pipeline.lookup import find_orders
    from daemon.queries.rules import explained, find_rule, silence_lines

    book, now = paths.rulebook(), datetime.now(UTC)
    rule = find_rule(book, rule_id)
    with paths.ledger() as ledger:
        views = [paths.view(row.key, ledger) for row in find_orders(ledger, order_id)]
    if not rule.enabled:
        say(f"{rule.id} is switched off; if it were on:")
    for shown in views:
        for text in explained(rule, shown, now, paths.zone()):
            put(text)
    for text in silence_lines(rule, book):
        put(text)


@rules.command()
@click.option(
    "--since", "span", default="90d", show_default=True, help="How far back, such as 30d."
)
@click.option(
    "--rules",
    "candidate",
    type=click.Path(path_type=Path),
    help="Rules to try beside those in effect.",
)
@as_json
@click.pass_obj
def replay(paths: Paths, span: str, candidate: Path | None, as_json: bool) -> None:
    """Say what the rules, or those of a candidate file, would have sent for the mails kept, beside
    what was sent.
    """
    from datetime import UTC, datetime

    from daemon.history import difference_rows, really_sent, would_send
    from daemon.worker.reading import inline
    from parsers.user_yaml import duration
    from rules.difference import compare

    now = datetime.now(UTC)
    try:
        since = now - duration(span)
    except ValueError as error:
        raise ExitError(Exit.USAGE, f"--since {span}: {error}") from error
    setups = [paths.setup(), *([paths.setup(rules=candidate)] if candidate else [])]
    reads = inline(paths.packs)
    with paths.ledger() as ledger:
        sides = [would_send(ledger, setup, reads, since=since, until=now) for setup in setups]
        sent = really_sent(ledger, since)
    before, after = sides[0], sides[-1]
    columns = (
        column("at", "at"),
        Column("severity", lambda row: words(row["severity"]), lambda row: STYLES[row["severity"]]),
        choice("state", "state"),
        column("rule", "rule"),
        column("title", "title", Overflow.FOLD),
        *((column("sent by", "sent_by"),) if candidate else ()),
        column("really sent", "sent_at"),
    )
    show(
        difference_rows(before, after, sent, paths.zone()),
        columns,
        as_json=as_json,
        empty="nothing would have been sent",
    )
    if candidate and not as_json:
        for rule, old, new in compare(before, after).counts():
            if old != new:
                say(f"{rule}: {old} now, {new} with {candidate}")


@rules.command()
def schema() -> None:
    """Print the JSON Schema of rules.yaml, for editors."""
    from rules.schema import text

    click.echo(text(), nl=False)


def _tell_past(paths: Paths, name: str) -> None:
    """What the rule would have rung for in the mails kept."""
    from datetime import UTC, datetime

    from daemon.history import difference_rows, would_ring
    from daemon.store.store import FILE
    from daemon.worker.reading import inline

    if not (paths.state / FILE).exists():
        say("there is no past to try it on; the ledger begins with: orderbell once")
        return
    now, setup = datetime.now(UTC), paths.setup()
    with paths.ledger() as ledger:
        rung = would_ring(ledger, setup, inline(paths.packs), name, since=now - PAST, until=now)
    if not rung:
        say(f"in the last {PAST.days} days it would not have rung")
        return
    say(f"in the last {PAST.days} days it would have rung {len(rung)} times:")
    columns = (column("at", "at"), column("title", "title", Overflow.FOLD))
    show(difference_rows(rung, rung, (), paths.zone())[-20:], columns, as_json=False, empty="")


def _effective(book: "Rulebook", *, as_json: bool) -> None:
    if as_json:
        for row in book.effective():
            print_json(row)
        return
    for row in book.effective():
        off = "" if row["enabled"] else " (off)"
        changed = (
            f", changed in {row['changed_in']}: {', '.join(row['changed'])}"
            if row["changed"]
            else ""
        )
        say(f"{row['id']}{off}  [{row['source']}{changed}]")
        for key, value in row["rule"].items():
            if key != "id":
                say(f"    {key}: {json.dumps(value, ensure_ascii=False, default=str)}")

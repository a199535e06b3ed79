"""`rules`: check, list, test, explain and replay the rules, and their schema for editors."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import Column, Fit, as_json, column, print_json, show
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from rules.rulebook import Rulebook


@click.group()
def rules() -> None:
    """Look at the rules."""


@rules.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.pass_obj
def check(places: Paths, file: Path | None) -> None:
    """Check the rules and say every fault as file:line:column."""
    book = rulebook(places, file)
    where = file or places.rules or "the shipped rules"
    click.echo(f"{where}: right; {len(book.rules)} rules in effect")


@rules.command(name="list")
@click.option(
    "--effective",
    is_flag=True,
    help="Each rule whole, with what your file changed; with --json as data.",
)
@as_json
@click.pass_obj
def list_rules(places: Paths, effective: bool, as_json: bool) -> None:
    """List the rules, and which of them your file changed or switched off."""
    book = rulebook(places, None)
    if effective:
        _effective(book, as_json=as_json)
        return
    rows = [
        {
            "id": rule.id,
            "enabled": rule.enabled,
            "about": rule.about,
            "severity": rule.severity.value,
            "title": in_english(rule.title),
            "source": rule.source,
            "changed": list(rule.changed),
        }
        for rule in sorted(
            (*book.rules, *book.idle),
            key=lambda rule: (not rule.enabled, -rule.severity.rank, rule.id),
        )
    ]
    columns = (
        Column(
            "severity",
            lambda row: row["severity"] if row["enabled"] else "off",
            lambda row: STYLES[row["severity"]],
        ),
        Column("rule", lambda row: row["id"] + (" *" if row["changed"] else "")),
        column("about", "about"),
        column("title", "title", Fit.TEXT),
    )
    show(rows, columns, as_json=as_json, empty="no rules are in effect")


@rules.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--shipped", is_flag=True, help="Run the tests that come with the shipped rules.")
@click.pass_obj
def test(places: Paths, file: Path | None, shipped: bool) -> None:
    """Run the tests in FILE, else those in rules.tests.yaml beside the configuration."""
    from importlib.resources import files

    from parsers.user_yaml import UserFileError, parse
    from rules.rulebook import Rulebook
    from rules.rulebook import shipped as shipped_book
    from rules.ruletests import load, run, trials

    try:
        if shipped:
            name = "defaults.tests.yaml"
            found, base = (
                trials(parse(files("rules").joinpath(name).read_bytes(), name)),
                shipped_book(),
            )
            book = Rulebook(rules=(*base.rules, *base.idle))  # those that are off are tested too
        else:
            found = load(file or places.folder / "rules.tests.yaml")
            book = rulebook(places, found.rules)
    except UserFileError as error:
        raise ExitError(Exit.RULES, *(str(fault) for fault in error.faults)) from error
    failures = run(found, book)
    if failures:
        raise ExitError(
            Exit.RULES,
            *(str(one) for one in failures),
            f"{len(failures)} of {len(found.checks)} checks failed",
        )
    click.echo(f"{found.file}: {len(found.checks)} checks passed")


@rules.command()
@click.argument("rule_id", metavar="RULE")
@click.argument("order_id", metavar="ORDER")
@click.pass_obj
def explain(places: Paths, rule_id: str, order_id: str) -> None:
    """Say test by test why RULE does or does not ring for ORDER, and when that could change."""
    from datetime import UTC, datetime

    from daemon.cli.orders import found
    from daemon.pipeline.scopes import order_scope_facts
    from parsers.user_yaml import did_you_mean
    from rules.explain import explain as reasons

    book, now = rulebook(places, None), datetime.now(UTC)
    known = {rule.id: rule for rule in (*book.rules, *book.idle)}
    if rule_id not in known:
        raise ExitError(
            Exit.USAGE,
            "no rule"
            f" {rule_id!r}{did_you_mean(rule_id, known) or '; orderbell rules list lists them'}",
        )
    rule = known[rule_id]
    with places.ledger() as ledger:
        views = [places.view(row.key, ledger) for row in found(ledger, order_id)]
    subjects = [
        one
        for view in views
        for one in order_scope_facts(view, now).subjects
        if one.about == rule.about
    ]
    if not rule.enabled:
        click.echo(f"{rule.id} is switched off; if it were on:")
    kinds = rule.kinds
    if kinds:
        subjects = [one for one in subjects if one.facts.get(f"{rule.about}.kind") in kinds]
    if not subjects:
        kind = f" of the kind {' or '.join(sorted(kinds))}" if kinds else ""
        click.echo(f"{rule.id} speaks of a {rule.about}{kind}, and order {order_id} has none")
    for one in subjects:
        click.echo(str(reasons(rule, one, now, places.zone())))


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
def replay(places: Paths, span: str, candidate: Path | None, as_json: bool) -> None:
    """Say what the rules, or those of a candidate file, would have sent for the mails kept, beside
    what was sent.
    """
    from daemon.cli.history import sendings, sent
    from parsers.user_yaml import duration
    from rules.difference import beside, compare

    try:
        back = duration(span)
    except ValueError as error:
        raise ExitError(Exit.USAGE, f"--since {span}: {error}") from error
    before = sendings(places, None, back)
    after = sendings(places, candidate, back) if candidate else before
    difference = compare(before, after)
    zone = places.zone()
    times, others = beside(
        (*difference.both, *difference.only_before, *difference.only_after), sent(places, back)
    )
    rows = [
        {
            "at": one.at.astimezone(zone).isoformat(timespec="minutes"),
            "rule": one.rule,
            "severity": one.severity.value,
            "state": one.cause.value,
            "title": one.title,
            "sent_by": who,
            "sent_at": (
                times[one].astimezone(zone).isoformat(timespec="minutes") if one in times else None
            ),
        }
        for who, side in (
            ("both", difference.both),
            ("rules in effect", difference.only_before),
            ("candidate", difference.only_after),
            ("neither", others),
        )
        for one in side
    ]
    columns = (
        column("at", "at"),
        Column("severity", lambda row: row["severity"], lambda row: STYLES[row["severity"]]),
        column("state", "state"),
        column("rule", "rule"),
        column("title", "title", Fit.TEXT),
        *((column("sent by", "sent_by"),) if candidate else ()),
        column("really sent", "sent_at"),
    )
    show(
        sorted(rows, key=lambda row: row["at"]),
        columns,
        as_json=as_json,
        empty="nothing would have been sent",
    )
    if not as_json:
        for rule, old, new in difference.counts() if candidate else ():
            if old != new:
                click.echo(f"{rule}: {old} now, {new} with {candidate}")


@rules.command()
def schema() -> None:
    """Print the JSON Schema of rules.yaml, for editors."""
    from rules.schema import text

    click.echo(text(), nl=False)


STYLES = {"critical": "bold red", "warning": "yellow", "info": ""}


def rulebook(places: Paths, file: Path | None) -> "Rulebook":
    """The shipped rules with the user's file laid over. Raises Stop with every fault."""
    from parsers.user_yaml import UserFileError
    from rules.rulebook import load

    try:
        settings = places.settings_if_any()
    except UserFileError:
        settings = (
            None  # its faults are another command's to tell; without it any notify group passes
        )
    try:
        return load(file or places.rules, None if settings is None else settings.notify)
    except UserFileError as error:
        raise ExitError(Exit.RULES, *(str(fault) for fault in error.faults)) from error


def in_english(texts: "Mapping[str, str]") -> str:
    return texts.get("en") or next(iter(texts.values()))


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
        click.echo(f"{row['id']}{off}  [{row['source']}{changed}]")
        for key, value in row["rule"].items():
            if key != "id":
                click.echo(f"    {key}: {json.dumps(value, ensure_ascii=False, default=str)}")

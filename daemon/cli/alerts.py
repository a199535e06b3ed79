"""`alerts`, `alert`, `ack`, `snooze`, `resolve`: what rings, and what its owner says to it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from gettext import gettext as _
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import (
    STYLES,
    Column,
    Overflow,
    as_json,
    asked,
    choice,
    column,
    filters,
    nothing,
    print_json,
    say,
    show,
    spoken,
    tell_more,
    until,
    words,
)
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from datetime import tzinfo

    from daemon.pipeline.commands import Commands
    from daemon.queries.alerts import Teller
    from daemon.store.alerts import AlertRow

LIVE = ("firing", "acked", "snoozed")


language = click.option(
    "--language", type=click.Choice(["en", "ja"]), help="[default: that of your first target]"
)


@click.command(short_help="List alerts, worst first.")
@click.option("--all", "everything", is_flag=True, help="Those that have ended too.")
@click.option("--full", is_flag=True, help="Each with its text and advice.")
@language
@filters(
    status="Only firing, acked, snoozed, settled or resolved ones; may be repeated.",
    since="Only those that began since then: a date, or 7d for the last week.",
)
@click.pass_obj
def alerts(paths: Paths, /, full: bool, as_json: bool, **options: Any) -> None:
    """List alerts, worst first; alert, ack, snooze and resolve take their numbers."""
    from daemon.queries.alerts import listed_alerts
    from daemon.queries.wanted import ALERT_STATES, Wanted

    teller = teller_of(paths, options.pop("language"))
    wanted = asked(paths, ALERT_STATES, options)
    with paths.ledger() as ledger:
        found = listed_alerts(ledger, teller, Wanted(**wanted))
    if full and not as_json:
        for row in found.rows:
            say("\n".join([*_head(row, teller.zone), *_text(row), ""]))
    else:
        empty = nothing(wanted, "nothing rings")
        show(found.rows, _columns(teller), as_json=as_json, empty=empty)
    tell_more(found.next, found.more)


@click.command(short_help="One alert as it was pushed.")
@click.argument("number", metavar="ALERT", type=int)
@language
@as_json
@click.pass_obj
def alert(paths: Paths, number: int, language: str | None, as_json: bool) -> None:
    """Show one alert as it was pushed, the lines of the mail it rests on, and what became of it;
    past ones too.
    """
    from daemon.queries.alerts import whole_alert
    from daemon.queries.evidence import evidence
    from daemon.worker.reading import inline

    teller, setup = teller_of(paths, language), paths.setup()
    with paths.ledger() as ledger:
        row = whole_alert(ledger, teller, number)
        row["evidence"] = evidence(ledger, setup, inline(setup.packs), row["mails"])
    if as_json:
        print_json(row)
    else:
        say("\n".join(_whole(row, teller.zone)))


def teller_of(paths: Paths, language: str | None = None) -> "Teller":
    """In the language and zone of the user."""
    from daemon.queries.alerts import Teller

    settings = paths.settings_if_any()
    return Teller(
        book=paths.rulebook(),
        language=language or paths.language(),
        zone=paths.zone(),
        now=datetime.now(UTC),
        contact=settings.contact if settings else {},
        worth=paths.worth(),
        policy=paths.policy(),
    )


def _columns(teller: "Teller") -> tuple[Column, ...]:
    return (
        column("number", "alert"),
        Column("severity", lambda row: words(row["severity"]), lambda row: STYLES[row["severity"]]),
        choice("state", "state"),
        column("what", "title", Overflow.FOLD),
        Column("until", lambda row: until(row["due_at"], teller.zone, teller.now)),
    )


def _head(row: Mapping[str, Any], zone: "tzinfo") -> Iterator[str]:
    told = _("{number}  {severity}, {state} since {time}")
    yield told.format(
        number=row["alert"],
        severity=words(row["severity"]),
        state=words(row["state"]),
        time=spoken(row["since"], zone),
    )


def _text(row: Mapping[str, Any]) -> Iterator[str]:
    yield row["title"]
    yield from (row[name] for name in ("body", "advice", "read_in") if row[name])


def _whole(row: Mapping[str, Any], zone: "tzinfo") -> Iterator[str]:
    yield from _head(row, zone)
    for name, what in (
        ("snoozed_until", _("silent until {time}")),
        ("resolved_at", _("over since {time}")),
    ):
        if row[name]:
            yield what.format(time=spoken(row[name], zone))
    yield ""
    yield row["message"]["title"]
    yield from row["message"]["body"].splitlines()
    for mail in row["evidence"]:
        yield ""
        told = _("In mail {number}, {subject!r} from {sender}:")
        yield told.format(number=mail["mail"], subject=mail["subject"], sender=mail["sender"])
        yield from (f"  {line}" for line in mail["lines"])
    if row["pushed"]:
        yield ""
    for push in row["pushed"]:
        cause = {
            "firing": _("pushed"),
            "repeat": _("reminded"),
            "resolved": _("said to be over"),
        }
        how = "" if push["state"] == "sent" else f" ({words(push['state'])})"
        yield f"{spoken(push['at'], zone)}  {cause[push['cause']]}: {push['target']}{how}"
    if row["state"] in LIVE:
        number = row["alert"]
        yield ""
        yield f"orderbell ack {number} · orderbell snooze {number} · orderbell resolve {number}"


ringing = click.argument("which", metavar="ALERT|ORDER…", nargs=-1, required=True)


@click.command()
@ringing
@click.pass_obj
def ack(paths: Paths, which: tuple[str, ...]) -> None:
    """Say that you have seen it: no more repeats. Takes alert numbers, or order numbers for all
    alerts of an order.
    """
    with paths.commands() as commands:
        rows = _chosen(commands, which)
        commands.acknowledge(rows)
    _said(rows, _("acknowledged"))


@click.command()
@ringing
@click.option(
    "--for", "span", default="8h", show_default=True, help="Such as 8h, 2d, or deadline-24h."
)
@click.pass_obj
def snooze(paths: Paths, which: tuple[str, ...], span: str) -> None:
    """Be silent for a while; it rings again by itself."""
    from rules.lifecycle import snooze_until

    zone, now = paths.zone(), datetime.now(UTC)
    with paths.commands() as commands:
        rows = _chosen(commands, which)
        refused = []
        for row in rows:
            try:
                until = snooze_until(span, row.alert, now)
            except ValueError as error:
                refused.append(f"{row.id} {row.alert.rule}: {error}")
                continue
            commands.snooze([row], until)
            say(f"{row.id} {row.alert.rule}: silent until {until.astimezone(zone):%Y-%m-%d %H:%M}")
    if len(refused) == len(rows):
        raise ExitError(Exit.USAGE, *refused)
    for line in refused:
        click.echo(line, err=True)


@click.command()
@ringing
@click.pass_obj
def resolve(paths: Paths, which: tuple[str, ...]) -> None:
    """Say that it is done; it rings only if it becomes true anew."""
    with paths.commands() as commands:
        rows = _chosen(commands, which)
        commands.resolve(rows)
    _said(rows, _("resolved"))


def _chosen(commands: "Commands", which: Sequence[str]) -> "list[AlertRow]":
    from daemon.queries.alerts import open_alerts

    with commands.store.read() as ledger:
        return open_alerts(ledger, which)


def _said(rows: "list[AlertRow]", what: str) -> None:
    for row in rows:
        say(f"{row.id} {row.alert.rule}: {what}")

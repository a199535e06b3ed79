"""Whatever a file, a note or a service says, nothing that is written out steers a terminal, a
spreadsheet or a calendar.
"""

import csv
import json
import unicodedata

import pytest
from click.testing import CliRunner

from daemon.cli import main
from daemon.cli.listing import print_json, put
from daemon.files.exports.agenda import calendar
from daemon.files.exports.files import csv_lines
from tests.orders.events import day, lines, said, seen

EVIL = "Lamp\x1b]52;c;aGk=\x07\x9b31m\u202egnp\u2066\u200f\x7f\ufeff\x85\u2028\r\x08end"
NUMBER = "249-0000000-0000077"


def steering(text):
    return sorted(
        {sign for sign in text if unicodedata.category(sign) in ("Cc", "Cf")} - {*"\r\n\t"}
    )


@pytest.fixture
def told(household):
    """An order whose every word of a person's is evil."""

    def call(*words):
        config = str(household.folder / "config.yaml")
        return CliRunner().invoke(
            main, ["--config", config, "--state", str(household.folder / "state"), *words]
        )

    rows = household.folder / "orders.csv"
    with rows.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Order ID", "Order Date", "Title", "Seller", "Carrier Name & Tracking"])
        writer.writerow([NUMBER, "2026-03-02", EVIL, EVIL, EVIL])
    call("import", str(rows))
    call("note", NUMBER, "order.placed", "--text", EVIL)
    call("note", NUMBER, "promise", "--text", EVIL, "--due", "2099-01-01")
    return call


@pytest.mark.parametrize(
    "words",
    [
        ["orders"],
        ["order", NUMBER],
        ["order", NUMBER, "--json"],
        ["watches"],
        ["export"],
        ["rules", "explain", "shipped", NUMBER],
        ["order", EVIL],
        ["rules", "explain", EVIL, NUMBER],
        ["undo", "--json"],
    ],
    ids=" ".join,
)
def test_no_command_prints_what_steers_a_terminal(told, words):
    answer = told(*words)

    assert not isinstance(answer.exception, Exception) or isinstance(answer.exception, SystemExit)
    assert steering(answer.output.removeprefix("\ufeff")) == []


def test_json_keeps_what_it_escapes(capsys):
    print_json({"title": EVIL})
    line = capsys.readouterr().out

    assert steering(line) == []
    assert json.loads(line) == {"title": EVIL}


def test_a_line_of_a_strangers_words_is_a_line(capsys):
    put(f"Store: {EVIL}")

    assert steering(capsys.readouterr().out) == []


def test_a_spreadsheet_and_a_calendar_hold_words_only():
    due = seen(said("order.payment_due", 0, text=EVIL, items=lines(EVIL), pay_by=day(9)))
    table = "".join(csv_lines([{"title": EVIL, "list": [EVIL]}]))
    ics = calendar(
        [(due.order, watch) for watch in due.watches], language="en", now=day(1)
    ).decode()

    assert due.order.title
    assert "SUMMARY" in ics
    assert steering(table.removeprefix("\ufeff")) == []
    assert steering(ics) == []

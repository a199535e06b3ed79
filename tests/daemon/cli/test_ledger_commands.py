"""The commands over a ledger that a real pass over a real mailbox has made."""

import contextlib
import csv
import io
import json
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from icalendar import Calendar

from daemon.cli import main
from daemon.cli.exits import Exit
from daemon.cli.listing import width
from daemon.demo.play import STAMP, names
from daemon.demo.samples import age, sample_mail

KNIFE, LAMP, CHARGER = "8100000000000001", "8100000000000002", "249-0000000-0000001"
CONFIG = """\
version: 1
mailboxes:
  - id: main
    host: 127.0.0.1
    port: {port}
    tls: none
    user: {user}
    password: {{env: PASSWORD}}
    authserv_ids: [{stamp}]
timezone: Asia/Tokyo
"""
UNKNOWN = """\
Authentication-Results: {stamp}; dmarc=pass header.from=notice.aliexpress.com
From: AliExpress <transaction@notice.aliexpress.com>
Subject: Order 8100000000000001: your parcel sings now
Date: {date}
Message-ID: <sings@example.net>

Your parcel of order 8100000000000001 has begun to sing.
"""
PASTE = "Order ID,Order Date,Title,Qty,Store,Status,Product ID\r\n"


def call(place, *words):
    options = ["--config", str(place.config), "--state", str(place.state), *words]
    return CliRunner().invoke(main, options, catch_exceptions=False)


def rows(answer):
    assert answer.exit_code == Exit.DONE, answer.output

    return [json.loads(line) for line in answer.stdout.splitlines()]


@pytest.fixture(scope="module")
def made(tmp_path_factory, dovecot):
    folder = tmp_path_factory.mktemp("ledger")
    user, now = dovecot.user(), datetime.now(UTC)
    for name in sorted(names(), key=lambda name: age(name, now)):
        dovecot.append(user, sample_mail(name, now), when=age(name, now))
    unknown = UNKNOWN.format(stamp=STAMP, date=now.strftime("%a, %d %b %Y %H:%M:%S +0000"))
    dovecot.append(user, unknown.replace("\n", "\r\n").encode())
    place = SimpleNamespace(config=folder / "config.yaml", state=folder / "state")
    place.config.write_text(CONFIG.format(port=dovecot.port, user=user, stamp=STAMP))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PASSWORD", dovecot.password)
        answer = call(place, "once")

    assert answer.exit_code == Exit.DONE, answer.output
    assert "main: 15 new mails; 3 orders" in answer.stdout

    return place


@pytest.fixture
def place(made, tmp_path, monkeypatch):
    """A ledger of one's own."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(made.state, tmp_path / "state")
    shutil.copy(made.config, tmp_path / "config.yaml")
    return SimpleNamespace(
        config=tmp_path / "config.yaml", state=tmp_path / "state", folder=tmp_path
    )


def test_orders_are_listed_with_what_comes_next(made):
    found = {row["number"]: row for row in rows(call(made, "orders", "--all", "--json"))}

    assert set(found) == {KNIFE, LAMP, CHARGER}
    assert found[KNIFE]["total"] == "46.80 USD"
    assert found[CHARGER]["status"] == "cancelled"
    assert found[KNIFE]["last_at"].endswith("+09:00")


def test_orders_that_are_over_are_shown_only_when_asked_for(made):
    shown = call(made, "orders", "--marketplace", "amazon")

    assert (shown.stdout, shown.stderr) == (
        "",
        "no orders under way; with --all also those that are over\n",
    )


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("ebay", "no marketplace 'ebay'; known are aliexpress, amazon\n"),
        ("amazn", "no marketplace 'amazn'; did you mean 'amazon'?\n"),
    ],
)
def test_a_marketplace_that_is_not_known_is_told(made, name, sentence):
    answer = call(made, "orders", "--all", "--marketplace", name)

    assert (answer.exit_code, answer.stderr) == (Exit.USAGE, sentence)


def test_an_amount_without_a_currency_is_told_how_it_is_written(place):
    answer = call(place, "note", KNIFE, "promise", "--amount", "12")

    assert (answer.exit_code, answer.stderr) == (
        Exit.ERROR,
        "'12' names no currency; write value and currency, such as '26.12 USD'\n",
    )


def test_an_order_shows_the_mail_behind_each_step(made):
    [told] = rows(call(made, "order", KNIFE, "--json"))
    words = call(made, "order", KNIFE).stdout

    news = [step["kind"] for step in told["timeline"] if step["kind"] != "mail.gist"]
    assert news == [
        "order.placed",
        "shipment.shipped",
        "shipment.delivered",
        "dispute.opened",
        "dispute.judged",
    ]
    assert "mail.gist" in [step["kind"] for step in told["timeline"]]
    assert all(step["mail"] and step["subject"] for step in told["timeline"])
    assert "AliExpress Dispute Order" in words
    assert "critical, firing: Dispute judged Invalid" in words


def test_an_unknown_order_gets_a_suggestion(made):
    answer = call(made, "order", CHARGER[:-1])

    assert (answer.exit_code, answer.stderr) == (
        Exit.ERROR,
        f"no order '{CHARGER[:-1]}' in the ledger; did you mean '{CHARGER}'?\n",
    )


def test_cases_and_deadlines_are_listed(made):
    cases = rows(call(made, "cases", "--json"))
    watches = rows(call(made, "watches", "--mine", "--json"))

    assert {
        (row["order"], row["kind"], row["judgement"]) for row in cases if row["kind"] == "dispute"
    } == {
        (KNIFE, "dispute", "invalid"),
        (LAMP, "dispute", "valid"),
    }
    assert {(row["order"], row["kind"]) for row in watches} >= {
        (KNIFE, "appeal"),
        (LAMP, "proposal_answer"),
    }
    assert {row["actor"] for row in watches} == {"me"}


def alert_of(place, rule):
    return next(row for row in rows(call(place, "alerts", "--json")) if row["rule"] == rule)


def test_alerts_are_listed_worst_first(made):
    found = rows(call(made, "alerts", "--json"))

    assert {"dispute-judged-invalid", "cancelled-order-moving", "suspicious-mail"} <= {
        row["rule"] for row in found
    }
    assert [row["severity"] for row in found] == sorted(
        (row["severity"] for row in found), key=["critical", "warning", "info"].index
    )


@pytest.mark.parametrize(
    ("words", "state"),
    [(["ack"], "acked"), (["snooze", "--for", "2d"], "snoozed"), (["resolve"], "settled")],
)
def test_an_alert_is_answered_by_its_number(place, words, state):
    number = alert_of(place, "dispute-judged-invalid")["alert"]
    answer = call(place, *words, str(number))
    found = {row["rule"]: row["state"] for row in rows(call(place, "alerts", "--all", "--json"))}

    assert answer.exit_code == Exit.DONE
    assert found["dispute-judged-invalid"] == state


def test_all_alerts_of_an_order_are_answered_by_its_number(place):
    call(place, "ack", KNIFE)
    found = [row for row in rows(call(place, "alerts", "--json")) if KNIFE in row["orders"]]

    assert found
    assert {row["state"] for row in found} == {"acked"}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["ack", "99999"], Exit.ERROR),
        (["snooze", KNIFE, "--for", "soon"], Exit.USAGE),
        (["note", KNIFE, "appeal.submited"], Exit.USAGE),
        (["note", KNIFE, "promise", "--at", "2999-01-01"], Exit.ERROR),
        (["note", KNIFE, "promise", "--at", "yesterday"], Exit.ERROR),
        (["note", KNIFE, "promise", "--amount", "much"], Exit.ERROR),
        (["note", KNIFE, "promise", "--amount", "12 ZZZ"], Exit.ERROR),
        (["note", "12", "promise"], Exit.ERROR),
        (["note", "8100000000000009", "promise"], Exit.ERROR),
        (["assign", "99999", KNIFE], Exit.ERROR),
        (["assign", "1", "8100000000000009"], Exit.ERROR),
        (["rules", "explain", "dispute-judged-invald", KNIFE], Exit.USAGE),
        (["rules", "replay", "--since", "long"], Exit.USAGE),
        (["rules", "test", "none.yaml"], Exit.RULES),
        (["import", "none.csv"], Exit.ERROR),
        (["dossier", "8100000000000009"], Exit.ERROR),
        (["replay", "none"], Exit.ERROR),
        (["replay", ".", "--until", "someday"], Exit.ERROR),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(place, words, code):
    before = call(place, "order", KNIFE, "--json").stdout
    answer = call(place, *words)

    assert answer.exit_code == code, answer.output
    assert answer.stderr
    assert call(place, "order", KNIFE, "--json").stdout == before


def test_a_note_becomes_a_step_of_its_order(place):
    answer = call(place, "note", KNIFE, "appeal.submitted", "--text", "in the chat")
    [told] = rows(call(place, "order", KNIFE, "--json"))

    assert answer.exit_code == Exit.DONE
    assert told["timeline"][-1]["kind"] == "appeal.submitted"
    assert told["timeline"][-1]["fields"] == {"text": "in the chat"}


def test_a_note_about_an_order_nobody_knows_is_a_slip_of_the_keys(place):
    answer = call(place, "note", KNIFE[:-1] + "9", "promise")

    assert "did you mean '81000000000000" in answer.stderr
    assert "For a new one, note order.placed first" in answer.stderr


def test_a_note_that_an_order_was_placed_makes_it_known(place):
    answer = call(place, "note", "8100000000000007", "order.placed", "--amount", "12.50 usd")

    assert "it was not in the ledger before" in answer.stdout
    assert (
        rows(call(place, "order", "8100000000000007", "--json"))[0]["number"] == "8100000000000007"
    )


def test_mails_that_were_not_understood_are_listed_and_read_again_after_a_pack_is_mended(place):
    [unread] = rows(call(place, "mails", "unread", "--json"))
    phrases = place.folder / "packs" / "aliexpress" / "phrases"
    phrases.mkdir(parents=True)
    (phrases / "en.yaml").write_text(
        "shipment.in_transit:\n- proof: reconstructed\n  subject: ['Order {order}: your parcel"
        " sings now']\n"
    )
    answer = call(place, "mails", "reread")

    assert unread["subject"] == "Order 8100000000000001: your parcel sings now"
    assert answer.exit_code == Exit.DONE, answer.output
    assert answer.stdout.startswith(f"mail {unread['mail']}: notices")
    assert rows(call(place, "mails", "unread", "--json")) == []
    assert "shipment.in_transit" in call(place, "order", KNIFE).stdout


def test_a_rule_is_explained_test_by_test(made):
    yes = call(made, "rules", "explain", "dispute-judged-invalid", KNIFE).stdout
    no = call(made, "rules", "explain", "dispute-judged-invalid", LAMP).stdout

    assert "holds" in yes
    assert "does not hold" in no
    assert "wants invalid, is valid" in no


def test_alerts_without_a_deadline_do_not_keep_the_others_of_the_order_from_being_snoozed(place):
    answer = call(place, "snooze", KNIFE, "--for", "deadline-1h")

    assert answer.exit_code == Exit.DONE, answer.output
    assert "dispute-judged-invalid: silent until" in answer.stdout
    assert "this alert has no deadline" in answer.stderr


def test_of_a_rule_about_one_kind_of_watch_only_these_are_explained(made):
    some = call(made, "rules", "explain", "dispute-window-closing", KNIFE).stdout
    none = call(made, "rules", "explain", "a-to-z-opens", KNIFE).stdout

    assert "watch.kind: wants dispute_window, is dispute_window" in some
    assert "is no_movement" not in some
    assert "trigger" not in some
    assert "counted from: counts believed events; other mail only opens" in some
    assert none.splitlines()[:2] == [
        f"a-to-z-opens speaks of a watch of the kind a_to_z_opens, and order {KNIFE} has none",
        "a-to-z-opens is silent when",
    ]


def test_a_candidate_rule_file_is_tried_on_the_ledgers_own_history(place):
    (place.folder / "candidate.yaml").write_text("version: 1\ndisable: [dispute-judged-invalid]\n")
    found = rows(call(place, "rules", "replay", "--rules", "candidate.yaml", "--json"))
    missing = {row["rule"] for row in found if row["sent_by"] == "rules in effect"}

    assert "dispute-judged-invalid" in missing
    assert "dispute-judged-invalid" not in {
        row["rule"] for row in found if row["sent_by"] == "both"
    }


def test_ones_own_rules_are_tested_both_ways(place):
    (place.folder / "rules.yaml").write_text(
        "version: 1\nrules:\n  - id: dear\n    about: order\n    severity: info\n    title: 'Dear:"
        " {order}'\n    when: {order.amount: {at_least: 100 USD}}\n"
    )
    tests = place.folder / "rules.tests.yaml"
    good = (
        "tests:\n  - name: dear\n    about: order\n    facts: {order.amount: 120 USD}\n    fires:"
        " [dear]\n"
    )
    tests.write_text(good)
    right = call(place, "rules", "test")
    tests.write_text(good.replace("120", "20"))
    wrong = call(place, "rules", "test")

    assert (right.exit_code, wrong.exit_code) == (Exit.DONE, Exit.RULES), (
        right.output + wrong.output
    )
    assert "expected ['dear'], fired []" in wrong.stderr


def test_the_shipped_rules_pass_their_own_tests(made):
    assert call(made, "rules", "test", "--shipped").exit_code == Exit.DONE


def test_orders_leave_as_a_table_and_deadlines_as_a_calendar(made):
    table = list(
        csv.DictReader(io.StringIO(call(made, "export", "orders").stdout.lstrip("\ufeff")))
    )
    lines = rows(call(made, "export", "watches", "--format", "jsonl"))
    calendar = Calendar.from_ical(call(made, "export", "calendar").stdout_bytes)

    assert len(table) == 3
    assert {line["kind"] for line in lines} >= {"appeal"}
    assert any("appeal" in str(part.get("summary")).casefold() for part in calendar.walk("VEVENT"))


def test_an_export_of_the_shop_comes_in_once(place):
    row = '8100000000000008,"Jan 5, 2026",Blue cup,1,Cup shop,Completed,1005000000000001\r\n'
    (place.folder / "orders.csv").write_text(PASTE + row)
    first, second = call(place, "import", "orders.csv"), call(place, "import", "orders.csv")

    assert first.exit_code == Exit.DONE, first.output
    assert "1 orders changed" in first.stdout
    assert "0 orders changed" in second.stdout
    assert call(place, "order", "8100000000000008").exit_code == Exit.DONE


def test_a_row_that_cannot_be_read_is_told_by_its_line_and_the_rest_comes_in(place):
    (place.folder / "orders.csv").write_text(
        PASTE
        + '8100000000000008,"Jan 5, 2026",Blue cup,1,Cup shop,Completed,1005000000000001\r\n'
        + '8100000000000009,"Smarch 5, 2026",Red cup,1,Cup shop,Completed,1005000000000001\r\n'
    )
    answer = call(place, "import", "orders.csv")

    assert answer.exit_code == Exit.ERROR
    assert "orders.csv:3:" in answer.stderr
    assert call(place, "order", "8100000000000008").exit_code == Exit.DONE


def test_a_dossier_is_one_page(place):
    answer = call(place, "dossier", KNIFE)
    page = (place.folder / f"dossier-{KNIFE}.html").read_text()

    assert answer.exit_code == Exit.DONE
    assert "Folding kitchen knife" in page
    assert "<script" not in page


def test_a_replay_of_the_same_mails_rings_the_same(made, tmp_path):
    now = datetime.now(UTC)
    for name in names():
        (tmp_path / f"{name}.eml").write_bytes(sample_mail(name, now))
    found = rows(
        call(
            made,
            "replay",
            str(tmp_path),
            "--json",
            "--until",
            (now + timedelta(hours=1)).isoformat(),
        )
    )
    firing = {row["rule"] for row in found if row["state"] == "firing"}

    assert {
        "dispute-judged-invalid",
        "dispute-judged-valid",
        "cancelled-order-moving",
        "suspicious-mail",
    } <= firing
    assert list(found[0]) == [
        "at",
        "rule",
        "severity",
        "state",
        "orders",
        "title",
        "body",
        "message",
    ]


def test_without_trust_in_headers_a_replay_may_trust_all(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mails").mkdir()
    for name in ("knife-ordered", "knife-judged"):  # about an order nobody knows: no rule's alert
        raw = sample_mail(name, datetime.now(UTC))
        (tmp_path / "mails" / f"{name}.eml").write_bytes(raw)
    run = CliRunner().invoke
    doubtful = rows(run(main, ["replay", str(tmp_path / "mails"), "--json"]))
    trusting = rows(run(main, ["replay", str(tmp_path / "mails"), "--json", "--trust", "all"]))

    assert "not verified" in next(
        row["body"] for row in doubtful if row["rule"] == "dispute-judged-invalid"
    )
    assert "not verified" not in next(
        row["body"] for row in trusting if row["rule"] == "dispute-judged-invalid"
    )


def test_a_replay_knows_orders_and_notes_of_files_and_tells_their_faults(place):
    now = datetime.now(UTC)
    (place.folder / "mails").mkdir()
    for name in ("knife-judged", "lamp-ordered"):
        (place.folder / "mails" / f"{name}.eml").write_bytes(sample_mail(name, now))
    day, due = now - timedelta(days=10), now - timedelta(days=8)
    (place.folder / "orders.csv").write_text(
        PASTE
        + f'{KNIFE},"{day:%b} {day.day}, {day.year}",Bread knife,1,Shop,Awaiting delivery,1\r\n'
        + '8100000000000005,"Smarch 5, 2026",Lamp,1,Shop,Awaiting delivery,1\r\n'
    )
    (place.folder / "notes.yaml").write_text(
        f"- {{at: {day:%Y-%m-%d}, kind: promise, order: '{LAMP}', due: {due:%Y-%m-%d}}}\n"
    )
    answer = call(
        place, "replay", "mails", "--orders", "orders.csv", "--notes", "notes.yaml", "--json"
    )
    titles = {row["rule"]: row["title"] for row in rows(answer)}

    assert "Bread knife" in titles["dispute-judged-invalid"]
    assert "promise-broken" in titles
    assert "orders.csv:3:" in answer.stderr


def on_a_terminal(place, *words, columns):
    """What a person sees on a terminal so many columns wide."""
    options = ["--config", str(place.config), "--state", str(place.state), *words]
    terminal, ours = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", "from daemon.cli import main; main()", *options],
        stdout=ours,
        env=os.environ | {"TERM": "xterm", "COLUMNS": str(columns)},
    ) as process:
        os.close(ours)
        said = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while block := os.read(terminal, 65536):
                said += block
        process.wait(60)
    os.close(terminal)
    return re.sub(r"\x1b\[[0-9;]*m", "", said.decode())


@pytest.mark.parametrize("columns", [50, 80, 120])
@pytest.mark.parametrize("words", [("orders", "--all"), ("cases",), ("watches",)])
def test_order_numbers_can_be_copied_from_a_narrow_terminal(made, words, columns):
    seen = on_a_terminal(made, *words, columns=columns)

    assert seen.count(KNIFE) >= 1
    assert max(width(line) for line in seen.splitlines()) <= columns


@pytest.mark.parametrize(
    ("columns", "shown"), [(80, False), (109, False), (110, True), (160, True)]
)
def test_reasons_of_watches_are_shown_where_there_is_room(made, columns, shown):
    heading = on_a_terminal(made, "watches", columns=columns).splitlines()[0]

    assert (heading.split()[-1] == "why") is shown


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_pipe_gets_every_column_in_120_and_texts_alone_are_shortened(made, monkeypatch, language):
    monkeypatch.setenv("LANG", f"{language}.UTF-8")
    found = rows(call(made, "watches", "--json"))
    heading, *lines = call(made, "watches").stdout.splitlines()

    assert max(map(width, (heading, *lines))) <= 120
    assert len(heading.split("  ")) >= 6
    assert all(row["order"] in line for row, line in zip(found, lines, strict=True))
    assert "…" in "".join(lines)


NARROWED = [
    (("orders", "--status", "cancelled"), {CHARGER}),
    (("orders", "--status", "Cancelled", "--status", "payment-due"), {CHARGER}),
    (("orders", "--search", CHARGER[:8]), {CHARGER}),
    (("orders", "--all", "--shop", "aliexpress"), {KNIFE, LAMP}),
    (("orders", "--all", "--shop", "ebay"), set()),
    (("orders", "--all", "--since", "3650d"), {KNIFE, LAMP, CHARGER}),
    (("orders", "--all", "--since", "2999-01-01"), set()),
    (("cases", "--search", KNIFE), {KNIFE}),
    (("cases", "--status", "judged", "--shop", "aliexpress"), {KNIFE, LAMP}),
    (("cases", "--since", "2999-01-01"), set()),
    (("cases", "--status", "closed", "--shop", "amazon"), set()),
    (("watches", "--mine", "--search", LAMP, "--status", "open"), {LAMP}),
    (("watches", "--shop", "amazon", "--status", "met"), {CHARGER}),
    (("watches", "--since", "2999-01-01"), set()),
]


@pytest.mark.parametrize(("words", "found"), NARROWED)
def test_a_listing_is_narrowed_by_status_shop_time_and_words(made, words, found):
    answer = call(made, *words, "--json")

    assert {row.get("number") or row["order"] for row in rows(answer)} == found


def test_alerts_are_narrowed_alike(made):
    def of(*words):
        return {tuple(row["orders"]) for row in rows(call(made, "alerts", *words, "--json"))}

    assert of("--search", KNIFE) == {(KNIFE,)}
    assert of("--search", "dispute-", "--status", "firing", "--shop", "aliexpress") == {
        (KNIFE,),
        (LAMP,),
    }
    assert of("--since", "2999-01-01") == of("--status", "resolved", "--since", "0d") == set()
    assert call(made, "alerts", "--since", "2999-01-01").stderr == "nothing fits what you ask for\n"


@pytest.mark.parametrize(
    "words", [("orders", "--all"), ("cases", "--all"), ("watches", "--all"), ("alerts", "--all")]
)
def test_pages_follow_each_other_until_every_row_was_shown_once(made, words):
    whole = rows(call(made, *words, "--json"))
    pages, after, limit = [], (), ("--limit", "1")
    while True:
        answer = call(made, *words, "--json", *limit, *after)
        pages += rows(answer)
        if "next page" not in answer.stderr:
            break
        after = tuple(shlex.split(answer.stderr.rpartition("; the next page: ")[2]))

    assert len(whole) > 1
    assert pages == whole


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--status", "shiped"), "no status 'shiped'; known are payment_due, "),
        (("--status", "in transitt"), "no status 'in transitt'; did you mean 'in_transit'?\n"),
        (("--since", "tuesday"), "since 'tuesday' is no time; write a date such as 2026-11-01,"),
        (("--since", "2026-13-01"), "since '2026-13-01' is no time; write a date such as "),
        (("--after", "2"), "no place in the list: '2'; take it from the end of a page\n"),
        (("--after", "2026-01-01~x"), "no place in the list: '2026-01-01~x'; take it from"),
    ],
)
def test_what_a_listing_does_not_know_is_a_sentence(made, words, sentence):
    answer = call(made, "orders", *words)

    assert answer.exit_code == Exit.USAGE
    assert answer.stderr.startswith(sentence)

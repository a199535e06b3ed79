"""Sixty slips in what people write: each answered by one sentence with its place and its cure, and
the exit code that is documented.
"""

import re

import pytest
from click.testing import CliRunner

from daemon.cli import main
from daemon.cli.exits import Exit

CONFIG = """\
version: 1
mailboxes:
  - id: main
    provider: gmail
    user: me@example.org
    password: {file: ~/secret}
targets:
  - {id: phone, url: {env: PHONE}}
notify: {all: [phone]}
"""
RULES = """\
version: 1
rules:
  - id: mine
    about: order
    when: {order.marketplace: aliexpress}
    severity: warning
    title: "{order} is late"
"""
BOX = "    password: {file: ~/secret}"
TARGET = "  - {id: phone, url: {env: PHONE}}"
WHEN = "    when: {order.marketplace: aliexpress}"

IN_CONFIG = [
    (
        "    password: {file: ~/secret}",
        "    password: hunter2",
        "6:15: a secret may not stand here, where backups and screens show it; write {file: ~/.config/orderbell/NAME.secret}, and in a terminal (umask 077; cat > ~/.config/orderbell/NAME.secret), then the secret, Enter, Ctrl-D",
    ),
    (
        "    password: {file: ~/secret}",
        "    password: 1234",
        "6:15: a secret may not stand here, where backups and screens show it; write {file: ~/.config/orderbell/NAME.secret}, and in a terminal (umask 077; cat > ~/.config/orderbell/NAME.secret), then the secret, Enter, Ctrl-D",
    ),
    (
        "    password: {file: ~/secret}",
        "    password: {fiel: ~/secret}",
        "6:16: unknown key 'fiel'; did you mean 'file'?",
    ),
    (
        "    password: {file: ~/secret}",
        "    password: {}",
        "6:15: a secret is one of {credential: …} {file: …} {env: …} {command: […]} {keyring: …}",
    ),
    (
        "    password: {file: ~/secret}",
        "    password: {file: a, env: B}",
        "6:15: a secret is one of {credential: …} {file: …} {env: …} {command: […]} {keyring: …}",
    ),
    (
        "    password: {file: ~/secret}",
        "",
        "3:5: a mailbox needs password: {file: …}, token_command: […], or login: microsoft",
    ),
    (
        "provider: gmail",
        "provider: gmial",
        "4:15: 'gmial' is not one of 'gmail', 'outlook', 'yahoo-japan', 'icloud' or 'fastmail'; did you mean 'gmail'?",
    ),
    ("    provider: gmail\n", "", "3:5: a mailbox needs host: imap.example.org or provider: gmail"),
    ("user: me@example.org", "usr: me@example.org", "3:5: 'user' is missing; write user: …"),
    ("    user: me@example.org\n", "", "3:5: 'user' is missing; write user: …"),
    (
        "    password: {file: ~/secret}",
        "    password: {file: ~/secret}\n    port: 99999",
        "7:11: at most 65535 is possible",
    ),
    (
        "    password: {file: ~/secret}",
        "    password: {file: ~/secret}\n    port: many",
        "7:11: expected a whole number, not 'many'",
    ),
    (
        "    password: {file: ~/secret}",
        "    password: {file: ~/secret}\n    tls: none",
        "3:5: tls: none is for loopback only; use implicit (port 993) or starttls (port 143)",
    ),
    (
        "    password: {file: ~/secret}",
        "    password: {file: ~/secret}\n    tls: ssl",
        "7:10: 'ssl' is not one of 'implicit', 'starttls' or 'none'",
    ),
    (
        "    password: {file: ~/secret}",
        "    password: {file: ~/secret}\n    folders: []",
        "3:5: folders is empty; leave it out for INBOX",
    ),
    (
        "    password: {file: ~/secret}",
        "    password: {file: ~/secret}\n    role: byer",
        "7:11: 'byer' is not one of 'buyer', 'seller' or 'both'; did you mean 'buyer'?",
    ),
    (
        "    password: {file: ~/secret}",
        "    password: {file: ~/secret}\n    unverified: yes",
        "7:17: 'yes' is not one of 'open', 'trust' or 'ignore'",
    ),
    (
        "    password: {file: ~/secret}",
        "    password: {file: ~/secret}\n    relays: [duck.co]",
        "7:14: 'duck.co' is no forwarding service whose addresses are known; did you mean 'duck.com'?; known are privaterelay.appleid.com, icloud.com, duck.com, mozmail.com, relay.firefox.com, simplelogin.co, simplelogin.com, simplelogin.fr, simplelogin.io, slmail.me, slmails.com, aleeas.com, 8alias.com, 8shield.net, dralias.com, passmail.com, passmail.net, passinbox.com, passfwd.com, addy.io, anonaddy.com, anonaddy.me, addymail.com, 4wrd.cc, mailer.me",
    ),
    (
        "id: main",
        "id: my mailbox",
        "3:9: an id is letters, digits, '-', '_' and '.', such as main or iphone",
    ),
    ("version: 1", "version: 2", "1:10: expected 1"),
    ("version: 1\n", "", "1:1: 'version' is missing; write version: …"),
    (
        "  - {id: phone, url: {env: PHONE}}",
        "  - {id: phone, url: ntfy://topic}",
        "8:22: a secret may not stand here, where backups and screens show it; write {file: ~/.config/orderbell/NAME.secret}, and in a terminal (umask 077; cat > ~/.config/orderbell/NAME.secret), then the secret, Enter, Ctrl-D",
    ),
    (
        "  - {id: phone, url: {env: PHONE}}",
        "  - {id: phone, url: {env: PHONE}}\n  - {id: phone, url: {env: PHONE}}",
        "9:10: id 'phone' is used twice; give each its own",
    ),
    (
        "  - {id: phone, url: {env: PHONE}}",
        "  - {id: phone, url: {env: PHONE}, language: jp}",
        "8:46: 'jp' is not one of 'en' or 'ja'",
    ),
    ("[phone]", "[phnoe]", "9:16: no target 'phnoe'; did you mean 'phone'?"),
    (
        "notify:",
        "alerts: {warning: {notify: [phone]}}\nnotify:",
        "9:29: no notify group 'phone'; phone is a target; groups are all",
    ),
    (
        "notify:",
        "alerts: {warning: {notify: [al]}}\nnotify:",
        "9:29: no notify group 'al'; did you mean 'all'?",
    ),
    (
        "notify:",
        "alerts: {urgent: {notify: [all]}}\nnotify:",
        "9:10: unknown key 'urgent'; known here: critical, warning, info",
    ),
    ("notify:", "timezone: JST\nnotify:", "9:11: no time zone 'JST'; did you mean 'Asia/Tokyo'?"),
    (
        "notify:",
        "timezone: Tokio\nnotify:",
        "9:11: no time zone 'Tokio'; did you mean 'Asia/Tokyo'?",
    ),
    (
        "notify:",
        "timezone: Mars\nnotify:",
        "9:11: no time zone 'Mars'; write one such as Asia/Tokyo or Europe/Berlin",
    ),
    (
        "notify:",
        'quiet_hours: {from: 22.30, to: "07:00"}\nnotify:',
        '9:21: expected a time of day such as "22:30"',
    ),
    (
        "notify:",
        "quiet_hours: 22:30-07:00\nnotify:",
        "9:14: expected a map with keys such as from, to, timezone",
    ),
    (
        "notify:",
        "poll: 5 minutes\nnotify:",
        "9:7: expected a duration such as 30m, 48h, 3d or 1d12h",
    ),
    ("notify:", "poll: 1s\nnotify:", "9:7: from 10s to 1d is possible"),
    (
        "notify:",
        "backfill: 20y\nnotify:",
        "9:11: expected a duration such as 30m, 48h, 3d or 1d12h",
    ),
    (
        "notify:",
        "rates: {USD: 155}\nnotify:",
        "9:14: '155' names no currency; write value and currency, such as '26.12 USD'",
    ),
    (
        "notify:",
        "worth_it: five hundred\nnotify:",
        "9:11: 'five hundred' is no amount; write value and currency, such as '26.12 USD'",
    ),
    (
        "notify:",
        "\tpoll: 5m\nnotify:",
        "9:1: a tab; YAML is indented with spaces: write two spaces instead",
    ),
    (
        "notify:",
        "contact: {amazon: call: me}\nnotify:",
        "9:23: a map opened with { does not end; write {key: value, key: value}",
    ),
    (
        "notify:",
        "contact: {amazon: a\nnotify:",
        "10:7: a map opened with { does not end; write {key: value, key: value}",
    ),
    (
        "notify:",
        'contact: {amazon: "a}\nnotify:',
        "11:1: a quote that was opened here or above is never closed; close it",
    ),
    (
        "notify:",
        "  poll: 5m\nnotify:",
        "9:3: this line does not fit those above: entries of one list or map begin in the same column; indent it by as many spaces as they have",
    ),
    (
        "notify:",
        "poll 5m\nnotify:",
        "10:1: expected 'key: value': a colon is missing here or in the line above",
    ),
    ("notify:", "poll: 5m\npoll: 6m\nnotify:", '10:1: found duplicate key "poll"; keep one'),
    (
        "notify:",
        "contact: {amazon: &a b, aliexpress: *a}\nnotify:",
        "9:19: anchors and aliases (& and *) are not allowed here; write the value out",
    ),
    (
        "notify:",
        "contact: {amazon: @me}\nnotify:",
        "9:19: a text that begins with @, `, % or a tab wants quotes; write it as '…'",
    ),
]
"""What stands in the file, what somebody wrote instead, and the first sentence of the answer."""
IN_RULES = [
    (
        "severity: warning",
        "severity: urgent",
        "6:15: 'urgent' is not one of 'critical', 'warning' or 'info'",
    ),
    (
        "about: order",
        "about: ordre",
        "4:12: 'ordre' is not one of 'order', 'shipment', 'cancellation', 'dispute', 'appeal', 'return', 'refund', 'claim', 'chargeback', 'account', 'fee', 'watch', 'finding', 'mail', 'sender', 'mailbox', 'target', 'pack', 'rules' or 'service'; did you mean 'order'?",
    ),
    (
        "id: mine",
        "id: My Rule",
        "3:9: an id is small letters, digits and '-', such as expensive-and-silent",
    ),
    (
        "{order} is late",
        "{ordr} is late",
        "7:12: unknown placeholder {ordr}; did you mean 'order'?",
    ),
    (
        'title: "{order} is late"',
        "title: {order} is late",
        "7:20: a text that begins with { wants quotes; write title: '{order} is late'",
    ),
    (
        'title: "{order} is late"',
        "title: Order: late",
        '7:17: a colon inside a text wants quotes; write title: "Order: late"',
    ),
    (
        "    when: {order.marketplace: aliexpress}",
        "    when: {order.marketplac: aliexpress}",
        "5:12: unknown fact 'order.marketplac'; did you mean 'order.marketplace'?",
    ),
    (
        "    when: {order.marketplace: aliexpress}",
        "    when: {order.marketplace: alixpress}",
        "5:31: 'alixpress' is not one of aliexpress, amazon; did you mean 'aliexpress'?",
    ),
    (
        "    when: {order.marketplace: aliexpress}",
        "    when: {order.amount: {at_least: 3000}}",
        "5:37: expected an amount with its currency, such as 3000 JPY or 19.90 EUR",
    ),
    (
        "    when: {order.marketplace: aliexpress}",
        "    when: {order.ship_by: {within: 3 fortnights}}",
        "5:36: expected a duration such as 30m, 48h, 3d or 1d12h",
    ),
    (
        "    when: {order.marketplace: aliexpress}",
        "    when: {}",
        "5:11: expected tests such as {order.shipped: false}; one line a fact",
    ),
    (
        "    when: {order.marketplace: aliexpress}",
        "    when: {order.ship_by: tomorrow}",
        "5:27: order.ship_by is a time; write {within: 48h}, {older_than: 5d} or {exists: true}",
    ),
    (
        "severity: warning",
        "severity: warning\n    repeat: often",
        "7:13: expected a duration such as 30m, 48h, 3d or 1d12h",
    ),
    (
        "severity: warning",
        "severity: warning\n    notify: [nobody]",
        "7:14: no notify group 'nobody'; groups are all",
    ),
    (
        "severity: warning",
        "severity: warning\n    quiets: [dispute-judged-invald]",
        "7:14: no other rule 'dispute-judged-invald'; did you mean 'dispute-judged-invalid'?",
    ),
    (
        "severity: warning",
        "severity: warning\n    raise: {info: {order.shipped: true}}",
        "7:13: raise: info is not above the rule's own severity warning; name a higher one",
    ),
    (
        "rules:",
        "disable: [unknown-ordr]\nrules:",
        "2:11: no shipped rule 'unknown-ordr'; did you mean 'unknown-order'?",
    ),
    (
        "rules:",
        "change: {protection-endin: {repeat: 12h}}\nrules:",
        "2:10: no shipped rule 'protection-endin'; did you mean 'protection-ending'?",
    ),
    (
        "rules:",
        "change: {protection-ending: {about: order}}\nrules:",
        "2:30: 'about' of a shipped rule cannot be changed; disable it and write your own under rules:",
    ),
    (
        "id: mine",
        "id: shipped",
        "3:9: 'shipped' is a shipped rule; change it under change: or choose another id",
    ),
    ("version: 1", "version: one", "1:10: expected 1"),
    (
        'title: "{order} is late"',
        'title: "late"\n    quiet_while: {order.marketplace: aliexpress}',
        "8:5: holds whenever the rule's own tests do: it would never ring; take a test away",
    ),
    (
        "severity: warning",
        "severity: warning\n    group: digets",
        "7:12: 'digets' is not one of 'now' or 'digest'; did you mean 'digest'?",
    ),
]


def answered(folder, name, text, *words):
    (folder / "config.yaml").write_text(CONFIG)
    (folder / name).write_text(text)
    options = ["--config", str(folder / "config.yaml"), "--state", str(folder / "state")]
    return CliRunner().invoke(main, [*options, *words], catch_exceptions=False)


def cases():
    yield from (("config.yaml", CONFIG, *row) for row in IN_CONFIG)
    yield from (("rules.yaml", RULES, *row) for row in IN_RULES)


@pytest.mark.parametrize(("name", "base", "right", "wrong", "sentence"), list(cases()))
def test_a_slip_is_one_sentence_with_its_place_and_its_cure(
    tmp_path, name, base, right, wrong, sentence
):
    assert right in base
    command = ("config", "check") if name == "config.yaml" else ("rules", "check")
    answer = answered(tmp_path, name, base.replace(right, wrong, 1), *command)

    assert answer.exit_code == (Exit.CONFIGURATION if name == "config.yaml" else Exit.RULES)
    assert answer.stderr.splitlines()[0] == f"{tmp_path / name}:{sentence}"
    assert "Traceback" not in answer.output
    assert "hunter2" not in answer.output


def test_sixty_slips_are_tried_and_each_answer_has_a_place_and_a_cure():
    sentences = [sentence for *_, sentence in cases()]
    cure = r"; |expected|wants quotes|needs|is one of|not one of|possible|such as|spaces"

    assert len(sentences) >= 60
    assert [one for one in sentences if not re.match(r"\d+:\d+: ", one)] == []
    assert [one for one in sentences if not re.search(cure, one)] == []

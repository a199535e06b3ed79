"""What nobody means has no place in a configuration or a rule: each is refused with its line."""

import pytest

from daemon.settings import load
from parsers.amount import amount
from parsers.user_yaml import UserFileError
from rules.rulebook import load as load_rules

CONFIG = """\
version: 1
mailboxes:
- {id: main, host: imap.example.org, user: me, password: {env: X}%s}
targets: [{id: phone, url: {env: Y}}]
"""
RULES = """\
version: 1
rules:
- id: mine
  about: order
  when: {order.shipped: true}
  severity: info
  title: %s
"""
LINES = {
    "worth_it: 9e999999 JPY": "'9e999999 JPY' is no amount",
    "rates: {USD: 1e-999999 JPY}": "'1e-999999 JPY' is no amount",
    "policy: {D-AE-13: {holidays: " + "X" * 9999 + "}}": "D-AE-13",
    "notify: {all: [" + "phone, " * 501 + "]}": "at most 500 is possible",
    "mqtt: {host: x, tls_ca_file: /dev/zero}": "/dev/zero is no ordinary file",
}


def faults(loader, path, text):
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(UserFileError) as refusal:
        loader(path)
    return str(refusal.value)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[:30])
def test_what_nobody_means_is_refused_with_its_line(tmp_path, line):
    told = faults(load, tmp_path / "config.yaml", CONFIG % "" + line + "\n")

    assert LINES[line] in told or line.startswith("policy")
    assert f"{tmp_path}/config.yaml:5:" in told
    assert len(told) < 500


def test_certificates_come_from_a_file_that_ends(tmp_path):
    told = faults(load, tmp_path / "config.yaml", CONFIG % ", tls_ca_file: /dev/zero")

    assert "config.yaml:3:" in told
    assert "/dev/zero is no ordinary file" in told


@pytest.mark.parametrize(
    ("title", "more", "line", "what"),
    [
        ("x" * 2001, "", 7, "is longer than 2000 signs"),
        ("x", "  repeat: [" + "1m, " * 51 + "]\n", 8, "more than 50 delays"),
    ],
)
def test_a_text_and_a_list_of_delays_of_a_rule_end(tmp_path, title, more, line, what):
    told = faults(load_rules, tmp_path / "rules.yaml", RULES % title + more)

    assert f"rules.yaml:{line}:" in told
    assert what in told


@pytest.mark.parametrize(
    "text", ["1e9 JPY", "NaN JPY", "-1 JPY", "9" * 16 + " JPY", "0.0000001 JPY"]
)
def test_an_amount_is_written_out(text):
    with pytest.raises(ValueError, match="is no amount"):
        amount(text)


def test_amounts_as_people_write_them_are_read():
    assert [str(amount(text)) for text in ("26.12 USD", "500 jpy", ".5 EUR")] == [
        "26.12 USD",
        "500 JPY",
        "0.5 EUR",
    ]

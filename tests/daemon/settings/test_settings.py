import os
import tempfile
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from daemon.settings import PROVIDERS, load, schema, shown
from parsers.relays import known_domains
from parsers.user_yaml import UserFileError

WHOLE = """\
version: 1
mailboxes:
  - id: main
    host: imap.example.jp
    port: 993
    tls: implicit
    user: me@example.jp
    password: {credential: imap-main}
    folders: [INBOX, Orders]
    role: both
    authserv_ids: [MX.example.jp]
    unverified: trust
targets:
  - {id: iphone, url: {file: ~/.config/orderbell/ntfy.url}, language: ja}
notify: {phone: [iphone]}
alerts:
  critical: {notify: [phone], quiet_hours: ignore}
  warning: {notify: [phone]}
  info: {notify: [phone], group: digest}
quiet_hours: {from: "22:30", to: "07:00"}
digest: {at: "08:00"}
timezone: Asia/Tokyo
poll: 5m
backfill: 90d
"""
SHORT = (
    "version: 1\nmailboxes:\n  - {id: main, provider: gmail, user: me@example.org, password: {env:"
    " P}}\n"
)


def written(tmp_path, text, mode=0o600):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    path.chmod(mode)
    return path


def faults(tmp_path, text, mode=0o600):
    with pytest.raises(UserFileError) as caught:
        load(written(tmp_path, text, mode))
    return [str(fault).removeprefix(f"{tmp_path}/") for fault in caught.value.faults]


def test_the_documented_shape_is_read(tmp_path):
    settings = load(written(tmp_path, WHOLE))

    assert settings.mailbox().stamps == ("mx.example.jp",)
    assert settings.mailbox("main").own_addresses == ("me@example.jp",)
    assert settings.timezone == ZoneInfo("Asia/Tokyo")
    assert settings.quiet_hours is not None
    assert (settings.quiet_hours.from_, settings.quiet_hours.to) == (time(22, 30), time(7, 0))
    assert (settings.poll, settings.backfill) == (timedelta(minutes=5), timedelta(days=90))
    assert settings.alerts.info.group == "digest"


def test_three_lines_are_enough_for_a_known_provider(tmp_path):
    settings = load(written(tmp_path, SHORT))

    assert settings.mailbox().server == "imap.gmail.com"
    assert settings.mailbox().stamps == ("mx.google.com",)
    assert settings.mailbox().folders == ("INBOX",)
    assert settings.alerts.critical.quiet_hours == "ignore"


def test_every_preset_says_what_its_users_stumble_over():
    assert all(provider.help for provider in PROVIDERS.values())


MISTAKES = [
    ("poll: 5m", "poll: often", "23:7: expected a duration such as 30m, 48h, 3d or 1d12h"),
    ("poll: 5m", "pol: 5m", "23:1: unknown key 'pol'; did you mean 'poll'?"),
    (
        "timezone: Asia/Tokyo",
        "timezone: Asia/Tokio",
        "22:11: no time zone 'Asia/Tokio'; did you mean 'Asia/Tokyo'?",
    ),
    ('to: "07:00"', 'to: "24:00"', '20:34: expected a time of day such as "22:30"'),
    ("[phone], group", "[phnoe], group", "19:19: no notify group 'phnoe'; did you mean 'phone'?"),
    ("[iphone]}", "[ihpone]}", "15:18: no target 'ihpone'; did you mean 'iphone'?"),
    ("language: ja", "language: jp", "14:71: 'jp' is not one of 'en' or 'ja'"),
    ("port: 993", "port: 99999", "5:11: at most 65535 is possible"),
    (
        "tls: implicit",
        "tls: none",
        "3:5: tls: none is for loopback only; use implicit (port 993) or starttls (port 143)",
    ),
    (
        "{credential: imap-main}",
        "hunter2",
        (
            "8:15: a secret may not stand here, where backups and screens show it; write {file:"
            " ~/.config/orderbell/NAME.secret}, and in a terminal (umask 077; cat >"
            " ~/.config/orderbell/NAME.secret), then the secret, Enter, Ctrl-D"
        ),
    ),
    (
        "{credential: imap-main}",
        "{file: x, env: y}",
        "8:15: a secret is one of {credential: …} {file: …} {env: …} {command: […]} {keyring: …}",
    ),
    (
        "    host: imap.example.jp\n",
        "",
        "3:5: a mailbox needs host: imap.example.org or provider: gmail",
    ),
    ("folders: [INBOX, Orders]", "folders: []", "3:5: folders is empty; leave it out for INBOX"),
    (
        "folders: [INBOX, Orders]",
        "dkim: true",
        "3:5: dkim: true is for a mailbox whose server stamps nothing; leave dkim or authserv_ids out",
    ),
    (
        "id: main",
        "id: my mail",
        "3:9: an id is letters, digits, '-', '_' and '.', such as main or iphone",
    ),
    ("version: 1", "version: 2", "1:10: expected 1"),
    (
        "    unverified: trust",
        "    relays: [duck.com, mozmail.org]",
        (
            "12:24: 'mozmail.org' is no forwarding service whose addresses are known; did you mean"
            f" 'mozmail.com'?; known are {', '.join(known_domains())}"
        ),
    ),
]
FAR = "9" * 5000
BEYOND = [
    ("poll: 5m", "poll: 0s", "23:7: from 10s to 1d is possible"),
    ("poll: 5m", "poll: 2d", "23:7: from 10s to 1d is possible"),
    ("poll: 5m", "poll: 99999999999d", "23:7: expected a duration of at most 3650d"),
    ("poll: 5m", f"poll: {FAR}d", "23:7: expected a duration of at most 3650d"),
    ("backfill: 90d", "backfill: 99999w", "24:11: expected a duration of at most 3650d"),
    ("backfill: 90d", "group_wait: 25h", "24:13: from 0s to 1d is possible"),
    ("backfill: 90d", "rate_limit: yes", "24:13: expected a whole number, not 'yes'"),
    ("backfill: 90d", "rate_limit: true", "24:13: a number is wanted, not true"),
    ("backfill: 90d", f"rate_limit: {FAR}", "24:13: a number of too many digits"),
    ("backfill: 90d", "metrics_port: 0", "24:15: at least 1 is possible"),
    (
        "backfill: 90d",
        "policy: {D-AE-13: {days: 999999}}",
        "24:26: at most 3650 is possible",
    ),
    (
        "    host: imap.example.jp",
        "    host: https://imap.example.jp",
        "4:11: 'https://imap.example.jp' is no server; write its name, such as imap.example.org",
    ),
    (
        "[INBOX, Orders]",
        "['']",
        "9:15: is empty; leave the key out, or write what it is",
    ),
    ("[INBOX, Orders]", f"[{'x' * 501}]", "9:15: is longer than 500 characters"),
    ("{credential: imap-main}", "{command: []}", "8:25: needs at least 1 entry"),
    (
        "{credential: imap-main}",
        '{file: "a\\0b"}',
        "8:22: holds a line break or another control character",
    ),
    (
        "backfill: 90d",
        "metrics_file: orderbell.prom",
        "24:15: orderbell.prom depends on where the program starts; write the whole path",
    ),
    (
        "backfill: 90d",
        "metrics_file: /",
        "24:15: / is a folder; name a file in it, such as orderbell.prom",
    ),
    (
        "backfill: 90d",
        "metrics_file: /dev/null",
        ("24:15: /dev/null holds something else, and would be overwritten; name a file of its own"),
    ),
]
"""Values no person means."""


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [*MISTAKES, *BEYOND],
    ids=[row[1].strip()[:60] for row in (*MISTAKES, *BEYOND)],
)
def test_a_mistake_is_one_sentence_with_its_place(tmp_path, right, wrong, expected):
    assert right in WHOLE
    found = faults(tmp_path, WHOLE.replace(right, wrong))

    assert found == [f"config.yaml:{expected}"]


def test_all_mistakes_are_told_at_once(tmp_path):
    text = WHOLE
    for right, wrong, _ in MISTAKES[1:4]:
        text = text.replace(right, wrong)

    assert len(faults(tmp_path, text)) == 3


def test_two_mailboxes_or_targets_never_share_an_id(tmp_path):
    text = SHORT + "  - {id: main, provider: icloud, user: me, password: {env: P}}\n"

    assert faults(tmp_path, text) == [
        "config.yaml:4:10: id 'main' is used twice; give each its own"
    ]


def test_the_addresses_of_all_mailboxes_are_the_owners_own(tmp_path):
    two = SHORT + "  - {id: work, provider: icloud, user: Me@example.com, password: {env: Q}}\n"
    settings = load(written(tmp_path, two))
    frame = settings.mailbox("work").frame(settings.timezone, settings.mailboxes)

    assert set(frame.addresses) == {"me@example.org", "me@example.com"}


def test_a_relay_may_be_named_by_the_part_of_it_that_is_yours(tmp_path):
    text = WHOLE.replace("unverified: trust", "relays: [Ada.anonaddy.com, mozmail.com]")

    assert load(written(tmp_path, text)).mailbox().relays == ("ada.anonaddy.com", "mozmail.com")


def test_a_deadline_that_does_not_exist_is_told_at_its_place(tmp_path):
    text = SHORT + "policy:\n  D-AE-31: {days: 5}\n  D-AE-13: {dayz: 5}\n"

    assert [line.split(": ")[0] for line in faults(tmp_path, text)] == [
        "config.yaml:5:12",
        "config.yaml:6:19",
    ]


def test_a_secret_written_out_is_taken_only_from_a_file_nobody_else_can_read(tmp_path):
    text = SHORT.replace("{env: P}", "{value: hunter2}")

    assert load(written(tmp_path, text)).mailbox().password is not None
    [fault] = faults(tmp_path, text, mode=0o644)

    assert fault.endswith(
        f"but others can read the file; try: chmod 600 {tmp_path / 'config.yaml'}"
    )


def test_what_is_shown_holds_defaults_and_no_secret(tmp_path):
    tree = shown(load(written(tmp_path, SHORT.replace("{env: P}", "{value: hunter2}"))))

    assert "hunter2" not in str(tree)
    assert tree["mailboxes"][0]["folders"] == ["INBOX"]
    assert tree["backfill"] == "90d"


def test_what_is_shown_can_be_written_back(tmp_path):
    import json

    first = load(written(tmp_path, WHOLE))
    again = load(written(tmp_path, json.dumps(shown(first))))

    assert again == first


def test_the_schema_offers_no_null_and_knows_every_key():
    tree = schema()

    assert '"null"' not in str(tree).replace("'", '"')
    assert {"version", "mailboxes", "targets", "notify", "alerts", "poll"} <= set(
        tree["properties"]
    )
    assert set(tree["required"]) == {"version", "mailboxes"}


@pytest.fixture
def open_folder():
    """A folder that everybody may enter; pytest's own are its user's alone."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_file_that_may_not_be_read_is_told(open_folder):
    path = written(open_folder, WHOLE, mode=0)
    if os.getuid() == 0:  # root may read everything, so the program is somebody else for a moment
        os.seteuid(65534)
    try:
        with pytest.raises(UserFileError, match="cannot be read: Permission denied"):
            load(path)
    finally:
        os.seteuid(os.getuid())


@pytest.mark.parametrize(("tls", "port"), [("implicit", 993), ("starttls", 143)])
def test_the_port_left_out_is_the_one_of_the_encryption(tmp_path, tls, port):
    settings = load(
        written(tmp_path, SHORT.replace("provider: gmail", f"host: imap.example.org, tls: {tls}"))
    )

    assert settings.mailbox().port == port


@pytest.mark.parametrize("other", ["config.yaml", "link", "./config.yaml", "rules.yaml", "token"])
def test_metrics_never_overwrite_a_file_that_is_needed(tmp_path, other):
    (tmp_path / "link").symlink_to(tmp_path / "config.yaml")
    (tmp_path / "token").write_text("secret")
    rules = tmp_path / "rules.yaml"  # not there yet

    with pytest.raises(UserFileError) as caught:
        load(written(tmp_path, f"{SHORT}metrics_file: {tmp_path}/{other}\n"), [rules])

    [fault] = caught.value.faults
    assert (fault.line, fault.column) == (4, 15)
    assert "name a file of its own" in fault.what


@pytest.mark.parametrize("text", [None, "", "# HELP orderbell_info Always 1.\n"])
def test_metrics_are_written_anew_over_our_own_file(tmp_path, text):
    path = tmp_path / "orderbell.prom"
    if text is not None:
        path.write_text(text)

    assert load(written(tmp_path, f"{SHORT}metrics_file: {path}\n")).metrics_file == path


def test_a_severity_that_names_its_groups_keeps_the_rest_of_its_defaults(tmp_path):
    text = "alerts: {critical: {notify: [all]}, info: {notify: [all], quiet_hours: ignore}}\n"
    alerts = load(
        written(
            tmp_path, f"{SHORT}targets: [{{id: a, url: {{env: A}}}}]\nnotify: {{all: [a]}}\n{text}"
        )
    ).alerts

    assert (alerts.critical.quiet_hours, alerts.critical.group) == ("ignore", "now")
    assert (alerts.info.quiet_hours, alerts.info.group) == ("ignore", "digest")

"""Golden mails: every `.eml` under tests/fixtures has a `.yaml` beside it that says what must be
read from it.

    python -m tests.golden add      # write the missing ones; refuses to touch any that exists
    python -m tests.golden update   # rewrite all, delete stale ones, and print the difference

A `.yaml` may begin with `context:` (role, authserv_ids, addresses, relays); it is kept. Read every
new file before you
commit it: the runner writes down what is read, and only you know what should be.

Their wording is real, or reconstructed from documents. What is a guess needs no file: a mail is
made from each guess when the tests run (tests/parsers/guesses.py).
"""

import difflib
import io
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

from parsers.bundled_yaml import read_bundled
from parsers.notice import Reading, notice_to_json
from parsers.pack import shipped
from parsers.reader import Context, read

FIXTURES = Path(__file__).parent / "fixtures"
FOLDERS = ("amazon", "aliexpress", "ham", "broken")
DEFAULT: Mapping[str, Any] = {
    "authserv_ids": ["mx.example.org"],
    "addresses": ["me@example.org"],
    "relays": ["privaterelay.appleid.com", "duck.com"],
    "role": "both",
}


def mails() -> Iterator[Path]:
    """Every golden mail, in a fixed order."""
    for folder in FOLDERS:
        yield from sorted((FIXTURES / folder).rglob("*.eml"))


def context_of(expected: Mapping[str, Any]) -> Context:
    """The mailbox the mail is read in: the default one, or what its `context:` says."""
    chosen = {**DEFAULT, **expected.get("context", {})}
    return Context(
        library=shipped(),
        authserv_ids=tuple(chosen["authserv_ids"]),
        addresses=tuple(chosen["addresses"]),
        relays=tuple(chosen["relays"]),
        role=chosen["role"],
        zone=ZoneInfo("Asia/Tokyo"),
    )


def expected(mail: Path) -> dict[str, Any]:
    """What must be read; {} when nobody has said yet."""
    path = mail.with_suffix(".yaml")
    return read_bundled(path).tree if path.exists() else {}


def actual(mail: Path, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What is read, in the shape of the `.yaml`."""
    row = shape(read(mail.read_bytes(), context_of(wanted)))
    return {"context": wanted["context"], **row} if "context" in wanted else row


def shape(reading: Reading) -> dict[str, Any]:
    """A reading without what its file says anyway and without evidence, which `why` shows."""
    row: dict[str, Any] = {"outcome": reading.outcome.value, "trust": reading.trust.value}
    if reading.marketplace:
        row["marketplace"] = reading.marketplace
    if reading.sent_at:
        row["sent_at"] = reading.sent_at.isoformat()
    if reading.claims:
        row["claims"] = list(reading.claims)
    if reading.notices:
        row["notices"] = [
            {key: value for key, value in notice_to_json(notice).items() if value}
            for notice in reading.notices
        ]
    return row


def dump(row: Mapping[str, Any]) -> str:
    """YAML that reads well: one key a line, no anchors, no wrapping."""
    yaml = YAML()
    yaml.width = 4096
    yaml.allow_unicode = True
    yaml.indent(mapping=2, sequence=2, offset=0)
    out = io.StringIO()
    yaml.dump(dict(row), out)
    return out.getvalue()


def add() -> int:
    """Write what is missing."""
    new = [mail for mail in mails() if not mail.with_suffix(".yaml").exists()]
    for mail in new:
        mail.with_suffix(".yaml").write_text(dump(actual(mail, {})), encoding="utf-8")
        print(
            f"added {mail.with_suffix('.yaml').relative_to(FIXTURES)}; read it before you commit it"
        )
    print(f"{len(new)} added")
    return 0


def update() -> int:
    """Rewrite every expectation and show what changed."""
    changed = 0
    for mail in mails():
        path = mail.with_suffix(".yaml")
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        new = dump(actual(mail, expected(mail)))
        if old != new:
            changed += 1
            name = str(path.relative_to(FIXTURES))
            sys.stdout.writelines(
                difflib.unified_diff(old.splitlines(True), new.splitlines(True), name, name)
            )
            path.write_text(new, encoding="utf-8")
    for folder in FOLDERS:
        for path in sorted((FIXTURES / folder).rglob("*.yaml")):
            if not path.with_suffix(".eml").exists():
                changed += 1
                print(f"deleted {path.relative_to(FIXTURES)}: its mail is gone")
                path.unlink()
    print(f"{changed} changed")
    return 0


if __name__ == "__main__":
    commands = {"add": add, "update": update}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        print("usage: python -m tests.golden add|update", file=sys.stderr)
        sys.exit(2)
    sys.exit(commands[sys.argv[1]]())

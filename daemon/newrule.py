"""A starting rule written into the user's rule file: whole or not at all, over nothing."""

import stat
from collections.abc import Collection
from pathlib import Path

from daemon.atomic import as_before, text_of, write_file
from parsers.user_yaml import UserFileError, parse
from rules.rulebook import Rulebook, build, load, shipped
from rules.rulefile import rule_id
from rules.rulewriter import with_rule


def check_name(name: str, file: Path, groups: Collection[str] | None) -> None:
    """Raises ValueError for a name that is none or is taken, UserFileError for a wrong file."""
    rule_id(name)
    book = load(file if file.exists() else None, groups)
    taken = {one.id: one.source for one in (*book.rules, *book.idle)}
    if name in taken:
        raise ValueError(f"there is already a rule {name!r} ({taken[name]}); choose another name")


def add_rule(file: Path, rule: str, groups: Collection[str] | None) -> Rulebook:
    """The rules with the new one, which stands in the file then. Raises ValueError, UserFileError
    and OSError; then the file is as it was.
    """
    file = file.resolve()
    raw = file.read_bytes() if file.exists() else b""
    changed = with_rule(text_of(raw), rule)
    book, faults = build(parse(changed, str(file)), shipped(), groups)
    if faults:
        raise UserFileError(faults)
    mode = stat.S_IMODE(file.stat().st_mode) if raw else None
    write_file(file, as_before(changed, raw), mode=mode, keep=True)
    return book

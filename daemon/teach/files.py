"""The user's pack with one phrase more or less: planned first, compiled beside what is in force,
then put in place in one step.
"""

import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from daemon.atomic import as_before, text_of, write_file
from parsers.notice import Kind
from parsers.pack import Library, load
from parsers.phrasewriter import TaughtLine, added, removed, taught_lines
from parsers.teach import Lesson, TeachError
from parsers.user_yaml import Fault, UserFileError


@dataclass(frozen=True, slots=True, kw_only=True)
class PackEdit:
    """A phrase file as it is and as it would be."""

    packs: Path
    """The folder of the user's packs."""
    file: Path
    before: bytes | None
    """None: there is no such file."""
    after: bytes | None
    """None: nothing is left of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaughtPhrase:
    """A phrase that was taught, where it stands."""

    file: Path
    line: TaughtLine

    @property
    def marketplace(self) -> str:
        return self.file.parent.parent.name


def addition(lesson: Lesson, packs: Path, now: datetime) -> PackEdit:
    """The phrase in its file; `now` in the user's zone. Raises TeachError and OSError."""
    file = packs / lesson.marketplace / "phrases" / f"{lesson.language}.yaml"
    raw = file.read_bytes() if file.exists() else None
    text = _text(raw)
    try:
        changed = added(
            text, lesson.kind.value, lesson.place, lesson.phrase, f"{now:%Y-%m-%d %H:%M:%S}"
        )
    except ValueError as error:
        raise TeachError(
            f"{file}: {error}", "write the phrase there yourself, as CONTRIBUTING.md says"
        ) from None
    return PackEdit(packs=packs, file=file, before=raw, after=as_before(changed, raw or b""))


def removal(taught: TaughtPhrase, packs: Path) -> PackEdit:
    """The file without the phrase. Raises OSError."""
    raw = taught.file.read_bytes()
    left = removed(_text(raw), taught.line)
    after = as_before(left, raw) if left.strip() else None
    return PackEdit(packs=packs, file=taught.file, before=raw, after=after)


def last_taught(packs: Path) -> TaughtPhrase | None:
    """What was taught last of what still stands in the user's packs. Raises OSError."""
    found = [
        TaughtPhrase(file=file, line=line)
        for file in sorted(packs.glob("*/phrases/*.yaml"))
        for line in taught_lines(_text(file.read_bytes()))
    ]
    return max(found, key=lambda one: (one.line.at, one.line.number), default=None)


def library_with(edit: PackEdit) -> Library:
    """The packs as they would be. Raises UserFileError, with the places the faults would have."""
    with tempfile.TemporaryDirectory(prefix="orderbell-") as name:
        folder = Path(name) / "packs"
        for file in _files(edit.packs):
            _put(folder / file.relative_to(edit.packs), file.read_bytes())
        changed = folder / edit.file.relative_to(edit.packs)
        if edit.after is None:
            changed.unlink(missing_ok=True)
        else:
            _put(changed, edit.after)
        try:
            return load(folder)
        except UserFileError as error:
            raise UserFileError(
                [_placed(one, folder, edit.packs) for one in error.faults]
            ) from None


def write(edit: PackEdit) -> None:
    """Put the file in place. Raises TeachError when somebody else changed it meanwhile, and
    OSError; then it is as it was.
    """
    file = edit.file.resolve()
    found = file.read_bytes() if file.exists() else None
    if found != edit.before:
        raise TeachError(f"{edit.file} was changed meanwhile", "try again; nothing was written")
    if edit.after is None:
        file.unlink()
        with suppress(OSError):  # those that hold something else stay
            for folder in (file.parent, file.parent.parent, edit.packs):
                folder.rmdir()
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    mode = stat.S_IMODE(file.stat().st_mode) if file.exists() else None
    write_file(file, edit.after, mode=mode, keep=True)


def kind_of(taught: TaughtPhrase, library: Library) -> Kind | None:
    """What the phrase is filed under."""
    pack = library.pack(taught.marketplace)
    books = (pack.subjects, pack.headlines) if pack else ()
    source = f"{taught.file}:{taught.line.number + 1}"
    found = (
        template.kind for book in books for phrase, template in book.all if phrase.source == source
    )
    return next(found, None)


def _files(packs: Path) -> Iterator[Path]:
    """What a pack is made of; a folder of it may be a link."""
    for pattern in ("*/*.yaml", "*/phrases/*.yaml"):
        yield from (file for file in packs.glob(pattern) if file.is_file())


def _put(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _placed(fault: Fault, folder: Path, packs: Path) -> Fault:
    return replace(fault, file=fault.file.replace(str(folder), str(packs)))


def _text(raw: bytes | None) -> str:
    """Raises TeachError."""
    try:
        return text_of(raw or b"")
    except UnicodeDecodeError:
        raise TeachError("the phrase file is not UTF-8", "save it as UTF-8") from None

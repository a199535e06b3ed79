"""What a phrase would do before it is written: to the mail it was taken from, and to all others."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from daemon.pipeline.setup import Setup
from daemon.store.ledger import Ledger
from daemon.teach.files import PackEdit, addition, library_with
from daemon.worker.reading import InlineReader, ReadingError
from parsers.frame import Frame
from parsers.notice import Notice, Outcome, Reading
from parsers.pack import Library
from parsers.teach import Lesson, Teachable, TeachError, demand_sound
from parsers.user_yaml import UserFileError


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMail:
    """A stored mail that can be read again."""

    number: int
    subject: str
    raw: bytes
    frame: Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class MailChange:
    """A mail that the packs as they would be read otherwise than those in force."""

    number: int
    subject: str
    was: str
    """Kinds, or how the reading ended."""
    now: str
    lost: bool
    """It said something before that it would say no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a phrase changes in all kept mails."""

    kept: int
    changes: tuple[MailChange, ...] = ()
    disbelieved: tuple[tuple[int, str], ...] = ()
    """Mails that the phrase fits and that it would not be believed in, with the reason."""

    @property
    def falsified(self) -> tuple[MailChange, ...]:
        """Mails that were understood and would be understood otherwise."""
        return tuple(one for one in self.changes if one.lost)

    @property
    def ways(self) -> tuple[tuple[str, str, int], ...]:
        """From what to what, and how many mails, most first."""
        counts = Counter((one.was, one.now) for one in self.changes)
        return tuple((was, now, count) for (was, now), count in counts.most_common())


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A lesson, tried. Nothing is written yet."""

    lesson: Lesson
    refused: tuple[str, ...] = ()
    """Why it may not be written; empty when it may."""
    edit: PackEdit | None = None
    reading: Reading | None = None
    """Of the mail it was taken from, as it would be."""
    effect: Effect | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Classroom:
    """What a lesson is tried in."""

    of: Teachable
    raw: bytes
    frame: Frame
    """Of the mail that is taught."""
    packs: Path
    """The folder of the user's packs, which may be missing."""
    library: Library
    """The packs in force."""
    now: datetime
    """In the user's zone."""

    def attempt(self, lesson: Lesson, kept: Iterable[KeptMail] = ()) -> Trial:
        """Try a lesson against the rules of truth, its mail, and the mails `kept`. Raises
        OSError.
        """
        try:
            demand_sound(lesson, self.of)
            edit = addition(lesson, self.packs, self.now)
            library = library_with(edit)
            reading = InlineReader(library)(self.raw, self.frame)
            _demand_heard(reading, lesson)
        except UserFileError as error:
            return Trial(lesson=lesson, refused=tuple(one.what for one in error.faults))
        except TeachError as error:
            return Trial(lesson=lesson, refused=error.sentences)
        found = effect(kept, self.library, library, lesson.phrase)
        try:
            _demand_true(found)
        except TeachError as error:
            return Trial(lesson=lesson, refused=error.sentences, reading=reading, effect=found)
        return Trial(lesson=lesson, edit=edit, reading=reading, effect=found)


def _demand_heard(reading: Reading, lesson: Lesson) -> None:
    """Raises TeachError when the mail itself would still not say what it is taught to."""
    if any(one.kind is lesson.kind for one in reading.notices):
        return
    if reading.notices:
        raise TeachError(f"this mail would say {_spoken(reading)} and not {lesson.kind.value}")
    reason = next(_whys(reading, lesson.phrase), reading.reason.rstrip("."))
    raise TeachError(f"this mail would not be believed: {reason}")


def _demand_true(found: Effect) -> None:
    """Raises TeachError when a mail that was understood would be read otherwise."""
    for one in found.falsified:
        raise TeachError(f"mail {one.number} says {one.was} and would say {one.now}")


def kept_mails(
    ledger: Ledger, setup: Setup, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> Iterator[KeptMail]:
    """Every mail of the ledger whose text is kept, oldest first. `progress`: mails done, and in
    all.
    """
    numbers = ledger.mails.kept()
    for done, number in enumerate(numbers):
        progress(done, len(numbers))
        raw = ledger.mails.raw(number)
        if raw is not None:
            row = ledger.mails.get(number)
            frame = frame_of(setup, row.place.mailbox)
            yield KeptMail(number=number, subject=row.subject, raw=raw, frame=frame)
    progress(len(numbers), len(numbers))


def frame_of(setup: Setup, mailbox: str) -> Frame:
    """How mails of the mailbox are read; a plain way for one that was taken out of the
    configuration.
    """
    try:
        return setup.frame(mailbox)
    except KeyError:
        return Frame(zone=setup.zone)


def effect(kept: Iterable[KeptMail], before: Library, after: Library, phrase: str) -> Effect:
    """What the packs `after` read otherwise than `before`, where they differ by one phrase."""
    old, new = InlineReader(before), InlineReader(after)
    count = 0
    changes: list[MailChange] = []
    disbelieved: list[tuple[int, str]] = []
    for mail in kept:
        count += 1
        try:
            was, now = old(mail.raw, mail.frame), new(mail.raw, mail.frame)
        except ReadingError:
            continue
        change = _change(mail, was, now)
        changes += [change] if change else []
        disbelieved += [(mail.number, why) for why in _disbelieved(now, phrase)]
    return Effect(kept=count, changes=tuple(changes), disbelieved=tuple(disbelieved))


def _disbelieved(reading: Reading, phrase: str) -> list[str]:
    """Why the phrase says nothing in a mail it fits."""
    said = {proof.phrase for notice in reading.notices for proof in notice.evidence}
    return [] if phrase in said else list(_whys(reading, phrase))[:1]


def _whys(reading: Reading, phrase: str) -> Iterator[str]:
    return (miss.why for miss in reading.near if miss.phrase == phrase and miss.why)


def _change(mail: KeptMail, was: Reading, now: Reading) -> MailChange | None:
    if was.outcome is now.outcome and _told(was.notices) == _told(now.notices):
        return None
    return MailChange(
        number=mail.number,
        subject=mail.subject,
        was=_spoken(was),
        now=_spoken(now),
        lost=was.outcome is Outcome.NOTICES and not _keeps(was.notices, now.notices),
    )


def _told(notices: Sequence[Notice]) -> list[tuple[object, ...]]:
    return [
        (one.kind, one.order_numbers, one.tracking, one.packages, one.fields) for one in notices
    ]


def _keeps(was: Sequence[Notice], now: Sequence[Notice]) -> bool:
    """Whether everything that was said is still said, of the same orders and with the same
    values.
    """
    return all(any(_covers(one, old) for one in now) for old in was)


def _covers(new: Notice, old: Notice) -> bool:
    return (
        new.kind is old.kind
        and set(old.order_numbers) <= set(new.order_numbers)
        and all(new.fields.get(name) == value for name, value in old.fields.items())
    )


def _spoken(reading: Reading) -> str:
    kinds = dict.fromkeys(one.kind.value for one in reading.notices)
    return ", ".join(kinds) or reading.outcome.value

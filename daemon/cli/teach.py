"""`teach`: a mail that was not understood becomes a phrase of the user's pack, tried before it is
written.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from gettext import gettext as _
from gettext import ngettext
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import print_json, put, say
from daemon.cli.paths import Paths
from daemon.cli.read import demand_mail, in_short
from daemon.i18n import in_terminal, speaking

if TYPE_CHECKING:
    from daemon.pipeline.setup import Setup
    from daemon.teach.trial import Classroom, Effect, KeptMail, Trial
    from parsers.frame import Frame
    from parsers.notice import Kind
    from parsers.teach import Lesson, Suggestion

Says = Callable[[str], None]
SHOWN = 10
"""Mails that are named one by one; --json has all."""


class TaughtKind(click.ParamType[str]):
    """A kind that a phrase may be filed under; shells complete it."""

    name = "kind"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        try:
            return _known_kind(str(value))
        except ValueError as error:
            self.fail(in_terminal(str(error)), param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        del ctx, param
        from parsers.teach import TAUGHT_KINDS

        return [CompletionItem(kind) for kind in TAUGHT_KINDS if kind.startswith(incomplete)]


def _known_kind(name: str) -> str:
    """Raises ValueError with a suggestion."""
    from parsers.teach import TAUGHT_KINDS
    from parsers.user_yaml import did_you_mean

    known = [one.value for one in TAUGHT_KINDS]
    if name not in known:
        hint = did_you_mean(name, known) or f"; known are {', '.join(known)}"
        raise ValueError(f"no kind {name!r} can be taught{hint}")
    return name


@click.command(short_help="Teach it a mail that was not understood.")
@click.argument("mail", metavar="MAIL", required=False)
@click.option("--line", type=click.IntRange(min=1), help="Which line, as they are listed.")
@click.option("--phrase", help="That line, with {gaps} for what changes from mail to mail.")
@click.option("--kind", type=TaughtKind(), help="What it says, such as shipment.shipped.")
@click.option("--language", metavar="CODE", help="Of the mail, such as en or ja.")
@click.option("--ask", is_flag=True, help="Let the model of config.yaml propose line and kind.")
@click.option("--yes", is_flag=True, help="Ask nothing, and write it unless it is refused.")
@click.option("--dry-run", is_flag=True, help="Ask nothing, and write nothing.")
@click.option("--undo", is_flag=True, help="Take back what was taught last.")
@click.option("--mailbox", metavar="ID", help="Read a file as mail of this mailbox.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object; asks nothing.")
@click.pass_obj
def teach(paths: Paths, /, mail: str | None, **told: Any) -> None:
    """Teach it a mail that was not understood: MAIL is its number in `mails unread`, or a file.

    A line of the mail becomes a phrase of your own pack. Before it is written you see what this
    mail would say and which stored mails would be read otherwise; a phrase that would read one of
    them wrongly is refused.
    """
    if told.pop("undo"):
        if mail is not None:
            raise ExitError(Exit.USAGE, "say a mail or --undo, not both")
        as_json = told["as_json"]
        _take_back(paths, _nothing if as_json else say, as_json=as_json)
        return
    if mail is None:
        raise ExitError(
            Exit.USAGE, "say which mail: its number in orderbell mails unread, or a file"
        )
    _teach(paths, mail, TeachFlags(**told))


@dataclass(frozen=True, slots=True, kw_only=True)
class TeachFlags:
    """What the command line said beside the mail."""

    line: int | None
    phrase: str | None
    kind: str | None
    language: str | None
    ask: bool
    yes: bool
    dry_run: bool
    mailbox: str | None
    as_json: bool

    @property
    def asks(self) -> bool:
        """Whether a person answers."""
        return not (self.yes or self.dry_run or self.as_json)

    @property
    def writes(self) -> bool:
        """Whether it is written without a question."""
        return self.yes and not self.dry_run


def _teach(paths: Paths, mail: str, flags: TeachFlags) -> None:
    setup = paths.setup()
    room = _classroom(paths, setup, mail, flags)
    if flags.asks:
        _show_lines(room)
    lesson = _lesson(paths, room, flags)
    with _kept(paths, setup) as kept:
        trial = room.attempt(lesson, kept)
    if flags.as_json:
        print_json(_row(mail, trial, written=flags.writes and not trial.refused))
    else:
        _show(trial)
    for reason in trial.refused:
        raise ExitError(Exit.ERROR, f"this is not written: {reason}")
    _end(paths, setup, trial, flags, _nothing if flags.as_json else say)


def _end(paths: Paths, setup: "Setup", trial: "Trial", flags: TeachFlags, say: Says) -> None:
    """Write it, if that is wanted."""
    if flags.writes or (flags.asks and click.confirm(_("Write it?"), default=False)):
        _write(paths, setup, trial, say)
    else:
        say("nothing was written")


def _nothing(_text: str) -> None:
    """Said to nobody: the JSON object has it."""


def _classroom(paths: Paths, setup: "Setup", mail: str, flags: TeachFlags) -> "Classroom":
    """The mail, ready to be taught. Raises TeachError, and ExitError where there is none."""
    from daemon.teach.trial import Classroom
    from parsers.reader import Context
    from parsers.teach import teachable

    if mail.isdecimal():
        raw, frame = _stored(paths, setup, int(mail))
    else:
        raw, frame = demand_mail(mail), paths.frame(flags.mailbox)
    return Classroom(
        of=teachable(raw, Context.of(setup.library, frame), flags.language),
        raw=raw,
        frame=frame,
        packs=paths.folder / "packs",
        library=setup.library,
        now=datetime.now(paths.zone()),
    )


def _stored(paths: Paths, setup: "Setup", number: int) -> "tuple[bytes, Frame]":
    """The text of a stored mail, and how it is read. Raises UnknownMailError and ExitError."""
    from daemon.queries.mails import mail_of
    from daemon.teach.trial import frame_of

    with paths.ledger() as ledger:
        row = mail_of(ledger, number)
        raw = ledger.mails.raw(number)
    if raw is None:
        raise ExitError(
            Exit.ERROR, f"the text of mail {number} is not kept; save it as a file and name that"
        )
    return raw, frame_of(setup, row.place.mailbox)


@contextmanager
def _kept(paths: Paths, setup: "Setup") -> "Iterator[Iterator[KeptMail]]":
    """The stored mails; none where there is no ledger yet."""
    from daemon.cli.progress import progress
    from daemon.store.store import FILE
    from daemon.teach.trial import kept_mails

    if not (paths.state / FILE).exists():
        yield iter(())
        return
    with paths.ledger() as ledger, progress() as show:
        yield kept_mails(ledger, setup, lambda done, of: show("ledger", "mails", done, of))


def _lesson(paths: Paths, room: "Classroom", flags: TeachFlags) -> "Lesson":
    """What is to be taught, by flags, by a model, by answers. Raises ExitError for what is
    missing.
    """
    from parsers.notice import Kind

    proposal = _proposed(paths, room, asks=flags.asks) if flags.ask else None
    suggestion = _suggestion(room, flags, proposal)
    kind = Kind(flags.kind) if flags.kind else _kind(suggestion, proposal, asks=flags.asks)
    lesson = room.of.lesson(suggestion, kind, flags.phrase)
    if proposal and (proposal.kind, _line_of(room, proposal)) == (kind, suggestion.line):
        lesson = proposal
    if flags.asks and flags.phrase is None:
        lesson = replace(lesson, phrase=click.prompt(_("Phrase"), default=lesson.phrase))
    return lesson


def _line_of(room: "Classroom", lesson: "Lesson") -> str | None:
    """The line of the mail that the lesson is about."""
    return room.of.line_of(lesson.place, lesson.phrase)


def _suggestion(room: "Classroom", flags: TeachFlags, proposal: "Lesson | None") -> "Suggestion":
    """The line that is taught."""
    from parsers.teach import Suggestion

    offered, phrase = room.of.suggestions, flags.phrase
    if phrase is not None:
        place = "subject" if room.of.line_of("subject", phrase) else "headline"
        return Suggestion(place=place, line=phrase, phrase=phrase)
    number = flags.line or _number_of(room, proposal, asks=flags.asks)
    if number > len(offered):
        raise ExitError(Exit.USAGE, f"there are {len(offered)} lines to choose from")
    return offered[number - 1]


def _number_of(room: "Classroom", proposal: "Lesson | None", *, asks: bool) -> int:
    """The line of the proposal, else the first, unless another is chosen."""
    line = _line_of(room, proposal) if proposal else None
    lines = [one.line for one in room.of.suggestions]
    number = lines.index(line) + 1 if line in lines else 1
    if asks:
        span = click.IntRange(1, len(lines))
        number = click.prompt(_("Line"), type=span, default=number)
    return number


def _kind(suggestion: "Suggestion", proposal: "Lesson | None", *, asks: bool) -> "Kind":
    """What the line says."""
    from parsers.notice import Kind

    likely = ([proposal.kind] if proposal else []) + list(suggestion.kinds)
    names = list(dict.fromkeys(kind.value for kind in likely))
    if asks:
        return Kind(_kind_asked(names))
    if proposal:
        return proposal.kind
    some = ", ".join(names or ["shipment.shipped"])
    raise ExitError(Exit.USAGE, f"say what the line means with --kind, such as {some}")


def _kind_asked(names: Sequence[str]) -> str:
    """No default: what is not read is lost for a day, what is read wrongly may be for good."""
    from parsers.teach import TAUGHT_KINDS

    text = _("What it says: a kind, or its number; ? lists all")
    while True:
        for number, name in enumerate(names, start=1):
            click.echo(f"{number:>3}  {name}")
        answer: str | None = click.prompt(text, value_proc=partial(_kind_typed, names))
        if answer is not None:
            return answer
        names = [one.value for one in TAUGHT_KINDS]


def _kind_typed(names: Sequence[str], text: str) -> str | None:
    """The kind that was typed, or whose number in the list was; None for a question mark."""
    typed = text.strip()
    if typed == "?":
        return None
    if typed.isdecimal() and 1 <= int(typed) <= len(names):
        return names[int(typed) - 1]
    return TaughtKind().convert(typed, None, None)


def _proposed(paths: Paths, room: "Classroom", *, asks: bool) -> "Lesson":
    """What the model of the configuration proposes. Raises ModelError, SecretError, ExitError."""
    from daemon.teach.model import propose, question

    settings = paths.settings_if_any()
    if settings is None or settings.teach is None:
        raise ExitError(
            Exit.CONFIGURATION,
            "no model is configured; write teach: {endpoint: …, model: …} into config.yaml, or"
            " leave --ask out",
        )
    asked = question(room.of, room.raw)
    if asks:
        say(f"this would be sent to {settings.teach.endpoint}:")
        put(asked.text)
        if not settings.teach.local:
            click.confirm(_("Send it?"), default=False, abort=True)
    return propose(asked, settings.teach)


def _show_lines(room: "Classroom") -> None:
    put(_("From {sender}: {subject}").format(sender=room.of.sender, subject=room.of.subject))
    for number, one in enumerate(room.of.suggestions, start=1):
        put(f"{number:>3}  {one.place:<8}  {one.line}")
        if one.near is not None:
            told = _("near {phrase}, which is {kind}").format(
                phrase=repr(one.near.phrase), kind=one.near.kind.value
            )
            put(f"{'':15}{told}{_why(one.near.why)}")


def _why(why: str) -> str:
    """Why a phrase that fits was not believed."""
    return f": {in_terminal(why)}" if why else ""


def _show(trial: "Trial") -> None:
    """What would be written, what this mail would say, and what would become of the others."""
    lesson = trial.lesson
    where = f"{lesson.marketplace}/phrases/{lesson.language}.yaml"
    say(f"into packs/{where}, under {lesson.kind.value}:")
    put(f"  {lesson.place}: '{lesson.phrase}'")
    if trial.reading is not None and not trial.refused:
        put("\n".join(in_short(_("this mail"), trial.reading, speaking())))
    if trial.effect is not None:
        _show_effect(trial.effect)


def _show_effect(effect: "Effect") -> None:
    count, kept = len(effect.changes), effect.kept
    told = ngettext(
        "of {kept} kept mails {n} would be read otherwise",
        "of {kept} kept mails {n} would be read otherwise",
        count,
    )
    click.echo(told.format(kept=kept, n=count))
    for was, now, number in effect.ways:
        click.echo(f"  {number} × {was} → {now}")
    for change in effect.changes[:SHOWN]:
        put(f"    {change.number}: {change.subject}")
    for number, reason in effect.disbelieved[:SHOWN]:
        say(f"it fits mail {number} too and would not be believed there: {reason}")


def _write(paths: Paths, setup: "Setup", trial: "Trial", say: Says) -> None:
    from daemon.teach.files import write

    assert trial.edit is not None  # noqa: S101 - nothing was refused
    write(trial.edit)
    changed = [one.number for one in trial.effect.changes] if trial.effect else []
    say(f"written to {trial.edit.file}; orderbell teach --undo takes it back")
    for told in _read_anew(paths, setup, changed, forget=False):
        say(told)


def _read_anew(paths: Paths, setup: "Setup", numbers: list[int], *, forget: bool) -> Iterator[str]:
    """Read these stored mails again with the packs as they are now, and say what each says."""
    from daemon.pipeline.commands import Commands
    from daemon.worker.reading import InlineReader

    if not numbers:
        return
    library = paths.library()
    with paths.store() as store:
        commands = Commands(store, replace(setup, library=library, packs=paths.packs))
        changed = commands.reread(InlineReader(library), numbers, forget=forget)
    for number, found in changed.items():
        said = ", ".join(dict.fromkeys(one.kind.value for one in found.reading.notices))
        yield f"mail {number}: {said or found.reading.outcome.value}"


def _take_back(paths: Paths, say: Says, *, as_json: bool) -> None:
    from daemon.teach.files import kind_of, last_taught, library_with, removal, write
    from daemon.teach.trial import effect

    packs = paths.folder / "packs"
    taught = last_taught(packs)
    if taught is None:
        raise ExitError(Exit.ERROR, f"nothing that was taught stands in {packs}")
    setup, edit = paths.setup(), removal(taught, packs)
    without = library_with(edit)
    with _kept(paths, setup) as kept:
        found = effect(kept, setup.library, without, taught.line.phrase)
    write(edit)
    numbers = [one.number for one in found.changes]
    if as_json:
        kind = kind_of(taught, setup.library)
        phrase, name = taught.line.phrase, kind.value if kind else None
        print_json({"file": str(taught.file), "kind": name, "phrase": phrase, "mails": numbers})
    say(f"taken back: “{taught.line.phrase}” from {taught.file}")
    for told in _read_anew(paths, setup, numbers, forget=True):
        say(told)


def _row(mail: str, trial: "Trial", *, written: bool) -> dict[str, Any]:
    from parsers.notice import reading_to_json

    effect = trial.effect
    return {
        "mail": mail,
        **asdict(trial.lesson),
        "kind": trial.lesson.kind.value,
        "file": str(trial.edit.file) if trial.edit else None,
        "refused": list(trial.refused),
        "reads": reading_to_json(trial.reading) if trial.reading else None,
        "effect": effect
        and {
            "kept": effect.kept,
            "changes": [_changed(change) for change in effect.changes],
            "disbelieved": [{"mail": number, "why": why} for number, why in effect.disbelieved],
        },
        "written": written,
    }


def _changed(change: Any) -> dict[str, Any]:
    return {
        "mail": change.number,
        "subject": change.subject,
        "was": change.was,
        "now": change.now,
    }

"""One pass: every mailbox is read, everything due is judged and sent, and that is all."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from daemon.dns import Remembered, txt
from daemon.mailbox.errors import MailboxError, MailboxErrorKind
from daemon.mailbox.transport import ByteCounter
from daemon.pipeline.compose import Message
from daemon.pipeline.deliver import recover, send_next
from daemon.pipeline.pipeline import Pipeline
from daemon.pipeline.setup import Setup
from daemon.push.delivery import Delivery, SendOutcome, SendResult
from daemon.push.notifier import Notifier
from daemon.service.files import Files
from daemon.service.mailbox_poll import MailboxPoll, Pace, PollHooks, Progress
from daemon.service.watcher import open_session
from daemon.settings import Settings
from daemon.store import backups
from daemon.store.lock import Lock
from daemon.store.store import FILE, Store, prepare, rescue
from daemon.worker.reading import ReadingChild
from parsers.user_yaml import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What one pass came to."""

    mails: dict[str, int]
    """Mailbox → new mails."""
    failures: dict[str, MailboxError]
    """Mailbox → why it could not be read."""
    messages: tuple[Message, ...]
    sent: int
    undelivered: int
    """Messages a target did not take; they are tried again by the next pass."""
    left_out: tuple[Fault, ...] = ()
    """What is wrong with packs that were not read by."""
    damaged: str | None = None
    """That the ledger was damaged, and what became of it."""


def once(
    files: Files,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    send: Callable[[Delivery], SendResult] | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Pass:
    """Read every mailbox once and send what is due. Raises WrittenError and StoreError.

    `dry_run` works on a copy of the ledger that is thrown away, and sends nothing.
    """
    settings, setup = files.begin()
    with ExitStack() as stack:
        prepare(files.ledger)
        stack.enter_context(Lock.take(files.state))
        if dry_run:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="orderbell-")))
            Store.open(files.ledger).close()
            backups.copy(files.ledger, folder / FILE)
            store = stack.enter_context(Store.open(folder / FILE))
        else:
            opened, rescued = rescue(files.ledger, clock())
            store = stack.enter_context(opened)
            damaged = _damaged(rescued)
        messages: list[Message] = []
        child = stack.enter_context(ReadingChild(setup.packs, lookup=Remembered(txt)))
        pipeline = Pipeline(store, setup, child, clock=clock, said=messages.append)
        recover(store, setup, clock())
        mails, failures = _mailboxes(pipeline, settings, files, progress)
        pipeline.sweep()
        if dry_run:
            return Pass(
                mails=mails,
                failures=failures,
                messages=tuple(messages),
                sent=0,
                undelivered=0,
                left_out=setup.left_out,
            )
        store.copy_daily(clock())
        sent, undelivered = _outbox(
            store, setup, send or stack.enter_context(Notifier()).send, clock
        )
        return Pass(
            mails=mails,
            failures=failures,
            messages=tuple(messages),
            sent=sent,
            undelivered=undelivered,
            left_out=setup.left_out,
            damaged=damaged,
        )


def _damaged(rescued: backups.Rescue | None) -> str | None:
    if rescued is None:
        return None
    became = (
        f"the copy {rescued.restored.name} is in its place"
        if rescued.restored
        else "it begins anew"
    )
    return (
        f"the ledger was damaged and is kept as {rescued.aside.name}; {became}, and mail is read"
        " again"
    )


def _mailboxes(
    pipeline: Pipeline, settings: Settings, files: Files, progress: Progress | None
) -> tuple[dict[str, int], dict[str, MailboxError]]:
    mails: dict[str, int] = {}
    failures: dict[str, MailboxError] = {}
    pace = Pace.of(settings)
    for box in settings.mailboxes:
        try:
            with open_session(box, files, ByteCounter()) as session:
                poll = MailboxPoll(session, pipeline, box, pace, PollHooks(progress=progress))
                mails[box.id] = poll.run(rescan=True)
            with pipeline.store.read() as ledger:
                row = ledger.mailboxes.get(box.id)
            if row.last_error is not None:  # a folder is missing, and the others were read
                failures[box.id] = MailboxError(MailboxErrorKind.FOLDER, row.last_error, "")
        except MailboxError as error:
            failures[box.id] = error
            pipeline.fail_poll(
                box.id,
                kind=error.kind.value,
                what=str(error),
                permanent=error.permanent,
                next_poll_at=pipeline.clock() + settings.poll,
            )
    return mails, failures


def _outbox(
    store: Store,
    setup: Setup,
    send: Callable[[Delivery], SendResult],
    clock: Callable[[], datetime],
) -> tuple[int, int]:
    with store.read() as ledger:
        targets = ledger.outbox.due_targets(clock())
    answers = []
    for target in targets:
        while (answer := send_next(store, setup, send, target, clock)) is not None:
            answers.append(answer.outcome)
    sent = answers.count(SendOutcome.SENT)
    return sent, len(answers) - sent

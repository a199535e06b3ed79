"""A story: a folder of mails, notes and files, what must ring, what must not, and what the ledger
holds at the end.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict

from daemon.files.importers import read as read_import
from daemon.pipeline import notes as written_notes
from daemon.pipeline.setup import Setup, bare
from daemon.replay import Filed, Rung, Scenario, mails, replay
from daemon.settings import Target
from daemon.worker.reading import InlineReader, inline
from orders.event import Event, Source, events_of
from orders.facts.view import View, view
from parsers.frame import Frame
from parsers.notice import Kind, Reading, Role, Trust
from parsers.user_yaml import check, read
from tests.orders.list_index import ListIndex

ZONE = ZoneInfo("Asia/Tokyo")
FOLDER = Path(__file__).parents[1] / "fixtures" / "stories"
ROWS = (
    *("S000-1", "S000-2", "S000-3", "S000-4a", "S000-4b", "S000-4c", "S000-5"),
    *(f"S001-{number}" for number in range(8)),
    *(f"S002-{number}" for number in range(1, 8)),
    *(f"S003-{number}" for number in range(1, 8)),
    *(f"S004-{number}" for number in range(1, 10)),
    *(f"board-{number}" for number in range(1, 16)),
)
"""Every described situation and every storyboard."""


def moment(text: object) -> datetime:
    """A time in the stories' zone, or `2026-01-26 23:59:59 America/New_York`, as UTC."""
    day, _, place = re.fullmatch(r"([\d-]+(?: [\d:]+)?)( (\S+/\S+))?", str(text)).groups()
    return (
        datetime.fromisoformat(day)
        .replace(tzinfo=ZoneInfo(place) if place else ZONE)
        .astimezone(UTC)
    )


Moment = Annotated[datetime, BeforeValidator(moment)]
Text = Annotated[str, BeforeValidator(str)]


class Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Expected(Written):
    """An alert that must ring: all that is written must hold for one and the same."""

    rule: str
    state: Literal["firing", "repeat", "resolved"] | None = None
    severity: str | None = None
    at: Moment | None = None
    """Within two minutes after: alerts of one order wait a minute for each other."""
    after: Moment | None = None
    before: Moment | None = None
    order: Text | None = None
    contains: Text = ""

    def fits(self, rung: Rung) -> bool:
        return (
            self.rule == rung.rule
            and self.state in (None, rung.state)
            and self.severity in (None, rung.severity)
            and (self.at is None or 0 <= (rung.at - self.at).total_seconds() <= 120)
            and (self.after is None or rung.at >= self.after)
            and (self.before is None or rung.at <= self.before)
            and (self.order is None or self.order in rung.orders)
            and self.contains in f"{rung.title}\n{rung.body}"
        )


class Known(Written):
    """What the ledger must hold of one order in the end; `findings` is complete, the others name
    what matters.
    """

    status: str | None = None
    findings: tuple[str, ...] | None = None
    watches: dict[str, str] = {}
    cases: dict[str, str] = {}
    parcels: tuple[Text, ...] | None = None
    due: dict[str, Moment] = {}
    placed: dict[str, tuple[str, float]] = {}
    """Mail → level and confidence of its match."""


class Needed(Written):
    """What the commands give its person when the rule `at` first rings."""

    at: str
    letter: str = ""
    """Empty where there is nobody to write to."""
    evidence: str
    """Reason of the checklist."""
    stake: str = ""
    """What doing nothing costs, and until when; empty where it costs nothing more."""
    record: tuple[str, ...] = ()
    """Figures of the store; none for a seller, and where no mail names the store."""


class Story(Written):
    title: str
    covers: tuple[str, ...]
    role: Literal["buyer", "seller", "both"]
    trust: Literal["all", "headers"]
    authserv_ids: tuple[str, ...] = ()
    notes: str | None = None
    orders: str | None = None
    arrives: dict[str, Moment] = {}
    """Mails that come later than their Date says."""
    assign: dict[str, Text] = {}
    """The user's answer to `which-order` at the end: mail → order number."""
    until: Moment
    expect: tuple[Expected, ...]
    never: tuple[str | Expected, ...] = ()
    silent: tuple[str, ...] = ()
    """Words that no alert may show."""
    ledger: dict[Text, Known] = {}
    needs: Needed | None = None
    """None where no order of the person's is touched."""


@dataclass(frozen=True)
class Told:
    """A story with the folder it lies in."""

    folder: Path
    story: Story

    @property
    def state(self) -> str:
        if self.story.orders:
            return "needs an import"
        return "needs a note" if self.story.notes else "covered"


def stories() -> tuple[Told, ...]:
    """Every story of the folder. Raises AssertionError with the faults of a story.yaml."""
    return tuple(load(path.parent) for path in sorted(FOLDER.glob("*/story.yaml")))


def load(folder: Path) -> Told:
    story, faults = check(read(folder / "story.yaml"), Story)
    assert story is not None, "\n".join(map(str, faults))
    return Told(folder, story)


@cache
def set_up() -> Setup:
    return bare(rules=None, packs=None, zone=ZONE)


@dataclass(frozen=True)
class Prepared:
    """A reader whose readings are made here, and that wants every mail."""

    read: Callable[[bytes, Frame], Reading]

    def __call__(self, raw: bytes, frame: Frame) -> Reading:
        return self.read(raw, frame)

    def wanted(self, _header: bytes, _frame: Frame) -> bool:
        return True


@cache
def reads() -> InlineReader:
    return inline(None)


def frame(story: Story) -> Frame:
    return Frame(
        authserv_ids=story.authserv_ids,
        addresses=("hanako@example.jp",),
        zone=ZONE,
        role=story.role,
        trust_all=story.trust == "all",
    )


def filed(told: Told) -> tuple[Filed, ...]:
    arrives = told.story.arrives
    return tuple(
        Filed(name=one.name, at=arrives.get(one.name, one.at), load=one.load)
        for one in mails(told.folder)
    )


def imported(told: Told) -> tuple[Event, ...]:
    """Events of the story's file, imported as its first mail arrives."""
    if told.story.orders is None:
        return ()
    return read_import(told.folder / told.story.orders, seen=filed(told)[0].at, zone=ZONE).events


def noted(told: Told) -> tuple[written_notes.Note, ...]:
    return (
        () if told.story.notes is None else written_notes.load(told.folder / told.story.notes, ZONE)
    )


def ring(told: Told, target: Target | None = None) -> tuple[Rung, ...]:
    """Every alert of the story, by the same code as `orderbell replay`; in English without a
    target.
    """
    return tuple(
        replay(
            Scenario(
                mails=filed(told),
                orders=imported(told),
                notes=noted(told),
                until=told.story.until,
            ),
            set_up(),
            reads(),
            frame(told.story),
            target,
        )
    )


def ledger(told: Told) -> ListIndex:
    """All events of the story up to its end, the user's answers last."""
    index = ListIndex(imported(told))
    names: dict[str, tuple[Event, ...]] = {}
    for number, one in enumerate(filed(told), start=1):
        names[one.name] = _of_mail(one, number, told.story)
        for event in names[one.name]:
            index.add(event)
    role = Role.SELLER if told.story.role == "seller" else Role.BUYER
    for at, note in enumerate(noted(told)):
        marketplace = written_notes.marketplace_of(note.order)
        index.add(
            written_notes.event_of(
                note,
                marketplace=marketplace,
                role=role,
                seen=note.at,
                name=f"{told.folder.name}{at}",
            )
        )
    for name, number in told.story.assign.items():
        for event in names[name]:
            index.add(_answer(event, number, told.story.until))
    return index


def _of_mail(one: Filed, number: int, story: Story) -> tuple[Event, ...]:
    raw = one.load()
    reading = reads()(raw, frame(story))
    return events_of(
        reading, digest=sha256(raw).hexdigest(), arrived=one.at, seen=one.at, mail=number
    )


def _answer(event: Event, number: str, at: datetime) -> Event:
    return Event(
        origin=f"assign:{event.origin}", kind=Kind.ASSIGNMENT, at=at, seen=at, source=Source.ASSIGNMENT,
        marketplace=event.marketplace, role=event.role, trust=Trust.VERIFIED, order_numbers=(number,),
        assigns=event.origin,
    )  # fmt: skip


def order_view(told: Told, number: str) -> View:
    role = Role.SELLER if told.story.role == "seller" else Role.BUYER
    key = f"{written_notes.marketplace_of(number)}:{role}:{number}"
    return view(key, ledger(told), set_up().policy, ZONE)


def names_of(told: Told) -> dict[int, str]:
    """Number of a mail in `ledger` → its file."""
    return {number: one.name for number, one in enumerate(filed(told), start=1)}


def states(told_ones: Iterable[Told]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Row → its state, by the story that needs least, and the stories that tell it."""
    ease = ("covered", "needs a note", "needs an import")
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for row in ROWS:
        mine = [told for told in told_ones if row in told.story.covers]
        if mine:
            best = min((told.state for told in mine), key=ease.index)
            found[row] = (best, tuple(told.folder.name for told in mine))
    return found

"""What the person of a story needs at its worst moment: a letter, a checklist of evidence, what doing
nothing costs, and how the store has behaved; by the same code as the commands.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from daemon.evidence.checklist import checklists, reason_of
from daemon.letters.book import LetterBook, load_letters
from daemon.letters.write import LetterError, LetterWriter
from orders.facts.stake import Stake, stakes, worst_stake
from orders.facts.stores import StoreRecord, store_record
from orders.facts.view import View
from parsers.notice import Role
from rules.records import record_figures
from tests.stories.course import Course, Said, undisturbed
from tests.stories.story import ZONE, Needed, Told


@dataclass(frozen=True)
class Need:
    """One order at one moment."""

    at: datetime
    rule: str
    view: View
    letter: str
    """Empty where no letter fits: there is nobody to write to."""
    evidence: str
    stake: Stake | None
    record: StoreRecord | None
    """None for a seller, and where no mail names the store."""


@cache
def book() -> LetterBook:
    return load_letters(None)


def writer(view: View, language: str = "ja") -> LetterWriter:
    return LetterWriter(view=view, book=book(), zone=ZONE, language=language)


def needs(told: Told) -> Iterator[Need]:
    """At everything that rings about an order, in its time."""
    course = undisturbed(told.folder)
    rang = [said for said in course.said if said.cause == "firing" and ":" in said.order]
    for said in sorted(rang, key=lambda one: (one.at, one.order)):
        done = sum(time <= said.at for time, _ in course.steps)
        yield _need(said, course.before[done])


def _need(said: Said, course: Course) -> Need:
    view = course.scopes[said.order].view
    return Need(
        at=said.at,
        rule=said.rule,
        view=view,
        letter=_letter(view),
        evidence=reason_of(view),
        stake=worst_stake(stakes(view, said.at), said.at),
        record=_record(view, [scope.view for scope in course.scopes.values()], said.at),
    )


def _letter(view: View) -> str:
    try:
        return writer(view).choose(None)
    except LetterError:
        return ""


def _record(view: View, views: Sequence[View], now: datetime) -> StoreRecord | None:
    order = view.order
    if order.role is not Role.BUYER or not order.store:
        return None
    same = (one for one in views if one.order.store == order.store)
    own = [one for one in same if one.order.marketplace == order.marketplace]
    return store_record(order.store, own, now)


def written(need: Need) -> Needed:
    """As a story writes it down."""
    stake = need.stake
    due = f" until {stake.due_at.astimezone(ZONE):%Y-%m-%d}" if stake and stake.due_at else ""
    return Needed(
        at=need.rule,
        letter=need.letter,
        evidence=need.evidence,
        stake=f"{stake.amount}{due}" if stake else "",
        record=tuple(record_figures(need.record, "en")) if need.record else (),
    )


def table(told_ones: Iterable[Told]) -> Iterator[str]:
    """Markdown: what each story's person is given when it matters."""
    yield from (
        "| Story | When | Letter | Evidence | At stake | Store |",
        "| --- | --- | --- | --- | --- | --- |",
    )
    for told in told_ones:
        need = told.story.needs
        cells = ["–"] * 5 if need is None else list(_cells(need))
        yield f"| `{told.folder.name}` | {' | '.join(cells)} |"


def _cells(need: Needed) -> Iterator[str]:
    yield f"`{need.at}`"
    yield f"`{need.letter}`" if need.letter else "–"
    yield checklists().reasons[need.evidence].title.said("en")
    yield need.stake or "–"
    yield ", ".join(need.record) or "–"

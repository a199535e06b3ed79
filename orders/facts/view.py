"""The view of one order: the order, what contradicts itself, what is awaited, and where each event
came to lie.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import tzinfo

from orders.belief import is_believed, unverified
from orders.deadlines.policy import Policy
from orders.deadlines.watches import watches
from orders.findings.contradictions import contradictions
from orders.fold.history import History
from orders.fold.order_fold import fold
from orders.matching.index import BelievedIndex, CachedIndex, EventIndex
from orders.matching.level import Level
from orders.matching.match import Match, gather
from orders.order import Finding, Order, Watch, WatchState


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All we know of one order, a pure function of the events in the index."""

    order: Order
    """Has no events when none names the order (any more): nothing to show."""
    believed: Order
    """The same order as believed mail alone makes it (`orders.belief`): what may silence counts
    here. Has no events where all mail is unverified.
    """
    findings: tuple[Finding, ...]
    """By the time they became true; those that rest on mail that is not believed have an id that
    says so (`belief.UNVERIFIED`).
    """
    watches: tuple[Watch, ...]
    """By due time, marked in the same way; met and void ones too."""
    matches: tuple[Match, ...]
    """Of every event that belongs here or might, by time; twins have level L0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fold:
    """What one set of events comes to."""

    order: Order
    findings: tuple[Finding, ...]
    watches: tuple[Watch, ...]


def view(key: str, index: EventIndex, policy: Policy, zone: tzinfo) -> View:
    """The order of that key as it stands in the index.

    `zone` is the user's: a date without a time is the end of that day there.
    """
    memory = CachedIndex(index)
    matches = gather(key, memory)
    history = History(key, matches, zone)
    whole = sure = _folded(history, memory, policy)
    if not _all_believed(matches, whole.findings):
        known = BelievedIndex(memory)
        sure = _folded(History(key, gather(key, known), zone), known, policy)
    return View(
        order=whole.order,
        believed=sure.order,
        findings=_findings(whole.findings, sure.findings),
        watches=_watches(whole.watches, sure.watches),
        matches=_with_twins(matches, history),
    )


def order_of(key: str, index: EventIndex, zone: tzinfo) -> Order:
    """The order of the view alone, without what is awaited and what does not fit."""
    return fold(History(key, gather(key, CachedIndex(index)), zone))


def _folded(history: History, index: EventIndex, policy: Policy) -> _Fold:
    order = fold(history)
    return _Fold(
        order=order,
        findings=contradictions(history, order, index),
        watches=watches(history, order, policy),
    )


def _all_believed(matches: Iterable[Match], findings: Iterable[Finding]) -> bool:
    """Nothing here would be otherwise without the mail that is not believed."""
    return all(matched.believed for matched in matches) and all(
        is_believed(event) for finding in findings for event in finding.rests_on
    )


def _findings(whole: Iterable[Finding], sure: Iterable[Finding]) -> tuple[Finding, ...]:
    """The believed ones, and beside them those that weak mail adds."""
    known = {finding.id: finding for finding in sure}
    beside = [
        replace(finding, id=unverified(finding.id), inferred=True)
        for finding in whole
        if finding.id not in known
    ]
    every = [*known.values(), *beside]
    return tuple(sorted(every, key=lambda finding: (finding.at, finding.id)))


def _watches(whole: Iterable[Watch], sure: Iterable[Watch]) -> tuple[Watch, ...]:
    """The believed ones, and beside them what weak mail opens or brings nearer: it never ends one
    nor puts it off.
    """
    known = {watch.id: watch for watch in sure}
    beside = []
    for watch in whole:
        own = known.get(watch.id)
        if own is not None:
            known[own.id] = _with_doubt(own, watch)
        if own is None or _opens_more(watch, own):
            beside.append(replace(watch, id=unverified(watch.id), inferred=True))
    every = [*known.values(), *beside]
    return tuple(sorted(every, key=lambda watch: (watch.due_at, watch.id)))


def _with_doubt(believed: Watch, watch: Watch) -> Watch:
    """The watch with what other mail last said of it."""
    doubt = watch.hint if believed.state is WatchState.OPEN else None
    return replace(believed, seen=watch.since, doubt=doubt)


def _opens_more(watch: Watch, believed: Watch) -> bool:
    if watch.state is not WatchState.OPEN:
        return False
    return believed.state is not WatchState.OPEN or watch.due_at < believed.due_at


def _with_twins(matches: tuple[Match, ...], history: History) -> tuple[Match, ...]:
    kept = {matched.event.origin for matched in (*history.matches, *history.possible)}
    marked = [
        matched
        if matched.event.origin in kept
        else replace(matched, level=Level.TWIN, candidates=())
        for matched in matches
    ]
    return tuple(sorted(marked, key=lambda matched: (matched.event.at, matched.event.origin)))

"""The parts of a dossier about the order itself: facts, amounts, cases, deadlines, contradictions,
timeline.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, tzinfo
from itertools import chain

from daemon.files.dossier.mails import StoredMail, day_or_time, local
from daemon.files.dossier.page import Html, facts, link, section, table, tag
from daemon.files.dossier.words import STATES, word
from daemon.files.exports.words import name
from orders.deadlines.region import region
from orders.event import Event, Source
from orders.facts.view import View
from orders.order import Case, Order, Shipment, Watch, WatchState
from parsers import marketplaces
from parsers.identifiers import tracking_link
from parsers.notice import FieldValue, Item, Kind, Money, Role
from rules.strings import CHOICES

RANK = {WatchState.OPEN: 0, WatchState.MET: 1, WatchState.VOID: 2}


def choice(value: str, language: str) -> str:
    """A value of a closed list as people say it."""
    own = STATES.get(value) if language == "ja" else None
    return CHOICES[language].get(value) or own or value.replace("_", " ")


def facts_section(order: Order, language: str, zone: tzinfo) -> Html:
    def time(at: datetime | None) -> str:
        return "" if at is None else local(at, zone)

    def say(key: str) -> str:
        return word(language, key)

    shop = marketplaces.of(order.marketplace)
    site = shop.store_in(region(order.events, order.total.currency if order.total else None))
    address = shop.page(order.number, site, seller=order.role is Role.SELLER)
    marks = [say(key) for key in ("problem", "on_hold", "stub") if getattr(order, key)]
    expected = [time(at) for at in (order.expected_from, order.expected_until) if at]
    table_of_facts = facts(
        (
            (say("marketplace"), shop.title),
            (say("number"), tag("strong", order.number)),
            (say("page"), link(address, address) if address else ""),
            (say("role"), choice(order.role, language)),
            (say("status"), "; ".join([choice(order.status, language), *marks])),
            (say("store"), order.store or ""),
            (say("ordered_at"), day_or_time(order.ordered_at, zone) if order.ordered_at else ""),
            (say("shipped_at"), time(order.shipped_at)),
            (say("expected"), " – ".join(dict.fromkeys(expected))),
            (say("delivered_at"), time(order.delivered_at)),
            (say("cancelled_at"), time(order.cancelled_at)),
            (say("completed_at"), time(order.completed_at)),
            (say("protection_until"), time(order.protection_until)),
        )
    )
    return section(
        say("facts"), table_of_facts, *_items(order, language), *_parcels(order, language, zone)
    )


def _items(order: Order, language: str) -> Iterable[Html]:
    if order.items:
        yield tag("h3", word(language, "items"))
        head = [word(language, key) for key in ("item", "quantity", "price", "ref")]
        yield table(head, [_item(item) for item in order.items])


def _item(item: Item) -> tuple[str, ...]:
    return (
        item.title,
        str(item.quantity),
        "" if item.price is None else str(item.price),
        item.ref or "",
    )


def _parcels(order: Order, language: str, zone: tzinfo) -> Iterable[Html]:
    if not order.shipments:
        return
    yield tag("h3", word(language, "parcels"))
    keys = ("tracking", "carrier", "status", "shipped_at", "delivered_at")
    rows = [_parcel(parcel, language, zone) for parcel in order.shipments]
    yield table([word(language, key) for key in keys], rows)


def _parcel(parcel: Shipment, language: str, zone: tzinfo) -> tuple[Html | str, ...]:
    times = [_local(at, zone) for at in (parcel.shipped_at, parcel.delivered_at)]
    links = ((_tracked(number, parcel.provider), " ") for number in parcel.tracking)
    numbers = [*chain.from_iterable(links)]
    cell = tag("span", *(numbers or [", ".join(parcel.packages) or "–"]))
    return (cell, parcel.provider or "", choice(parcel.status, language), *times)


def _tracked(number: str, provider: str | None) -> str:
    address = tracking_link(number, provider)
    return link(address, number) if address else number


def amounts_section(view: View, language: str, zone: tzinfo) -> Html:
    """Every amount that was said, and what the cases make of them."""
    rows = [
        (local(event.at, zone), name("event", event.kind, language), str(money))
        for event in view.order.events
        for money in (event.fields.get("total"), event.fields.get("amount"))
        if isinstance(money, Money)
    ]
    known = [(label, str(money)) for label, money in _sums(view.order, language) if money]
    head = [word(language, key) for key in ("when", "what", "amount")]
    if not rows and not known:
        return section(word(language, "amounts"), tag("p", word(language, "none"), class_="quiet"))
    return section(word(language, "amounts"), facts(known), table(head, rows))


def _sums(order: Order, language: str) -> Iterable[tuple[str, Money | None]]:
    yield word(language, "total"), order.total
    yield word(language, "refunded"), order.refunded
    for case in order.cases:
        label = name("case", case.kind, language)
        yield word(language, "claimed", case=label), case.amount_claimed
        yield word(language, "awarded", case=label), case.amount_awarded
        yield word(language, "paid", case=label), case.amount_paid


def cases_section(view: View, language: str, zone: tzinfo) -> Html | None:
    if not view.order.cases:
        return None
    head = [word(language, key) for key in ("case", "state", "opened_at", "closed_at", "outcome")]
    rows = [_case(case, language, zone) for case in view.order.cases]
    return section(word(language, "cases"), table(head, rows))


def _case(case: Case, language: str, zone: tzinfo) -> tuple[str, ...]:
    ends = filter(None, (case.judgement, case.outcome, case.reason))
    return (
        " ".join(filter(None, (name("case", case.kind, language), case.ref))),
        choice(case.state, language),
        local(case.opened_at, zone),
        _local(case.closed_at, zone),
        " / ".join(choice(part, language) for part in ends),
    )


def _local(at: datetime | None, zone: tzinfo) -> str:
    return "" if at is None else local(at, zone)


def deadlines_section(view: View, language: str, zone: tzinfo) -> Html | None:
    if not view.watches:
        return None
    head = [word(language, key) for key in ("due", "what", "who", "state", "why")]
    ordered = sorted(view.watches, key=lambda watch: (RANK[watch.state], watch.due_at, watch.id))
    return section(
        word(language, "deadlines"),
        table(head, [_watch(watch, language, zone) for watch in ordered]),
    )


def _watch(watch: Watch, language: str, zone: tzinfo) -> tuple[str, ...]:
    kind = word(language, "stated" if watch.stated else "computed")
    return (
        f"{local(watch.due_at, zone)} ({kind})",
        name("watch", watch.kind, language),
        choice(watch.actor, language),
        word(language, watch.state),
        watch.why,
    )


def findings_section(view: View, language: str, zone: tzinfo) -> Html | None:
    if not view.findings:
        return None
    head = [word(language, key) for key in ("when", "what", "rests_on")]
    rows = []
    for finding in view.findings:
        said = " – ".join(filter(None, (name("finding", finding.kind, language), finding.detail)))
        if finding.amount is not None:
            said += f" ({finding.amount})"
        proof = tag("span", *_with_commas(source(event, language) for event in finding.rests_on))
        rows.append((local(finding.at, zone), said, proof))
    return section(word(language, "findings"), table(head, rows))


def _with_commas(parts: Iterable[str]) -> Iterable[str]:
    for index, part in enumerate(parts):
        if index:
            yield ", "
        yield part


def unseen_section(view: View, language: str, zone: tzinfo) -> Html | None:
    """A seller's proof that no cancel request came before the buyer complained of it (C21)."""
    first = _first_complaint(view)
    if first is None:
        return None
    until = _first(view.order.events, Kind.CANCEL_REQUESTED)
    lines = [
        word(language, "no_request", until=local(until or first, zone), first=local(first, zone))
    ]
    if until is None:
        lines.append(word(language, "no_request_yet"))
    return section(word(language, "unseen"), *(tag("p", line) for line in lines))


def _first_complaint(view: View) -> datetime | None:
    """When the buyer first complained of a cancel request that never came."""
    found = [one for one in view.findings if one.kind == "cancel_complaint_without_request"]
    rests_on = chain.from_iterable(one.rests_on for one in found)
    return _first(rests_on, Kind.MESSAGE_RECEIVED) or (found[0].at if found else None)


def _first(events: Iterable[Event], kind: Kind) -> datetime | None:
    return min((event.at for event in events if event.kind is kind), default=None)


def source(event: Event, language: str) -> str:
    """Where an event was learned: a place in this page for a mail."""
    if event.source is Source.MAIL and event.mail is not None:
        return link(f"#mail-{event.mail}", word(language, "mail", id=event.mail))
    return (
        word(language, "mail", id="?")
        if event.source is Source.MAIL
        else word(language, event.source)
    )


def timeline_section(
    order: Order, mails: Sequence[StoredMail], language: str, zone: tzinfo
) -> Html:
    known = {mail.id for mail in mails}
    head = [word(language, key) for key in ("when", "what", "details", "source")]
    rows = []
    for event in order.events:
        where = source(event, language)
        if event.mail is not None and event.mail not in known:
            where = word(language, "mail", id=event.mail)
        told = "; ".join(_details(event, language, zone))
        rows.append((local(event.at, zone), name("event", event.kind, language), told, where))
    return section(word(language, "timeline"), table(head, rows))


def _details(event: Event, language: str, zone: tzinfo) -> Iterable[str]:
    for key, value in event.fields.items():
        yield f"{key.replace('_', ' ')}: {_shown(value, language, zone)}"
    yield from (f"tracking: {number}" for number in event.tracking)
    yield from (f"package: {number}" for number in event.packages)
    yield from (f"case: {number}" for number in event.cases)


def _listed(items: Iterable[Item]) -> str:
    return ", ".join(f"{item.quantity} × {item.title}" for item in items)


def _shown(value: FieldValue, language: str, zone: tzinfo) -> str:
    match value:
        case datetime():
            return local(value, zone)
        case date():
            return value.isoformat()
        case tuple():
            return _listed(value)
        case str():
            return choice(value, language)
        case _:
            return str(value)

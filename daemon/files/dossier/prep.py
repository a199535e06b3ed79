"""The prep sheet: everything a person needs to file an appeal in a chat that ends after three
minutes of silence.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, tzinfo

from daemon.files.dossier.mails import StoredMail, day_or_time, fingerprint, local, subject_of
from daemon.files.dossier.page import Html, facts, link, section, tag
from daemon.files.dossier.sections import choice
from daemon.files.dossier.words import REASONS, word
from daemon.files.exports.words import name
from orders.event import Event
from orders.facts.view import View
from orders.order import Case, CaseKind, Watch, WatchState
from parsers import marketplaces
from parsers.notice import Kind, Role
from parsers.packfile import Appeal

PROMISED = frozenset({"will_ship_by", "wait_request"})


def wants_prep(view: View) -> bool:
    """A dispute of the buyer whose result can be appealed in a chat and came or may come, and no
    appeal was decided yet.
    """
    order = view.order
    if _appeal(view) is None or order.role is not Role.BUYER:
        return False
    decided = Kind.APPEAL_DECIDED in order.kinds
    return not decided and any(case.kind is CaseKind.DISPUTE for case in order.cases)


def prep_section(
    view: View, mails: Sequence[StoredMail], language: str, zone: tzinfo, now: datetime
) -> Html:
    order = view.order
    dispute = [case for case in order.cases if case.kind is CaseKind.DISPUTE][-1]
    return section(
        word(language, "prep"),
        *_way(view, language),
        facts(
            (
                (word(language, "prep_id"), tag("strong", order.number)),
                (word(language, "prep_case"), dispute.ref or ""),
                (word(language, "prep_deadline"), _deadline(view, language, zone, now)),
                *_dates(view, dispute, language, zone),
                *_amounts(view, dispute, language),
                *((word(language, "tracking"), number) for number in _tracking(view)),
            )
        ),
        tag("h3", word(language, "prep_paste")),
        tag("pre", *("\n".join(_chat(view, dispute, zone)),)),
        tag("h3", word(language, "prep_reasons")),
        *_reasons(view, language, zone),
        tag("h3", word(language, "prep_evidence")),
        tag("ul", *_evidence(view, mails, language, zone), class_="check"),
        name="prep",
        class_="box",
    )


def _open_appeals(view: View) -> list[Watch]:
    appeals = (watch for watch in view.watches if watch.kind == "appeal")
    return [watch for watch in appeals if watch.state is WatchState.OPEN]


def _appeal(view: View) -> Appeal | None:
    return marketplaces.of(view.order.marketplace).file.appeal


def _way(view: View, language: str) -> Iterable[Html]:
    appeal = _appeal(view)
    if appeal is not None:
        yield tag("p", tag("strong", appeal.lead.words(language)))
        yield tag("p", appeal.steps.words(language))


def _deadline(view: View, language: str, zone: tzinfo, now: datetime) -> str:
    """The earliest date that was stated or computed; a passed one is shown too, since operators
    differ.
    """
    awaited = _open_appeals(view)
    if not awaited:
        return ""
    first = min(awaited, key=lambda watch: watch.due_at)
    marks = [word(language, "stated" if first.stated else "computed")]
    if first.due_at <= now:
        marks.append(word(language, "passed"))
    return f"{local(first.due_at, zone)} ({', '.join(marks)}) {first.why}"


def _dates(view: View, dispute: Case, language: str, zone: tzinfo) -> Iterable[tuple[str, str]]:
    order = view.order
    case = name("case", "dispute", language)
    for label, at in (
        (word(language, "ordered_at"), order.ordered_at),
        (word(language, "shipped_at"), order.shipped_at),
        (word(language, "delivered_at"), order.delivered_at),
        (f"{case}: {word(language, 'opened_at')}", dispute.opened_at),
        (f"{case}: {word(language, 'closed_at')}", dispute.closed_at),
    ):
        yield label, "" if at is None else day_or_time(at, zone)


def _amounts(view: View, dispute: Case, language: str) -> Iterable[tuple[str, str]]:
    case = name("case", "dispute", language)
    for label, money in (
        (word(language, "total"), view.order.total),
        (word(language, "claimed", case=case), dispute.amount_claimed),
        (word(language, "awarded", case=case), dispute.amount_awarded),
        (word(language, "refunded"), view.order.refunded),
    ):
        yield label, "" if money is None else str(money)
    outcome = " / ".join(
        choice(part, language) for part in (dispute.judgement, dispute.outcome) if part
    )
    yield word(language, "outcome"), outcome


def _tracking(view: View) -> tuple[str, ...]:
    """Numbers of the parcels that came and of the one that went back."""
    came = [number for shipment in view.order.shipments for number in shipment.tracking]
    back = [number for event in _events(view, Kind.RETURN_SHIPPED) for number in event.tracking]
    return tuple(dict.fromkeys((*came, *back)))


def _chat(view: View, dispute: Case, zone: tzinfo) -> Iterable[str]:
    """In English, which every operator reads; short lines, since the chat cuts long ones."""
    order = view.order
    yield f"I want to appeal the dispute result of order {order.number}."
    if dispute.ref:
        yield f"Dispute number: {dispute.ref}"
    if order.ordered_at:
        yield f"Ordered: {order.ordered_at.astimezone(zone):%Y-%m-%d}"
    if dispute.closed_at:
        outcome = (dispute.outcome or "unknown").replace("_", " ")
        yield (
            f"The dispute was closed on {dispute.closed_at.astimezone(zone):%Y-%m-%d}, result:"
            f" {outcome}."
        )
    asked, given = dispute.amount_claimed, order.refunded or dispute.amount_awarded
    if asked:
        yield f"I claimed {asked}" + (f" and got {given}." if given else ".")
    for event in _events(view, Kind.RETURN_SHIPPED):
        number = f", tracking number {event.tracking[0]}" if event.tracking else ""
        yield f"I posted the return on {event.at.astimezone(zone):%Y-%m-%d}{number}."
    yield "Please file the appeal. I have the evidence files ready."


def _reasons(view: View, language: str, zone: tzinfo) -> Iterable[Html]:
    proofs = backed(view)
    for group, entries in REASONS:
        lines = []
        for key, english, japanese in entries:
            text = english if language == "en" else f"{japanese}（{english}）"
            proof = proofs.get(key)
            mark = "☑ " if proof else "☐ "
            seen = (
                ()
                if proof is None
                else (tag("span", f" – {_held(proof, language, zone)}", class_="quiet"),)
            )
            lines.append(tag("li", mark + text, *seen))
        yield tag("h3", word(language, group))
        yield tag("ul", *lines, class_="check")


def _held(event: Event, language: str, zone: tzinfo) -> str:
    what = f"{name('event', event.kind, language)} {local(event.at, zone)}"
    return word(language, "prep_supported", what=what)


def _meaning(messages: Iterable[Event], intents: Collection[str]) -> list[Event]:
    return [event for event in messages if event.fields.get("intent") in intents]


def backed(view: View) -> dict[str, Event]:
    """Reasons the ledger itself can back, each with the event that does; the others are the user's
    to choose.
    """
    messages = _events(view, Kind.MESSAGE_RECEIVED)
    offers = _meaning(messages, {"offer"})
    found = {
        "promise": [*_events(view, Kind.PROMISE), *_meaning(messages, PROMISED)],
        "history": messages if len(messages) >= 3 else [],
        "postage": [*_events(view, Kind.RETURN_SHIPPED)],
        "refund": offers,
    }
    return {key: events[0] for key, events in found.items() if events}


def _evidence(
    view: View, mails: Sequence[StoredMail], language: str, zone: tzinfo
) -> Iterable[Html]:
    for event in _events(view, Kind.EVIDENCE):
        text = event.fields.get("text")
        yield tag("li", f"☐ {local(event.at, zone)}: {text or name('event', event.kind, language)}")
    for finding in view.findings:
        yield tag(
            "li", f"☐ {name('finding', finding.kind, language)} – {finding.detail}".rstrip(" –")
        )
    for mail in sorted(mails, key=lambda mail: (mail.received_at, mail.id)):
        place = link(f"#mail-{mail.id}", word(language, "mail", id=mail.id))
        about = f" {local(mail.received_at, zone)} {subject_of(mail)} "
        yield tag("li", "☐ ", place, about, tag("code", fingerprint(mail)[:16]))


def _events(view: View, kind: Kind) -> list[Event]:
    return [event for event in view.order.events if event.kind is kind]

"""Events, alerts and subjects as JSON and back: what stands in the payload columns."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from orders.event import Event, Source
from orders.subject import FactValue, Subject
from parsers.notice import Kind, Money, Proof, Role, Trust, fields_from_json, fields_to_json
from rules.alert import Alert, AlertState, Severity

LISTS = ("order_numbers", "tracking", "packages", "cases", "masked", "thread")
ANSWERED = ("acked_at", "snoozed_until", "resolved_at", "next_at")
"""What acknowledging, snoozing and resolving change, besides the state."""
TIMES = ("fired_at", "acked_at", "snoozed_until", "resolved_at", "next_at", "due_at", "told_at")


def event_to_json(event: Event) -> dict[str, Any]:
    """What has no column of its own; empty things are left out."""
    row: dict[str, Any] = {
        "trust": event.trust.value,
        "proof": event.proof.value,
        "language": event.language,
    }
    row |= {name: list(getattr(event, name)) for name in LISTS if getattr(event, name)}
    row |= {name: getattr(event, name) for name in ("subject", "sender") if getattr(event, name)}
    if event.fields:
        row["fields"] = fields_to_json(event.fields)
    return row


def event_from_row(row: Any) -> Event:
    """An Event of a row of the `event` table."""
    payload: Mapping[str, Any] = row.payload
    return Event(
        origin=row.origin,
        kind=Kind(row.kind),
        at=row.at,
        seen=row.seen,
        source=Source(row.source),
        marketplace=row.marketplace,
        role=Role(row.role),
        trust=Trust(row.trust or payload["trust"]),
        proof=Proof(payload["proof"]),
        language=payload["language"],
        fields=fields_from_json(payload.get("fields", {})),
        mail=row.mail,
        subject=payload.get("subject", ""),
        sender=payload.get("sender", ""),
        assigns=row.assigns,
        order_numbers=tuple(payload.get("order_numbers", ())),
        tracking=tuple(payload.get("tracking", ())),
        packages=tuple(payload.get("packages", ())),
        cases=tuple(payload.get("cases", ())),
        masked=tuple(payload.get("masked", ())),
        thread=tuple(payload.get("thread", ())),
    )


def alert_to_json(alert: Alert) -> dict[str, Any]:
    row: dict[str, Any] = {
        name: _time_out(getattr(alert, name)) for name in TIMES if getattr(alert, name)
    }
    return row | {
        "repeats": alert.repeats,
        "told": dict(alert.told),
        "order": alert.order,
        "orders": list(alert.orders),
        "mails": list(alert.mails),
        "groups": list(alert.groups),
        "lapses_at": _time_out(alert.lapses_at),
        "escalated": alert.escalated,
        "sent": alert.sent,
    }


def alert_from_row(row: Any) -> Alert:
    payload: Mapping[str, Any] = row.payload
    return Alert(
        rule=row.rule,
        about=row.about,
        subject=row.subject,
        episode=row.episode,
        state=AlertState(row.state),
        severity=Severity(row.severity),
        since=row.since,
        fired_at=_time_in(payload.get("fired_at")),
        acked_at=_time_in(payload.get("acked_at")),
        snoozed_until=_time_in(payload.get("snoozed_until")),
        resolved_at=_time_in(payload.get("resolved_at")),
        next_at=_time_in(payload.get("next_at")),
        due_at=_time_in(payload.get("due_at")),
        told_at=_time_in(payload.get("told_at")),
        repeats=payload["repeats"],
        told=payload["told"],
        order=payload["order"],
        orders=tuple(payload["orders"]),
        mails=tuple(payload["mails"]),
        groups=tuple(payload["groups"]),
        lapses_at=_time_in(payload.get("lapses_at")),
        escalated=payload["escalated"],
        sent=payload["sent"],
    )


def answer_to_json(alert: Alert) -> dict[str, Any]:
    """What an answer changes of an alert."""
    return {"state": alert.state.value} | {
        name: _time_out(getattr(alert, name)) for name in ANSWERED
    }


def with_answer(alert: Alert, answer: Mapping[str, Any]) -> Alert:
    """The alert as the answer (`answer_to_json`) says."""
    return replace(
        alert,
        state=AlertState(answer["state"]),
        acked_at=_time_in(answer["acked_at"]),
        snoozed_until=_time_in(answer["snoozed_until"]),
        resolved_at=_time_in(answer["resolved_at"]),
        next_at=_time_in(answer["next_at"]),
    )


def subject_to_json(subject: Subject) -> dict[str, Any]:
    return {
        "facts": {name: _fact_out(value) for name, value in sorted(subject.facts.items())},
        "order": subject.order,
        "orders": list(subject.orders),
        "mails": list(subject.mails),
        "due_at": _time_out(subject.due_at),
        "uncounted": {name: _fact_out(value) for name, value in sorted(subject.uncounted.items())},
    }


def subject_from_row(row: Any) -> Subject:
    """The subject of a row of the `alert` table, as it was last judged."""
    kept: Mapping[str, Any] = row.facts
    return Subject(
        about=row.about,
        id=row.subject,
        facts={name: _fact_in(value) for name, value in kept["facts"].items()},
        order=kept["order"],
        orders=tuple(kept["orders"]),
        mails=tuple(kept["mails"]),
        due_at=_time_in(kept["due_at"]),
        uncounted={name: _fact_in(value) for name, value in kept.get("uncounted", {}).items()},
    )


def _time_out(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _time_in(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _fact_out(value: FactValue) -> Any:
    match value:
        case datetime():
            return {"time": value.isoformat()}
        case Decimal():
            return {"number": f"{value:f}"}
        case Money():
            return {"money": f"{value.value:f}", "currency": value.currency}
        case _:
            return value


def _fact_in(value: Any) -> FactValue:
    match value:
        case {"time": str(text)}:
            return datetime.fromisoformat(text)
        case {"number": str(text)}:
            return Decimal(text)
        case {"money": str(amount), "currency": str(currency)}:
            return Money(value=Decimal(amount), currency=currency)
        case bool() | str():
            return value
        case _:
            raise ValueError(f"not a fact: {value!r}")

"""What Home Assistant is told: one device, its entities, and the payloads of their states.

The form is Home Assistant's MQTT discovery: a retained JSON document per entity at
`<prefix>/<component>/<node>/<object>/config`, naming the topics its state and availability come
from. Pure: topics and payloads in, nothing sent.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daemon import __version__
from daemon.overview import Overview
from daemon.settings import Mqtt

ONLINE, OFFLINE = "online", "offline"
EVENTS = ("firing", "repeat", "resolved")
"""Causes of what is said, as event types."""
PRESS = "acknowledge"
"""Payload of the button."""

NAMES: Mapping[str, Mapping[str, str]] = {
    "orders_under_way": {"en": "Orders under way", "ja": "進行中の注文"},
    "arriving_today": {"en": "Arriving today", "ja": "今日届く荷物"},
    "open_disputes": {"en": "Open disputes", "ja": "未解決の紛争"},
    "next_deadline": {"en": "Next deadline", "ja": "次の期限"},
    "money_at_stake": {"en": "Money at stake", "ja": "失うおそれのある金額"},
    "unread_mails": {"en": "Mails not understood", "ja": "読み取れなかったメール"},
    "alerts": {"en": "Alerts", "ja": "アラート"},
    "problem": {"en": "Problem", "ja": "問題"},
    "alert": {"en": "Alert", "ja": "通知"},
    "acknowledge_all": {"en": "Acknowledge all", "ja": "すべて確認済みにする"},
}
SENSORS: Mapping[str, Mapping[str, Any]] = {
    "orders_under_way": {"icon": "mdi:package-variant", "state_class": "measurement"},
    "arriving_today": {"icon": "mdi:truck-delivery", "state_class": "measurement"},
    "open_disputes": {"icon": "mdi:scale-balance", "state_class": "measurement"},
    "next_deadline": {"device_class": "timestamp"},
    "unread_mails": {
        "icon": "mdi:email-alert",
        "state_class": "measurement",
        "entity_category": "diagnostic",
    },
    "alerts": {"icon": "mdi:bell-ring", "state_class": "measurement"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One message for the broker."""

    topic: str
    payload: str
    """UTF-8 text; empty and retained: the topic is cleared."""
    retain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """The topics of one Orderbell."""

    base: str

    @property
    def availability(self) -> str:
        return f"{self.base}/status"

    @property
    def state(self) -> str:
        return f"{self.base}/state"

    @property
    def event(self) -> str:
        return f"{self.base}/alert"

    @property
    def command(self) -> str:
        return f"{self.base}/command"


def discovery(settings: Mqtt, currencies: tuple[str, ...]) -> tuple[Publication, ...]:
    """The retained documents by which Home Assistant learns of the device and its entities.

    One sensor of money a currency: sums of different currencies are never added.
    """
    topics = Topics(base=settings.topic)
    made = [_config(settings, "sensor", name, _sensor(name, topics)) for name in SENSORS]
    made += [
        _config(settings, "sensor", f"money_at_stake_{code.lower()}", _money(code, topics))
        for code in currencies
    ]
    made += [
        _config(
            settings,
            "binary_sensor",
            "problem",
            {
                "device_class": "problem",
                "state_topic": topics.state,
                "value_template": "{{ value_json.problem }}",
                "json_attributes_topic": topics.state,
                "json_attributes_template": "{{ {'failing': value_json.failing} | tojson }}",
                "entity_category": "diagnostic",
            },
        ),
        _config(
            settings,
            "event",
            "alert",
            {"state_topic": topics.event, "event_types": list(EVENTS), "icon": "mdi:bell"},
        ),
        _config(
            settings,
            "button",
            "acknowledge_all",
            {
                "command_topic": topics.command,
                "payload_press": PRESS,
                "icon": "mdi:bell-check",
            },
        ),
    ]
    return tuple(made)


def _sensor(name: str, topics: Topics) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if name == "next_deadline":
        more = {
            "json_attributes_topic": topics.state,
            "json_attributes_template": "{{ {'order': value_json.next_order} | tojson }}",
        }
    template = f"{{{{ value_json.{name} }}}}"
    return {"state_topic": topics.state, "value_template": template} | dict(SENSORS[name]) | more


def _money(currency: str, topics: Topics) -> dict[str, Any]:
    return {
        "state_topic": topics.state,
        "value_template": f"{{{{ value_json.money_at_stake.get('{currency}', 0) }}}}",
        "device_class": "monetary",
        "unit_of_measurement": currency,
    }


def _config(settings: Mqtt, component: str, name: str, about: Mapping[str, Any]) -> Publication:
    topics = Topics(base=settings.topic)
    known = name if name in NAMES else "money_at_stake"
    spoken = NAMES[known][settings.language]
    if known != name:
        spoken = f"{spoken} ({name.removeprefix('money_at_stake_').upper()})"
    document = {
        "name": spoken,
        "unique_id": f"{settings.topic}_{name}",
        # what entity ids are made of, the same in every language; `object_id` before 2026.4
        "default_entity_id": f"{component}.{settings.topic}_{name}",
        "object_id": f"{settings.topic}_{name}",
        "availability_topic": topics.availability,
        "payload_available": ONLINE,
        "payload_not_available": OFFLINE,
        "qos": 1,
        "device": {
            "identifiers": [settings.topic],
            "name": "Orderbell" if settings.topic == "orderbell" else settings.topic,
            "manufacturer": "Orderbell",
            "model": "Orderbell",
            "sw_version": __version__,
        },
        "origin": {"name": "Orderbell", "sw_version": __version__},
    } | dict(about)
    return Publication(
        topic=f"{settings.discovery}/{component}/{settings.topic}/{name}/config",
        payload=json.dumps(document, ensure_ascii=False, sort_keys=True),
        retain=True,
    )


def state(settings: Mqtt, seen: Overview) -> Publication:
    """Every entity's state in one retained document; amounts are numbers, times ISO 8601 in UTC."""
    document = {
        "orders_under_way": seen.under_way,
        "arriving_today": seen.arriving_today,
        "open_disputes": seen.open_disputes,
        # Home Assistant reads None as "unknown": there is no deadline
        "next_deadline": seen.next_deadline.isoformat() if seen.next_deadline else None,
        "next_order": seen.next_order,
        "money_at_stake": {one.currency: float(one.value) for one in seen.at_stake},
        "unread_mails": seen.unread,
        "alerts": seen.ringing,
        "problem": "ON" if seen.failing else "OFF",
        "failing": list(seen.failing),
    }
    return Publication(
        topic=Topics(base=settings.topic).state,
        payload=json.dumps(document, ensure_ascii=False, sort_keys=True),
        retain=True,
    )


def availability(settings: Mqtt, payload: str) -> Publication:
    """Whether the service runs; the broker itself says `offline` when it dies (last will)."""
    return Publication(topic=Topics(base=settings.topic).availability, payload=payload, retain=True)


def alert_event(settings: Mqtt, cause: str, facts: Mapping[str, str]) -> Publication:
    """One thing said about an alert; never retained, so that a restart rings nothing again."""
    kind = cause if cause in EVENTS else EVENTS[0]
    return Publication(
        topic=Topics(base=settings.topic).event,
        payload=json.dumps({"event_type": kind} | dict(facts), ensure_ascii=False, sort_keys=True),
        retain=False,
    )

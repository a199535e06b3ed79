"""What can be wrong with a broker, each in a sentence with its cure."""

from collections.abc import Mapping

from daemon.settings import Mqtt


def unreached(settings: Mqtt) -> str:
    where = f"{settings.host}:{settings.broker_port}"
    return f"no broker at {where}; check mqtt: host, port and tls"


def silent(settings: Mqtt) -> str:
    where = f"{settings.host}:{settings.broker_port}"
    return f"{where} gave no answer; is it an MQTT broker, and does it want tls?"


def not_let_in(settings: Mqtt, code: str) -> str:
    return f"the broker {settings.host} refused: {code}; check user and password"


def away(settings: Mqtt, code: str) -> str:
    return f"the broker {settings.host} is away: {code}"


def topics_refused(settings: Mqtt, refused: Mapping[str, str]) -> str:
    """`refused`: topic → why; the first of them is named."""
    topic = min(refused)
    user = settings.user or "anonymous"
    return (
        f"the broker {settings.host} refuses {len(refused)} of our topics, such as {topic} "
        f"({refused[topic]}); let user {user} read and write {settings.topic}/# and "
        f"{settings.discovery}/#"
    )

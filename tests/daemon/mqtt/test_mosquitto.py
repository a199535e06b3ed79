"""State, alerts and a button over a real broker, read as Home Assistant reads them."""

import json
import time
from datetime import timedelta

import pytest

from daemon.mqtt.bridge import Bridge
from daemon.mqtt.broker import Broker, MqttError, new_client, try_broker
from daemon.mqtt.publisher import Publisher
from daemon.secrets import SecretError
from daemon.settings import Mqtt, Secret
from daemon.store.state import BROKER_TROUBLE
from daemon.store.store import Store
from rules.alert import AlertState
from tests.daemon.pipeline.test_intake import ALIEXPRESS, AMAZON, START, Bed, sample_mail
from tests.missing import without
from tests.servers import mosquitto

STATE, ALERT, STATUS = "orderbell/state", "orderbell/alert", "orderbell/status"


@pytest.fixture(scope="module")
def broker():
    if mosquitto.BINARY is None:
        without(mosquitto.MISSING)
    with mosquitto.running() as running:
        yield running


@pytest.fixture
def desk(tmp_path):
    with Store.open(tmp_path / "ledger.sqlite") as store:
        yield Bed(store=store)


@pytest.fixture
def listener(broker):
    heard = mosquitto.Listener(broker.port)
    yield heard
    for topic in heard.retained | {STATE, STATUS}:
        heard.forget(topic)
    heard.close()


@pytest.fixture
def publish(broker, desk, tmp_path):
    """Open the publisher of the desk's ledger; all are closed in the end."""
    (tmp_path / "password").write_text(mosquitto.PASSWORD)
    (tmp_path / "password").chmod(0o600)
    opened = []

    def start(**more):
        settings = Mqtt(
            host="127.0.0.1",
            port=more.pop("port", broker.port),
            user=mosquitto.USER,
            password=Secret(file=tmp_path / more.pop("password", "password")),
            **more,
        )
        one = Publisher(settings, desk.store, desk.pipeline.setup, clock=lambda: desk.now)
        opened.append(one)
        one.start()
        one.changed()
        return one

    yield start
    for one in opened:
        one.close()


def entities(listener):
    """What Home Assistant would make of the retained documents: topic -> document."""
    return {
        topic: json.loads(text)
        for topic, text in listener.last.items()
        if topic.startswith("homeassistant/") and topic.endswith("/config") and text
    }


def events(listener):
    return [json.loads(text) for topic, text in listener.all if topic == ALERT]


def test_every_entity_is_described_completely(desk, publish, listener):
    desk.take(sample_mail.judged(ALIEXPRESS, at=START))
    publish()
    listener.until(lambda: len(entities(listener)) >= 9, "described nine entities")
    found = entities(listener)

    ids = [document["unique_id"] for document in found.values()]
    assert len(set(ids)) == len(ids)
    assert {topic.split("/")[1] for topic in found} == {
        "sensor",
        "binary_sensor",
        "event",
        "button",
    }
    for topic, document in found.items():
        assert topic in listener.retained or document
        assert document["availability_topic"] == STATUS
        assert document["device"]["identifiers"] == ["orderbell"]
        assert document["origin"]["name"] == "Orderbell"
        assert document["name"]
        assert ("state_topic" in document) != ("command_topic" in document)


def test_the_state_is_what_the_ledger_says(desk, publish, listener):
    desk.take(sample_mail.shipped(AMAZON, at=START), sample_mail.judged(ALIEXPRESS, at=START))
    publish()
    listener.until(lambda: listener.json(STATE)["orders_under_way"] == 2, "counted both orders")
    state = listener.json(STATE)

    assert state["open_disputes"] == 1
    assert state["next_order"] == ALIEXPRESS
    assert state["next_deadline"].endswith("+00:00")
    assert state["problem"] == "OFF"
    assert state["alerts"] >= 1
    assert listener.last[STATUS] == "online"


def test_an_alert_is_an_event_once_and_the_past_is_none(desk, publish, listener):
    desk.take(sample_mail.judged("8100000000000009", at=START))
    desk.later(timedelta(minutes=5))
    publisher = publish()
    listener.json(STATE)

    desk.take(sample_mail.judged(ALIEXPRESS, at=desk.now))
    desk.later(timedelta(minutes=5))
    publisher.changed()
    listener.until(lambda: any(one["severity"] == "critical" for one in events(listener)), "rang")
    heard = events(listener)

    assert {one["event_type"] for one in heard} == {"firing"}
    assert {one["order"] for one in heard} == {ALIEXPRESS}
    assert all(one["title"] and one["rule"] for one in heard)
    assert len({one["alert"] for one in heard}) == len(heard)
    assert ALERT not in listener.retained


def test_the_button_acknowledges_everything_that_rings(desk, publish, listener):
    desk.take(sample_mail.judged(ALIEXPRESS, at=START))
    publish()
    listener.json(STATE)
    listener.say("orderbell/command", "acknowledge")
    listener.until(lambda: json.loads(listener.last[STATE])["alerts"] == 0, "acknowledged")

    rows = desk.ask(lambda ledger: ledger.alerts.all_live())
    states = {row.alert.state for row in rows}
    assert AlertState.ACKED in states
    assert AlertState.FIRING not in states


def test_what_was_said_while_the_broker_was_away_is_told_when_it_is_back(
    broker, desk, publish, listener
):
    publisher = publish()
    listener.json(STATE)
    broker.stop()
    listener.last.clear()
    started = time.monotonic()
    desk.take(sample_mail.judged(ALIEXPRESS, at=desk.now))
    desk.later(timedelta(minutes=5))
    publisher.changed()

    assert time.monotonic() - started < 5  # nobody waited for the broker
    broker.start()
    publisher.changed()
    assert listener.json(ALERT)["order"] == ALIEXPRESS
    assert listener.json(STATE)["open_disputes"] == 1


def test_everything_is_told_again_when_home_assistant_begins_anew(publish, listener):
    publish()
    listener.until(lambda: len(entities(listener)) >= 8, "described")
    listener.last.clear()
    listener.say("homeassistant/status", "online")

    listener.until(lambda: len(entities(listener)) >= 8, "described again")


def test_the_device_is_away_when_the_service_ends(publish, listener):
    publisher = publish()
    listener.until(lambda: listener.last.get(STATUS) == "online", "online")
    publisher.close()

    listener.until(lambda: listener.last.get(STATUS) == "offline", "offline")


def test_names_are_in_the_users_language_and_ids_are_not(publish, listener):
    publish(language="ja")
    listener.until(lambda: len(entities(listener)) >= 8, "described")
    found = entities(listener)["homeassistant/sensor/orderbell/orders_under_way/config"]

    assert (found["name"], found["unique_id"]) == ("進行中の注文", "orderbell_orders_under_way")


def test_a_wrong_password_is_a_sentence_and_stops_nothing(desk, publish, tmp_path):
    (tmp_path / "wrong").write_text("not it")
    (tmp_path / "wrong").chmod(0o600)
    publisher = publish(password="wrong")
    end = time.monotonic() + mosquitto.PATIENCE
    while "check user and password" not in publisher.trouble and time.monotonic() < end:
        time.sleep(0.05)

    assert "check user and password" in publisher.trouble
    desk.take(sample_mail.judged(ALIEXPRESS, at=desk.now))


def test_a_bridge_that_cannot_open_says_why(desk, tmp_path):
    bridge = Bridge(lambda: desk.now)
    settings = Mqtt(host="127.0.0.1", user="x", password=Secret(file=tmp_path / "none"))

    assert "none" in bridge.use(settings, desk.store, desk.pipeline.setup)
    assert bridge.use(None, desk.store, desk.pipeline.setup) == ""


def test_without_the_extra_it_says_how_to_add_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "paho.mqtt.client", None)

    with pytest.raises(MqttError, match="pipx install"):
        new_client(Mqtt(host="127.0.0.1"))


def test_doctor_is_told_whether_the_broker_takes_the_login(broker, tmp_path):
    for name, text in (("right", mosquitto.PASSWORD), ("wrong", "not it")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    known = {"host": "127.0.0.1", "user": mosquitto.USER}

    def trial(name, port):
        return Mqtt(**known, port=port, password=Secret(file=tmp_path / name))

    try_broker(trial("right", broker.port))
    with pytest.raises(MqttError, match=r"refused.*check user and password"):
        try_broker(trial("wrong", broker.port))
    with pytest.raises(MqttError, match=r"no broker at 127\.0\.0\.1"):
        try_broker(trial("right", mosquitto.free_port()))


ACL = """user orderbell
topic readwrite orderbell/#
topic write $SYS/none
"""
"""What the service may write when its user was given no right to `homeassistant/`."""


@pytest.fixture
def narrow(tmp_path):
    """A broker that refuses every topic of discovery."""
    if mosquitto.BINARY is None:
        without(mosquitto.MISSING)
    (tmp_path / "acl").write_text(ACL)
    with mosquitto.running(f"acl_file {tmp_path / 'acl'}\n") as running:
        yield running


def until(holds):
    end = time.monotonic() + mosquitto.PATIENCE
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.02)
    raise AssertionError("never")


def noted(desk):
    row = desk.ask(lambda ledger: ledger.state.get(BROKER_TROUBLE))
    return row.value if row else ""


def test_a_topic_that_the_broker_refuses_is_told_and_the_others_go_on(narrow, desk, publish):
    listener = mosquitto.Listener(narrow.port)
    publisher = publish(port=narrow.port)
    try:
        assert listener.json(STATE)["orders_under_way"] == 0
        told = until(lambda: noted(desk))
    finally:
        listener.close()

    assert "of our topics, such as homeassistant/" in told
    assert told == publisher.trouble
    assert "let user orderbell read and write orderbell/# and homeassistant/#" in told


def test_what_was_refused_is_published_once_it_may_be(narrow, desk, publish, tmp_path):
    publisher = publish(port=narrow.port)
    until(lambda: "refuses" in noted(desk))
    narrow.stop()
    (tmp_path / "acl").write_text(f"{ACL}topic readwrite homeassistant/#\n")
    narrow.start()
    publisher.changed()

    until(lambda: not publisher.trouble and not noted(desk))
    heard = mosquitto.Listener(narrow.port)
    heard.until(lambda: len(entities(heard)) >= 9, "described nine entities")
    heard.close()


def test_doctor_says_that_a_topic_is_refused(narrow, tmp_path):
    (tmp_path / "right").write_text(mosquitto.PASSWORD)
    (tmp_path / "right").chmod(0o600)
    settings = Mqtt(
        host="127.0.0.1",
        port=narrow.port,
        user=mosquitto.USER,
        password=Secret(file=tmp_path / "right"),
    )

    with pytest.raises(MqttError, match=r"such as homeassistant/.*let user orderbell"):
        try_broker(settings)


@pytest.mark.parametrize("politely", [True, False], ids=["answers", "hangs up"])
def test_a_broker_that_knows_only_the_older_protocol_is_spoken_to_in_it(
    broker, publish, listener, politely
):
    with mosquitto.older(broker.port, politely=politely) as port:
        publisher = publish(port=port)
        listener.until(lambda: len(entities(listener)) >= 9, "described nine entities")
        until(lambda: not publisher.trouble)


def test_doctor_does_not_push_the_service_from_the_broker(broker, publish, listener, tmp_path):
    publish()
    listener.until(lambda: listener.last.get(STATUS) == "online", "online")
    listener.all.clear()
    try_broker(
        Mqtt(
            host="127.0.0.1",
            port=broker.port,
            user=mosquitto.USER,
            password=Secret(file=tmp_path / "password"),
        )
    )

    assert (STATUS, "offline") not in listener.all


def test_a_password_that_is_gone_for_a_while_ends_no_change_of_protocol(broker, tmp_path):
    secret = tmp_path / "password"
    secret.write_text(mosquitto.PASSWORD)
    secret.chmod(0o600)
    settings = Mqtt(
        host="127.0.0.1", port=broker.port, user=mosquitto.USER, password=Secret(file=secret)
    )
    link = Broker(settings)
    link._link.strange = True
    secret.rename(tmp_path / "away")
    with pytest.raises(SecretError):
        link.settle()
    (tmp_path / "away").rename(secret)
    try:
        assert link.settle()
        assert until(lambda: link.up)
    finally:
        link.close()

"""What is wrong with the broker stands in `orderbell status` as long as it is."""

from datetime import UTC, datetime

from daemon.mqtt.publisher import note_trouble
from daemon.queries.status import Area, status
from daemon.settings import Mqtt, Settings
from daemon.store.store import Store

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def problems(store, tmp_path, *, mqtt):
    settings = Settings.model_construct(mailboxes=[], targets=[], mqtt=mqtt)
    with store.read() as ledger:
        found = status(ledger, settings, tmp_path, NOW).problems
    return [one.what for one in found if one.area is Area.MQTT]


def test_status_names_the_trouble_until_it_is_over(tmp_path):
    broker = Mqtt(host="127.0.0.1")
    with Store.open(tmp_path / "ledger.sqlite") as store:
        assert problems(store, tmp_path, mqtt=broker) == []
        note_trouble(store, NOW, "no broker at home")
        assert problems(store, tmp_path, mqtt=broker) == ["mqtt: no broker at home"]
        assert problems(store, tmp_path, mqtt=None) == []
        note_trouble(store, NOW, "")
        assert problems(store, tmp_path, mqtt=broker) == []

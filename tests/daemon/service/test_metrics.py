import http.client
import re
import socket
import threading

import pytest
from prometheus_client.parser import text_string_to_metric_families

from daemon.atomic import write_file
from daemon.service.metrics import KNOWN, METRICS, Metrics, Port

LINE = re.compile(
    r'^[a-z_]+(\{[a-z]+="(?:[^"\\]|\\.)*"(,[a-z]+="(?:[^"\\]|\\.)*")*\})? -?[0-9.e+]+$'
)


def get(port, path, host="127.0.0.1"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path, headers={"Host": f"{host}:{port}"})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, answer.getheader("Content-Type"), body


def samples(text):
    """What another program reads: (name, labels, value)."""
    return [
        (one.name, one.labels, one.value)
        for family in text_string_to_metric_families(text)
        for one in family.samples
    ]


def test_what_was_counted_is_written_as_prometheus_reads_it():
    meter = Metrics()
    meter.set("orderbell_orders", 61)
    meter.count("orderbell_pushes_total", target="phone", outcome="sent")
    meter.count("orderbell_pushes_total", 2, target="phone", outcome="failed")
    meter.count("orderbell_pushes_total", target="phone", outcome="sent")

    assert samples(meter.text()) == [
        ("orderbell_pushes_total", {"target": "phone", "outcome": "sent"}, 2),
        ("orderbell_pushes_total", {"target": "phone", "outcome": "failed"}, 2),
        ("orderbell_orders", {}, 61),
    ]
    families = text_string_to_metric_families(meter.text())
    assert {one.name: (one.type, one.documentation) for one in families} == {
        "orderbell_pushes": ("counter", KNOWN["orderbell_pushes_total"].meaning),
        "orderbell_orders": ("gauge", "Orders in the ledger."),
    }


def test_what_has_no_value_yet_is_not_told_as_a_zero():
    assert Metrics().text() == ""


def test_every_metric_of_the_table_can_be_read_even_with_odd_labels():
    meter = Metrics()
    for metric in METRICS:
        labels = dict.fromkeys(metric.labels, 'a"b\\c\nd')
        (meter.count if metric.kind == "counter" else meter.set)(
            metric.name, 1_795_503_276.25, **labels
        )
    lines = [line for line in meter.text().splitlines() if not line.startswith("#")]

    assert len(lines) == len(METRICS)
    assert [line for line in lines if not LINE.match(line)] == []
    assert ("orderbell_start_time_seconds", {}, 1_795_503_276.25) in samples(meter.text())
    assert {one[1]["mailbox"] for one in samples(meter.text()) if "mailbox" in one[1]} == {
        'a"b\\c\nd'
    }


def test_a_name_or_label_that_is_not_in_the_table_is_our_mistake():
    with pytest.raises(KeyError):
        Metrics().count("orderbell_push_total")
    with pytest.raises(ValueError, match="label names"):
        Metrics().count("orderbell_pushes_total", target="phone")
    with pytest.raises(ValueError, match="gauge"):
        Metrics().count("orderbell_orders")


def test_rows_that_are_gone_are_told_no_more():
    meter = Metrics()
    meter.replace(
        "orderbell_alerts", [(2.0, {"severity": "critical"}), (1.0, {"severity": "info"})]
    )
    meter.replace("orderbell_alerts", [(3.0, {"severity": "info"})])

    assert samples(meter.text()) == [("orderbell_alerts", {"severity": "info"}, 3)]


def test_counting_from_many_threads_loses_nothing():
    meter = Metrics()

    def work():
        for _ in range(1_000):
            meter.count("orderbell_pushes_total", target="phone", outcome="sent")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    [(_name, _labels, value)] = samples(meter.text())
    assert value == 8_000


def test_the_file_is_replaced_in_one_step_and_others_can_read_it(tmp_path):
    path = tmp_path / "orderbell.prom"
    write_file(path, "old 1\n", mode=0o644)
    with path.open() as reader:
        write_file(path, "new 1\n", mode=0o644)

        assert reader.read() == "old 1\n"

    assert path.read_text() == "new 1\n"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [one.name for one in tmp_path.iterdir()] == ["orderbell.prom"]


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "orderbell.prom").mkdir()

    with pytest.raises(OSError, match="orderbell"):
        write_file(tmp_path / "orderbell.prom", "x 1\n", mode=0o644)
    assert [one.name for one in tmp_path.iterdir()] == ["orderbell.prom"]


def test_the_port_is_on_loopback_and_knows_one_page():
    port = Port(0, lambda: "orderbell_orders 1\n")
    try:
        assert get(port.number, "/metrics") == (
            200,
            "text/plain; version=0.0.4; charset=utf-8",
            "orderbell_orders 1\n",
        )
        assert get(port.number, "/")[0] == 404
        assert get(port.number, "/metrics", host="evil.example")[0] == 404
        assert port._server.server_address[0] == "127.0.0.1"
    finally:
        port.close()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port.number), timeout=2)


def test_a_port_that_is_taken_is_an_error_at_once():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        Port(taken.getsockname()[1], str)

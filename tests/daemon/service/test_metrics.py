import http.client
import re
import socket
import threading

import pytest

from daemon.service import metrics
from daemon.service.metrics import METRICS, Metrics, Port

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


def test_what_was_counted_is_written_as_prometheus_reads_it():
    meter = Metrics()
    meter.set("orderbell_orders", 61)
    meter.count("orderbell_pushes_total", target="phone", outcome="sent")
    meter.count("orderbell_pushes_total", 2, target="phone", outcome="failed")
    meter.count("orderbell_pushes_total", target="phone", outcome="sent")

    assert (
        meter.text()
        == "# HELP orderbell_pushes_total Tries to send since the start, by how they ended (sent,"
        " failed, unsure).\n# TYPE orderbell_pushes_total"
        ' counter\norderbell_pushes_total{target="phone",outcome="failed"}'
        ' 2\norderbell_pushes_total{target="phone",outcome="sent"} 2\n# HELP orderbell_orders'
        " Orders in the ledger.\n# TYPE orderbell_orders gauge\norderbell_orders 61\n"
    )


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
    assert "orderbell_start_time_seconds 1795503276.25" in lines


def test_a_name_or_label_that_is_not_in_the_table_is_our_mistake():
    with pytest.raises(KeyError):
        Metrics().count("orderbell_push_total")
    with pytest.raises(ValueError, match="labels"):
        Metrics().count("orderbell_pushes_total", target="phone")
    with pytest.raises(ValueError, match="gauge"):
        Metrics().count("orderbell_orders")


def test_rows_that_are_gone_are_told_no_more():
    meter = Metrics()
    meter.replace(
        "orderbell_alerts", [(2.0, {"severity": "critical"}), (1.0, {"severity": "info"})]
    )
    meter.replace("orderbell_alerts", [(3.0, {"severity": "info"})])

    assert [line for line in meter.text().splitlines() if line[0] != "#"] == [
        'orderbell_alerts{severity="info"} 3'
    ]


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

    assert meter.text().endswith(" 8000\n")


def test_the_file_is_replaced_in_one_step_and_others_can_read_it(tmp_path):
    path = tmp_path / "orderbell.prom"
    metrics.write(path, "old 1\n")
    with path.open() as reader:
        metrics.write(path, "new 1\n")

        assert reader.read() == "old 1\n"

    assert path.read_text() == "new 1\n"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [one.name for one in tmp_path.iterdir()] == ["orderbell.prom"]


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "orderbell.prom").mkdir()

    with pytest.raises(OSError, match="orderbell"):
        metrics.write(tmp_path / "orderbell.prom", "x 1\n")
    assert [one.name for one in tmp_path.iterdir()] == ["orderbell.prom"]


def test_the_port_is_on_loopback_and_knows_one_page():
    port = Port(0, lambda: "orderbell_orders 1\n")
    try:
        assert get(port.number, "/metrics") == (200, metrics.CONTENT_TYPE, "orderbell_orders 1\n")
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

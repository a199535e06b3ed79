"""What a parent makes of its child: an answer, or one kind of error within its time, and little
memory.
"""

import subprocess
import sys
import textwrap
import threading
import time
import tracemalloc

import pytest

from daemon.worker.process import WorkerError, WorkerProcess
from daemon.worker.serve import LENGTH, answered

READY = 'say(b\'{"answer": "ready"}\')'
LIES = {
    "a length beyond all measure": f"{READY}; raw(b'\\xff\\xff\\xff\\xff' + b'x' * 1000)",
    "four megabytes and a byte": f"{READY}; say(b'x' * ((4 << 20) + 1))",
    "no JSON": f"{READY}; say(b'{{')",
    "no text": f"{READY}; say(b'\\xff\\x00')",
    "JSON that nests": f"{READY}; say(b'[' * 2_000_000)",
    "a list": f"{READY}; say(b'[]')",
    "a number": f"{READY}; say(b'5')",
    "an object of another shape": f"{READY}; say(b'{{\"reading\": 1}}')",
    "a number of a million digits": f"{READY}; say(b'9' * 1_000_000)",
    "half an answer": f"{READY}; raw(b'\\0\\0\\0\\x09' + b'1')",
}


def child(tmp_path, monkeypatch, script):
    """A process that says what it likes."""
    program = tmp_path / "child"
    program.write_text(
        f"#!{sys.executable}\n"
        + textwrap.dedent("""
        import os, struct, sys, time
        def raw(data):
            while data: data = data[os.write(1, data):]
        def say(data): raw(struct.pack("!I", len(data)) + data)
        """)
        + script
    )
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    return WorkerProcess("any", environment={})


@pytest.mark.parametrize("what", LIES)
def test_a_child_that_lies_is_ended_in_little_memory(tmp_path, monkeypatch, what):
    worker = child(tmp_path, monkeypatch, LIES[what])
    tracemalloc.start()
    try:
        with pytest.raises(WorkerError, match=r"answered|ended"):
            worker.ask({}, b"mail", seconds=20)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 32 << 20
    assert not worker.usable()


def test_a_child_that_drips_is_left_at_the_deadline(tmp_path, monkeypatch):
    drip = f"{READY}; raw(b'\\0\\0\\xff\\xff')\nwhile True: raw(b'1'); time.sleep(0.1)"
    worker = child(tmp_path, monkeypatch, drip)
    began = time.monotonic()

    with pytest.raises(WorkerError, match="no answer within 1 s") as caught:
        worker.ask({}, seconds=1)

    assert caught.value.asked
    assert time.monotonic() - began < 5


def test_a_child_that_takes_no_request_was_asked_nothing(tmp_path, monkeypatch):
    worker = child(tmp_path, monkeypatch, f"{READY}; time.sleep(60)")

    with pytest.raises(WorkerError, match="no answer") as caught:
        worker.ask({}, b"x" * (8 << 20), seconds=1)

    assert not caught.value.asked


@pytest.mark.parametrize("script", ["sys.exit(3)", "time.sleep(60)", "say(b'{}')", "say(b'[]')"])
def test_a_child_that_is_never_ready_did_not_start(tmp_path, monkeypatch, script):
    worker = child(tmp_path, monkeypatch, script)

    with pytest.raises(WorkerError, match="did not start") as caught:
        worker.ask({}, seconds=1)

    assert not caught.value.asked


def test_the_exit_code_is_told(tmp_path, monkeypatch):
    worker = child(tmp_path, monkeypatch, f"{READY}; sys.stdin.buffer.read(11); sys.exit(7)")

    with pytest.raises(WorkerError, match="exit code 7"):
        worker.ask({}, b"mail", seconds=10)


def test_a_kill_from_another_thread_ends_the_wait(tmp_path, monkeypatch):
    worker = child(tmp_path, monkeypatch, f"{READY}; time.sleep(60)")
    threading.Timer(0.3, worker.kill).start()

    with pytest.raises(WorkerError, match="signal 9"):
        worker.ask({}, seconds=30)


def test_a_handler_that_fails_tells_the_type_alone():
    def handler(_request, _data):
        raise KeyError("a secret")

    assert answered(handler, {}, b"") == {"error": "failed with KeyError"}


def test_a_child_ends_with_its_parent(tmp_path):
    """Its input ends then."""
    served = [sys.executable, "-P", "-m", "daemon.worker.serve", "daemon.push.handler"]
    with subprocess.Popen(served, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        (length,) = LENGTH.unpack(process.stdout.read(LENGTH.size))
        assert process.stdout.read(length) == b'{"answer": "ready"}'
        process.stdin.close()

        assert process.wait(10) == 0

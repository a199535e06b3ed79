"""What a confined process cannot do, tried by one that is: each attempt as code in a child of its
own.
"""

import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from daemon.worker.confine import CpuTimeError, within_cpu
from daemon.worker.reading import ReadingChild
from tests.missing import without

ROOT = Path(__file__).parents[3]
CONFINED = """
import sys
from pathlib import Path
from daemon.worker.confine import limit, shut_in
from daemon.worker.reading import _needed
limit(512 << 20)
print(*shut_in(_needed()), flush=True)
"""
FILES = {
    "a secret": "open('/etc/shadow')",
    "a file of the user": "open({home!r} + '/secret')",
    "the folders of others": "import os; os.listdir('/home')",
    "processes of others": "open('/proc/1/environ', 'rb').read()",
    "a new file": "open({home!r} + '/new', 'w')",
    "a file taken away": "import os; os.remove({home!r} + '/secret')",
}
NETWORK = {
    "TCP": "import socket; socket.create_connection(('127.0.0.1', {port}))",
    "UDP": "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
    "a socket in a file": "import socket; socket.socket(socket.AF_UNIX).connect('/run/x')",
    "a listener": "import socket; socket.create_server(('127.0.0.1', 0))",
}
PROGRAMS = {
    "another program": "import subprocess; subprocess.run(['/bin/true'])",
    "in its own place": "import os; os.execv('/bin/true', ['true'])",
    "a copy of itself": "import os; os.fork()",
    "a signal": "import os; os.kill(os.getppid(), 0)",
}
PLAIN = {
    "much memory": "b'x' * (600 << 20)",
    "a large file": "import resource; assert resource.getrlimit(resource.RLIMIT_FSIZE) != (0, 0)",
}


def tried(code):
    return subprocess.run(
        [sys.executable, "-c", CONFINED + code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def holds():
    return tried("").stdout.split()


def attempts(table, needs):
    for name, code in table.items():
        yield pytest.param(code, needs, id=name)


@pytest.mark.parametrize(
    ("code", "needs"),
    [
        *attempts(FILES, "landlock"),
        *attempts(NETWORK, "seccomp"),
        *attempts(PROGRAMS, "seccomp"),
        *attempts(PLAIN, ""),
    ],
)
def test_a_confined_process_cannot_reach(code, needs, tmp_path, http_sink):
    if needs and needs not in holds():
        without(f"{needs} is missing: the confinement of the reading process was NOT tried")
    (tmp_path / "secret").write_text("hunter2")
    words = {"home": str(tmp_path), "port": http_sink.port}
    bare = subprocess.run([sys.executable, "-c", "import os, socket"], cwd=ROOT, check=False)
    done = tried(code.format(**words))

    assert bare.returncode == 0
    assert done.returncode == 1, done.stdout + done.stderr
    refusal = ("PermissionError", "BlockingIOError", "MemoryError", "AssertionError")
    assert done.stderr.strip().splitlines()[-1].startswith(refusal), done.stderr
    assert (tmp_path / "secret").read_text() == "hunter2"


def test_what_python_loads_late_can_still_be_loaded():
    done = tried(
        "import decimal, encodings.iso2022_jp, zoneinfo, lxml.html, bs4\n"
        "print(zoneinfo.ZoneInfo('America/Sao_Paulo'), '注文'.encode('iso2022_jp'))"
    )

    assert done.returncode == 0, done.stderr


def test_the_reading_process_is_confined_as_far_as_this_kernel_can():
    with ReadingChild(None) as child:
        assert child.confinement() == tuple(holds())
        status = Path(f"/proc/{child._worker.process.pid}/status").read_text()

    assert "NoNewPrivs:\t1" in status
    assert ("Seccomp:\t2" in status) == ("seccomp" in holds())


def swallowing():
    while True:
        with suppress(Exception):
            sum(range(1000))


def test_code_that_goes_on_is_stopped_in_its_midst():
    began = time.process_time()
    with pytest.raises(CpuTimeError), within_cpu(0.2):
        swallowing()

    assert 0.15 < time.process_time() - began < 0.5


def test_an_expression_that_runs_away_is_stopped_too():
    import re

    with pytest.raises(CpuTimeError), within_cpu(0.2):
        re.fullmatch(r"(a|a)*b", "a" * 40)


def test_code_that_does_not_listen_is_killed():
    code = """
from daemon.worker.confine import within_cpu
with within_cpu(0.2):
    while True:
        try:
            while True: sum(range(1000))
        except BaseException: pass
"""
    assert tried(code).returncode == -27  # SIGPROF

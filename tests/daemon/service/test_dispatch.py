"""The seam: what is submitted is done, never twice at once, and never forgotten while it runs."""

import threading

from daemon.service.dispatch import Local


def test_everything_submitted_is_done():
    done = []
    local = Local(4)
    local.run({"send": done.append})
    local.submit("send", [str(number) for number in range(50)])

    assert local.settled(10)
    assert sorted(done, key=int) == [str(number) for number in range(50)]
    assert local.stop(5)


def test_one_key_never_runs_twice_at_once_and_runs_again_when_asked_meanwhile():
    running, most, runs = [], [], []
    began, go_on = threading.Event(), threading.Event()

    def work(key: str) -> None:
        running.append(key)
        most.append(len(running))
        runs.append(key)
        began.set()
        go_on.wait(10)
        running.remove(key)

    local = Local(4)
    local.run({"send": work})
    local.submit("send", ["phone"])
    began.wait(10)
    for _ in range(5):
        local.submit("send", ["phone"])
    go_on.set()

    assert local.settled(10)
    assert max(most) == 1
    assert len(runs) == 2
    local.stop(5)


def test_work_that_fails_holds_nobody_back(caplog):
    done = []

    def work(key: str) -> None:
        if key == "bad":
            raise RuntimeError("no")
        done.append(key)

    local = Local(1)
    local.run({"send": work})
    local.submit("send", ["bad", "good"])

    assert local.settled(10)
    assert done == ["good"]
    assert "bad" in caplog.text
    local.stop(5)


def test_stop_waits_for_what_is_under_way_and_starts_nothing_more():
    began, go_on, done = threading.Event(), threading.Event(), []

    def work(key: str) -> None:
        began.set()
        go_on.wait(10)
        done.append(key)

    local = Local(1)
    local.run({"send": work})
    local.submit("send", ["first", "second"])
    began.wait(10)
    threading.Timer(0.1, go_on.set).start()

    assert local.stop(5)
    assert done == ["first"]

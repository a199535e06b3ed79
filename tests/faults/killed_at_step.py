"""The real service, ended by SIGKILL at its n-th step: `python -m tests.faults.killed_at_step FOLDER STEP`.

A step is a command to the IMAP server, a commit to the ledger, or either side of a push. Each one's
name is written
to FOLDER/steps before it is done; step 0 never comes.
"""

import os
import signal
import sys
import threading
from pathlib import Path

from sqlalchemy import Engine, event

from daemon.mailbox.transport import Transport
from daemon.push.notifier import Notifier
from daemon.service.service import run
from tests.faults.home import files_in


class Steps:
    def __init__(self, folder: Path, at: int | str) -> None:
        self._at, self._done, self._lock = at, 0, threading.Lock()
        self._log = (folder / "steps").open("a", buffering=1)

    def __call__(self, name: str) -> None:
        with self._lock:
            self._done += 1
            self._log.write(name + "\n")
            if self._at in (self._done, name):
                os.kill(os.getpid(), signal.SIGKILL)


def main(folder: Path, at: int | str) -> None:
    steps = Steps(folder, at)
    event.listen(Engine, "commit", lambda _connection: steps("commit"))
    say, push = Transport.send, Notifier.send

    def said(self, data):
        steps("command")
        say(self, data)

    def pushed(self, parcel):
        steps("before the push")
        answer = push(self, parcel)
        steps("after the push")
        return answer

    Transport.send = said
    Notifier.send = pushed
    run(files_in(folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if sys.argv[2].isdigit() else sys.argv[2])

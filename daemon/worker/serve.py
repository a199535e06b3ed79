"""The child's side of a worker: one request in, one answer out, until the input ends or idleness.

A frame is its length (4 bytes, network order) and so many bytes. A request is two frames, JSON and
raw bytes; an answer is one of JSON: `{"answer": …}`, or `{"error": "a clause"}`. The first frame a
child sends is `{"answer": "ready"}`. What is done with a request is said by a module: its
`start(*arguments)` gives the handler.
"""

import importlib
import json
import os
import select
import struct
import sys
from collections.abc import Callable, Mapping
from typing import Any

LENGTH = struct.Struct("!I")
IDLE_SECONDS = 300.0
"""Nothing to do for so long: the memory goes back. The parent stops using a child some time
before.
"""

Handler = Callable[[Mapping[str, Any], bytes], Any]
"""A request and its raw bytes in, what JSON can hold out."""


def serve(handler: Handler, requests: int, answers: int, idle: float = IDLE_SECONDS) -> None:
    """Answer what comes through the descriptor `requests`."""
    waiting = select.poll()
    waiting.register(requests, select.POLLIN)
    _write(answers, {"answer": "ready"})
    while waiting.poll(idle * 1000):
        request = _frame(requests)
        data = _frame(requests)
        if request is None or data is None:
            return
        _write(answers, answered(handler, json.loads(request), data))


def answered(handler: Handler, request: Mapping[str, Any], data: bytes) -> dict[str, Any]:
    """The handler's answer. Of an exception only the type is told: its words may hold a secret."""
    try:
        return {"answer": handler(request, data)}
    except MemoryError:
        return {"error": "needs more memory than it may have"}
    except Exception as error:  # noqa: BLE001 - libraries raise what they like
        return {"error": f"failed with {type(error).__name__}"}


def _frame(descriptor: int) -> bytes | None:
    """The next frame, None at the end of the input."""
    head = _take(descriptor, LENGTH.size)
    return None if head is None else _take(descriptor, LENGTH.unpack(head)[0])


def _take(descriptor: int, length: int) -> bytes | None:
    found = bytearray()
    while len(found) < length:
        part = os.read(descriptor, length - len(found))
        if not part:
            return None
        found += part
    return bytes(found)


def _write(descriptor: int, answer: Mapping[str, Any]) -> None:
    text = json.dumps(answer).encode()
    left = memoryview(LENGTH.pack(len(text)) + text)
    while left:
        left = left[os.write(descriptor, left) :]


def main() -> None:
    """`python -m daemon.worker.serve MODULE ARGUMENT…`; never returns."""
    module, *arguments = sys.argv[1:]
    answers = os.dup(1)
    os.dup2(2, 1)  # a library that prints must not speak in our name
    serve(importlib.import_module(module).start(*arguments), 0, answers)
    os._exit(0)  # a thread that waits for a dead service must not hold us


if __name__ == "__main__":
    main()

"""The log: one line an event, for a terminal or as JSON under systemd, without addresses and full order numbers."""

import json
import logging
import os
import re
import sys

ADDRESS = re.compile(r"[\w.+-]+@([\w-]+\.[\w.-]+)")
ORDER = re.compile(r"\b\d{3}-\d{7}-(?=\d{7}\b)(\d{3})|\b\d{10,14}(?=\d{4}\b)")


class Discreet(logging.Filter):
    """Above DEBUG, a log that is shown to others holds no addresses and only the ends of order numbers."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno > logging.DEBUG:
            record.msg = discreet(record.getMessage())
            record.args = None
        return True


def discreet(text: str) -> str:
    """The text without the names of mailboxes and with order numbers cut to their ends."""
    return ORDER.sub("…", ADDRESS.sub(r"…@\1", text))


class Lines(logging.Formatter):
    """One JSON object a line; the journal adds the time."""

    def format(self, record: logging.LogRecord) -> str:
        row = {"level": record.levelname.lower(), "from": record.name, "message": record.getMessage()}
        if record.exc_info:
            row["traceback"] = self.formatException(record.exc_info)
        return json.dumps(row, ensure_ascii=False)


def start(form: str | None, *, debug: bool) -> None:
    """Log to stderr in `form` (text or json; None: json under systemd)."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Discreet())
    under_systemd = "JOURNAL_STREAM" in os.environ
    if (form or ("json" if under_systemd else "text")) == "json":
        handler.setFormatter(Lines())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    logging.basicConfig(level=logging.DEBUG if debug else logging.INFO, handlers=[handler], force=True)
    for chatty in ("apscheduler", "imapclient", "urllib3", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)

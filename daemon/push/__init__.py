"""The push room: messages leave through Apprise, and what became of each is told honestly."""

from daemon.push.delivery import Delivery, SendOutcome, SendResult, next_try
from daemon.push.notifier import Notifier, check_url

__all__ = ["Delivery", "Notifier", "SendOutcome", "SendResult", "check_url", "next_try"]

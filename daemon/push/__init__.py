"""The push room: messages leave through Apprise, and what became of each is told honestly."""

from daemon.push.parcel import Answer, Outcome, Parcel, next_try
from daemon.push.sender import Sender, check_url

__all__ = ["Answer", "Outcome", "Parcel", "Sender", "check_url", "next_try"]

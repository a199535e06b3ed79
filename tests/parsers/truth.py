"""Small mails in our own wording, and what is read in them."""

from collections.abc import Sequence
from email.message import EmailMessage

from parsers.notice import Reading
from parsers.pack import shipped
from parsers.reader import Context, read

DISPUTES = "AliExpress <transaction@notice.aliexpress.com>"
UPDATES = "Amazon <order-update@amazon.com>"
PARCELS = "Amazon <shipment-tracking@amazon.com>"
SELLING = "Amazon <seller-notification@amazon.com>"
RETURNS = "Amazon <return@amazon.com>"
ORDER = "8100000000000001"
AMAZON_ORDER = "249-0000000-0000001"
SENT = "Wed, 10 Jun 2026 09:00:00 +0000"


def mail(
    sender: str,
    subject: str,
    lines: Sequence[str] = (),
    *,
    html: str | None = None,
    **headers: str,
) -> bytes:
    """A mail of these lines; with `html` and no lines, one of HTML alone."""
    message = EmailMessage()
    message["From"], message["Subject"], message["Date"] = sender, subject, SENT
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    if lines or html is None:
        message.set_content("\n".join(lines) + "\n")
        if html is not None:
            message.add_alternative(html, subtype="html")
    else:
        message.set_content(html, subtype="html")
    return message.as_bytes()


def reading(raw: bytes) -> Reading:
    return read(raw, Context(library=shipped(), trust_all=True, role="both"))


def kinds(raw: bytes) -> list[str]:
    """The kinds that are read; [] for an unread mail."""
    return [notice.kind.value for notice in reading(raw).notices]


def field(raw: bytes, name: str) -> object:
    """The field of the one notice."""
    [notice] = reading(raw).notices
    return notice.fields.get(name)


def table(*rows: Sequence[str]) -> str:
    cells = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>"

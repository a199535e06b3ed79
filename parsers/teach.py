"""The lines of a pack that would teach it a mail it did not understand."""

import re
from collections.abc import Iterator
from pathlib import Path

from parsers.marketplaces import order_in_text
from parsers.notice import Outcome, Reading

KANA = re.compile("[\u3041-\u30ff]")


def lines_to_write(reading: Reading, folder: Path) -> Iterator[str]:
    """What to write, and into which file below the folder of the user's packs; nothing for a mail
    that was understood.
    """
    if reading.outcome is not Outcome.UNREAD or reading.marketplace is None or not reading.subject:
        return
    best = reading.near[0] if reading.near else None
    if best:
        language, kind = Path(best.source.rpartition(":")[0]).stem, f"  {best.kind.value}:"
    else:
        language = "ja" if KANA.search(reading.subject) else "en"
        kind = "  KIND:   # what the mail says, such as shipment.shipped"
    place = "headline" if best and best.line != reading.subject else "subject"
    text = gaps_of(best.line if best else reading.subject).replace("'", "''")
    path = folder / reading.marketplace / "phrases" / f"{language}.yaml"
    yield f"To teach it, write into {path}:"
    yield kind
    yield f"    {place}: ['{text}']   # {{…}} for what changes from mail to mail"
    yield "then `orderbell mails reread`."


def gaps_of(line: str) -> str:
    """A line of a mail as a phrase: quoted titles and order numbers become gaps."""
    line = re.sub(
        r"(?<![\w'])[\"“„«「『][^\"”“»」』]{3,}[\"”“»」』]", "{item}", line.strip(), count=1
    )
    return order_in_text().sub("{order}", line, count=1)

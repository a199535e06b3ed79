"""How well the gist of mails that no phrase fits is told: `python -m tests.gist_score` prints it.

The mails are our own (tests/fixtures/gist), unread and dull ones in every language; none is real.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import yaml

from parsers.notice import Gist, gist_to_json
from parsers.pack import shipped
from parsers.reader import Context, read

FOLDER = Path(__file__).parent / "fixtures" / "gist"
DATE = "Tue, 2 Jun 2026 10:00:00 +0200"
EMPTY = gist_to_json(Gist())


def languages() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def samples(language: str) -> Mapping[str, list[dict[str, Any]]]:
    return yaml.safe_load((FOLDER / f"{language}.yaml").read_text(encoding="utf-8"))


def raw(sample: Mapping[str, Any]) -> bytes:
    """The mail of a sample: plain lines, or a table as HTML."""
    mail = EmailMessage()
    mail["From"] = sample["from"]
    mail["To"] = "me@example.org"
    mail["Subject"] = sample["subject"]
    mail["Date"] = DATE
    for name, value in sample.get("headers", {}).items():
        mail[name] = value
    links = "".join(f'<p><a href="{escape(url)}">…</a></p>' for url in sample.get("links", ()))
    if "table" in sample or links:
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>"
            for row in sample.get("table", ())
        )
        lines = "".join(f"<p>{escape(line)}</p>" for line in sample.get("body", ()))
        mail.set_content(f"<html><body>{lines}<table>{rows}</table>{links}</body></html>", "html")
    else:
        mail.set_content("\n".join(sample.get("body", ())) + "\n")
    return mail.as_bytes()


def told(sample: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Outcome and gist of a sample, as `read --json` has them."""
    reading = read(raw(sample), Context(library=shipped()))
    return reading.outcome.value, gist_to_json(reading.gist) if reading.gist else dict(EMPTY)


def score(language: str) -> Counter[str]:
    """Counts: what was there to find, what was found, and what was told wrongly."""
    found: Counter[str] = Counter()
    for sample in samples(language)["unread"]:
        outcome, gist = told(sample)
        want = sample["gist"]
        found["mails"] += 1
        found["unread"] += outcome == "unread"
        days = {one["at"][:10] for one in gist["deadlines"]}
        stated = set(want.get("deadlines", ()))
        found["orders"] += len(want.get("orders", ()))
        found["orders found"] += len(set(want.get("orders", ())) & set(gist["orders"]))
        found["deadlines"] += len(stated)
        found["deadlines found"] += len(stated & days)
        found["deadlines wrong"] += len(days - stated)
        found["topics"] += len(want["topics"])
        found["topics found"] += len(set(want["topics"]) & set(gist["topics"]))
    for sample in samples(language)["dull"]:
        gist = told(sample)[1]
        found["dull"] += 1
        found["dull with a gist"] += bool(gist["topics"] or gist["deadlines"] or gist["orders"])
    return found


def table() -> Iterator[str]:
    yield f"{'gist':<6}{'mails':>6}{'order':>8}{'deadline':>10}{'wrong':>7}{'topic':>7}{'dull':>10}"
    scores = {language: score(language) for language in languages()}
    for language, one in [*scores.items(), ("all", sum(scores.values(), Counter()))]:
        yield (
            f"{language:<6}{one['mails']:>6}{_share(one, 'orders'):>8}{_share(one, 'deadlines'):>10}"
            f"{one['deadlines wrong']:>7}{_share(one, 'topics'):>7}"
            f"{one['dull with a gist']:>4} of {one['dull']:>3}"
        )


def _share(one: Counter[str], what: str) -> str:
    return f"{one[f'{what} found'] / max(1, one[what]):.0%}"


if __name__ == "__main__":
    print("\n".join(table()))

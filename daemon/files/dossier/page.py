"""A page that cannot do anything: escaped text in tables, one style sheet, nothing fetched, nothing
run.
"""

import base64
import hashlib
import html
import unicodedata
from collections.abc import Iterable, Sequence

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, "Noto Sans", "Hiragino Sans", "Yu Gothic UI",
  "Noto Sans CJK JP", sans-serif;
  max-width: 60rem; margin: 1.5rem auto; padding: 0 1rem; color: #1b1b1b; background: #fff; }
h1 { font-size: 1.6rem; margin: 0 0 .2rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; border-bottom: 2px solid #1b1b1b; }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top;
  padding: .25rem .5rem; border-bottom: 1px solid #c8c8c8;
  overflow-wrap: break-word; min-width: 4.5em; }
th { font-weight: 600; width: 11rem; }
thead th { border-bottom: 2px solid #8a8a8a; width: auto; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid #c8c8c8; padding: .6rem;
  background: #f7f7f7;
  font: 13px/1.45 ui-monospace, "Noto Sans Mono CJK JP", monospace; }
code { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere; }
.quiet { color: #5a5a5a; } .box { border: 2px solid #1b1b1b; padding: .2rem 1rem 1rem;
  margin-top: 1.5rem; }
ul.check { list-style: none; padding-left: 0; } a { color: #0b4f9e; }
@page { size: A4; margin: 16mm 14mm; }
@media print { body { font-size: 10.5pt; max-width: none; margin: 0; padding: 0; }
  a { color: inherit; text-decoration: none; }
  tr, .box, h2, h3 { break-inside: avoid; } h2, h3 { break-after: avoid; }
  thead { display: table-header-group; }
  .mail { break-before: page; } pre { background: none; } }
""".strip()


class Html(str):
    """Markup this room wrote itself; every other string is text and is escaped where it enters."""

    __slots__ = ()


def safe(text: str) -> str:
    """Text without control and format characters (bidi overrides, zero-width signs); line breaks
    and tabs stay.
    """
    return "".join(
        sign
        for sign in text
        if sign in "\n\t" or unicodedata.category(sign) not in ("Cc", "Cf", "Cs")
    )


def tag(name: str, *children: str, **attributes: str) -> Html:
    """An element; `class_` is the attribute class."""
    head = "".join(
        f' {key.rstrip("_")}="{html.escape(safe(value))}"'
        for key, value in attributes.items()
        if value
    )
    body = "".join(
        child if isinstance(child, Html) else html.escape(safe(child)) for child in children
    )
    return Html(f"<{name}{head}>{body}</{name}>")


def facts(pairs: Iterable[tuple[str, str]]) -> Html:
    """A table of name and value; empty values are left out."""
    rows = (
        tag("tr", tag("th", label, scope="row"), tag("td", value))
        for label, value in pairs
        if value
    )
    return tag("table", tag("tbody", *rows))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Html:
    body = [tag("tr", *(tag("td", cell) for cell in row)) for row in rows]
    top = tag("thead", tag("tr", *(tag("th", cell, scope="col") for cell in head)))
    return tag("table", top, tag("tbody", *body))


def section(title: str, *children: str, name: str = "", class_: str = "") -> Html:
    return tag("section", tag("h2", title), *children, id=name, class_=class_)


def link(target: str, text: str) -> Html:
    """A link this program built; https or a place in this page."""
    if not target.startswith(("https://", "#")):
        raise ValueError(f"not a link of ours: {target}")
    return tag("a", text, href=target, rel="" if target.startswith("#") else "noreferrer")


def page(title: str, language: str, *children: str) -> str:
    """The whole document. Its policy allows this one style sheet, by its hash, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = "".join(
        (
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            '<meta name="robots" content="noindex">',
            tag("title", title),
            f"<style>{STYLE}</style>",
        )
    )
    return (
        "<!DOCTYPE html>\n<html"
        f' lang="{language}"><head>{head}</head>{tag("body", *children)}</html>\n'
    )

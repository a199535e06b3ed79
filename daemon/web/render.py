"""Rows as HTML: templates in the reader's language, times and amounts as people there write them.

Everything is escaped; nothing of a mail is markup.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any
from urllib.parse import quote

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import UnknownCurrencyError, format_currency, format_decimal
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from daemon.files.exports.words import name
from daemon.i18n import sentence, translations
from daemon.queries.told import told_row
from daemon.store.ledger import Ledger
from daemon.web.visitor import Ask
from parsers import marketplaces

CATALOGUE = "web"
PATTERNS = {
    "en": {"short": "EEE d MMM, HH:mm", "long": "EEE d MMM yyyy, HH:mm z", "day": "EEE d MMM"},
    "ja": {"short": "M月d日(E) HH:mm", "long": "y年M月d日(E) HH:mm z", "day": "M月d日(E)"},
}
DANGEROUS = dict.fromkeys(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C], "\ufffd"
)
"""Signs that turn the direction of what follows: a mail could make one text look like another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongue:
    """Turns values into words of one language, in one zone, at one instant."""

    language: str
    zone: tzinfo
    now: datetime

    def when(self, at: str | None, form: str = "short") -> str:
        """A time of a row in words."""
        if at is None:
            return ""
        there = datetime.fromisoformat(at).astimezone(self.zone)
        return format_datetime(there, PATTERNS[self.language][form], locale=self.language)

    def time(self, at: str | None, form: str = "short") -> Markup:
        """The same as an element that programs read too."""
        if at is None:
            return Markup("")
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            at, self.when(at, "long"), self.when(at, form)
        )

    def left(self, at: str) -> str:
        """How long until then, or since then."""
        span = datetime.fromisoformat(at) - self.now
        return format_timedelta(span, add_direction=True, threshold=1.5, locale=self.language)

    def near(self, at: str | None) -> str:
        """How urgent a deadline is: over, soon (two days), or later."""
        if at is None:
            return "later"
        span = datetime.fromisoformat(at) - self.now
        return "over" if span < timedelta(0) else "soon" if span < timedelta(days=2) else "later"

    def day(self, at: datetime) -> str:
        return format_date(at.astimezone(self.zone), PATTERNS[self.language]["day"], self.language)

    def money(self, amount: str | None) -> str:
        """An amount such as “26.12 USD” as people write it."""
        value, _, currency = (amount or "").partition(" ")
        try:
            return str(format_currency(Decimal(value), currency, locale=self.language))
        except (InvalidOperation, UnknownCurrencyError, ValueError):
            return amount or ""

    def count(self, number: float) -> str:
        return str(format_decimal(number, locale=self.language))

    def named(self, table: str, kind: str) -> str:
        """What people call the kind of an event, watch, case or finding."""
        return name(table, kind, self.language)


def safe(text: object) -> str:
    """Text of a mail without signs that turn its direction."""
    return str(text).translate(DANGEROUS)


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("daemon.web"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=lambda value: value if isinstance(value, Markup) else safe(value),
    )
    catalogue = translations(language, CATALOGUE)
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        catalogue.gettext, catalogue.ngettext, newstyle=True
    )
    environment.filters["path"] = lambda text: quote(str(text), safe="")
    environment.filters["shop"] = marketplaces.title
    environment.globals["shops"] = marketplaces.names
    environment.filters["words"] = lambda text: catalogue.gettext(str(text).replace("_", " "))
    environment.filters["sentence"] = lambda text: _sentence(str(text), language)
    return environment


def _sentence(text: str, language: str) -> str:
    """A sentence of ours, or of a room below, in the reader's language."""
    known = translations(language, CATALOGUE).gettext(text)
    return known if known != text else sentence(text, language)


def page(
    ask: Ask, template: str, /, *, status: int = 200, ledger: Ledger | None = None, **more: Any
) -> HTMLResponse:
    """The template filled; with a ledger also what was just done, and how to take it back."""
    setup = ask.site.setup
    tongue = Tongue(language=ask.language, zone=setup.zone, now=ask.site.clock())
    words = (
        _environment(ask.language)
        .get_template(template)
        .render(
            t=tongue,
            language=ask.language,
            path=ask.request.url.path,
            here=_here(ask),
            visitor=ask.visitor,
            done=_done(ask, ledger) if ledger is not None else None,
            **more,
        )
    )
    return HTMLResponse(words, status_code=status, headers={"content-language": ask.language})


def _here(ask: Ask) -> str:
    """This page's own address, to come back to."""
    kept = [(key, value) for key, value in ask.request.query_params.multi_items() if key != "done"]
    query = "&".join(f"{quote(key)}={quote(value)}" for key, value in kept)
    return quote(ask.request.url.path) + (f"?{query}" if query else "")


def _done(ask: Ask, ledger: Ledger) -> Mapping[str, Any] | None:
    number = ask.query("done")
    if not number.isdigit() or len(number) > 15:
        return None
    row = ledger.told.get(int(number))
    if row is None or ledger.told.undone(row.id):
        return None
    return told_row(ledger, row, ask.site.teller(ask.language))

"""The words of the terminal and the page in the reader's language: gettext catalogues in `locale/`,
and English where they have none.

The English text is the key. Errors stay English as values (logs, `--json`); `Translations.sentence`
gives the filled sentence in the reader's language where it is shown.
"""

import gettext
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "ja")
LOCALES = Path(__file__).with_name("locale")
TERMINAL = "terminal"
"""The catalogue of commands: help, tables, questions."""
SENTENCES = "sentences"
"""The catalogue of what rooms below say in English: errors, and what `doctor` finds."""
CONFIGURED = re.compile(r"^language:\s*[\"']?(\w+)", re.MULTILINE)
GAP = re.compile(r"(?<!\{)\{(\w+)\}(?!\})")
PLACE = re.compile(r"((?:\S+:\d+(?::\d+)?|\S+\.\w{2,5}): )(.+)", re.DOTALL)
"""Where a fault stands, such as `rules.yaml:3:5: `, before what it is."""
HINTS = frozenset({"hint", "did_you_mean", "more", "end", "zone_meant", "group_meant", "known"})
"""Gaps that hold the rest of a sentence, or nothing."""
HINT = r"(?:[;,. (].*)?"
FEWEST_LETTERS = 6
"""Of a template's own words; one of fewer would fit anything."""


def choose_language(configured: str | None, environ: Mapping[str, str]) -> str:
    """The language of the configuration, else of the environment as gettext reads it, else
    English.
    """
    return configured if configured in LANGUAGES else spoken_here(environ) or "en"


def spoken_here(environ: Mapping[str, str]) -> str | None:
    """What LANGUAGE, LC_ALL, LC_MESSAGES and LANG ask for; None where they say nothing (or C)."""
    names = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    asked = next((environ[name] for name in names if environ.get(name)), "")
    first = re.split(r"[:_.@]", asked)[0]
    return None if first in ("", "C", "POSIX") else "ja" if first == "ja" else "en"


def configured_language(config: Path) -> str | None:
    """`language:` of config.yaml, also when the rest of the file is wrong: its faults have to be
    told in a language, too.
    """
    try:
        found = CONFIGURED.search(config.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return found[1] if found else None


class Translations(gettext.GNUTranslations):
    """A catalogue that also knows filled templates: `no mailbox 'mein'` by `no mailbox {name}`."""

    def _parse(self, fp: Any) -> None:
        super()._parse(fp)
        known: dict[Any, str] = self._catalog  # type: ignore[attr-defined]
        keys = [key for key in known if isinstance(key, str) and GAP.search(key)]
        self._templates = [
            (_longest_words(key), key, known[key])
            for key in sorted(keys, key=lambda key: -len(GAP.sub("", key)))
            if _letters(key) >= FEWEST_LETTERS
        ]

    def sentence(self, text: str) -> str:
        """A sentence whose gaps are filled, as it came from a room that speaks English; its parts
        are looked up too, and what nobody translated stays.
        """
        known = self.gettext(text) if text else text
        if known != text:
            return known
        for words, key, translated in self._templates:
            if words in text and (found := _as_pattern(key).fullmatch(text)):
                filled = {name: self.sentence(part) for name, part in found.groupdict().items()}
                return _filled(translated, filled)
        return self._by_parts(text)

    def _by_parts(self, text: str) -> str:
        """Clauses joined by `; `, and the place before a fault."""
        if placed := PLACE.fullmatch(text):
            return placed[1] + self.sentence(placed[2])
        first, clause, rest = text.partition("; ")
        return self.sentence(first) + self.gettext(clause) + self.sentence(rest) if clause else text


@lru_cache
def translations(language: str, domain: str) -> gettext.NullTranslations:
    """The catalogue `domain` in `language`; English, and what is not there, comes back as it is."""
    return gettext.translation(
        domain, LOCALES, languages=[language], class_=Translations, fallback=True
    )


def sentence(text: str, language: str) -> str:
    """A sentence of the rooms below, as `language` says it."""
    known = translations(language, SENTENCES)
    return known.sentence(text) if isinstance(known, Translations) else text


def speaking() -> str:
    """The language of this terminal, as `speak` set it."""
    return choose_language(None, os.environ)


def in_terminal(text: str) -> str:
    """A sentence of the rooms below in the language of this terminal."""
    return sentence(text, speaking())


@contextmanager
def speak(language: str) -> Iterator[None]:
    """For a command's time `gettext.gettext` answers in `language`: ours, and click's own words."""
    before, asked = gettext.textdomain(), os.environ.get("LANGUAGE")
    gettext.bindtextdomain(TERMINAL, LOCALES)
    gettext.textdomain(TERMINAL)
    os.environ["LANGUAGE"] = language
    try:
        yield
    finally:
        gettext.textdomain(before)
        if asked is None:
            os.environ.pop("LANGUAGE", None)
        else:
            os.environ["LANGUAGE"] = asked


def _letters(template: str) -> int:
    return sum(sign.isalpha() for sign in GAP.sub("", template))


def _filled(template: str, values: Mapping[str, str]) -> str:
    """Only names are filled in, whatever else stands between braces."""
    text = GAP.sub(lambda gap: values.get(gap[1], gap[0]), template)
    return text.replace("{{", "{").replace("}}", "}")


def _longest_words(template: str) -> str:
    return max(GAP.split(template)[::2], key=len).replace("{{", "{").replace("}}", "}")


@cache
def _as_pattern(template: str) -> re.Pattern[str]:
    """The template as a pattern whose gaps catch what stood in them; a gap named twice holds the
    same text twice.
    """
    parts, seen = [], set[str]()
    for index, part in enumerate(GAP.split(template)):
        if index % 2 == 0:
            parts.append(re.escape(part.replace("{{", "{").replace("}}", "}")))
        else:
            parts.append(
                f"(?P={part})"
                if part in seen
                else f"(?P<{part}>{HINT if part in HINTS else '.*?'})"
            )
            seen.add(part)
    return re.compile("".join(parts), re.DOTALL)

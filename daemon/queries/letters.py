"""Letters as rows and as the text a person reads."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import Any

from daemon.letters.book import LetterBook, forms
from daemon.letters.write import SourcedFact, WrittenLetter
from daemon.queries.times import iso
from orders.event import Source

WORDS = {
    "en": {
        "chat": "Piece {n} of {all}: paste, wait for the answer, then the next",
        "facts": "Where each fact is from",
        "mail": "mail {mail}, “{subject}”, {day}",
        "note": "you noted it, {day}",
        "import": "a file you imported, {day}",
        "you": "you say it now",
        "fits": "{used} of {most} characters (limit: {basis})",
    },
    "ja": {
        "chat": "{n}/{all}：貼り付けて、返事を待ってから次へ",
        "facts": "各事実の根拠",
        "mail": "メール{mail}「{subject}」{day}",
        "note": "あなたの記録、{day}",
        "import": "取り込んだファイル、{day}",
        "you": "いまあなたが入力",
        "fits": "{used}/{most}字（上限の根拠：{basis}）",
    },
}
LINE = "─" * 60


def letter_rows(book: LetterBook, language: str) -> list[dict[str, Any]]:
    """Every letter there is, by name."""
    return [
        {
            "letter": name,
            "title": one.title.ja if language == "ja" and one.title.ja else one.title.en,
            "marketplace": one.marketplace or None,
            "role": one.role.value,
            "form": one.form,
            "characters": forms()[one.form].characters,
            "asks": list(one.ask),
            "yours": name in book.own,
        }
        for name, one in sorted(book.letters.items())
    ]


def letter_row(letter: WrittenLetter, zone: tzinfo) -> dict[str, Any]:
    return {
        "letter": letter.name,
        "title": letter.title,
        "pieces": list(letter.pieces),
        "beside": list(letter.beside),
        "facts": [
            {
                "name": fact.name,
                "text": fact.text,
                "mail": fact.event.mail if fact.event else None,
                "source": fact.event.source.value if fact.event else "you",
                "at": iso(fact.event.at, zone) if fact.event else None,
            }
            for fact in letter.facts
        ],
        "characters": letter.form.characters,
    }


def letter_lines(letter: WrittenLetter, language: str, zone: tzinfo) -> Iterator[str]:
    """The letter on a terminal: what is pasted, what it means, and the mail behind each fact."""
    words = WORDS.get(language, WORDS["en"])
    yield letter.title
    for number, piece in enumerate(letter.pieces):
        yield LINE
        if len(letter.pieces) > 1:
            yield words["chat"].format(n=number + 1, all=len(letter.pieces))
            yield ""
        yield piece
        if letter.beside:
            yield ""
            yield from (f"  {line}" for line in letter.beside[number].splitlines())
    yield LINE
    used, form = max(map(len, letter.pieces)), letter.form
    yield words["fits"].format(used=used, most=form.characters, basis=form.basis)
    yield words["facts"]
    yield from (
        f"  {fact.name}: {fact.text} – {_source(fact, words, zone)}" for fact in letter.facts
    )


def _source(fact: SourcedFact, words: dict[str, str], zone: tzinfo) -> str:
    event = fact.event
    if event is None:
        return words["you"]
    day = f"{event.at.astimezone(zone):%Y-%m-%d}"
    if event.mail is not None:
        return words["mail"].format(mail=event.mail, subject=event.subject, day=day)
    return words["import" if event.source is Source.IMPORT else "note"].format(day=day)

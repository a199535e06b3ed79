"""Packs: what each marketplace's mail looks like, as data that a person can mend the same evening.

A pack is a folder `packs/<marketplace>/` of YAML 1.2 files. They cannot branch: what needs an `if`
is a function in
`hooks.py`. Every phrase stands in single quotes. A user's folder of the same shape is laid over the
shipped one.

`pack.yaml`: who the marketplace is and how its numbers look (class `PackFile` says every key).

`phrases/<language>.yaml`: what its mails say in one language (ISO 639-1). Top-level keys:

- a notice kind such as `shipment.delivered`: a list of blocks (or one block). A block is
      proof: real                 # real | reconstructed: what stands behind its phrases (default
      reconstructed)
      role: seller                # only when it differs from the sender's role
      set: {stage: at_customs}    # fields that hold whenever a phrase of this block is met
      vague: true                 # the subject alone does not settle the kind: a headline of
      another kind wins
      subject: ['Package {parcel}: at customs']
      headline: ['Your package is at customs']       # a whole line near the top of the body
- `lines`: phrases that add facts to whatever the mail is: `- 'Your tracking number is {tracking}.'`
- `labels`: field -> labels; the value stands behind the label, behind a colon, or on the next line:
      total: ['Grand Total', 'Order Total']
- `words`: field -> value -> the words that mean it: `judgement: {valid: ['Valid'], invalid:
  ['Invalid']}`
- `ends`: lines from which on nothing is read (adverts): `- 'Buy it again'`
- `noise`: subjects of mail that is dull: `subject: ['Rate your purchase of {item}']`
- `guess`: kinds with blocks as above whose wording nobody has seen; their notices carry `proof:
  guess`.

A phrase is a whole line; upper case, kind of quotes, spaces around colons and a closing mark do not
count. Of several
phrases that fit a subject the fullest counts. Gaps are what changes:
`{order}` order number · `{orders}` several · `{masked}` one hidden by stars · `{parcel}` tracking
number or parcel id ·
`{tracking}` · `{case}` · `{item}` · `{n}` a count · `{name}` or `{any}` anything, not kept ·
`{window}` the arrival
date or span · any field of `parsers.notice.FIELDS` such as `{amount}`, `{respond_by}`, `{store}`,
`{judgement}`.

`hooks.py` may define `tell(subject, lines)`, which names a kind where words stay and sentences do
not, and
`unglue(numbers, sure)`, which puts order numbers right. Only the shipped hooks run: a user's folder
is data.
"""

import importlib.util
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from parsers.bundled_yaml import read_bundled
from parsers.clauses import Clauses, compile_clauses
from parsers.dates import DateWords
from parsers.gistwords import GistWords, compile_gist_words
from parsers.notice import Kind
from parsers.packcheck import LANGUAGES, folders, own_files, shipped_files
from parsers.packfile import LanguageFile, PackFile, Storefront
from parsers.phrase import CJK, IS_CJK, Phrase, Phrasebook, fold_written
from parsers.phrasefile import PackInMaking, PhraseFile
from parsers.shapes import compiled
from parsers.template import Label, Language, Template
from parsers.user_yaml import Document, Fault, UserFileError, check, faults_of, read
from parsers.wordlist import ByLanguage, plain_text

HERE = Path(__file__).parent
LEAST_TAIL = 6
"""Letters of an ending that says something."""
LEAST_HEADLINE = 8
"""Letters of a headline that is found inside a longer line; of Japanese and Korean ones, half."""
BETWEEN_CJK = re.compile(rf"(?<=[{CJK}])(?=[{CJK}])")
"""Where a folded label has lost a space that the mail may print: `주문 번호`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the languages' files say."""

    words: Mapping[str, DateWords]
    clauses: Mapping[str, Clauses]
    gist_words: Mapping[str, GistWords]
    goods: Mapping[str, re.Pattern[str]]
    forward: Mapping[str, str]

    def quoting(self, role: str) -> frozenset[str]:
        """The words that stand above an earlier mail."""
        return frozenset(word for word, one in self.forward.items() if one == role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    marketplace: str
    file: PackFile
    domains: Mapping[str, str]
    """Every sending domain -> its store."""
    order: re.Pattern[str]
    package: re.Pattern[str]
    subjects: Phrasebook[Template]
    headlines: Phrasebook[Template]
    noise: Phrasebook[str]
    tails: Mapping[str, Mapping[str, frozenset[Kind]]]
    """What phrases end with behind their last gap, by its last letters: `: frozen`, `has been
    canceled`, each with the kinds it says.
    """
    outright: Mapping[tuple[str, Kind], frozenset[str]]
    """By language and kind: the headlines that say it, as they are found inside a longer line."""
    named: re.Pattern[str]
    """An order number behind one of the words for “order” in any of the pack's languages (group
    1).
    """
    order_words: frozenset[str]
    """The words for “order” themselves, folded, in any of the pack's languages."""
    judging: tuple[str, ...]
    """The languages that have a label for a judgement."""
    label_words: frozenset[str]
    """Every label, folded, in any of the pack's languages."""
    tracking_words: frozenset[str]
    """The words for “tracking number”, as `order_words`."""
    languages: Mapping[str, Language]
    clauses: Mapping[str, Clauses]
    goods: Mapping[str, re.Pattern[str]]
    """By language: what a sentence of the pack's mails is about."""
    ends: frozenset[str]
    """Lines of any language from which on nothing is read."""
    begins: frozenset[str]
    """Folded lines above an earlier mail: `Original Message`."""
    wrote: tuple[str, ...]
    """What the line above a quoted mail ends with: `On Friday X wrote`."""
    from_words: tuple[str, ...]
    subject_words: tuple[str, ...]
    """Names of a quoted mail's header fields, folded."""
    hooks: ModuleType | None = field(default=None, compare=False)

    def store(self, domain: str) -> Storefront:
        return self.file.stores.get(self.domains.get(domain, ""), Storefront())

    def zone(self, domain: str) -> ZoneInfo | None:
        name = self.store(domain).zone
        return ZoneInfo(name) if name else None

    def listed(self, domain: str) -> bool:
        return domain in self.domains


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """All packs and languages, compiled."""

    packs: tuple[Pack, ...]
    words: Mapping[str, DateWords]
    clauses: Mapping[str, Clauses]
    """By ISO 639-1 code, as `words`; a language is compiled when it is first asked for."""
    gist_words: Mapping[str, GistWords]
    forward: Mapping[str, str]
    """Folded header word of a forwarded mail -> from, date, subject, to."""

    @property
    def marketplaces(self) -> tuple[str, ...]:
        return tuple(pack.marketplace for pack in self.packs)

    def pack(self, marketplace: str) -> Pack | None:
        return next((pack for pack in self.packs if pack.marketplace == marketplace), None)

    def pack_of(self, domain: str) -> Pack | None:
        return next((pack for pack in self.packs if pack.listed(domain)), None)


@cache
def shipped() -> Library:
    """The packs that come with the program: half a second of work, and the same all its life."""
    return _load(None)[0]


def load(extra: Path | None) -> Library:
    """The shipped packs with the folder `extra` laid over. Raises UserFileError with every fault
    of every file.
    """
    library, faults = load_the_right(extra)
    if faults:
        raise UserFileError(faults)
    return library


def load_the_right(extra: Path | None) -> tuple[Library, tuple[Fault, ...]]:
    """As `load`, but a folder with a fault is left out, and a shipped pack goes on without it; with
    every fault.
    """
    if extra is None or not extra.is_dir():
        return shipped(), ()
    return _load(extra)


def _load(extra: Path | None) -> tuple[Library, tuple[Fault, ...]]:
    faults: list[Fault] = []
    known = _known(_languages(extra, faults)) if extra and (extra / LANGUAGES).is_dir() else _ours()
    own = own_files(extra, faults) if extra else {}
    touched = {one.name for one in folders(extra)} if extra else set()
    found = (
        shipped().pack(name)
        if extra and known is _ours() and name not in touched
        else _pack(name, own.get(name), extra, known, faults)
        for name in sorted({*shipped_files(), *touched})
    )
    packs = tuple(pack for pack in found if pack is not None)
    library = Library(
        packs=packs,
        words=known.words,
        clauses=known.clauses,
        gist_words=known.gist_words,
        forward=known.forward,
    )
    return library, tuple(faults)


@cache
def _ours() -> Known:
    """What the languages' files that come with the program say."""
    return _known(_languages(None, []))


def _known(files: Mapping[str, LanguageFile]) -> Known:
    return Known(
        words={code: _date_words(file) for code, file in files.items()},
        clauses=ByLanguage(files, compile_clauses),
        gist_words=ByLanguage(files, compile_gist_words),
        goods={code: _any_word(file.goods) for code, file in files.items() if file.goods},
        forward=_forward(files.values()),
    )


def _languages(extra: Path | None, faults: list[Fault]) -> dict[str, LanguageFile]:
    """What is known of each language, by its code: the files of a person laid over ours, where they
    are right.
    """
    languages: dict[str, LanguageFile] = {}
    for path in _files([HERE / LANGUAGES, *([extra / LANGUAGES] if extra else [])]):
        document = _document(path, faults)
        if document is None:
            continue
        file, found = check(document, LanguageFile)
        faults.extend(found)
        if file is not None:
            older = languages.get(path.stem)
            faults.extend(_told_twice(document, file, older))
            try:
                languages[path.stem] = file.over(older) if older else file
            except ValidationError as error:
                faults.extend(faults_of(document, error, model=LanguageFile))
    return languages


def _topics_of_words(topics: Mapping[str, Iterable[str]]) -> dict[str, str]:
    return {plain_text(word): topic for topic, words in topics.items() for word in words}


def _told_twice(
    document: Document, file: LanguageFile, older: LanguageFile | None
) -> Iterator[Fault]:
    """Words of topics that stand under two of them, in this file or in ours below it."""
    known = _topics_of_words(older.gist.topics if older else {})
    for topic, words in file.gist.topics.items():
        for place, word in enumerate(words):
            other = known.setdefault(plain_text(word), topic)
            if other != topic:
                what = f"{word!r} stands under {other} and {topic}; a word tells one topic"
                yield document.fault(["gist", "topics", topic, place], what)


def _any_word(words: Iterable[str]) -> re.Pattern[str]:
    """Any of the words; whole ones, where they are written with spaces."""
    return re.compile(
        "|".join(
            re.escape(word) if IS_CJK.match(word) else rf"\b{re.escape(word)}\b" for word in words
        ),
        re.IGNORECASE,
    )


def _date_words(file: LanguageFile) -> DateWords:
    return DateWords(
        months=_lowered(file.months),
        weekdays=_lowered(file.weekdays),
        relative=_lowered(file.relative),
        numeric=file.numeric,
    )


def _forward(files: Iterable[LanguageFile]) -> dict[str, str]:
    return {
        fold_written(word): key
        for file in files
        for key, group in file.forward.items()
        for word in group
    }


def _lowered(table: Mapping[str, int]) -> dict[str, int]:
    return {word.lower(): number for word, number in table.items()}


def _pack(
    name: str, own: PackFile | None, extra: Path | None, known: Known, faults: list[Fault]
) -> Pack | None:
    """The pack with a person's files laid over it; where one of them is wrong, the shipped one, if
    there is any.
    """
    file = own or shipped_files().get(name)
    if file is None:
        return None
    wrong: list[Fault] = []
    mine = [extra / name] if extra else []
    pack = _compiled(file, [HERE / "packs" / name, *mine], known, wrong)
    faults.extend(wrong)
    if not wrong:
        return pack
    return _pack(name, None, None, known, faults) if extra else None


def _compiled(file: PackFile, places: Sequence[Path], known: Known, faults: list[Fault]) -> Pack:
    making = PackInMaking(words=known.words, faults=faults)
    for path in _files([place / "phrases" for place in places]):
        document = _document(path, faults)
        if document is not None:
            PhraseFile(document, path, making).compile()
    pack = _made(file, making, known, _hooks(places[0]))
    if making.own:
        from parsers import overreach  # noqa: PLC0415 - it reads with the pack that is made here

        faults.extend(overreach.faults(pack, making.own))
    return pack


def _made(file: PackFile, making: PackInMaking, known: Known, hooks: ModuleType | None) -> Pack:
    languages, books = making.languages, making.books
    order = compiled(file.order)
    labels = [
        label for one in languages.values() for group in one.labels.values() for label in group
    ]
    order_labels = _words_for("order", labels)
    judging = (label.language for label in labels if label.field == "judgement")
    return Pack(
        marketplace=file.marketplace,
        file=file,
        domains={prefix + store: store for store in file.stores for prefix in ("", *file.hosts)},
        order=order,
        package=compiled(file.package),
        subjects=books.subjects,
        headlines=books.headlines,
        noise=books.noise,
        tails=_tails([*books.subjects.all, *books.headlines.all]),
        outright=_outright(books.headlines.all),
        named=_named(order, order_labels),
        order_words=frozenset(label.rstrip(" #") for label in order_labels),
        judging=tuple(dict.fromkeys(judging)),
        label_words=frozenset(label.folded for label in labels),
        tracking_words=_words_for("tracking", labels),
        languages=languages,
        clauses=known.clauses,
        goods=known.goods,
        ends=frozenset(end for language in languages.values() for end in language.ends),
        begins=known.quoting("begin"),
        wrote=tuple(known.quoting("wrote")),
        from_words=tuple(known.quoting("from")),
        subject_words=tuple(known.quoting("subject")),
        hooks=hooks,
    )


def _words_for(field: str, labels: Iterable[Label]) -> frozenset[str]:
    """The labels of one field, folded."""
    return frozenset(label.folded for label in labels if label.field == field)


def _tails(
    filed: Iterable[tuple[Phrase, Template]],
) -> dict[str, dict[str, frozenset[Kind]]]:
    """Endings that say a kind by themselves: of two words, or behind a colon; no mere counts."""
    tails: dict[str, dict[str, frozenset[Kind]]] = {}
    for phrase, template in filed:
        tail = phrase.texts[-1].strip()
        says = len(tail.split()) > 1 or tail.startswith(":") or IS_CJK.search(tail)
        if not phrase.gaps or "n" in phrase.gaps or len(tail) < LEAST_TAIL or not says:
            continue
        group = tails.setdefault(tail[-LEAST_TAIL:], {})
        group[tail] = group.get(tail, frozenset()) | {template.kind}
    return tails


def _outright(
    filed: Iterable[tuple[Phrase, Template]],
) -> dict[tuple[str, Kind], frozenset[str]]:
    """What each headline says between its gaps, where that is enough to be known by."""
    said: dict[tuple[str, Kind], set[str]] = {}
    for phrase, template in filed:
        words = max(phrase.texts, key=len).strip()
        least = LEAST_HEADLINE // 2 if IS_CJK.search(words) else LEAST_HEADLINE
        if len(words) >= least:
            said.setdefault((template.language, template.kind), set()).add(words)
    return {key: frozenset(words) for key, words in said.items()}


def _named(order: re.Pattern[str], labels: Iterable[str]) -> re.Pattern[str]:
    words = "|".join(
        BETWEEN_CJK.sub(r"\\s*", re.escape(label)).replace(r"\ ", r"\s*")
        for label in sorted(labels, key=len, reverse=True)
    )
    return re.compile(
        rf"(?:{words or '(?!)'})[\s:#№().no]{{0,8}}?({order.pattern})(?!\d)", re.IGNORECASE
    )


def _hooks(folder: Path) -> ModuleType | None:
    """The functions of a shipped pack that are code."""
    path = folder / "hooks.py"
    if not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location(f"parsers.packs.{folder.name}.hooks", path)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _files(folders: Iterable[Path]) -> list[Path]:
    return [path for folder in folders if folder.is_dir() for path in sorted(folder.glob("*.yaml"))]


def _document(path: Path, faults: list[Fault]) -> Document | None:
    try:
        return read_bundled(path) if path.is_relative_to(HERE) else read(path)
    except UserFileError as error:
        faults.extend(error.faults)
        return None


def phrases(pack: Pack) -> list[tuple[Phrase, Template]]:
    """Every phrase of a pack that decides a kind, for guards and for `why`."""
    return [*pack.subjects.all, *pack.headlines.all]

"""Packs: what each marketplace's mail looks like, as data that a person can mend the same evening.

A pack is a folder `packs/<marketplace>/` of YAML 1.2 files. They cannot branch: what needs an `if` is a function in
`hooks.py`. Every phrase stands in single quotes. A user's folder of the same shape is laid over the shipped one.

`pack.yaml`: who the marketplace is and how its numbers look (class `PackFile` says every key).

`phrases/<language>.yaml`: what its mails say in one language (ISO 639-1). Top-level keys:

- a notice kind such as `shipment.delivered`: a list of blocks (or one block). A block is
      proof: real                 # real | reconstructed: what stands behind its phrases (default reconstructed)
      role: seller                # only when it differs from the sender's role
      set: {stage: at_customs}    # fields that hold whenever a phrase of this block is met
      vague: true                 # the subject alone does not settle the kind: a headline of another kind wins
      subject: ['Package {parcel}: at customs']
      headline: ['Your package is at customs']       # a whole line near the top of the body
- `lines`: phrases that add facts to whatever the mail is: `- 'Your tracking number is {tracking}.'`
- `labels`: field -> labels; the value stands behind the label, behind a colon, or on the next line:
      total: ['Grand Total', 'Order Total']
- `words`: field -> value -> the words that mean it: `judgement: {valid: ['Valid'], invalid: ['Invalid']}`
- `ends`: lines from which on nothing is read (adverts): `- 'Buy it again'`
- `noise`: subjects of mail that is dull: `subject: ['Rate your purchase of {item}']`
- `guess`: kinds with blocks as above whose wording nobody has seen; their notices carry `proof: guess`.

A phrase is a whole line; upper case, kind of quotes, spaces around colons do not count. Gaps are what changes:
`{order}` order number · `{orders}` several · `{masked}` one hidden by stars · `{parcel}` tracking number or parcel id ·
`{tracking}` · `{case}` · `{item}` · `{n}` a count · `{name}` or `{any}` anything, not kept · `{window}` the arrival date or
span · any field of `parsers.notice.FIELDS` such as `{amount}`, `{respond_by}`, `{store}`, `{judgement}`.
"""

import importlib.util
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from parsers.dates import DateWords
from parsers.notice import FIELDS, FieldType, FieldValue, Kind, Proof, Role, field_from_json
from parsers.phrase import Phrase, Phrasebook, compile_phrase, fold
from parsers.written import Document, Fault, WrittenError, check, did_you_mean, faults_of, plain, read

HERE = Path(__file__).parent
GAPS = (
    "order",
    "orders",
    "masked",
    "parcel",
    "tracking",
    "package",
    "case",
    "item",
    "n",
    "name",
    "any",
    "window",
    "thread",
)
LABELS = ("order", "tracking", "parcel", "package", "case", "window", "quantity")
SPECIAL = ("lines", "labels", "words", "ends", "noise", "guess")


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Store(_Written):
    """What a sending domain tells about the shop behind it."""

    zone: str | None = None
    currency: str | None = None
    """What a bare $ means."""
    numeric: Literal["dmy", "mdy", "ymd"] | None = None


class Senders(_Written):
    """Local parts by what they send; `local@host` or a bare host are possible too."""

    transactional: tuple[str, ...] = ()
    seller: tuple[str, ...] = ()
    message: tuple[str, ...] = ()
    """Hosts through which the other side's own words come."""
    noise: tuple[str, ...] = ()


class PackFile(_Written):
    """pack.yaml"""

    marketplace: str
    stores: dict[str, Store]
    """Domains that send its mail, exactly; each also with every prefix of `hosts`."""
    hosts: tuple[str, ...] = ()
    brand: tuple[str, ...]
    """Words by which a stranger would claim to be this marketplace."""
    beside: tuple[str, ...] = ()
    """Words that go with the brand in a claimed name: support, orders."""
    strangers: tuple[str, ...] = ()
    """Domains that hold the brand's name and are somebody else, honestly."""
    senders: Senders
    order: tuple[str, ...]
    """Shapes of order numbers: # is a digit, other signs stand for themselves, `#*14-19` is a run of 14 to 19 digits."""
    package: tuple[str, ...] = ()
    order_alone: bool = False
    """Whether an order number is known by its shape alone, without a label."""
    one_parcel: bool = False
    """Whether several numbers in one shipment mail are one parcel (else one notice each)."""
    links: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """order, tracking, package, case: the link parameters that carry them."""


class Block(_Written):
    proof: Literal["real", "reconstructed"] = "reconstructed"
    role: Role | None = None
    set: dict[str, Any] = Field(default_factory=dict)
    vague: bool = False
    subject: tuple[str, ...] = ()
    headline: tuple[str, ...] = ()


class LanguageFile(_Written):
    """languages/<language>.yaml"""

    months: dict[str, int] = Field(default_factory=dict)
    weekdays: dict[str, int] = Field(default_factory=dict)
    relative: dict[str, int] = Field(default_factory=dict)
    numeric: Literal["dmy", "mdy", "ymd", "unclear"] = "unclear"
    forward: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Header words of forwarded mails: from, date, subject, to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What a phrase is filed under: the notice it speaks of."""

    kind: Kind
    language: str
    proof: Proof
    role: Role | None
    fixed: Mapping[str, FieldValue]
    vague: bool
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Words whose value stands behind them or on the next line."""

    folded: str
    field: str
    rank: int
    """The first label of a field in its file outranks the others."""
    written: str
    source: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One phrase file, compiled."""

    code: str
    words: DateWords
    lines: Phrasebook[str]
    labels: Mapping[str, tuple["Label", ...]]
    """First two letters of a folded label -> labels, longest first."""
    headings: Phrasebook["Label"]
    """Labels with gaps: whole lines whose value stands on the next."""
    values: Mapping[str, Mapping[str, str]]
    """field -> folded word -> value"""
    ends: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    marketplace: str
    file: PackFile
    domains: Mapping[str, str]
    """Every sending domain -> its store."""
    order: re.Pattern[str]
    package: re.Pattern[str]
    subjects: Phrasebook[Saying]
    headlines: Phrasebook[Saying]
    noise: Phrasebook[str]
    named: re.Pattern[str]
    """An order number behind one of the words for “order” in any of the pack's languages (group 1)."""
    languages: Mapping[str, Language]
    hooks: ModuleType | None = field(default=None, compare=False)

    def store(self, domain: str) -> Store:
        return self.file.stores.get(self.domains.get(domain, ""), Store())

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
    """The packs that come with the program."""
    return load(None)


def load(extra: Path | None) -> Library:
    """The shipped packs with the folder `extra` laid over. Raises WrittenError with every fault of every file."""
    folders = [HERE / "packs", *([extra] if extra is not None and extra.is_dir() else [])]
    faults: list[Fault] = []
    words, forward = _languages([HERE / "languages", *(folder / "languages" for folder in folders[1:])], faults)
    names = sorted(
        {path.name for folder in folders for path in folder.iterdir() if path.is_dir() and path.name != "languages"}
    )
    packs = [
        pack for name in names if (pack := _pack([folder / name for folder in folders], words, faults)) is not None
    ]
    if faults:
        raise WrittenError(faults)
    return Library(packs=tuple(packs), words=words, forward=forward)


def _languages(folders: Sequence[Path], faults: list[Fault]) -> tuple[dict[str, DateWords], dict[str, str]]:
    words: dict[str, DateWords] = {}
    forward: dict[str, str] = {}
    for path in _files(folders):
        document = _document(path, faults)
        if document is None:
            continue
        file, found = check(document, LanguageFile)
        faults.extend(found)
        if file is None:
            continue
        words[path.stem] = DateWords(
            months=_lowered(file.months),
            weekdays=_lowered(file.weekdays),
            relative=_lowered(file.relative),
            numeric=file.numeric,
        )
        forward.update({fold(word): key for key, group in file.forward.items() for word in group})
    return words, forward


def _lowered(table: Mapping[str, int]) -> dict[str, int]:
    return {word.lower(): number for word, number in table.items()}


def _pack(folders: Sequence[Path], words: Mapping[str, DateWords], faults: list[Fault]) -> Pack | None:
    paths = [folder / "pack.yaml" for folder in folders if (folder / "pack.yaml").is_file()]
    if not paths:
        where = next(folder for folder in folders if folder.is_dir())
        faults.append(
            Fault(file=str(where / "pack.yaml"), line=0, column=0, what="no such file; a pack needs its pack.yaml")
        )
        return None
    document = _document(paths[-1], faults)
    if document is None:
        return None
    file, found = check(document, PackFile)
    faults.extend(found)
    if file is None:
        return None
    domains = {prefix + store: store for store in file.stores for prefix in ("", *file.hosts)}
    pack = Pack(
        marketplace=file.marketplace,
        file=file,
        domains=domains,
        order=_shapes(file.order),
        package=_shapes(file.package),
        subjects=Phrasebook(),
        headlines=Phrasebook(),
        noise=Phrasebook(),
        named=re.compile(r"(?!)"),
        languages={},
        hooks=_hooks(folders),
    )
    languages: dict[str, Language] = {}
    for path in _files([folder / "phrases" for folder in folders]):
        phrase_document = _document(path, faults)
        if phrase_document is not None:
            _PhraseFile(phrase_document, path, words, pack, languages, faults).compile()
    return replace(pack, languages=languages, named=_named(pack.order, languages.values()))


def _named(order: re.Pattern[str], languages: Iterable[Language]) -> re.Pattern[str]:
    labels = {
        label.folded for one in languages for group in one.labels.values() for label in group if label.field == "order"
    }
    words = "|".join(re.escape(label).replace(r"\ ", r"\s*") for label in sorted(labels, key=len, reverse=True))
    return re.compile(rf"(?:{words or '(?!)'})[\s:#№().no]{{0,8}}?({order.pattern})(?!\d)", re.IGNORECASE)


def _hooks(folders: Sequence[Path]) -> ModuleType | None:
    """The functions of a pack that are code. Only the shipped ones run: a user's folder is data."""
    path = folders[0] / "hooks.py"
    if not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location(f"parsers.packs.{folders[0].name}.hooks", path)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _files(folders: Iterable[Path]) -> list[Path]:
    return [path for folder in folders if folder.is_dir() for path in sorted(folder.glob("*.yaml"))]


def _document(path: Path, faults: list[Fault]) -> Document | None:
    try:
        return read(path)
    except WrittenError as error:
        faults.extend(error.faults)
        return None


def _shapes(shapes: Sequence[str]) -> re.Pattern[str]:
    """The shapes of pack.yaml as one pattern; without shapes, one that matches nothing."""

    def one(shape: str) -> str:
        escaped = (
            re.escape(shape)
            .replace(r"\#\*", "#*")
            .replace(r"\#", "#")
            .replace(r"\-", "-")
            .replace(r"\@", "@")
            .replace("@", "[A-Z]")
        )
        return re.sub(
            r"#(?:\*(\d+)(?:-(\d+))?)?", lambda m: rf"\d{{{m[1]},{m[2] or m[1]}}}" if m[1] else r"\d", escaped
        )

    return re.compile("|".join(f"(?:{one(shape)})" for shape in shapes) or r"(?!)")


class _PhraseFile:
    """Compiles one phrase file into its pack, collecting every fault with its place."""

    def __init__(
        self,
        document: Document,
        path: Path,
        words: Mapping[str, DateWords],
        pack: Pack,
        languages: dict[str, Language],
        faults: list[Fault],
    ) -> None:
        self.document, self.path, self.pack, self.faults, self.languages = document, path, pack, faults, languages
        self.code = path.stem
        self.source_lines = path.read_text(encoding="utf-8-sig").split("\n")
        empty = DateWords(months={}, weekdays={}, relative={}, numeric="unclear")
        self.words = words.get(self.code, empty)
        self.name = str(path.relative_to(HERE)) if path.is_relative_to(HERE) else str(path)

    def compile(self) -> None:
        tree = self.document.tree
        if not isinstance(tree, dict):
            self.faults.append(self.document.fault([], "expected kinds such as shipment.delivered with their phrases"))
            return
        kinds = {kind.value for kind in Kind}
        for key in tree:
            if key in kinds:
                self._kind([key], tree[key], guess=False)
            elif key == "guess" and isinstance(tree[key], dict):
                for kind in tree[key]:
                    if kind in kinds:
                        self._kind(["guess", kind], tree[key][kind], guess=True)
                    else:
                        what = f"unknown kind {kind!r}{did_you_mean(kind, kinds)}"
                        self.faults.append(self.document.fault(["guess", kind], what, at_key=True))
            elif key not in SPECIAL:
                what = f"unknown kind {key!r}{did_you_mean(key, [*kinds, *SPECIAL])}"
                self.faults.append(self.document.fault([key], what, at_key=True))
        self._noise(tree.get("noise"))
        old = self.languages.get(self.code)
        lines: Phrasebook[str] = old.lines if old else Phrasebook()
        for path, text in self._texts(["lines"], tree.get("lines")):
            self._add(lines, path, text, self.code)
        values: dict[str, dict[str, str]] = {name: dict(table) for name, table in (old.values if old else {}).items()}
        self._values(tree.get("words"), values)
        headings: Phrasebook[Label] = old.headings if old else Phrasebook()
        labels: dict[str, list[Label]] = {key: list(group) for key, group in (old.labels if old else {}).items()}
        for label in self._labels(tree.get("labels"), headings):
            labels.setdefault(label.folded[:2], []).append(label)
        ends = {fold(text) for _, text in self._texts(["ends"], tree.get("ends"))}
        self.languages[self.code] = Language(
            code=self.code,
            words=self.words,
            lines=lines,
            labels={key: tuple(sorted(group, key=lambda label: -len(label.folded))) for key, group in labels.items()},
            headings=headings,
            values=values,
            ends=frozenset(ends | (old.ends if old else frozenset())),
        )

    def _kind(self, path: list[str | int], node: Any, *, guess: bool) -> None:
        blocks = node if isinstance(node, list) else [node]
        for index, tree in enumerate(blocks):
            at = [*path, index] if isinstance(node, list) else path
            try:
                block = Block.model_validate(plain(tree))
            except ValueError as error:
                self.faults.extend(faults_of(self.document, error, at))  # type: ignore[arg-type]
                continue
            fixed = self._fixed(block, at)
            proof = Proof.GUESS if guess else Proof(block.proof)
            for where, book in (("subject", self.pack.subjects), ("headline", self.pack.headlines)):
                saying = Saying(
                    kind=Kind(str(path[-1])),
                    language=self.code,
                    proof=proof,
                    role=block.role,
                    fixed=fixed,
                    vague=block.vague,
                    where=where,
                )
                for text_path, text in self._texts([*at, where], tree.get(where)):
                    self._add(book, text_path, text, saying)

    def _fixed(self, block: Block, at: Sequence[str | int]) -> dict[str, FieldValue]:
        fixed: dict[str, FieldValue] = {}
        for name, value in block.set.items():
            try:
                fixed[name] = field_from_json(name, value)
            except ValueError as error:
                hint = did_you_mean(name, FIELDS) if name not in FIELDS else ""
                self.faults.append(self.document.fault([*at, "set", name], f"{error}{hint}", at_key=name not in FIELDS))
        return fixed

    def _texts(self, path: list[str | int], node: Any) -> list[tuple[list[str | int], str]]:
        """The quoted strings of a list, each with its path; anything else is a fault."""
        if node is None:
            return []
        if not isinstance(node, list):
            self.faults.append(self.document.fault(path, "expected a list of phrases, each in single quotes"))
            return []
        out: list[tuple[list[str | int], str]] = []
        for index, text in enumerate(node):
            at = [*path, index]
            if self._quoted(at) and isinstance(text, str):
                out.append((at, str(text)))
            else:
                self.faults.append(self.document.fault(at, f"a phrase stands in single quotes: {str(text)!r}"))
        return out

    def _quoted(self, path: Sequence[str | int]) -> bool:
        fault = self.document.fault(path, "")
        line = self.source_lines[fault.line - 1] if fault.line <= len(self.source_lines) else ""
        return line[fault.column - 1 : fault.column] == "'"

    def _source(self, path: Sequence[str | int]) -> str:
        return f"{self.name}:{self.document.fault(path, '').line}"

    def _add(self, book: Phrasebook[Any], path: Sequence[str | int], text: str, value: Any) -> None:
        try:
            book.add(compile_phrase(text, self._source(path), (*GAPS, *FIELDS)), value)
        except ValueError as error:
            self.faults.append(self.document.fault(path, str(error)))

    def _noise(self, node: Any) -> None:
        if isinstance(node, dict):
            for path, text in self._texts(["noise", "subject"], node.get("subject")):
                self._add(self.pack.noise, path, text, self.code)
        elif node is not None:
            self.faults.append(self.document.fault(["noise"], "expected subject: with a list of phrases"))

    def _labels(self, node: Any, headings: Phrasebook[Label]) -> list[Label]:
        out = []
        for name in node or {}:
            if name not in FIELDS and name not in LABELS:
                what = f"unknown field {name!r}{did_you_mean(name, [*FIELDS, *LABELS])}"
                self.faults.append(self.document.fault(["labels", name], what, at_key=True))
                continue
            for rank, (path, text) in enumerate(self._texts(["labels", name], node[name])):
                label = Label(
                    folded=fold(text.rstrip(":： ")),
                    field=str(name),
                    rank=rank,
                    written=text,
                    source=self._source(path),
                    language=self.code,
                )
                if "{" in text:
                    self._add(headings, path, text, label)
                else:
                    out.append(label)
        return out

    def _values(self, node: Any, values: dict[str, dict[str, str]]) -> None:
        for name in node or {}:
            spec = FIELDS.get(name)
            if spec is None or spec.type not in (FieldType.CHOICE, FieldType.TEXT):
                choices = [field_name for field_name, one in FIELDS.items() if one.type is FieldType.CHOICE]
                what = f"{name!r} is no field with a choice of words{did_you_mean(name, choices)}"
                self.faults.append(self.document.fault(["words", name], what, at_key=True))
                continue
            for value in node[name]:
                if spec.choices and value not in spec.choices:
                    what = f"{value!r} is not one of {', '.join(spec.choices)}{did_you_mean(value, spec.choices)}"
                    self.faults.append(self.document.fault(["words", name, value], what, at_key=True))
                    continue
                for _, text in self._texts(["words", name, value], node[name][value]):
                    values.setdefault(name, {})[fold(text)] = str(value)


def phrases(pack: Pack) -> list[tuple[Phrase, Saying]]:
    """Every phrase of a pack that decides a kind, for guards and for `why`."""
    return [*pack.subjects.all, *pack.headlines.all]

"""One phrase file of a pack, compiled: every phrase with its place, every fault with file, line and
column.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from parsers.dates import DateWords
from parsers.notice import FIELDS, NAMES, FieldType, FieldValue, Kind, Proof, field_from_json
from parsers.packfile import PhraseBlock
from parsers.phrase import IS_CJK, Phrase, Phrasebook, compile_phrase, fold_written
from parsers.template import Label, Language, Sentence, Template
from parsers.user_yaml import Document, Fault, did_you_mean, faults_of, plain

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
    "site",
    "code",
    "category",
    "window",
)
LABELS = ("order", "tracking", "parcel", "package", "case", "window", "item", "quantity", "price")
SPECIAL = ("lines", "labels", "words", "ends", "noise", "guess", "counts", "more")
NO_WORDS = DateWords(months={}, weekdays={}, relative={}, numeric="unclear")
NOTHING = re.compile(r"(?!)")
WITHIN = ".{0,60}?"
"""Between two pieces of a sentence."""
MAX_PIECES = 3
"""Of a sentence: each more can lie in 60 times as many ways over one line."""
MAX_OPEN = 1
"""Gaps {any} of a text that counts, for the same reason."""
Place = list[str | int]
"""Where in the file: keys and indexes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The phrases of a pack that decide what a mail is, of all its languages."""

    subjects: Phrasebook[Template] = field(default_factory=Phrasebook)
    headlines: Phrasebook[Template] = field(default_factory=Phrasebook)
    noise: Phrasebook[str] = field(default_factory=Phrasebook)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPhrase:
    """A subject or headline that a user wrote, and where."""

    phrase: Phrase
    template: Template
    document: Document
    path: Sequence[str | int]

    def fault(self, what: str) -> Fault:
        return self.document.fault(self.path, what)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackInMaking:
    """What the files of one pack have said so far."""

    words: Mapping[str, DateWords]
    books: Books = field(default_factory=Books)
    languages: dict[str, Language] = field(default_factory=dict)
    own: list[OwnPhrase] = field(default_factory=list)
    faults: list[Fault]

    def language(self, code: str) -> Language:
        """What is known of a language; an empty one before its first file."""
        return self.languages.get(code) or Language(
            code=code,
            words=self.words.get(code, NO_WORDS),
            lines=Phrasebook(),
            labels={},
            headings=Phrasebook(),
            values={},
            ends=frozenset(),
            sentences=(),
            quantities=frozenset(),
            numbers=NOTHING,
            counts=NOTHING,
            more=NOTHING,
        )


class PhraseFile:
    """Compiles one phrase file into its pack, collecting every fault with its place."""

    def __init__(self, document: Document, path: Path, making: PackInMaking) -> None:
        self.document, self.making, self.faults = document, making, making.faults
        self.code = path.stem
        self.source_lines = path.read_text(encoding="utf-8-sig").split("\n")
        self.shipped = path.is_relative_to(HERE)
        self.name = str(path.relative_to(HERE)) if self.shipped else str(path)
        self.sentences: list[Sentence] = []

    def compile(self) -> None:
        tree = self.document.tree
        if not isinstance(tree, dict):
            what = "expected kinds such as shipment.delivered with their phrases"
            self._fault([], what)
            return
        for key in tree:
            self._key(key, tree[key])
        self._noise(tree.get("noise"))
        old = self.making.language(self.code)
        for path, text in self._texts(["lines"], tree.get("lines")):
            self._add(old.lines, path, text, self.code)
        ends = {fold_written(text) for _, text in self._texts(["ends"], tree.get("ends"))}
        labels = self._labels(tree.get("labels"), old)
        self.making.languages[self.code] = replace(
            old,
            labels=labels,
            quantities=frozenset(
                label.folded
                for group in labels.values()
                for label in group
                if label.field == "quantity"
            ),
            numbers=_numbers(label for group in labels.values() for label in group),
            values=self._values(tree.get("words"), old.values),
            ends=old.ends | ends,
            sentences=(*old.sentences, *self.sentences),
            counts=self._counting("counts", tree.get("counts"), old.counts),
            more=self._counting("more", tree.get("more"), old.more),
        )

    def _key(self, key: Any, node: Any) -> None:
        kinds = {kind.value for kind in Kind}
        if key in kinds:
            self._kind([key], node, guess=False)
        elif key == "guess" and isinstance(node, dict):
            for kind in node:
                if kind in kinds:
                    self._kind(["guess", kind], node[kind], guess=True)
                else:
                    what = f"unknown kind {kind!r}{did_you_mean(kind, kinds)}"
                    self._fault(["guess", kind], what, at_key=True)
        elif key not in SPECIAL:
            what = f"unknown kind {key!r}{did_you_mean(key, [*kinds, *SPECIAL])}"
            self._fault([key], what, at_key=True)

    def _fault(self, path: Sequence[str | int], what: str, *, at_key: bool = False) -> None:
        self.faults.append(self.document.fault(path, what, at_key=at_key))

    def _kind(self, path: Place, node: Any, *, guess: bool) -> None:
        blocks = node if isinstance(node, list) else [node]
        for index, tree in enumerate(blocks):
            at = [*path, index] if isinstance(node, list) else path
            if not isinstance(tree, dict):
                self._fault(
                    at,
                    "expected a block with subject: or headline:, such as - subject: ['Delivered:"
                    " {item}']",
                )
                continue
            try:
                block = PhraseBlock.model_validate(plain(tree))
            except ValueError as error:
                self.faults.extend(faults_of(self.document, error, at))  # type: ignore[arg-type]
                continue
            template = Template(
                kind=Kind(str(path[-1])),
                language=self.code,
                proof=Proof.GUESS if guess else Proof(block.proof),
                role=block.role,
                fixed=self._fixed(block, at),
                vague=block.vague,
                where="subject",
            )
            self._phrases(at, tree, template)

    def _phrases(self, at: Place, tree: Mapping[str, Any], template: Template) -> None:
        """The phrases of one block, each in the book of its place."""
        books = self.making.books
        for where, book in (("subject", books.subjects), ("headline", books.headlines)):
            said = replace(template, where=where)
            for path, text in self._texts([*at, where], tree.get(where)):
                phrase = self._add(book, path, text, said)
                if phrase is not None and (where == "subject" or not self.shipped):
                    self._bounded(path, phrase, where)
                if phrase is not None and not self.shipped:
                    own = OwnPhrase(phrase=phrase, template=said, document=self.document, path=path)
                    self.making.own.append(own)
        under = [fold_written(text) for _, text in self._texts([*at, "under"], tree.get("under"))]
        for path, text in self._texts([*at, "sentence"], tree.get("sentence")):
            pieces = [fold_written(piece) for piece in text.split("…")]
            if len(pieces) > MAX_PIECES:
                self._fault(path, _slow(text, f"{MAX_PIECES} pieces", "sentences"))
                continue
            self.sentences.append(
                Sentence(
                    start=pieces[0],
                    words=re.compile(WITHIN.join(_piece(piece) for piece in pieces if piece)),
                    under=tuple(under),
                    written=text,
                    source=self._source(path),
                    template=replace(template, where="sentence"),
                )
            )

    def _bounded(self, path: Place, phrase: Phrase, where: str) -> None:
        """A subject or headline decides a kind by its words alone, so that nothing unseen may go on
        at its ends.
        """
        ends = [phrase.gaps[0]] if phrase.gaps and not phrase.texts[0].strip() else []
        ends += [phrase.gaps[-1]] if phrase.gaps and not phrase.texts[-1].strip() else []
        if "any" in ends:
            self._fault(
                path,
                f"{{any}} at an end of a {where} would swallow the rest of a sentence, such as"
                f" {self._swallowed(phrase)!r}; write what stands there, or name the gap"
                " ({item}, {order} …)",
            )

    def _swallowed(self, phrase: Phrase) -> str:
        """A sentence that would fit the phrase and says something else."""
        known = (
            other.written.replace("{item}", "Garden Hose")
            for other, template in self.making.books.subjects.all
            if template.language == self.code
            and template.kind is Kind.ORDER_CANCELLED
            and set(other.gaps) <= {"item"}
        )
        said = phrase.written.replace("{any}", next(known, "is not true"), 1)
        return said.replace("{item}", "Garden Hose").replace("{any}", "Ann")

    def _fixed(self, block: PhraseBlock, at: Sequence[str | int]) -> dict[str, FieldValue]:
        fixed: dict[str, FieldValue] = {}
        for name, value in block.set.items():
            try:
                fixed[NAMES.get(name, name)] = field_from_json(name, value)
            except ValueError as error:
                unknown = NAMES.get(name, name) not in FIELDS
                hint = did_you_mean(name, FIELDS) if unknown else ""
                self._fault([*at, "set", name], f"{error}{hint}", at_key=unknown)
        return fixed

    def _texts(self, path: Place, node: Any) -> list[tuple[Place, str]]:
        """The quoted strings of a list, each with its path; anything else is a fault."""
        if node is None:
            return []
        if not isinstance(node, list):
            self._fault(path, "expected a list of phrases, each in single quotes")
            return []
        out: list[tuple[Place, str]] = []
        for index, text in enumerate(node):
            at = [*path, index]
            if self._quoted(at) and isinstance(text, str):
                out.append((at, str(text)))
            else:
                self._fault(at, f"a phrase stands in single quotes: {str(text)!r}")
        return out

    def _quoted(self, path: Sequence[str | int]) -> bool:
        fault = self.document.fault(path, "")
        line = self.source_lines[fault.line - 1] if fault.line <= len(self.source_lines) else ""
        return line[fault.column - 1 : fault.column] == "'"

    def _source(self, path: Sequence[str | int]) -> str:
        return f"{self.name}:{self.document.fault(path, '').line}"

    def _add(
        self, book: Phrasebook[Any], path: Sequence[str | int], text: str, value: Any
    ) -> Phrase | None:
        try:
            phrase = compile_phrase(text, self._source(path), (*GAPS, *FIELDS))
        except ValueError as error:
            self._fault(path, str(error))
            return None
        if not self.shipped:
            book.drop(
                phrase.texts
            )  # the user's word replaces the shipped one, whatever kind it stood under
        book.add(phrase, value)
        return phrase

    def _noise(self, node: Any) -> None:
        if isinstance(node, dict):
            for path, text in self._texts(["noise", "subject"], node.get("subject")):
                self._add(self.making.books.noise, path, text, self.code)
        elif node is not None:
            self._fault(["noise"], "expected subject: with a list of phrases")

    def _labels(self, node: Any, old: Language) -> dict[str, tuple[Label, ...]]:
        """The labels by their first two letters, longest first; those with gaps are headings."""
        found = [label for group in old.labels.values() for label in group]
        for name in node or {}:
            if name not in FIELDS and name not in LABELS:
                what = f"unknown field {name!r}{did_you_mean(name, [*FIELDS, *LABELS])}"
                self._fault(["labels", name], what, at_key=True)
                continue
            for rank, (path, text) in enumerate(self._texts(["labels", name], node[name])):
                label = Label(
                    folded=fold_written(text).rstrip(":# "),
                    field=str(name),
                    rank=rank,
                    written=text,
                    source=self._source(path),
                    language=self.code,
                )
                if "{" in text:
                    self._add(old.headings, path, text, label)
                else:
                    found.append(label)
        groups: dict[str, list[Label]] = {}
        for label in sorted(found, key=lambda label: -len(label.folded)):
            groups.setdefault(label.folded[:2], []).append(label)
        return {key: tuple(group) for key, group in groups.items()}

    def _values(self, node: Any, old: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
        values = {name: dict(table) for name, table in old.items()}
        for name in node or {}:
            spec = FIELDS.get(name)
            if spec is None or spec.type not in (FieldType.CHOICE, FieldType.TEXT):
                choices = [key for key, one in FIELDS.items() if one.type is FieldType.CHOICE]
                what = f"{name!r} is no field with a choice of words{did_you_mean(name, choices)}"
                self._fault(["words", name], what, at_key=True)
                continue
            for value in node[name]:
                if spec.choices and value not in spec.choices:
                    known = f"{', '.join(spec.choices)}{did_you_mean(value, spec.choices)}"
                    what = f"{value!r} is not one of {known}"
                    self._fault(["words", name, value], what, at_key=True)
                    continue
                for _, text in self._texts(["words", name, value], node[name][value]):
                    values.setdefault(name, {})[fold_written(text)] = str(value)
        return values

    def _counting(self, key: str, node: Any, old: re.Pattern[str]) -> re.Pattern[str]:
        """Texts that count instead of naming, where {n} is a number and {any} a word or two."""
        texts = []
        for path, text in self._texts([key], node):
            if text.count("{any}") > MAX_OPEN:
                self._fault(path, _slow(text, "one {any}", "texts"))
            else:
                texts.append(text)
        if not texts:
            return old
        close = r"$" if key == "more" else ""
        mine = "|".join(_count(text) + close for text in texts)
        return re.compile(mine if old is NOTHING else f"{mine}|{old.pattern}", re.IGNORECASE)


def _numbers(labels: Iterable[Label]) -> re.Pattern[str]:
    """`Ihre Sendungsnummer lautet H1000…`: the label, a few words without digits, the number."""
    words = {
        field: [re.escape(fold_written(one.written)) for one in labels if one.field == field]
        for labels in (tuple(labels),)
        for field in ("tracking", "parcel")
    }
    groups = [
        rf"(?P<{field}>{'|'.join(sorted(texts, key=len, reverse=True))})"
        for field, texts in words.items()
        if texts
    ]
    return re.compile(
        rf"(?<![^\W_])(?:{'|'.join(groups)})(?![a-z])[^\d\n]{{0,25}}?"
        r"(?<![a-z0-9])(?P<number>[a-z]{0,4}\d[a-z0-9]{7,29})(?![a-z0-9])"
        if groups
        else NOTHING.pattern
    )


def _slow(text: str, most: str, instead: str) -> str:
    return (
        f"{text!r} is too slow: a line can be written that it takes seconds to look through; write"
        f" at most {most}, or two {instead}"
    )


def _piece(folded: str) -> str:
    """Words of a sentence, whole where they are written with spaces."""
    start = r"\b" if folded[:1].isalnum() and not IS_CJK.match(folded) else ""
    stop = r"\b" if folded[-1:].isalnum() and not IS_CJK.match(folded[-1:]) else ""
    return f"{start}{re.escape(folded)}{stop}"


def _count(text: str) -> str:
    escaped = re.escape(text).replace(r"\ ", r"\s*")
    return escaped.replace(r"\{n\}", r"\d{1,3}").replace(r"\{any\}", r"[^\W\d][^\"“„«「:]{0,60}?")

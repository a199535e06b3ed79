"""One phrase file of a pack, compiled: every phrase with its place, every fault with file, line and
column.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parsers.dates import DateWords
from parsers.notice import FIELDS, FieldType, FieldValue, Kind, Proof, field_from_json
from parsers.packfile import PhraseBlock
from parsers.phrase import Phrasebook, compile_phrase, fold_written
from parsers.template import Label, Language, Template
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
    "window",
)
LABELS = ("order", "tracking", "parcel", "package", "case", "window", "item", "quantity", "price")
SPECIAL = ("lines", "labels", "words", "ends", "noise", "guess")


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The phrases of a pack that decide what a mail is, of all its languages."""

    subjects: Phrasebook[Template] = field(default_factory=Phrasebook)
    headlines: Phrasebook[Template] = field(default_factory=Phrasebook)
    noise: Phrasebook[str] = field(default_factory=Phrasebook)


class PhraseFile:
    """Compiles one phrase file into its pack, collecting every fault with its place."""

    def __init__(
        self,
        document: Document,
        path: Path,
        words: Mapping[str, DateWords],
        books: Books,
        languages: dict[str, Language],
        faults: list[Fault],
    ) -> None:
        self.document, self.books, self.faults, self.languages = document, books, faults, languages
        self.code = path.stem
        self.source_lines = path.read_text(encoding="utf-8-sig").split("\n")
        empty = DateWords(months={}, weekdays={}, relative={}, numeric="unclear")
        self.words = words.get(self.code, empty)
        self.shipped = path.is_relative_to(HERE)
        self.name = str(path.relative_to(HERE)) if path.is_relative_to(HERE) else str(path)

    def compile(self) -> None:
        tree = self.document.tree
        if not isinstance(tree, dict):
            self.faults.append(
                self.document.fault(
                    [], "expected kinds such as shipment.delivered with their phrases"
                )
            )
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
        values: dict[str, dict[str, str]] = {
            name: dict(table) for name, table in (old.values if old else {}).items()
        }
        self._values(tree.get("words"), values)
        headings: Phrasebook[Label] = old.headings if old else Phrasebook()
        labels: dict[str, list[Label]] = {
            key: list(group) for key, group in (old.labels if old else {}).items()
        }
        for label in self._labels(tree.get("labels"), headings):
            labels.setdefault(label.folded[:2], []).append(label)
        ends = {fold_written(text) for _, text in self._texts(["ends"], tree.get("ends"))}
        self.languages[self.code] = Language(
            code=self.code,
            words=self.words,
            lines=lines,
            labels={
                key: tuple(sorted(group, key=lambda label: -len(label.folded)))
                for key, group in labels.items()
            },
            headings=headings,
            values=values,
            ends=frozenset(ends | (old.ends if old else frozenset())),
        )

    def _kind(self, path: list[str | int], node: Any, *, guess: bool) -> None:
        blocks = node if isinstance(node, list) else [node]
        for index, tree in enumerate(blocks):
            at = [*path, index] if isinstance(node, list) else path
            if not isinstance(tree, dict):
                what = (
                    "expected a block with subject: or headline:, such as - subject: ['Delivered:"
                    " {item}']"
                )
                self.faults.append(self.document.fault(at, what))
                continue
            try:
                block = PhraseBlock.model_validate(plain(tree))
            except ValueError as error:
                self.faults.extend(faults_of(self.document, error, at))  # type: ignore[arg-type]
                continue
            fixed = self._fixed(block, at)
            proof = Proof.GUESS if guess else Proof(block.proof)
            for where, book in (
                ("subject", self.books.subjects),
                ("headline", self.books.headlines),
            ):
                saying = Template(
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

    def _fixed(self, block: PhraseBlock, at: Sequence[str | int]) -> dict[str, FieldValue]:
        fixed: dict[str, FieldValue] = {}
        for name, value in block.set.items():
            try:
                fixed[name] = field_from_json(name, value)
            except ValueError as error:
                hint = did_you_mean(name, FIELDS) if name not in FIELDS else ""
                self.faults.append(
                    self.document.fault(
                        [*at, "set", name], f"{error}{hint}", at_key=name not in FIELDS
                    )
                )
        return fixed

    def _texts(self, path: list[str | int], node: Any) -> list[tuple[list[str | int], str]]:
        """The quoted strings of a list, each with its path; anything else is a fault."""
        if node is None:
            return []
        if not isinstance(node, list):
            self.faults.append(
                self.document.fault(path, "expected a list of phrases, each in single quotes")
            )
            return []
        out: list[tuple[list[str | int], str]] = []
        for index, text in enumerate(node):
            at = [*path, index]
            if self._quoted(at) and isinstance(text, str):
                out.append((at, str(text)))
            else:
                self.faults.append(
                    self.document.fault(at, f"a phrase stands in single quotes: {str(text)!r}")
                )
        return out

    def _quoted(self, path: Sequence[str | int]) -> bool:
        fault = self.document.fault(path, "")
        line = self.source_lines[fault.line - 1] if fault.line <= len(self.source_lines) else ""
        return line[fault.column - 1 : fault.column] == "'"

    def _source(self, path: Sequence[str | int]) -> str:
        return f"{self.name}:{self.document.fault(path, '').line}"

    def _add(self, book: Phrasebook[Any], path: Sequence[str | int], text: str, value: Any) -> None:
        try:
            phrase = compile_phrase(text, self._source(path), (*GAPS, *FIELDS))
        except ValueError as error:
            self.faults.append(self.document.fault(path, str(error)))
            return
        if not self.shipped:
            book.drop(
                phrase.texts
            )  # the user's word replaces the shipped one, whatever kind it stood under
        book.add(phrase, value)

    def _noise(self, node: Any) -> None:
        if isinstance(node, dict):
            for path, text in self._texts(["noise", "subject"], node.get("subject")):
                self._add(self.books.noise, path, text, self.code)
        elif node is not None:
            self.faults.append(
                self.document.fault(["noise"], "expected subject: with a list of phrases")
            )

    def _labels(self, node: Any, headings: Phrasebook[Label]) -> list[Label]:
        out = []
        for name in node or {}:
            if name not in FIELDS and name not in LABELS:
                what = f"unknown field {name!r}{did_you_mean(name, [*FIELDS, *LABELS])}"
                self.faults.append(self.document.fault(["labels", name], what, at_key=True))
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
                    self._add(headings, path, text, label)
                else:
                    out.append(label)
        return out

    def _values(self, node: Any, values: dict[str, dict[str, str]]) -> None:
        for name in node or {}:
            spec = FIELDS.get(name)
            if spec is None or spec.type not in (FieldType.CHOICE, FieldType.TEXT):
                choices = [
                    field_name for field_name, one in FIELDS.items() if one.type is FieldType.CHOICE
                ]
                what = f"{name!r} is no field with a choice of words{did_you_mean(name, choices)}"
                self.faults.append(self.document.fault(["words", name], what, at_key=True))
                continue
            for value in node[name]:
                if spec.choices and value not in spec.choices:
                    what = (
                        f"{value!r} is not one of"
                        f" {', '.join(spec.choices)}{did_you_mean(value, spec.choices)}"
                    )
                    self.faults.append(
                        self.document.fault(["words", name, value], what, at_key=True)
                    )
                    continue
                for _, text in self._texts(["words", name, value], node[name][value]):
                    values.setdefault(name, {})[fold_written(text)] = str(value)

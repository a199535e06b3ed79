"""What people write: YAML 1.2 files read with the place of every value, and all faults of a file at
once.

Used for packs, rules, policy, notes and the configuration. Files are only ever loaded, never
written back.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, DocumentStartEvent

from parsers.errors import OrderbellError
from parsers.yaml_words import in_words

MAX_BYTES = 1 << 20
"""A file a person wrote is never larger; a bomb is."""
MAX_DEPTH = 40
MAX_VALUES = 20_000
"""Keys, values, lists and maps; the rules that are shipped hold some 5,000."""

DIGITS = re.compile(r"\d{1000,}")
DURATION = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")

WORDS = {
    "int_parsing": "expected a whole number",
    "int_type": "expected a whole number",
    "string_type": "expected text",
    "bool_parsing": "expected true or false",
    "bool_type": "expected true or false",
    "dict_type": "expected a map (key: value)",
    "list_type": "expected a list",
    "tuple_type": "expected a list",
}
"""Pydantic's types of errors in the words of someone who has never heard of it."""

BOUNDS = {
    "less_than_equal": ("le", "at most"),
    "greater_than_equal": ("ge", "at least"),
    "too_long": ("max_length", "at most"),
    "string_too_long": ("max_length", "a text of at most"),
}
"""Pydantic's types of errors about a bound: where the bound stands, and what is said before it."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Fault:
    """One mistake in a file: where it stands, what is wrong, what to try."""

    file: str
    line: int
    """From 1; 0 when the whole file is meant."""
    column: int
    what: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.what}"


class UserFileError(OrderbellError):
    """A file cannot take effect; `faults` says why, all at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(self.sentences))

    @property
    def sentences(self) -> tuple[str, ...]:
        return tuple(str(fault) for fault in self.faults)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file whose every value knows its place."""

    file: str
    tree: Any
    """Maps and lists of ruamel.yaml, which are dict and list with positions."""

    def fault(self, path: Sequence[str | int], what: str, *, at_key: bool = False) -> Fault:
        """A fault at the value that `path` leads to, or at the nearest parent that exists."""
        line, column = place(self.tree, path, at_key=at_key)
        return Fault(file=self.file, line=line, column=column, what=what)


def parse(text: str | bytes, file: str) -> Document:
    """Parse one YAML 1.2 document. Raises WrittenError for syntax, aliases, a second document, or
    size.
    """
    raw = text.encode() if isinstance(text, str) else text
    if len(raw) > MAX_BYTES:
        raise UserFileError(
            [Fault(file=file, line=0, column=0, what="larger than 1 MiB; is this the right file?")]
        )
    try:
        decoded = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UserFileError(
            [Fault(file=file, line=line, column=1, what="not UTF-8; save the file as UTF-8")]
        ) from error
    try:
        _refuse_tricks(decoded, file)
        tree = YAML(typ="rt", pure=True).load(decoded)
    except MarkedYAMLError as error:
        raise UserFileError([_syntax_fault(error, decoded, file)]) from error
    except YAMLError as error:
        raise UserFileError(
            [Fault(file=file, line=0, column=0, what=f"not YAML: {error}")]
        ) from error
    except (RecursionError, ValueError) as error:
        raise UserFileError([_unreadable(decoded, file)]) from error
    return Document(file=file, tree=tree)


def read(path: Path, missing: str = "no such file") -> Document:
    """Parse the file at `path`. Raises UserFileError; `missing` is said when there is none."""
    try:
        return parse(path.read_bytes(), str(path))
    except FileNotFoundError:
        raise UserFileError([Fault(file=str(path), line=0, column=0, what=missing)]) from None
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise UserFileError([Fault(file=str(path), line=0, column=0, what=what)]) from error


def check(
    document: Document, model: type[Model], *, list_keys: bool = False
) -> tuple[Model | None, tuple[Fault, ...]]:
    """The document as `model`, or None with every fault. An empty file is a fault, not an empty
    answer.

    `list_keys`: an unknown key is told with all that may stand there, also where one is likely.
    """
    if document.tree is None:
        return None, (Fault(file=document.file, line=1, column=1, what="the file is empty"),)
    try:
        return model.model_validate(plain(document.tree)), ()
    except ValidationError as error:
        return None, tuple(sorted(faults_of(document, error, (), model, list_keys=list_keys)))


def faults_of(
    document: Document,
    error: ValidationError,
    model_path: Sequence[str | int] = (),
    model: type[BaseModel] | None = None,
    *,
    list_keys: bool = False,
) -> list[Fault]:
    """Pydantic's errors as faults with their places and a suggestion for misspelt choices and,
    given `model`, keys.
    """
    errors = error.errors(include_url=False)
    return [
        _fault_of(
            document,
            [*model_path, *one["loc"]],
            one,
            () if model is None else keys_at(model, one["loc"]),
            list_keys=list_keys,
        )
        for one in errors
        if not _only_follows(one, errors)
    ]


def keys_at(model: type[BaseModel], loc: Sequence[str | int]) -> tuple[str, ...]:
    """The keys that may be written where the error at `loc` stands: in the map, if `loc` names a
    key of it.
    """
    places = _types_at(model, loc)
    parents = places or _types_at(model, loc[:-1])
    models = [one for one in parents if isinstance(one, type) and issubclass(one, BaseModel)]
    return tuple(dict.fromkeys(key for one in models for key in _keys(one)))


def _keys(model: type[BaseModel]) -> list[str]:
    return [spec.alias or name for name, spec in model.model_fields.items()]


def _types_at(annotation: Any, loc: Sequence[str | int]) -> list[Any]:
    """What may stand at `loc` below a value of this type; steps that are a union's tag of pydantic
    are passed over.
    """
    origin = get_origin(annotation)
    if origin is Annotated:
        return _types_at(get_args(annotation)[0], loc)
    if origin in (Union, UnionType):
        return [found for one in get_args(annotation) for found in _types_at(one, loc)]
    if not loc:
        return [annotation]
    step, rest = loc[0], loc[1:]
    if origin in (tuple, list, set, frozenset) and isinstance(step, int):
        return _types_at(get_args(annotation)[0], rest)
    if origin in (dict, Mapping):
        return _types_at(get_args(annotation)[1], rest)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _types_in(annotation, loc)
    return []


def _types_in(model: type[BaseModel], loc: Sequence[str | int]) -> list[Any]:
    """What may stand at `loc` of the model; the file as a whole may be a list."""
    if issubclass(model, RootModel):
        return _types_at(model.model_fields["root"].annotation, loc)
    fields = [
        spec.annotation for name, spec in model.model_fields.items() if loc[0] in (spec.alias, name)
    ]
    return [found for one in fields for found in _types_at(one, loc[1:])]


def _only_follows(one: Any, errors: Sequence[Any]) -> bool:
    """A list that is too short only because its items are wrong says nothing new."""
    size = len(one["loc"])
    return one["type"] == "too_short" and any(
        len(other["loc"]) > size and other["loc"][:size] == one["loc"] for other in errors
    )


def plain(node: Any) -> Any:
    """The tree as plain dict, list and scalars (ruamel's own scalar types become str, int,
    float).
    """
    if isinstance(node, dict):
        return {_scalar(key): plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(value) for value in node]
    return _scalar(node)


def place(tree: Any, path: Sequence[str | int], *, at_key: bool = False) -> tuple[int, int]:
    """Line and column, from 1, of the value at `path`; steps that do not exist in the tree are
    skipped.
    """
    line, column = 0, 0
    node = tree
    if isinstance(node, CommentedMap | CommentedSeq):
        line, column = node.lc.line or 0, node.lc.col or 0
    for step in path:
        if isinstance(node, CommentedMap) and step in node:
            spot = node.lc.key(step) if at_key or node[step] is None else node.lc.value(step)
        elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
            spot = node.lc.item(step)
        else:
            continue  # a union tag of pydantic, or a key that is missing
        line, column = spot
        node = node[step]
    return line + 1, column + 1


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """“; did you mean 'x'?” when something known looks like `word`, else nothing."""
    near = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


LONGEST = timedelta(days=3650)
"""Ten years: longer than any deadline, and no sum of it with a date of ours overflows."""
MOST_DIGITS = 60
"""Signs of a duration that is still read."""


def duration(text: object) -> timedelta:
    """A duration such as 30m, 48h, 3d or 1d12h, of ten years at most; a day is 24 h. Raises
    ValueError for anything else.
    """
    if isinstance(text, timedelta):
        return text
    written = str(text)
    match = DURATION.fullmatch(written)
    if not match or not any(match.groups()):
        raise ValueError("expected a duration such as 30m, 48h, 3d or 1d12h")
    too_long = f"expected a duration of at most {duration_text(LONGEST)}"
    if len(written) > MOST_DIGITS:
        raise ValueError(too_long)
    weeks, days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
    try:
        found = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        raise ValueError(too_long) from None
    if found > LONGEST:
        raise ValueError(too_long)
    return found


def clock(text: object) -> time:
    """A time of day such as 22:30. Raises ValueError for anything else."""
    if isinstance(text, time):
        return text
    match = re.fullmatch(r"(\d{1,2}):(\d{2})", str(text))
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        raise ValueError('expected a time of day such as "22:30"')
    return time(int(match[1]), int(match[2]))


def duration_text(span: timedelta) -> str:
    """The inverse of `duration`, for whole seconds: 90d, 1d12h, 5m, 0s."""
    left = int(span.total_seconds())
    parts = []
    for letter, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        number, left = divmod(left, size)
        parts += [f"{number}{letter}"] if number else []
    return "".join(parts) or "0s"


def _scalar(value: Any) -> Any:
    if isinstance(value, bool):
        return value  # or it would count as an int below
    for kind in (str, bool, int, float):
        if isinstance(value, kind) and type(value) is not kind:
            return kind(value)
    return value


def _refuse_tricks(text: str, file: str) -> None:
    depth = documents = 0
    for number, event in enumerate(YAML(typ="rt", pure=True).parse(text)):
        mark = getattr(event, "start_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)

        def stop(what: str, line: int = line, column: int = column) -> UserFileError:
            return UserFileError([Fault(file=file, line=line, column=column, what=what)])

        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            raise stop("anchors and aliases (& and *) are not allowed here; write the value out")
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise stop("a second document (---) in one file; keep one")
        name = type(event).__name__
        depth += name in ("MappingStartEvent", "SequenceStartEvent")
        depth -= name in ("MappingEndEvent", "SequenceEndEvent")
        if depth > MAX_DEPTH:
            raise stop("nested too deeply")
        if number > MAX_VALUES:
            raise stop(f"more than {MAX_VALUES:,} keys and values; is this the right file?")


def _unreadable(text: str, file: str) -> Fault:
    """What YAML allows and Python does not read: a number of thousands of digits."""
    found = DIGITS.search(text)
    if found is None:
        return Fault(file=file, line=0, column=0, what="not YAML that a person wrote")
    line = text.count("\n", 0, found.start()) + 1
    column = found.start() - text.rfind("\n", 0, found.start())
    return Fault(file=file, line=line, column=column, what="a number of too many digits")


def _syntax_fault(error: MarkedYAMLError, text: str, file: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    what = str(error.problem or error.context or "not YAML").strip()
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    if "duplicate key" in what:
        what = what.split(" with value")[0] + "; keep one"
    else:
        what = in_words(what, "".join(text.splitlines()[line - 1 : line]))
    return Fault(file=file, line=line, column=column, what=what)


def _fault_of(
    document: Document, loc: Sequence[Any], error: Any, keys: Sequence[str], *, list_keys: bool
) -> Fault:
    kind, context = error["type"], error.get("ctx") or {}
    if kind == "extra_forbidden":
        hint = did_you_mean(loc[-1], keys)
        if list_keys or not hint:
            hint = f"{hint or ';'} {_known(keys)}".rstrip("; ")
        return document.fault(loc, f"unknown key {loc[-1]!r}{hint}", at_key=True)
    if kind == "missing":
        what = f"{loc[-1]!r} is missing; write {loc[-1]}: …"
        return document.fault(loc[:-1], what, at_key=bool(loc[:-1]))
    if kind in ("model_type", "model_attributes_type") and keys:
        return document.fault(loc, f"expected a map with keys such as {', '.join(keys[:4])}")
    if kind == "too_short":
        return document.fault(loc, f"needs at least {context.get('min_length', 1)} entry")
    if kind in ("literal_error", "enum"):
        expected = str(context.get("expected", ""))
        if " or " not in expected:
            return document.fault(loc, f"expected {expected}")
        known = [part.strip().strip("'") for part in expected.replace(" or ", ", ").split(",")]
        what = f"{error['input']!r} is not one of {expected}{did_you_mean(error['input'], known)}"
        return document.fault(
            loc, what, at_key=loc[-1:] == ["[key]"]
        )  # pydantic's mark for the key of a map
    return document.fault(loc, _in_words(error))


def _known(keys: Sequence[str]) -> str:
    return f"known here: {', '.join(keys)}" if 0 < len(keys) <= 8 else ""


def _in_words(error: Any) -> str:
    if words := WORDS.get(error["type"]):
        # A secret written as a number would be shown by "not 1234": text is never repeated.
        return f"{words}, not {error['input']!r}" if "parsing" in error["type"] else words
    if bound := BOUNDS.get(error["type"]):
        name, words = bound
        return f"{words} {(error.get('ctx') or {}).get(name)} is possible"
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return message[:1].lower() + message[1:]

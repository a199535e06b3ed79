"""Tests on one fact: what `watch.due_at: {within: 48h}` means, as a closure that also knows when it
can next change.
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from orders.subject import FactSpec, FactType, FactValue
from parsers.errors import OrderbellError
from parsers.notice import CURRENCIES, Money
from parsers.user_yaml import did_you_mean, duration, duration_text
from rules.fields import ABOUTS, FIELDS
from rules.spans import Span, lay_over

LARGEST, FINEST = 14, 6
"""Powers of ten: no price and no count is larger, or told more finely."""
Facts = Mapping[str, FactValue]
Path = tuple[str | int, ...]

OPERATORS: Mapping[FactType, tuple[str, ...]] = {
    FactType.FLAG: (),
    FactType.CHOICE: ("not", "exists"),
    FactType.TEXT: ("contains", "exists"),
    FactType.NUMBER: ("at_least", "below", "exists"),
    FactType.MONEY: ("at_least", "below", "exists"),
    FactType.TIME: ("within", "older_than", "newer_than", "after", "exists"),
}
"""The keys of a test that is a map; its parts are joined by “and”."""
PLAIN: Mapping[FactType, str] = {
    FactType.FLAG: "`true`, `false`",
    FactType.CHOICE: "a value, a list of values",
    FactType.TEXT: "a text, a list of texts (width and case of letters do not matter)",
    FactType.NUMBER: "a number",
    FactType.MONEY: "an amount such as `3000 JPY`",
    FactType.TIME: "",
}
"""A test that is no map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One test on one fact."""

    field: str
    wants: str
    """In words: “within 3d”."""
    holds: Callable[[Facts, datetime], bool]
    edges: Callable[[Facts], tuple[datetime, ...]]
    """The instants at which its answer can change while the facts stay."""
    span: Span
    path: Path = ()

    @property
    def timed(self) -> bool:
        """Its answer depends on the clock."""
        return self.edges is not _never


def read_test(about: str, spec: FactSpec, value: object, path: Path) -> Test:
    """The test `value` (plain YAML) asks for. Raises Wrong, in words, with the step into the
    value.
    """
    return _READERS[spec.type](about, spec, value, path)


class OperandError(OrderbellError):
    """A test that cannot be understood: what is wrong with it, and where in it."""

    def __init__(self, what: str, *step: str | int, at_key: bool = False) -> None:
        self.step, self.at_key = step, at_key
        super().__init__(what)


def _never(_facts: Facts) -> tuple[datetime, ...]:
    return ()


def _operators(spec: FactSpec, value: Mapping[Any, Any]) -> Mapping[str, Any]:
    known = OPERATORS[spec.type]
    for key in value:
        if key not in known:
            offer = f"{spec.type.value} facts know {', '.join(known)}"
            raise OperandError(
                f"unknown test {key!r}{did_you_mean(key, known) or '; ' + offer}",
                str(key),
                at_key=True,
            )
    if not value:
        raise OperandError(f"an empty test; {spec.type.value} facts know {', '.join(known)}")
    return value


def _exists(name: str, wanted: object) -> tuple[Callable[[Facts, datetime], bool], Span]:
    if not isinstance(wanted, bool):
        raise OperandError("exists: is true or false", "exists")
    return (lambda facts, _now: (name in facts) is wanted), Span(present=wanted)


def _flag(_about: str, spec: FactSpec, value: object, path: Path) -> Test:
    if not isinstance(value, bool):
        raise OperandError(f"{spec.name} is yes or no; write true or false")
    name = spec.name
    span = Span(values=frozenset({str(value)}))
    wants = "true" if value else "false"
    if name in DERIVED:
        derive, edges = DERIVED[name]
        return Test(
            field=name,
            wants=wants,
            holds=lambda facts, now: derive(facts, now) is value,
            edges=edges,
            span=span,
            path=path,
        )
    return Test(
        field=name,
        wants=wants,
        holds=lambda facts, _now: facts.get(name) is value,
        edges=_never,
        span=span,
        path=path,
    )


def _choice(_about: str, spec: FactSpec, value: object, path: Path) -> Test:
    name = spec.name
    if isinstance(value, dict):
        tests = _operators(spec, value)
        holds, spans, words = [], [], []
        if "not" in tests:
            barred = frozenset(_choices(spec, tests["not"], "not"))
            holds.append(lambda facts, _now: name in facts and facts[name] not in barred)
            spans.append(Span(present=True, barred=barred))
            words.append("not " + _or(tests["not"]))
        if "exists" in tests:
            hold, span = _exists(name, tests["exists"])
            holds.append(hold)
            spans.append(span)
            words.append(_exists_words(tests["exists"]))
        return _joined(name, holds, spans, words, path)
    wanted = frozenset(_choices(spec, value))
    return Test(
        field=name,
        wants=_or(value),
        holds=lambda facts, _now: facts.get(name) in wanted,
        edges=_never,
        span=Span(present=True, values=wanted),
        path=path,
    )


def _choices(spec: FactSpec, value: object, *step: str | int) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if not values:
        raise OperandError("an empty list lets nothing through", *step)
    for at, one in enumerate(values):
        if one not in spec.choices:
            where = (*step, at) if isinstance(value, list) else step
            known = (
                ", ".join(spec.choices)
                if len(spec.choices) <= 12
                else f"the {len(spec.choices)} known"
            )
            raise OperandError(
                f"{one!r} is not one of {known}{did_you_mean(one, spec.choices)}", *where
            )
    return [str(one) for one in values]


def plain_text(text: str) -> str:
    """Text as it is compared: NFKC, no case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _text(_about: str, spec: FactSpec, value: object, path: Path) -> Test:
    name = spec.name
    if isinstance(value, dict):
        tests = _operators(spec, value)
        holds, spans, words = [], [], []
        if "contains" in tests:
            needles = tuple(_texts(spec, tests["contains"], "contains"))
            holds.append(lambda facts, _now: name in facts and _has(str(facts[name]), needles))
            spans.append(Span(present=True))
            words.append("contains " + _or(tests["contains"]))
        if "exists" in tests:
            hold, span = _exists(name, tests["exists"])
            holds.append(hold)
            spans.append(span)
            words.append(_exists_words(tests["exists"]))
        return _joined(name, holds, spans, words, path)
    wanted = frozenset(_texts(spec, value))
    return Test(
        field=name,
        wants=_or(value),
        holds=lambda facts, _now: name in facts and plain_text(str(facts[name])) in wanted,
        edges=_never,
        span=Span(present=True, values=wanted),
        path=path,
    )


def _has(text: str, needles: tuple[str, ...]) -> bool:
    read = plain_text(text)
    return any(needle in read for needle in needles)


def _texts(spec: FactSpec, value: object, *step: str | int) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if not values:
        raise OperandError("an empty list lets nothing through", *step)
    for at, one in enumerate(values):
        if isinstance(one, bool | float) or not isinstance(one, str | int) or not str(one).strip():
            where = (*step, at) if isinstance(value, list) else step
            raise OperandError(f"{spec.name} is text; write it in quotes", *where)
    return [plain_text(str(one)) for one in values]


def _number(_about: str, spec: FactSpec, value: object, path: Path) -> Test:
    return _amount(spec, value, path, _plain_number)


def _plain_number(value: object) -> tuple[Decimal, None]:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise OperandError("expected a number")
    try:
        number = Decimal(str(value))
    except (InvalidOperation, ValueError):  # ValueError: an int of thousands of digits
        raise OperandError("expected a number") from None
    if not number.is_finite():
        raise OperandError("expected a number")
    if number.adjusted() > LARGEST or number.as_tuple().exponent < -FINEST:  # type: ignore[operator]
        raise OperandError(
            f"expected a number below 10^{LARGEST + 1}, with {FINEST} decimals at most"
        )
    return number, None


def _money(_about: str, spec: FactSpec, value: object, path: Path) -> Test:
    return _amount(spec, value, path, money)


def money(value: object) -> tuple[Decimal, str]:
    """“3000 JPY” as value and currency; raises a fault in words for anything else."""
    number, _, currency = str(value).strip().partition(" ")
    currency = currency.strip()
    if not currency:
        raise OperandError("expected an amount with its currency, such as 3000 JPY or 19.90 EUR")
    if currency not in CURRENCIES:
        raise OperandError(
            f"{currency!r} is no currency; write a code such as JPY or"
            f" EUR{did_you_mean(currency, CURRENCIES)}"
        )
    return _plain_number(number)[0], currency


def _amount(
    spec: FactSpec, value: object, path: Path, read: Callable[[object], tuple[Decimal, str | None]]
) -> Test:
    name = spec.name
    tests = _operators(spec, value) if isinstance(value, dict) else {"is": value}
    holds: list[Callable[[Facts, datetime], bool]] = []
    spans: list[Span] = []
    words: list[str] = []
    for operator, wanted in tests.items():
        if operator == "exists":
            hold, span = _exists(name, wanted)
            words.append(_exists_words(wanted))
        else:
            try:
                number, currency = read(wanted)
            except OperandError as wrong:
                raise OperandError(wrong.what, *(() if operator == "is" else (operator,))) from None
            hold = _compare(name, operator, number, currency)
            span = _amount_span(operator, number, currency)
            words.append(f"{operator.replace('_', ' ')} {wanted}".removeprefix("is "))
        holds.append(hold)
        spans.append(span)
    return _joined(name, holds, spans, words, path)


def _value_in(fact: FactValue | None, currency: str | None) -> Decimal | None:
    match fact:
        case Money(value=value, currency=own) if own == currency:
            return value
        case Decimal() if currency is None:
            return fact
        case _:
            return None


def _compare(
    name: str, operator: str, number: Decimal, currency: str | None
) -> Callable[[Facts, datetime], bool]:
    def holds(facts: Facts, _now: datetime) -> bool:
        value = _value_in(facts.get(name), currency)
        if value is None:
            return False
        match operator:
            case "at_least":
                return value >= number
            case "below":
                return value < number
            case _:
                return value == number

    return holds


def _amount_span(operator: str, number: Decimal, currency: str | None) -> Span:
    match operator:
        case "at_least":
            return Span(present=True, above=number, currency=currency)
        case "below":
            return Span(present=True, upto=number, upto_open=True, currency=currency)
        case _:
            return Span(present=True, above=number, upto=number, currency=currency)


def _time(about: str, spec: FactSpec, value: object, path: Path) -> Test:
    if not isinstance(value, dict):
        raise OperandError(
            f"{spec.name} is a time; write {{within: 48h}}, {{older_than: 5d}} or {{exists: true}}"
        )
    name = spec.name
    holds, spans, words = [], [], []
    edges: list[Callable[[datetime], datetime]] = []
    for operator, wanted in _operators(spec, value).items():
        if operator == "exists":
            hold, span = _exists(name, wanted)
            words.append(_exists_words(wanted))
        elif operator == "after":
            hold, span = _after(about, name, wanted)
            words.append(f"after {wanted}")
        else:
            try:
                length = duration(wanted)
            except ValueError as error:
                raise OperandError(str(error), operator) from None
            hold, span, own = _clocked(name, operator, length)
            edges.extend(own)
            words.append(f"{operator.replace('_', ' ')} {duration_text(length)}")
        holds.append(hold)
        spans.append(span)
    test = _joined(name, holds, spans, words, path)

    def instants(facts: Facts) -> tuple[datetime, ...]:
        at = facts.get(name)
        return tuple(edge(at) for edge in edges) if isinstance(at, datetime) else ()

    return Test(
        field=name, wants=test.wants, holds=test.holds, edges=instants, span=test.span, path=path
    )


def _clocked(
    name: str, operator: str, length: timedelta
) -> tuple[Callable[[Facts, datetime], bool], Span, tuple[Callable[[datetime], datetime], ...]]:
    """The closure, the span and the edges of a test against the clock. Starts count, ends do
    not.
    """
    nothing = timedelta(0)
    match operator:
        case "within":
            span = Span(present=True, above=nothing, above_open=True, upto=length)
            return (
                lambda facts, now: (
                    isinstance(at := facts.get(name), datetime) and at - length <= now < at
                ),
                span,
                (lambda at: at - length, lambda at: at),
            )
        case "older_than":
            return (
                lambda facts, now: (
                    isinstance(at := facts.get(name), datetime) and at + length <= now
                ),
                Span(present=True, upto=-length),
                (lambda at: at + length,),
            )
        case _:
            span = Span(present=True, above=-length, above_open=True, upto=nothing)
            return (
                lambda facts, now: (
                    isinstance(at := facts.get(name), datetime) and at <= now < at + length
                ),
                span,
                (lambda at: at, lambda at: at + length),
            )


def _after(about: str, name: str, other: object) -> tuple[Callable[[Facts, datetime], bool], Span]:
    times = tuple(one for one in ABOUTS[about] if FIELDS[one].type is FactType.TIME and one != name)
    if other not in times:
        raise OperandError(
            f"after: needs another time of this rule, not {other!r}{did_you_mean(other, times)}",
            "after",
        )
    second = str(other)

    def holds(facts: Facts, _now: datetime) -> bool:
        one, two = facts.get(name), facts.get(second)
        return isinstance(one, datetime) and isinstance(two, datetime) and one > two

    return holds, Span(present=True)


def _joined(
    name: str,
    holds: Sequence[Callable[[Facts, datetime], bool]],
    spans: Sequence[Span],
    words: Sequence[str],
    path: Path,
) -> Test:
    span, hint = lay_over(spans)
    if hint:
        raise OperandError(f"{' and '.join(words)} can never hold at once{hint}")
    every = tuple(holds)
    first = every[0]
    return Test(
        field=name,
        wants=" and ".join(words),
        holds=(
            first if len(every) == 1 else lambda facts, now: all(hold(facts, now) for hold in every)
        ),
        edges=_never,
        span=span,
        path=path,
    )


def _or(value: object) -> str:
    return " or ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def _exists_words(wanted: object) -> str:
    return "known" if wanted else "not known"


def _missed(facts: Facts, now: datetime) -> bool:
    due = facts.get("watch.due_at")
    return facts.get("watch.state") == "open" and isinstance(due, datetime) and due <= now


def _due(facts: Facts) -> tuple[datetime, ...]:
    due = facts.get("watch.due_at")
    return (due,) if isinstance(due, datetime) else ()


DERIVED: Mapping[
    str, tuple[Callable[[Facts, datetime], bool], Callable[[Facts], tuple[datetime, ...]]]
] = {"watch.missed": (_missed, _due)}
"""Yes/no facts that the clock alone changes: asked at the instant of judging, not as described
earlier.
"""

_READERS: Mapping[FactType, Callable[[str, FactSpec, object, Path], Test]] = {
    FactType.FLAG: _flag,
    FactType.CHOICE: _choice,
    FactType.TEXT: _text,
    FactType.NUMBER: _number,
    FactType.MONEY: _money,
    FactType.TIME: _time,
}

"""Which text of a page a person can see: the few CSS properties that hide, cascaded as a browser on
a desk does it.

Style elements and attributes are read by tinycss2, selectors by cssselect. Matching is our own,
since XPath over hostile
selectors is quadratic: it counts its steps, and gives a page up when they are too many.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from types import MappingProxyType
from typing import Any, NamedTuple

import cssselect
import tinycss2

from parsers.css import VALUES, CssValue, screen
from parsers.errors import OrderbellError

MAX_STEPS = 1_000_000
"""About a second; a genuine page takes 1 % of it."""
MAX_SELECTOR = 400
MAX_CSS = 128 << 10
"""Signs of all style elements together; genuine ones have 2 to 40 kB, and Gmail drops more than
16.
"""
CACHED_CSS = 64 << 10
CACHED_STYLE = 600
UNSEEN_SIZE = 2.0
"""Letters of so many CSS pixels are no letters, and a box of that height shows none."""
UNSEEN_OPACITY = 0.1
UNSEEN_CONTRAST = 1.2
"""WCAG ratio of text and ground: #eee on white is 1.16, the palest grey in genuine use 1.6."""
FAR_AWAY = -400.0
"""Pixels to the left of or above its place: outside of what is shown."""

Color = tuple[float, float, float, float]
WHITE: Color = (1.0, 1.0, 1.0, 1.0)
BLACK: Color = (0.0, 0.0, 0.0, 1.0)


class TooComplexError(OrderbellError):
    """The styles of this page cost more than a page may."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """One property with its value, parsed. A value of None is the property's default."""

    name: str
    value: CssValue
    important: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleRule:
    """One selector of a style rule, with what it declares."""

    tree: Any
    specificity: tuple[int, int, int]
    declarations: tuple[Declaration, ...]
    plain: bool
    """Whether tag, class and id of an element decide alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextStyle:
    """How text at one place looks; inherited from parent to child."""

    gone: bool = False
    """For good: no child can be seen either."""
    hidden: bool = False
    """By `visibility`, which a child may take back."""
    size: float = 16.0
    """CSS pixels."""
    color: Color = BLACK
    ground: Color | None = WHITE
    """What the text stands on; None: a picture, so that no colour is like it."""
    opacity: float = 1.0
    lines_kept: bool = False
    """Line breaks of the source are line breaks (`pre`)."""
    seen: bool = True
    """What follows from all of these."""


PLAIN = TextStyle()


class Signature(NamedTuple):
    """What a plain rule can know of an element, and its own style: the same for many elements of a
    page.
    """

    tag: str
    classes: str
    id: str
    style: str
    hints: tuple[tuple[str, str], ...]
    """Attributes that are styles of old."""


HINTS = frozenset(("bgcolor", "background", "color", "text", "hidden"))
OPERATORS: Mapping[str, Callable[[str, str], bool]] = MappingProxyType(
    {
        "exists": lambda _found, _wanted: True,
        "=": lambda found, wanted: found == wanted,
        "~=": lambda found, wanted: wanted in found.split(),
        "|=": lambda found, wanted: found == wanted or found.startswith(f"{wanted}-"),
        "^=": lambda found, wanted: bool(wanted) and found.startswith(wanted),
        "$=": lambda found, wanted: bool(wanted) and found.endswith(wanted),
        "*=": lambda found, wanted: bool(wanted) and wanted in found,
    }
)
NOTHING: Mapping[str, CssValue] = MappingProxyType({})


@dataclass(kw_only=True)
class Styles:
    """The style elements of one page."""

    rules: tuple[StyleRule, ...]
    by_key: Mapping[str, tuple[int, ...]] = field(init=False)
    steps: int = field(default=0, init=False)
    _plain: dict[Signature, tuple[Mapping[str, CssValue], tuple[int, ...]]] = field(
        default_factory=dict, init=False
    )
    _looks: dict[tuple[TextStyle, Signature], TextStyle] = field(default_factory=dict, init=False)
    _places: dict[Any, dict[Any, tuple[int, int]]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        keys: dict[str, list[int]] = {}
        for number, rule in enumerate(self.rules):
            keys.setdefault(_key(rule.tree), []).append(number)
        self.by_key = {key: tuple(numbers) for key, numbers in keys.items()}

    def look(self, element: Any, above: TextStyle) -> tuple[Mapping[str, CssValue], TextStyle]:
        """The properties of an element, and how its text looks."""
        attributes = element.items()
        if not attributes and element.tag not in self.by_key and "*" not in self.by_key:
            return NOTHING, above
        signature = _signature(element.tag, attributes)
        known = self._plain.get(signature)
        if known is None:
            known = self._plain[signature] = self._read(element, signature)
        properties, open_rules = known
        if open_rules:
            properties = self._cascade(element, signature, open_rules)
            return properties, inherit(above, properties) if properties else above
        if not properties:
            return properties, above
        look = self._looks.get((above, signature))
        if look is None:
            look = self._looks[above, signature] = inherit(above, properties)
        return properties, look

    def _read(
        self, element: Any, signature: Signature
    ) -> tuple[Mapping[str, CssValue], tuple[int, ...]]:
        """What plain rules say of such an element, and the rules that depend on where it stands."""
        candidates = self._candidates(signature)
        if any(not self.rules[number].plain for number in candidates):
            return NOTHING, candidates
        return self._cascade(element, signature, candidates), ()

    def _candidates(self, signature: Signature) -> tuple[int, ...]:
        keys = ["*", signature.tag]
        keys += [f".{name}" for name in signature.classes.split()]
        if signature.id:
            keys.append(f"#{signature.id}")
        return tuple(sorted({number for key in keys for number in self.by_key.get(key, ())}))

    def _cascade(
        self, element: Any, signature: Signature, candidates: Sequence[int]
    ) -> Mapping[str, CssValue]:
        if not candidates and not signature.style and not signature.hints:
            return NOTHING
        said: list[tuple[tuple[bool, int, tuple[int, int, int]], Declaration]] = [
            ((False, 0, (0, 0, 0)), declaration) for declaration in _hinted(signature)
        ]
        for number in candidates:
            rule = self.rules[number]
            if self._matches(rule.tree, element):
                said += [((one.important, 1, rule.specificity), one) for one in rule.declarations]
        said += [((one.important, 2, (0, 0, 0)), one) for one in declarations(signature.style)]
        said.sort(key=lambda entry: entry[0])  # stable: of equals the later counts
        return {declaration.name: declaration.value for _, declaration in said}

    def _matches(self, tree: Any, element: Any) -> bool:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise TooComplexError("its style sheets need too many steps")
        match type(tree).__name__:
            case "Element":
                return tree.element is None or element.tag == tree.element.lower()
            case "CombinedSelector":
                return self._matches(tree.subselector, element) and any(
                    self._matches(tree.selector, other)
                    for other in self._related(tree.combinator, element)
                )
            case _:
                return self._is(tree, element) and self._matches(tree.selector, element)

    def _is(self, tree: Any, element: Any) -> bool:
        """Whether the last simple selector of a compound fits."""
        match type(tree).__name__:
            case "Class":
                return tree.class_name in (element.get("class") or "").split()
            case "Hash":
                return bool(element.get("id") == tree.id)
            case "Attrib":
                return _has_attribute(tree, element)
            case "Pseudo":
                return self._pseudo(tree.ident, element)
            case "Function":
                return self._function(tree, element)
            case "Negation":
                return not self._matches(tree.subselector, element)
            case "Matching" | "SpecificityAdjustment":
                return any(self._matches(one, element) for one in tree.selector_list)
            case _:  # :has() and what comes after it
                return False

    def _related(self, combinator: str, element: Any) -> Iterable[Any]:
        match combinator:
            case " ":
                return element.iterancestors()  # type: ignore[no-any-return]
            case ">":
                return islice(element.iterancestors(), 1)
            case "+":
                return islice(element.itersiblings(preceding=True), 1)
            case _:
                return element.itersiblings(preceding=True)  # type: ignore[no-any-return]

    def _pseudo(self, name: str, element: Any) -> bool:
        """Pseudo-classes of structure; what needs a mouse or a history is never so."""
        match name.lower():
            case "root":
                return element.getparent() is None
            case "first-child":
                return element.getprevious() is None
            case "last-child":
                return element.getnext() is None
            case "only-child":
                return element.getprevious() is None and element.getnext() is None
            case "empty":
                return len(element) == 0 and not element.text
            case "link" | "any-link":
                return element.tag == "a" and element.get("href") is not None
            case _:
                return False

    def _function(self, tree: Any, element: Any) -> bool:
        """`:nth-child(2n+1)` and `:nth-last-child(…)`."""
        if tree.name not in ("nth-child", "nth-last-child"):
            return False
        try:
            step, start = cssselect.parser.parse_series(tree.arguments)
        except ValueError:
            return False
        first, last = self._place(element)
        place = (first if tree.name == "nth-child" else last) - start
        return place == 0 if step == 0 else place % step == 0 and place // step >= 0

    def _place(self, element: Any) -> tuple[int, int]:
        """Which child of its parent an element is, from the first and from the last, counted from
        1. Counted once a parent.
        """
        parent = element.getparent()
        if parent is None:
            return 1, 1
        if parent not in self._places:
            count = len(parent)
            self.steps += count
            self._places[parent] = {
                child: (number, count - number + 1) for number, child in enumerate(parent, start=1)
            }
        return self._places[parent][element]


def styles_of(sheets: Iterable[str]) -> Styles:
    """The style elements of a page, in their order. Raises TooComplexError."""
    texts = tuple(sheets)
    if sum(map(len, texts)) > MAX_CSS:
        raise TooComplexError("its style sheets need too many steps")
    rules = [
        rule
        for text in texts
        for rule in (_cached_rules(text) if len(text) <= CACHED_CSS else _rules(text))
    ]
    return Styles(rules=tuple(rules))


def inherit(above: TextStyle, properties: Mapping[str, CssValue]) -> TextStyle:
    """How text inside an element looks, from how it looks around it and what the element
    declares.
    """
    size = _size(properties.get("font-size"), above.size)
    color = properties.get("color")
    color = color if isinstance(color, tuple) else above.color
    ground = _ground(properties, above)
    visibility = properties.get("visibility")
    hidden = above.hidden if visibility is None else visibility != "visible"
    opacity = properties.get("opacity")
    opacity = above.opacity * (opacity if isinstance(opacity, float) else 1.0)
    spaces = properties.get("white-space")
    gone = above.gone or _gone(properties, size) or opacity <= UNSEEN_OPACITY
    seen = not (
        gone
        or hidden
        or size <= UNSEEN_SIZE
        or color[3] <= UNSEEN_OPACITY
        or (ground is not None and _contrast(_over(color, ground), ground) < UNSEEN_CONTRAST)
    )
    return TextStyle(
        gone=gone,
        hidden=hidden,
        size=size,
        color=color,
        ground=ground,
        opacity=opacity,
        lines_kept=above.lines_kept if spaces is None else str(spaces).startswith(("pre", "break")),
        seen=seen,
    )


def _gone(properties: Mapping[str, CssValue], size: float) -> bool:
    """Whether an element takes itself and everything in it from the page."""
    if (
        properties.get("display") == "none"
        or properties.get("mso-hide") == "all"
        or properties.get("content-visibility") == "hidden"
        or "nothing" in properties.values()
    ):
        return True
    lengths = {
        name: length
        for name, value in properties.items()
        if (length := _pixels(value, size)) is not None
    }
    return _too_small(properties, lengths) or _far_away(properties, lengths)


def _too_small(properties: Mapping[str, CssValue], lengths: Mapping[str, float]) -> bool:
    if properties.get("overflow-x") is None and properties.get("overflow-y") is None:
        return False
    sides = ("height", "max-height", "width", "max-width")
    return any(name in lengths and lengths[name] <= UNSEEN_SIZE for name in sides)


def _far_away(properties: Mapping[str, CssValue], lengths: Mapping[str, float]) -> bool:
    moved: tuple[str, ...] = ("text-indent", "margin-left", "margin-top")
    if properties.get("position") not in (None, "static"):
        moved += ("left", "top", "right", "bottom")
    return any(lengths.get(name, 0.0) <= FAR_AWAY for name in moved)


def _ground(properties: Mapping[str, CssValue], above: TextStyle) -> Color | None:
    if properties.get("background-image") == "image":
        return None
    color = properties.get("background-color")
    if not isinstance(color, tuple):
        return above.ground
    if color[3] >= 1:
        return color
    return _over(color, above.ground) if above.ground is not None else None


def _size(value: CssValue, above: float) -> float:
    if isinstance(value, float):
        return value
    if isinstance(value, str) and value.endswith("em"):
        return above * float(value[:-2])
    return above


def _pixels(value: CssValue, size: float) -> float | None:
    if isinstance(value, float):
        return value
    return size * float(value[:-2]) if isinstance(value, str) and value[-2:] == "em" else None


def _over(color: Color, ground: Color) -> Color:
    """A colour that lets its ground through, as it is seen."""
    alpha = color[3]
    red, green, blue = (
        part * alpha + below * (1 - alpha)
        for part, below in zip(color[:3], ground[:3], strict=True)
    )
    return red, green, blue, 1.0


@lru_cache(maxsize=512)
def _contrast(one: Color, other: Color) -> float:
    """WCAG 2.1: (lighter + 0.05) / (darker + 0.05) of the relative luminances."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: Color) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color[:3]
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _signature(tag: str, attributes: Iterable[tuple[str, str]]) -> Signature:
    found: dict[str, str] = {}
    hints: list[tuple[str, str]] = []
    for name, value in attributes:
        if name in HINTS:
            hints.append((name, value))
        else:
            found[name] = value
    return Signature(
        tag, found.get("class", ""), found.get("id", ""), found.get("style", ""), tuple(hints)
    )


def _has_attribute(tree: Any, element: Any) -> bool:
    found = element.get(str(tree.attrib).lower())
    if found is None:
        return False
    wanted = tree.value.value if tree.value is not None else ""
    test = OPERATORS.get(tree.operator)
    return test is not None and test(found, wanted)


def _key(tree: Any) -> str:
    """What an element must have for a selector to fit: `#id`, `.class`, a tag, or `*` for any."""
    node = tree
    tag = "*"
    while True:
        match type(node).__name__:
            case "CombinedSelector":
                node = node.subselector
            case "Hash":
                return f"#{node.id}"
            case "Class":
                return f".{node.class_name}"
            case "Element":
                return str(node.element).lower() if node.element else tag
            case _:
                node = getattr(node, "selector", None)
                if node is None:
                    return tag


def _is_plain(tree: Any) -> bool:
    while type(tree).__name__ in ("Class", "Hash"):
        tree = tree.selector
    return type(tree).__name__ == "Element"


@lru_cache(maxsize=64)
def _cached_rules(css: str) -> tuple[StyleRule, ...]:
    return _rules(css)


def _rules(css: str) -> tuple[StyleRule, ...]:
    found: list[StyleRule] = []
    pending = list(
        reversed(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True))
    )
    while pending:
        node = pending.pop()
        if node.type == "qualified-rule":
            stated = _declarations(node.content)
            if stated:
                found.extend(_rule(tree, stated) for tree in _selectors(node.prelude))
        elif node.type == "at-rule" and node.content is not None and _applies(node):
            inner = tinycss2.parse_blocks_contents(
                node.content, skip_comments=True, skip_whitespace=True
            )
            pending.extend(reversed(inner))
    return tuple(found)


def _applies(rule: Any) -> bool:
    name = rule.lower_at_keyword
    return name in ("supports", "layer") or (name == "media" and screen(rule.prelude))


def _rule(selector: Any, stated: tuple[Declaration, ...]) -> StyleRule:
    return StyleRule(
        tree=selector.parsed_tree,
        specificity=selector.specificity(),
        declarations=stated,
        plain=_is_plain(selector.parsed_tree),
    )


def _selectors(prelude: Sequence[Any]) -> list[Any]:
    """The selectors of a rule; none when one of them is not understood, as CSS has it."""
    try:
        text = tinycss2.serialize(prelude)
        if len(text) > MAX_SELECTOR * 8:
            return []
        selectors = cssselect.parse(text)
    except (cssselect.SelectorError, ValueError, RecursionError):
        return []
    return [one for one in selectors if one.pseudo_element is None][:MAX_SELECTOR]


def declarations(style: str) -> tuple[Declaration, ...]:
    """What a style attribute declares, of the properties that matter here."""
    if not style:
        return ()
    return _cached_declarations(style) if len(style) <= CACHED_STYLE else _declarations(style)


@lru_cache(maxsize=4096)
def _cached_declarations(style: str) -> tuple[Declaration, ...]:
    return _declarations(style)


def _declarations(source: str | Sequence[Any]) -> tuple[Declaration, ...]:
    found: list[Declaration] = []
    for node in tinycss2.parse_blocks_contents(source, skip_comments=True, skip_whitespace=True):
        if node.type != "declaration":
            continue
        found.extend(_declared(node))
    return tuple(found)


def _declared(node: Any) -> Iterable[Declaration]:
    tokens = [one for one in node.value if one.type not in ("whitespace", "comment")]
    for name, read in VALUES.get(node.lower_name, ()):
        known, value = read(tokens)
        if known:
            yield Declaration(name, value, node.important)


def _hinted(signature: Signature) -> Iterable[Declaration]:
    for name, value in signature.hints:
        match name:
            case "hidden":
                yield Declaration("display", "none", important=False)
            case "background":
                yield Declaration("background-image", "image", important=False)
            case "color" | "text" if name == "text" or signature.tag == "font":
                yield from declarations(f"color:{_old_color(value)}")
            case "bgcolor":
                yield from declarations(f"background-color:{_old_color(value)}")


def _old_color(value: str) -> str:
    """`ffffff` is a colour in an attribute."""
    text = value.strip()
    return f"#{text}" if len(text) == 6 and not text.startswith("#") and _is_hex(text) else text


def _is_hex(text: str) -> bool:
    return all(sign in "0123456789abcdefABCDEF" for sign in text)

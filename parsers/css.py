"""Values of the CSS properties that can hide text, and the media a person at a desk has.

A reader takes the tokens of a declaration and says whether CSS knows that value, and what it is:
lengths in CSS pixels
(or `…em` of the letters), colours as red, green, blue and alpha of 0 to 1, else a word; None is the
default.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from tinycss2 import color4

CssValue = str | float | tuple[float, float, float, float] | None
ValueReader = Callable[[Sequence[Any]], tuple[bool, CssValue]]

WIDTH = 1024.0
"""CSS pixels of the window that a mail is read in; rules for telephones alone do not count."""
HEIGHT = 768.0
PIXELS = {
    "px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4,
    "q": 96 / 101.6,
    "rem": 16.0, "vw": WIDTH / 100, "vh": HEIGHT / 100,
    "vmin": HEIGHT / 100, "vmax": WIDTH / 100,
}  # fmt: skip
RELATIVE = {"em": 1.0, "ex": 0.5, "ch": 0.5, "lh": 1.2}
NAMED_SIZES = {
    "xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0,
    "xx-large": 32.0, "xxx-large": 48.0,
}  # fmt: skip
DEFAULTS = frozenset(("inherit", "initial", "unset", "revert", "revert-layer"))
DISPLAYS = (  # noqa: SIM905 - a list of words
    "none block inline inline-block flex inline-flex grid inline-grid table inline-table table-row"
    " table-cell table-row-group table-header-group table-footer-group table-caption table-column"
    " table-column-group list-item contents flow-root run-in -webkit-box -webkit-flex"
).split()
SCREEN = (
    ("prefers-color-scheme", "light"),
    ("orientation", "landscape"),
    ("hover", "hover"),
    ("pointer", "fine"),
)
UNKNOWN: tuple[bool, CssValue] = (False, None)


def _words(*known: str) -> ValueReader:
    """One of some words."""
    allowed = frozenset(known)

    def read(tokens: Sequence[Any]) -> tuple[bool, CssValue]:
        word = _word(tokens)
        return (True, word) if word in allowed else (True, None) if word in DEFAULTS else UNKNOWN

    return read


def _struck(tokens: Sequence[Any]) -> tuple[bool, CssValue]:
    """Whether a line goes through the text, among other lines and their colours."""
    words = {token.lower_value for token in tokens if token.type == "ident"}
    return (True, "line-through" if "line-through" in words else None)


def _word(tokens: Sequence[Any]) -> str:
    """The one word that a value is, else nothing."""
    return str(tokens[0].lower_value) if len(tokens) == 1 and tokens[0].type == "ident" else ""


def length(token: Any) -> CssValue:
    """Pixels, `…em`, or None for anything else; of shares only 0 can be told."""
    if token.type in ("number", "percentage", "dimension") and not token.value:
        return 0.0
    if token.type != "dimension":
        return None
    if token.lower_unit in PIXELS:
        return float(token.value * PIXELS[token.lower_unit])
    share = RELATIVE.get(token.lower_unit)
    return f"{token.value * share}em" if share else None


def _length(tokens: Sequence[Any]) -> tuple[bool, CssValue]:
    if len(tokens) != 1:
        return UNKNOWN
    if tokens[0].type in ("ident", "function"):  # auto, max-content, calc(…)
        return True, None
    return True, length(tokens[0])


def _font_size(tokens: Sequence[Any]) -> tuple[bool, CssValue]:
    if len(tokens) != 1:
        return UNKNOWN
    token = tokens[0]
    match token.type:
        case "ident":
            word = token.lower_value
            return (
                (True, NAMED_SIZES.get(word))
                if word in NAMED_SIZES or word in DEFAULTS
                else UNKNOWN
            )
        case "percentage":
            return True, f"{token.value / 100}em"
        case "function":
            return True, None
        case _:
            value = length(token)
            return (True, value) if value is not None else UNKNOWN


def _font(tokens: Sequence[Any]) -> tuple[bool, CssValue]:
    """The size in `font: bold 12px/1.4 Arial`, which stands before the slash or the family."""
    for token in tokens:
        if token.type in ("dimension", "percentage") or (
            token.type == "number" and not token.value
        ):
            return _font_size([token])
        if token.type == "ident" and token.lower_value in NAMED_SIZES:
            return _font_size([token])
    return (True, None) if _word(tokens) in DEFAULTS else UNKNOWN


def color(token: Any) -> tuple[float, float, float, float] | None:
    if token.type not in ("ident", "hash", "function"):
        return None
    try:
        found = color4.parse_color(token)
        if found is None or isinstance(found, str) or found.space not in ("srgb", "hsl", "hwb"):
            return None
        red, green, blue, alpha = (float(part or 0) for part in tuple(found.to("srgb"))[:4])
    except (ValueError, TypeError, NotImplementedError, ArithmeticError):
        return None
    return red, green, blue, alpha


def _color(tokens: Sequence[Any]) -> tuple[bool, CssValue]:
    if len(tokens) != 1:
        return UNKNOWN
    found = color(tokens[0])
    if found is not None:
        return True, found
    return (True, None) if _word(tokens) in DEFAULTS | {"currentcolor"} else UNKNOWN


def _background_color(tokens: Sequence[Any]) -> tuple[bool, CssValue]:
    """The colour in `background: url(a.png) no-repeat #fff`."""
    return True, next((found for token in tokens if (found := color(token)) is not None), None)


def _image(tokens: Sequence[Any]) -> tuple[bool, CssValue]:
    return True, "image" if any(map(_paints, tokens)) else None


PAINTING = re.compile(r"^url$|gradient|image")


def _paints(token: Any) -> bool:
    if token.type != "function":
        return bool(token.type == "url")
    return PAINTING.search(token.lower_name) is not None


def _share(tokens: Sequence[Any]) -> tuple[bool, CssValue]:
    """0.4 or 40 %."""
    if len(tokens) == 1 and tokens[0].type == "number":
        return True, float(tokens[0].value)
    if len(tokens) == 1 and tokens[0].type == "percentage":
        return True, float(tokens[0].value / 100)
    return (True, None) if _word(tokens) in DEFAULTS else UNKNOWN


def _overflow(tokens: Sequence[Any]) -> tuple[bool, CssValue]:
    words = [token.lower_value for token in tokens if token.type == "ident"]
    return True, next((word for word in words if word in ("hidden", "clip")), None)


def _numbers(token: Any) -> list[float]:
    return [
        float(one.value)
        for one in token.arguments
        if one.type in ("number", "dimension", "percentage")
    ]


def _clip(tokens: Sequence[Any]) -> tuple[bool, CssValue]:
    """`rect(0 0 0 0)`, `rect(1px 1px 1px 1px)`, `inset(50%)`, `circle(0)`: a hole without size."""
    for token in tokens:
        if token.type != "function":
            continue
        numbers = _numbers(token)
        small = max(map(abs, numbers), default=2) <= 1
        half = min(numbers, default=0) >= 50
        match token.lower_name:
            case "rect" | "circle" | "ellipse" if small:
                return True, "nothing"
            case "inset" if half:
                return True, "nothing"
    return True, None


def _transform(tokens: Sequence[Any]) -> tuple[bool, CssValue]:
    """`scale(0)` and what moves far away."""
    for token in tokens:
        if token.type != "function":
            continue
        if _takes_away(token.lower_name, _numbers(token)):
            return True, "nothing"
    return True, None


def _takes_away(name: str, numbers: Sequence[float]) -> bool:
    if name.startswith("scale"):
        return 0 in numbers
    return name.startswith("translate") and min(numbers, default=0) <= -400


def _filter(tokens: Sequence[Any]) -> tuple[bool, CssValue]:
    for token in tokens:
        if (
            token.type == "function"
            and token.lower_name in ("opacity", "alpha")
            and 0 in _numbers(token)
        ):
            return True, "nothing"
    return True, None


VALUES: Mapping[str, tuple[tuple[str, ValueReader], ...]] = MappingProxyType(
    {
        "display": (("display", _words(*DISPLAYS)),),
        "visibility": (("visibility", _words("visible", "hidden", "collapse")),),
        "opacity": (("opacity", _share),),
        "font-size": (("font-size", _font_size),),
        "font": (("font-size", _font),),
        "color": (("color", _color),),
        "background-color": (("background-color", _color),),
        "background-image": (("background-image", _image),),
        "background": (("background-color", _background_color), ("background-image", _image)),
        "overflow": (("overflow-x", _overflow), ("overflow-y", _overflow)),
        "overflow-x": (("overflow-x", _overflow),),
        "overflow-y": (("overflow-y", _overflow),),
        "position": (
            ("position", _words("static", "relative", "absolute", "fixed", "sticky")),
        ),
        "float": (("float", _words("none", "left", "right")),),
        "flex-direction": (
            ("flex-direction", _words("row", "row-reverse", "column", "column-reverse")),
        ),
        "white-space": (
            (
                "white-space",
                _words("normal", "nowrap", "pre", "pre-wrap", "pre-line", "break-spaces"),
            ),
        ),
        "content-visibility": (("content-visibility", _words("visible", "hidden", "auto")),),
        "mso-hide": (("mso-hide", _words("all", "none")),),
        "clip": (("clip", _clip),),
        "clip-path": (("clip-path", _clip),),
        "transform": (("transform", _transform),),
        "filter": (("filter", _filter),),
        "text-decoration": (("text-decoration", _struck),),
        "text-decoration-line": (("text-decoration", _struck),),
        **{
            name: ((name, _length),)
            for name in (
                "height", "max-height", "width", "max-width", "left", "top", "right", "bottom",
                "text-indent", "margin-left", "margin-top",
            )
        },
    }
)  # fmt: skip


def screen(prelude: Sequence[Any]) -> bool:
    """Whether a list of media queries holds for a wide, bright screen: one of them must."""
    return any(_query(query) for query in _split(prelude))


def _split(tokens: Sequence[Any]) -> Iterator[list[Any]]:
    query: list[Any] = []
    for token in tokens:
        if token.type == "literal" and token.value == ",":
            yield query
            query = []
        elif token.type not in ("whitespace", "comment"):
            query.append(token)
    yield query


def _query(tokens: Sequence[Any]) -> bool:
    wanted = True
    for token in tokens:
        if token.type == "ident":
            match token.lower_value:
                case "not":
                    wanted = not wanted
                case "only" | "and" | "all" | "screen":
                    pass
                case _:  # print, speech, `or`, and what nobody has
                    return not wanted
        elif token.type != "() block" or not _feature(token.content):
            return not wanted
    return wanted


def _feature(content: Sequence[Any]) -> bool:
    """`max-width: 600px`, `width <= 600px`, `prefers-color-scheme: dark`."""
    tokens = [token for token in content if token.type not in ("whitespace", "comment")]
    if not tokens or tokens[0].type != "ident":
        return False
    name = tokens[0].lower_value.replace("device-", "")
    asked = [token for token in tokens[1:] if token.type != "literal"]
    if not asked:
        return name in ("width", "height", "color", "hover", "pointer")
    number = length(asked[0])
    if number is None:
        word = asked[0].lower_value if asked[0].type == "ident" else ""
        return (name, word) in SCREEN
    signs = "".join(str(token.value) for token in tokens[1:] if token.type == "literal")
    pixels = number if isinstance(number, float) else 16 * float(str(number).removesuffix("em"))
    return _reaches(name, signs, pixels)


def _reaches(name: str, signs: str, pixels: float) -> bool:
    side = name.removeprefix("min-").removeprefix("max-")
    ours = {"width": WIDTH, "height": HEIGHT}.get(side)
    if ours is None:
        return False
    if name.startswith("min-") or signs.startswith(">"):
        return ours >= pixels
    if name.startswith("max-") or signs.startswith("<"):
        return ours <= pixels
    return ours == pixels

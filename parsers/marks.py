"""What a mail says without any language: numbers in its links and in its text."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

from parsers.identifiers import normal, shape_of
from parsers.pack import Pack
from parsers.text import Link

MASK = re.compile(r"(?<![A-Za-z0-9*])(?:\d[\d-]{0,12})?\*{3,}[\d*-]{0,18}")
NUMBER_LIST = re.compile(r"[,;\s]+")
PARCEL = re.compile(r"(?=(?:[A-Z]*\d){6})[A-Z0-9]{8,30}")
SHORT_GROUP = re.compile(r"[A-Z]{1,3}")
"""Letters alone in a printed number: RR 123 456 785 GB."""
CASE = re.compile(r"[\w-]{6,40}")
PARCEL_IN_LINE = re.compile(r"(?<![A-Za-z0-9-])[A-Z0-9]{8,30}(?![A-Za-z0-9-])")
LONGER = re.compile(r"[\d-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The numbers one link carries."""

    orders: tuple[str, ...]
    tracking: tuple[str, ...]
    packages: tuple[str, ...]
    cases: tuple[str, ...]
    line: int


def in_links(links: Iterable[Link], pack: Pack) -> tuple[Named, ...]:
    """What each link of the marketplace's own hosts carries in its parameters."""
    roles = {name: kind for kind, names in pack.file.links.items() for name in names}
    named = (
        _named(link, roles, pack) for link in links if "=" in link.url and is_own(link.url, pack)
    )
    return tuple(one for one in named if one.orders or one.tracking or one.packages or one.cases)


def _named(link: Link, roles: Mapping[str, str], pack: Pack) -> Named:
    found = _by_role(link, roles)
    parcels = [normal(number) for number in found.get("tracking", [])]
    tracking, packages = sort_parcels(filter(PARCEL.fullmatch, parcels), pack)
    orders = found.get("order", [])
    return Named(
        orders=tuple(one for one in orders if pack.order.fullmatch(one) or _short(one, pack)),
        tracking=tracking,
        packages=(*packages, *found.get("package", [])),
        cases=tuple(filter(CASE.fullmatch, found.get("case", []))),
        line=link.line,
    )


def _by_role(link: Link, roles: Mapping[str, str]) -> Mapping[str, list[str]]:
    """The numbers of a link by what they are; none of a link that cannot be taken apart."""
    found: dict[str, list[str]] = {}
    with suppress(ValueError):
        for name, value in link.parameters():
            if name in roles:
                parts = (part for part in NUMBER_LIST.split(value.strip()) if part)
                found.setdefault(roles[name], []).extend(parts)
    return found


def parameters(link: Link, names: Iterable[str]) -> tuple[str, ...]:
    """The values of these parameters of a link; none of one that cannot be taken apart."""
    with suppress(ValueError):
        return tuple(value.strip() for name, value in link.parameters() if name in names)
    return ()


def sort_parcels(numbers: Iterable[str], pack: Pack) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tracking numbers, and the marketplace's own parcel ids."""
    tracking: list[str] = []
    packages: list[str] = []
    for number in numbers:
        own = bool(pack.package.fullmatch(number)) and shape_of(number) is None
        (packages if own else tracking).append(number)
    return tuple(tracking), tuple(packages)


def is_parcel(text: str) -> bool:
    """Whether the text is one number, be it printed in groups; no words may follow it."""
    if not PARCEL.fullmatch(normal(text)):
        return False
    groups = re.split(r"[\s-]+", text.strip())
    return all(any(sign.isdigit() for sign in one) or SHORT_GROUP.fullmatch(one) for one in groups)


def orders_in_line(line: str, pack: Pack) -> Iterator[str]:
    """Order numbers in a line: known by their shape alone, or behind a word for “order”."""
    if pack.file.order_alone:
        for match in pack.order.finditer(line):
            beside = line[max(match.start() - 1, 0) : match.start()] + line[match.end() :][:1]
            if not any(map(LONGER.match, beside)):
                yield match[0]
        return
    for match in pack.named.finditer(line):
        yield match[1]


def masked_in_line(line: str) -> tuple[str, ...]:
    """Numbers hidden behind stars, as printed."""
    return (
        tuple(match[0].replace("＊", "*") for match in MASK.finditer(line))
        if "***" in line or "＊＊＊" in line
        else ()
    )


def merge_orders(groups: Sequence[Iterable[str]]) -> tuple[str, ...]:
    """Order numbers of several places, each once; a form that lost its first digits gives way to
    the longer one.
    """
    out: list[str] = []
    for number in dict.fromkeys(chain.from_iterable(groups)):
        if not any(known.endswith(number) for known in out):
            out.append(number)
    return tuple(out)


def is_own(url: str, pack: Pack) -> bool:
    """Whether a link leads to one of the marketplace's own hosts."""
    host = (
        url.split("/", 3)[2].lower().rpartition("@")[2].split(":")[0] if url.count("/") >= 2 else ""
    )
    return any(host == store or host.endswith("." + store) for store in pack.file.stores)


def _short(number: str, pack: Pack) -> bool:
    return not pack.file.order_alone and bool(re.fullmatch(r"\d{12,19}", number))


def by_parcel(named: Iterable[Named]) -> Mapping[str, tuple[Named, ...]]:
    """Links that name both a parcel and its orders, by parcel: a merged mail has one a parcel."""
    groups: dict[str, list[Named]] = {}
    for one in named:
        for number in (*one.tracking, *one.packages):
            if one.orders:
                groups.setdefault(number, []).append(one)
    return {number: tuple(group) for number, group in groups.items()}

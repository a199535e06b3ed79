"""Every pack.yaml there is: the shipped ones, and a person's own with what is wrong in them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from pathlib import Path

from parsers.bundled_yaml import read_bundled
from parsers.packfile import PackFile
from parsers.shapes import compiled, meeting
from parsers.user_yaml import Document, Fault, UserFileError, check, read

HERE = Path(__file__).parent / "packs"
FILE = "pack.yaml"
LANGUAGES = "languages"
"""The folder beside packs that is none."""
DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z][a-z0-9-]{0,61}[a-z0-9]")

PLAIN = re.compile(r"(?:#(?:\*[0-9-]++)?+|[0-9])++")
"""A shape of digits alone."""

Files = Mapping[str, PackFile]


@cache
def shipped_files() -> Files:
    """By the name of the marketplace. A fault in one is one of ours and is raised as it comes."""
    paths = sorted(HERE.glob(f"*/{FILE}"))
    return {path.parent.name: PackFile.model_validate(read_bundled(path).tree) for path in paths}


def folders(packs: Path) -> list[Path]:
    """The folders of marketplaces in a folder of packs."""
    try:
        return sorted(one for one in packs.iterdir() if one.is_dir() and one.name != LANGUAGES)
    except OSError:
        return []


def own_files(packs: Path, faults: list[Fault]) -> Files:
    """By the name of the marketplace, those of a person's packs that are right; what is wrong with
    the others is added to `faults`. A folder of a shipped marketplace needs none.
    """
    found: dict[str, PackFile] = {}
    for folder in folders(packs):
        path = folder / FILE
        if path.exists():
            known = {**shipped_files(), **found}
            file = _read(path, known, faults)
            found |= {} if file is None else {folder.name: file}
        elif folder.name not in shipped_files():
            what = "no such file; a pack needs its pack.yaml, as docs/packs.md shows"
            faults.append(Fault(file=str(path), line=0, column=0, what=what))
    return found


def _read(path: Path, known: Files, faults: list[Fault]) -> PackFile | None:
    try:
        document = read(path)
    except UserFileError as error:
        faults.extend(error.faults)
        return None
    file, wrong = check(document, PackFile)
    others = {name: one for name, one in known.items() if name != path.parent.name}
    slips = [*wrong, *(_slips(document, file, path.parent.name, others) if file else ())]
    faults.extend(slips)
    return None if slips else file


def _slips(document: Document, file: PackFile, folder: str, others: Files) -> Iterator[Fault]:
    """What each key for itself does not show."""
    if file.marketplace != folder:
        what = f"the folder is called {folder!r}; give both the same name"
        yield document.fault(["marketplace"], what)
    for look in (_missing, _domains, _addresses, _numbers):
        for path, what in look(file):
            yield document.fault(path, what, at_key=path[0] == "stores")
    for path, what in _taken(file, others):
        yield document.fault(path, what, at_key=path[0] == "stores")


Slips = Iterator[tuple[Sequence[str | int], str]]
"""Path to a value, and what is wrong with it."""


def _missing(file: PackFile) -> Slips:
    if not file.stores:
        yield (
            ["stores"],
            "no store; write the domains that send its mail, such as minatoya.example",
        )
    if not any(dict(file.senders).values()):
        yield (
            ["senders"],
            "no sender; write what stands before the @ of its addresses: transactional: ['orders']",
        )
    if not file.order:
        yield ["order"], "no shape of its order numbers; write one such as ['MN-####-######']"


def _domains(file: PackFile) -> Slips:
    for store in file.stores:
        if not DOMAIN.fullmatch(store):
            yield (
                ["stores", store],
                f"{store!r} is no domain; write it small, such as minatoya.example",
            )


def _addresses(file: PackFile) -> Slips:
    listed = {prefix + store for prefix, store in product(("", *file.hosts), file.stores)}
    for group, addresses in dict(file.senders).items():
        for index, address in enumerate(addresses):
            host = address.partition("@")[2]
            if host and host not in listed:
                yield (
                    ["senders", group, index],
                    f"{host} is none of the stores, so its mail is nobody's; add it under stores:",
                )


def _numbers(file: PackFile) -> Slips:
    for index, shape in enumerate(file.order):
        if file.order_alone and PLAIN.fullmatch(shape):
            what = (
                f"{shape!r} is a number like any other, so order_alone: true would take every"
                " number for an order; leave it out and write its label under labels: of the"
                " phrases"
            )
            yield ["order", index], what
    if file.example and not compiled(file.order).fullmatch(file.example):
        yield ["example"], f"{file.example!r} has none of the shapes of order:"


def _taken(file: PackFile, others: Files) -> Slips:
    """What another marketplace has already."""
    for other in others.values():
        title = other.name or other.marketplace
        both = meeting(file.order, other.order)
        if both is not None:
            what = (
                f"{both[0]!r} also fits order numbers of {title} ({both[1]!r}), and nobody could"
                " tell whose one is; write the letters or hyphens that stand in yours"
            )
            yield ["order", file.order.index(both[0])], what
        for store in file.stores:
            if store in other.stores:
                yield ["stores", store], f"{store} sends the mail of {title} already; leave it out"

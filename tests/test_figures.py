"""What holds for the code itself: how long, branched and wide a function may be, and what a name may
say.
"""

import ast
import re
from collections import defaultdict

import pytest

from tests.figures import LIMITS, P90_COMPLEXITY, functions, p90, past, table, trees

TRADE = frozenset({"parcel", "verdict", "order", "case", "claim", "letter"})
PLUMBING = (
    "daemon.http",
    "daemon.logs",
    "daemon.mailbox",
    "daemon.push",
    "daemon.secrets",
    "daemon.service",
    "daemon.settings",
    "daemon.store",
    "daemon.units",
    "daemon.worker",
    "parsers.bundled_yaml",
    "parsers.charsets",
    "parsers.limits",
    "parsers.mail",
    "parsers.phrase",
    "parsers.text",
    "parsers.user_yaml",
)
OF_THE_TRADE = {
    "daemon.store.orders": "the table that holds the orders themselves",
    "daemon.store.orders.Orders": "reads and writes the orders themselves",
    "daemon.store.orders.OrderRow": "one row of that table",
}
"""Plumbing that may carry a word of the trade, since the very thing is meant."""


def classes():
    return [
        (module, node)
        for module, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    ]


def words(name):
    """`OrderRow` -> {"order", "row"}; the plural counts as its noun."""
    found = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}
    return found | {word.removesuffix("s") for word in found}


@pytest.mark.parametrize("limit", LIMITS)
def test_no_function_passes_the_limit_of(limit):
    assert past(limit) == {}


def test_nine_functions_of_ten_are_simple():
    assert p90(one.complexity for one in functions()) <= P90_COMPLEXITY


def test_the_figures_are_shown(record_property):
    shown = list(table())
    record_property("summary", "\n".join(shown))

    assert len(shown) == len(LIMITS) + 2


def test_a_public_class_name_stands_once_in_the_project():
    homes = defaultdict(list)
    for module, node in classes():
        if not node.name.startswith("_"):
            homes[node.name].append(module)

    assert {name: found for name, found in homes.items() if len(found) > 1} == {}


def test_every_exception_is_called_an_error():
    raised = {"Exception", "BaseException"}
    named = classes()
    while more := {
        node.name
        for _, node in named
        if node.name not in raised
        and any(
            base.split(".")[-1] in raised or re.search(r"(Error|Exception|Interrupt|Exit)$", base)
            for base in map(ast.unparse, node.bases)
        )
    }:
        raised |= more

    assert raised > {"Exception", "BaseException"}
    assert [
        f"{module}.{node.name}"
        for module, node in named
        if node.name in raised and not node.name.endswith("Error")
    ] == []


def test_no_plumbing_is_named_with_a_word_of_the_trade():
    rooms = [module for module, _ in trees() if module.startswith(PLUMBING)]
    named = [(module, module.split(".")[-1]) for module in rooms]
    named += [
        (f"{module}.{node.name}", node.name)
        for module, node in classes()
        if module.startswith(PLUMBING)
    ]

    assert {
        place for place in PLUMBING if not any(room.startswith(place) for room in rooms)
    } == set()
    assert {name for name, last in named if words(last) & TRADE} - set(OF_THE_TRADE) == set()

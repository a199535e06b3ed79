"""A clock over every expression that meets mail: input made to slow it grows fourfold, and so may
the time.
"""

import re

import pytest

from tests.parsers.expressions import SLOPE, Expression, expressions, slope

FOUND = expressions()
CUT = {
    "clauses.LAST_WORD": "24 signs before a predicate",
    "overreach:50": "how an order number is written, in a pack of ours",
}
"""Expressions that never see more than this, and need not be linear."""
OF_FILES = re.compile(r"pack\.|clauses\.[a-z]")
OURS = [name for name in FOUND if name not in CUT and not OF_FILES.match(name)]
DATA = [name for name in FOUND if name not in CUT and OF_FILES.match(name)]


def grows_too_fast(names):
    told = {name: slope(FOUND[name]) for name in names}
    return {name: found for name, found in told.items() if found[0] > SLOPE}


@pytest.mark.parametrize("name", OURS)
def test_time_grows_with_the_length_of_a_mail_and_no_faster(name):
    assert grows_too_fast([name]) == {}


@pytest.mark.soak
def test_nor_does_any_expression_made_from_packs_and_languages(record_property):
    found = grows_too_fast(DATA)

    record_property("summary", f"expressions: {len(OURS) + len(DATA)} timed, {len(found)} too slow")
    assert found == {}


def test_the_clock_sees_what_is_not_linear():
    addresses = Expression(pattern=re.compile(r"\w+@\w+"), methods=frozenset(["search"]))

    assert slope(addresses)[0] > SLOPE

"""The tree of errors, as it is drawn and as it ends commands."""

import ast
import re
from pathlib import Path

import pytest

from daemon.cli.exits import ENDS, Exit, foreseen
from parsers.errors import OrderbellError
from parsers.errors import __doc__ as drawn
from parsers.user_yaml import Fault, UserFileError

ROOT = Path(__file__).parents[3]
EXCEPTION = re.compile(r"(Error|^Exception)$")  # a BaseException is none: nothing may catch it


def defined():
    """Name → (module, names of its bases) of every exception of the project."""
    found = {}
    for room in ("parsers", "orders", "rules", "daemon"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef):
                    bases = [ast.unparse(base) for base in node.bases]
                    if not node.name.startswith("_") and any(map(EXCEPTION.search, bases)):
                        where = path.relative_to(ROOT).with_suffix("").as_posix()
                        found[node.name] = (where, bases)
    return found


ERRORS = defined()


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_is_of_the_tree_and_named_so(name):
    where, bases = ERRORS[name]

    assert name.endswith("Error")
    assert name == "OrderbellError" or any(base in ERRORS for base in bases)
    assert name == "OrderbellError" or re.search(rf"── {name} .*{where}$", drawn, re.MULTILINE)


def test_the_drawing_shows_nothing_that_is_not_there():
    assert set(re.findall(r"── (\w+)", drawn)) == ERRORS.keys() - {"OrderbellError"}


def test_every_error_has_its_row_in_the_table_of_ends():
    assert ENDS.keys() == ERRORS.keys() - {"OrderbellError", "ExitError"}


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (["/etc/rules.yaml"], Exit.RULES),
        (["/etc/config.yaml"], Exit.CONFIGURATION),
        (["/etc/rules.yaml", "/etc/config.yaml"], Exit.CONFIGURATION),
    ],
)
def test_faults_of_the_rules_alone_have_a_code_of_their_own(files, code):
    error = UserFileError([Fault(file=file, line=1, column=1, what="wrong") for file in files])

    assert foreseen(error, rules=Path("/etc/rules.yaml")).code is code


def test_what_is_not_of_the_tree_keeps_its_traceback():
    assert foreseen(KeyError("x")) is None
    assert foreseen(OrderbellError("it broke", "mend it")).sentences == ("it broke; mend it",)

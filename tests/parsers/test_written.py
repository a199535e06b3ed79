from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from parsers.user_yaml import UserFileError, check, duration, duration_text, parse, read


class Leaf(BaseModel):
    model_config = ConfigDict(extra="forbid")
    colour: str = "red"
    size: int = 1
    from_: str = Field(default="", alias="from")


class Tree(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    leaves: tuple[Leaf, ...] = Field(default=(), min_length=1)
    named: dict[str, Leaf] = {}
    one: Leaf | None = None
    open: bool = False


def faults(text):
    model, found = check(parse(text, "f.yaml"), Tree)

    assert model is None

    return [str(fault) for fault in found]


FAULTS = [
    ("nam: x\nname: x\n", ["f.yaml:1:1: unknown key 'nam'; did you mean 'name'?"]),
    (
        "name: x\nleaves: [{color: red}]\n",
        ["f.yaml:2:11: unknown key 'color'; did you mean 'colour'?"],
    ),
    (
        "name: x\nnamed: {a: {colr: red}}\n",
        ["f.yaml:2:13: unknown key 'colr'; did you mean 'colour'?"],
    ),
    ("name: x\none: {szie: 1}\n", ["f.yaml:2:7: unknown key 'szie'; did you mean 'size'?"]),
    ("name: x\none: {zzz: 1}\n", ["f.yaml:2:7: unknown key 'zzz'; known here: colour, size, from"]),
    ("name: x\none: 5\n", ["f.yaml:2:6: expected a map with keys such as colour, size, from"]),
    ("name: x\none: {size: big}\n", ["f.yaml:2:13: expected a whole number, not 'big'"]),
    ("name: [x]\n", ["f.yaml:1:7: expected text"]),
    ("leaves: [{}]\n", ["f.yaml:1:1: 'name' is missing; write name: …"]),
    ("name: x\nleaves: []\n", ["f.yaml:2:9: needs at least 1 entry"]),
    ("name: x\nleaves: [{size: big}]\n", ["f.yaml:2:17: expected a whole number, not 'big'"]),
    ("name: x\nopen: perhaps\n", ["f.yaml:2:7: expected true or false, not 'perhaps'"]),
    ("name: x\nnamed: [a]\n", ["f.yaml:2:8: expected a map (key: value)"]),
    ("", ["f.yaml:1:1: the file is empty"]),
]


@pytest.mark.parametrize(("text", "expected"), FAULTS, ids=lambda value: repr(value)[:40])
def test_a_mistake_is_told_with_its_place_and_what_to_try(text, expected):
    assert faults(text) == expected


def test_all_mistakes_of_a_file_are_told_at_once_in_their_order():
    text = "nme: x\nleaves:\n  - {size: big}\n  - {colur: red}\nopen: perhaps\n"

    assert [line.split(":")[1] for line in faults(text)] == ["1", "1", "3", "4", "5"]


REFUSED = [
    ("a: 1\na: 2\n", 'f.yaml:2:1: found duplicate key "a"; keep one'),
    (
        "a: &x 1\nb: *x\n",
        "f.yaml:1:4: anchors and aliases (& and *) are not allowed here; write the value out",
    ),
    ("a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document (---) in one file; keep one"),
    ("a" * (1 << 20) + "a", "f.yaml: larger than 1 MiB; is this the right file?"),
    (b"a: 1\nb: \xff\n", "f.yaml:2:1: not UTF-8; save the file as UTF-8"),
    ("a: " + "[" * 50, None),
    ("a: [1, 2\nb: 3\n", None),
]


@pytest.mark.parametrize(("text", "expected"), REFUSED, ids=lambda value: repr(value)[:30])
def test_what_no_person_wrote_is_refused(text, expected):
    with pytest.raises(UserFileError) as caught:
        parse(text, "f.yaml")

    assert expected is None or str(caught.value) == expected
    assert str(caught.value).startswith("f.yaml:")


def test_a_missing_file_and_a_folder_are_faults_like_any_other(tmp_path):
    for path, what in (
        (tmp_path / "none.yaml", "no such file"),
        (tmp_path, "cannot be read: Is a directory"),
    ):
        with pytest.raises(UserFileError) as caught:
            read(path)

        assert str(caught.value) == f"{path}: {what}"


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_document_or_faults(raw):
    try:
        document = parse(raw, "f.yaml")
    except UserFileError as error:
        outcome = error.faults
    else:
        model, found = check(document, Tree)
        outcome = model or found

    assert outcome


@given(st.integers(0, 10**7))
def test_a_duration_is_read_back_as_it_was_written(seconds):
    span = timedelta(seconds=seconds)

    assert duration(duration_text(span)) == span


@pytest.mark.parametrize("text", ["", "3 fortnights", "3", "h", "-1d", "1h1d", "1.5h"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="expected a duration such as"):
        duration(text)

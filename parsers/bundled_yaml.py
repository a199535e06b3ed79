"""The files of the package, read by libyaml: 20 ms for all packs where ruamel.yaml needs a second
and a half.

Only for files of our own, which the suite also reads with ruamel.yaml and compares. What people
write goes through
`parsers.user_yaml`, which refuses tricks and knows YAML 1.2 alone; here scalars are resolved by the
same rules.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from parsers.user_yaml import Document, Fault

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
INTEGER = re.compile(r"[-+]?\d+")
WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Composed(Document):
    """A parsed file whose places are looked up in its nodes when a fault is told."""

    node: Any = None

    def fault(self, path: Sequence[str | int], what: str, *, at_key: bool = False) -> Fault:
        node = mark = self.node
        for step in path:
            if isinstance(node, yaml.MappingNode):
                pair = next((pair for pair in node.value if pair[0].value == step), None)
            else:
                inside = (
                    isinstance(node, yaml.SequenceNode)
                    and isinstance(step, int)
                    and step < len(node.value)
                )
                pair = (node.value[step], node.value[step]) if inside else None
            if pair is None:
                continue
            mark, node = (pair[0] if at_key else pair[1]), pair[1]
        start = mark.start_mark
        return Fault(file=self.file, line=start.line + 1, column=start.column + 1, what=what)


def read_bundled(path: Path) -> Document:
    """One YAML file of the package. A broken one raises yaml.YAMLError: that is a fault of ours."""
    node = yaml.compose(path.read_text(encoding="utf-8"), Loader=LOADER)
    return Composed(str(path), _value(node), node)


def _value(node: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {_value(key): _value(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_value(value) for value in node.value]
    if node.style:  # quoted
        return node.value
    if node.value in WORDS:
        return WORDS[node.value]
    return int(node.value) if INTEGER.fullmatch(node.value) else node.value

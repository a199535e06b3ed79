"""The made-up shop of docs/packs.md: its files as the page gives them."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "packs.md"
FILE = re.compile(r"<!-- file (\S+) -->\n```yaml\n(.*?)```", re.DOTALL)
NUMBER = "MN-2026-000001"


def write(packs: Path, **changes: tuple[str, str]) -> Path:
    """The files below a folder of packs. `changes`, by a file's stem: what stands there instead of
    what.
    """
    for name, text in FILE.findall(PAGE.read_text(encoding="utf-8")):
        path = packs / name
        old, new = changes.get(path.stem, ("", ""))
        assert old in text
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(old, new, 1) if old else text, encoding="utf-8")
    return packs / "minatoya"

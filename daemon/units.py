"""The systemd units as they are installed: the shipped text with this installation's command in
it.
"""

import re
import shutil
import sys
from importlib.resources import files
from pathlib import Path

SYSTEM_UNIT = Path("/etc/systemd/system/orderbell.service")
USER_UNIT = Path(".config/systemd/user/orderbell.service")
"""Below the home folder."""
SYSTEM_CONFIG = Path("/etc/orderbell/config.yaml")
HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108 - names of places, nothing is put there
"""What ProtectHome=yes and PrivateTmp=yes hide."""


def unit_path(*, user: bool) -> Path:
    """Where systemd looks for the unit."""
    return Path.home() / USER_UNIT if user else SYSTEM_UNIT


def program() -> Path:
    """The `orderbell` command of the environment that is running now."""
    beside = Path(sys.executable).with_name("orderbell")
    return beside if beside.exists() else Path(shutil.which("orderbell") or beside)


def called() -> str:
    """How a person calls this program here: by its name, where a shell finds this one by it."""
    found, own = shutil.which("orderbell"), program()
    if found and Path(found).resolve() == own.resolve():
        return "orderbell"
    here = own.absolute()
    return str(here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here)


def unit(*, user: bool, command: Path, config: Path | None = None) -> str:
    """The unit's text. `config` goes into its command line; without one, the place the unit's kind
    is made for.
    """
    config = config or (None if user else SYSTEM_CONFIG)
    words = [str(command), *(["--config", str(config.absolute())] if config else []), "run"]
    line = "ExecStart=" + " ".join(map(_quoted, words))
    return re.sub(r"^ExecStart=.*$", lambda _old: line, shipped(user=user), flags=re.MULTILINE)


def obstacle(*, user: bool, command: Path) -> str | None:
    """Why the unit could not start this command, with the cure, or None."""
    real = command.resolve()
    hidden = not user and any(
        real.is_relative_to(folder) or command.is_relative_to(folder) for folder in HIDDEN
    )
    if hidden:
        return (
            f"{command} lies where the system's service cannot see it, as in every home folder; "
            "use --user, or install Orderbell for all: sudo pipx install --global orderbell"
        )
    if not command.exists():
        return f"there is no {command}; install Orderbell with pipx or uv tool first"
    return None


def shipped(*, user: bool) -> str:
    """The unit as it is shipped: in the wheel beside this module, in a checkout in the folder
    `systemd`.
    """
    name = ("user", "orderbell.service") if user else ("orderbell.service",)
    inside = files("daemon").joinpath("systemd", *name)
    if inside.is_file():
        return inside.read_text(encoding="utf-8")
    return Path(__file__).parents[1].joinpath("systemd", *name).read_text(encoding="utf-8")


def _quoted(word: str) -> str:
    """As systemd reads it: %-specifiers doubled, quoted when it holds more than ordinary
    characters.
    """
    word = word.replace("%", "%%")
    if word and all(char.isalnum() or char in "/._-+:@%" for char in word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$") + '"'

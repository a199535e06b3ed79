"""Files written whole or not at all, whoever reads them meanwhile."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

BOM = "\ufeff"


def write_file(
    path: Path,
    content: str | bytes,
    *,
    mode: int | None = 0o600,
    keep: bool = False,
    owner: tuple[int, int] | None = None,
) -> None:
    """Put the content in place in one step. Raises OSError; then the file is as it was.

    `mode`: the file's, None for what the umask leaves. `keep`: it is on the disk before this
    returns, so that a power cut leaves the one or the other. `owner`: user and group it is given
    to, where that is not us.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    number = os.open(
        partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else 0o600
    )
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            if owner is not None:
                os.fchown(file.fileno(), *owner)
            if keep:
                os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
    if keep:
        sync_folder(path.parent)


def text_of(raw: bytes) -> str:
    """What a person wrote, without the mark of byte order and with plain line ends. Raises
    UnicodeDecodeError.
    """
    return raw.decode().removeprefix(BOM).replace("\r\n", "\n")


def as_before(text: str, raw: bytes) -> bytes:
    """The changed text with the line ends and the mark of byte order that the file had."""
    lines = text.replace("\n", "\r\n") if b"\r\n" in raw else text
    return ((BOM if raw.startswith(BOM.encode()) else "") + lines).encode()


def sync_folder(folder: Path) -> None:
    """What was renamed in the folder stays so after a power cut."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)

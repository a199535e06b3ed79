"""Files kept as evidence in the state folder: copied whole or not at all, named by their content.

Nothing of a file's name is a path here, and no image is unpacked before its size is known.
"""

import hashlib
import os
import re
import secrets
import shutil
import stat
import warnings
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from daemon.atomic import write_file
from parsers.errors import OrderbellError

MAX_BYTES = 500_000_000
"""No form takes more; a file that large is another one than meant."""
MAX_PIXELS = 100_000_000
"""A phone's photo has 12 to 50 million, the largest 200; unpacked, each takes 3 bytes or 4."""
IMAGES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif"})
VIDEOS = frozenset({".mp4", ".mov", ".webm", ".avi", ".mkv"})
THUMBNAIL = (320, 320)
CHUNK = 1 << 20
NAME_LENGTH = 120


class EvidenceError(OrderbellError):
    """A file that is not kept; says why. Nothing of it is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCopy:
    """One file as it lies in the folder."""

    name: str
    """As the user called it, without folders."""
    sha256: str
    size: int
    path: Path
    thumbnail: bool


@dataclass(frozen=True, slots=True)
class EvidenceFolder:
    """The files of one order."""

    root: Path
    """The folder of all evidence."""
    order: str
    """Key of the order."""

    @property
    def folder(self) -> Path:
        return self.root / re.sub(r"[^\w-]+", "-", self.order)

    def path_of(self, sha256: str, name: str) -> Path:
        """Where the file with that content lies. Raises EvidenceError for a strange fingerprint."""
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise EvidenceError(f"{sha256[:70]!r} is no SHA-256")
        return self.folder / (sha256 + _suffix(name))

    def thumbnail_of(self, sha256: str) -> Path:
        return self.folder / f"{sha256}.thumbnail.jpg"

    def keep(self, source: Path) -> KeptCopy:
        """Copy the file in. Raises EvidenceError and OSError; then nothing of it is left."""
        size = self._checked(source)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        free = shutil.disk_usage(self.folder).free
        if size > free:
            raise EvidenceError(
                f"{source}: has {_megabytes(size)}, and {_megabytes(free)} are free"
            )
        partial = self.folder / f".{secrets.token_hex(8)}"
        try:
            digest, copied = _copy(source, partial)
            picture = _thumbnail(partial, source)
            path = self.path_of(digest, source.name)
            if picture:
                write_file(self.thumbnail_of(digest), picture)
            partial.replace(path)
        finally:
            with suppress(OSError):
                partial.unlink()
        name = _shown_name(source.name)
        return KeptCopy(
            name=name, sha256=digest, size=copied, path=path, thumbnail=picture is not None
        )

    def drop(self, sha256: str, name: str) -> None:
        """Delete the file and its thumbnail; one that is gone already is no error."""
        self.path_of(sha256, name).unlink(missing_ok=True)
        self.thumbnail_of(sha256).unlink(missing_ok=True)

    def changed(self, sha256: str, name: str) -> str:
        """Why the file is not the one that was kept; empty when it is."""
        path = self.path_of(sha256, name)
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return f"{name}: the file is gone ({path})"
        return "" if found == sha256 else f"{name}: the file was changed since ({path})"

    def _checked(self, source: Path) -> int:
        status = source.stat()
        if not stat.S_ISREG(status.st_mode):
            raise EvidenceError(f"{source}: is no file")
        if not status.st_size:
            raise EvidenceError(f"{source}: is empty")
        if status.st_size > MAX_BYTES:
            raise EvidenceError(
                f"{source}: has {_megabytes(status.st_size)}; at most {_megabytes(MAX_BYTES)} are"
                " kept",
                "cut the video, or save it smaller",
            )
        return status.st_size


def is_video(name: str) -> bool:
    return Path(name).suffix.casefold() in VIDEOS


def _suffix(name: str) -> str:
    suffix = Path(name).suffix.casefold()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,8}", suffix) else ""


def _shown_name(name: str) -> str:
    """Without signs that break a line or turn its direction."""
    clean = "".join(sign for sign in name if sign.isprintable())
    return clean[-NAME_LENGTH:] or "file"


def _copy(source: Path, target: Path) -> tuple[str, int]:
    digest, copied = hashlib.sha256(), 0
    number = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with source.open("rb") as reader, os.fdopen(number, "wb") as writer:
        while chunk := reader.read(CHUNK):
            copied += len(chunk)
            if copied > MAX_BYTES:  # it grows while it is read
                raise EvidenceError(f"{source}: has more than {_megabytes(MAX_BYTES)}")
            digest.update(chunk)
            writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    return digest.hexdigest(), copied


def _thumbnail(path: Path, source: Path) -> bytes | None:
    """A small JPEG; None for what is no image, and without Pillow (extra `evidence`)."""
    if source.suffix.casefold() not in IMAGES:
        return None
    try:
        from PIL import Image  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return _reduced(file, source)
    except EvidenceError:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(source) from error
    except Exception as error:
        raise EvidenceError(f"{source}: is no picture that can be opened") from error


def _too_large(source: Path) -> EvidenceError:
    return EvidenceError(
        f"{source}: would unpack to more than {MAX_PIXELS // 1_000_000} million pixels",
        "save it smaller",
    )


def _reduced(file: BinaryIO, source: Path) -> bytes:
    from PIL import Image, ImageOps  # noqa: PLC0415 - an extra

    with Image.open(file, formats=("JPEG", "PNG", "WEBP", "GIF")) as image:
        wide, high = image.size
        if wide * high > MAX_PIXELS:
            raise _too_large(source)
        image.draft("RGB", THUMBNAIL)
        small = ImageOps.exif_transpose(image).convert("RGB")
        small.thumbnail(THUMBNAIL)
        out = BytesIO()
        small.save(out, "JPEG", quality=75)  # without EXIF: where it was taken stays in the file
        return out.getvalue()


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"

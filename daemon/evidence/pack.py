"""A dossier as one zip: the page, the mails it rests on, the evidence, and what all that is."""

import hashlib
import json
import os
import secrets
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedFile:
    """One file of the zip."""

    name: str
    """In the zip: `mails/mail-3.eml`."""
    content: bytes | Path
    what: str
    at: datetime | None = None
    """When it came or was kept, aware UTC."""


def pack(to: Path, order: str, files: Iterable[PackedFile], now: datetime) -> dict[str, object]:
    """Write the zip, whole or not at all, and return its manifest. Raises OSError."""
    partial = to.with_name(f".{to.name}.{secrets.token_hex(4)}")
    number = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(number, "wb") as raw:
            with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
                rows = [_add(archive, one) for one in files]
                manifest: dict[str, object] = {
                    "order": order,
                    "made_at": now.isoformat(),
                    "files": rows,
                }
                text = json.dumps(manifest, ensure_ascii=False, indent=1)
                archive.writestr(MANIFEST, text + "\n")
            raw.flush()
            os.fsync(raw.fileno())
        partial.replace(to)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
    return manifest


def _add(archive: zipfile.ZipFile, file: PackedFile) -> dict[str, object]:
    content = file.content
    if isinstance(content, Path):  # a video is not taken into memory
        archive.write(content, file.name)
        size = content.stat().st_size
        with content.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    else:
        archive.writestr(file.name, content)
        size, digest = len(content), hashlib.sha256(content).hexdigest()
    return {
        "name": file.name,
        "what": file.what,
        "bytes": size,
        "sha256": digest,
        "at": file.at.isoformat() if file.at else None,
    }

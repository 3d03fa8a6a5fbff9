"""Is each file of a gallery the one that was written? Size and sha256, without reading all always.

Files up to ``SMALL_BYTES`` are hashed every time. Reading larger ones would take longer than a
search, so of those that were found whole it is remembered, in a hidden file beside them, what the
filesystem said: device, inode, size, time of modification, and time of change, which no program can
set back. A large file is hashed again only where one of these differs: the first time after it was
written or copied, and after anybody touched it. (Git looks for changed files in the same way.) What
a disk does to its bytes by itself is found with ``everything=True``.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import Field

from raysign.config.base import Config
from raysign.errors import DataError, GalleryError
from raysign.whole import whole_file

SMALL_BYTES = 8 << 20
SEEN = ".verified.json"
SETTLED_S = 2.0
"""A file that changed less than this ago may change again within one tick of the clock."""


class FileMark(Config):
    """What a file was when it was written."""

    name: str = Field(pattern=r"^[a-z]+-[0-9a-f]{8}\.[a-z]+$")
    bytes: int = Field(ge=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @classmethod
    def of(cls, path: Path) -> FileMark:
        return cls(name=path.name, bytes=path.stat().st_size, sha256=_sha256(path))


def check_files(folder: Path, marks: Sequence[FileMark], *, everything: bool = False) -> None:
    """``GalleryError`` where a file is missing, cut off, or not the one that was marked."""
    known = {} if everything else _seen(folder)
    found = {}
    for mark in marks:
        state = _state(folder, mark)
        facts = [mark.sha256, *state]
        large = mark.bytes > SMALL_BYTES
        if not (large and known.get(mark.name) == facts):
            settled = time.time() - state[-1] / 1e9 > SETTLED_S  # told before it is read
            if _sha256(folder / mark.name) != mark.sha256:
                raise GalleryError(
                    f"gallery {str(folder)!r}: {mark.name} is not the file that it was made with "
                    "(sha256 differs); copy the whole folder again, or index anew"
                )
            if not settled:
                continue
        if large:
            found[mark.name] = facts
    if found and found != known:
        with suppress(DataError), whole_file(folder / SEEN) as draft:  # or it may not be written
            draft.write_text(json.dumps(found), encoding="utf-8")


def _state(folder: Path, mark: FileMark) -> list[int]:
    try:
        stat = (folder / mark.name).stat()
    except OSError as error:
        raise GalleryError(
            f"gallery {str(folder)!r}: {mark.name} cannot be read ({error.strerror}): only half "
            "copied? copy the whole folder again"
        ) from None
    if stat.st_size != mark.bytes:
        raise GalleryError(
            f"gallery {str(folder)!r}: {mark.name} has {stat.st_size:,} bytes instead of "
            f"{mark.bytes:,}: cut off or changed; copy the whole folder again"
        )
    return [stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]


def _seen(folder: Path) -> dict[str, list[str | int]]:
    try:
        seen = json.loads((folder / SEEN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return seen if isinstance(seen, dict) else {}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

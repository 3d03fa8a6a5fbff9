"""The bytes of a video, as a hash."""

from __future__ import annotations

import hashlib
import os
import stat
from functools import lru_cache
from typing import TYPE_CHECKING

from raysign.errors import VideoError
from raysign.video.opening import files_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BLOCK_BYTES = 1 << 20


def sha256(path: str | Path, alive: Callable[[], None] = lambda: None) -> str:
    """Of the file in hex, or of a sequence's pictures end to end.

    '' where it is no file, or cannot be read.
    ``alive`` is called after each block that is read.
    """
    try:
        files = tuple(map(str, files_of(path)))
        status = [os.stat(file) for file in files]
        if not all(stat.S_ISREG(s.st_mode) for s in status):
            return ""  # a pipe or a device might never end
        # Many clips may be spans of one video.
        identity = tuple((s.st_dev, s.st_ino, s.st_size, s.st_mtime_ns) for s in status)
        return _digest(files, identity, alive)
    except (VideoError, OSError, ValueError):
        return ""


@lru_cache(maxsize=4)
def _digest(
    files: tuple[str, ...], identity: tuple[tuple[int, ...], ...], alive: Callable[[], None]
) -> str:
    digest = hashlib.sha256()
    for path in files:
        with open(path, "rb") as file:
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
                alive()
    return digest.hexdigest()

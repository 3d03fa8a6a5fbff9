"""A core for each extractor of a node: two MediaPipe graphs on the same cores slow each other."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path


class Core:
    """A core that no other extractor of this user on this node has, as long as this lives.

    A lock on a file, so that it is free again however its holder ends. ``number`` is None where all
    are taken: then the operating system places the process.
    """

    def __init__(self, folder: Path | None = None) -> None:
        folder = folder or Path(tempfile.gettempdir()) / f"raysign-cores-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        self.number: int | None = None
        self._lock = -1
        for core in sorted(os.sched_getaffinity(0)):
            lock = os.open(folder / f"{core}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(lock)
                continue
            self.number, self._lock = core, lock
            return

    def free(self) -> None:
        """Give it back."""
        if self._lock >= 0:
            os.close(self._lock)
            self.number, self._lock = None, -1

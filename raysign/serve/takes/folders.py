"""Temporary folders that are locked while their server lives, so that the next one can tidy up."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class TemporaryFolder:
    """A folder, mode 0700, that goes with this process.

    A process that was killed left its own: those of the same ``kind``, of this user, that nobody
    holds, are removed first. Whether one is held its lock says, not its name: containers may share
    a temporary folder, and have processes of the same number.
    """

    def __init__(self, kind: str) -> None:
        """Its name is ``raysign-KIND-`` and random letters."""
        prefix = f"raysign-{kind}-"
        for other in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
            _remove_if_left(other)
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=prefix))
            self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            with suppress(OSError):
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self.path.is_dir():
                    return
            os.close(self._lock)  # who tidies up came between: another one

    def cleanup(self) -> None:
        """Remove it."""
        shutil.rmtree(self.path, ignore_errors=True)
        with suppress(OSError):
            os.close(self._lock)


def _remove_if_left(folder: Path) -> None:
    with suppress(OSError), _held(folder) as own:
        if own:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """With its lock; whether it is a folder of this user's. ``OSError`` where another has it."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield os.fstat(lock).st_uid == os.getuid()
    finally:
        os.close(lock)

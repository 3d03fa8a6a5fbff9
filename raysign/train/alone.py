"""One process at a time writes what a folder keeps, by a lock that ends with its process."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from raysign.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def only_one(path: Path, what: str) -> Iterator[None]:
    """Have a folder alone, by a file in it that nobody writes to; see ``lock``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a", encoding="utf-8") as file:
        lock(file, path, what)
        yield


def lock(file: IO[str], path: Path, what: str) -> None:
    """Have an open file alone until it is closed.

    Args:
        file: open for writing.
        path: where it is.
        what: is kept in its folder, by its name.

    Raises:
        TrainingError: another process has it, or its file system knows no locks.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise TrainingError(
            f"{what} is running: another process has {str(path)!r} open; wait for it, or give "
            "another --name"
        ) from None
    except OSError as error:
        raise TrainingError(
            f"{what}: {str(path.parent)!r} cannot be locked ({error.strerror}), so that two could "
            "write to it at once; give --out a folder on another file system"
        ) from None

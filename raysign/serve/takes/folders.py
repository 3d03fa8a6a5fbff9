"""Temporary folders that are named after their server, so that the next one can tidy up."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path


def temporary_folder(kind: str) -> tempfile.TemporaryDirectory[str]:
    """A folder, mode 0700, that goes with this process.

    A process that was killed left its own: those of the same ``kind``, of this user and of no
    process that runs, are removed first. Their names are ``raysign-KIND-PID-`` and random letters.
    """
    prefix = f"raysign-{kind}-"
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*-*"):
        pid = folder.name.removeprefix(prefix).partition("-")[0]
        if pid.isdecimal() and _own(folder) and not _runs(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
    return tempfile.TemporaryDirectory(prefix=f"{prefix}{os.getpid()}-")


def _own(folder: Path) -> bool:
    try:
        return folder.lstat().st_uid == os.getuid()
    except OSError:  # somebody else tidies up too
        return False


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # another user's
        return True
    return True

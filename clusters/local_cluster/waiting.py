"""Waiting for a part of a local cluster until it can be used."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from local_cluster.processes import POLL_S, running
from raysign.errors import TrainingError

if TYPE_CHECKING:
    from local_cluster.folder import Folder

READY_S = 300
"""How long a part may take; about 10 s where nothing else runs."""


def until(
    ready: Callable[[], bool],
    folder: Folder,
    part: str,
    process: subprocess.Popen[bytes] | None = None,
) -> None:
    """Wait; ``TrainingError`` with a part's last words if it ends before it is ready.

    The process is the part's own; without it, whatever runs of the part.
    """
    deadline = time.monotonic() + READY_S
    while not ready():
        gone = process.poll() is not None if process else part not in running(folder.path)
        if gone or time.monotonic() > deadline:
            raise broken(folder, part)
        time.sleep(POLL_S)


def ended_well(folder: Folder, part: str, process: subprocess.Popen[bytes]) -> None:
    """Wait for a process that sets a part up; ``TrainingError`` unless it ends with 0."""
    try:
        code = process.wait(READY_S)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    if code != 0:
        raise broken(folder, part)


def broken(folder: Folder, part: str) -> TrainingError:
    """Its last words, and where the others are."""
    log = folder.log(part)
    said = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    last = said[-1].strip() if said else "it said nothing"
    return TrainingError(f"{part} does not start: {last}; read {str(log)!r}")


def answers(page: str) -> bool:
    """Does a page answer with 200?"""
    try:
        with urlopen(page, timeout=10) as reply:
            return bool(reply.status == 200)
    except (URLError, OSError):
        return False

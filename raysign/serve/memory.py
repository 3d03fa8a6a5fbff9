"""How much memory a server and its children have."""

from __future__ import annotations

import os
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def resident_bytes() -> tuple[int, int]:
    """Resident bytes of this process, and of all processes below it.

    What several of them map (the interpreter, a gallery) counts in each.
    """
    return _resident(os.getpid()), sum(_resident(child) for child in below(os.getpid()))


def below(process: int) -> list[int]:
    """Ids of the processes that a process started, and that those started."""
    found: list[int] = []
    for task in Path("/proc", str(process), "task").glob("*/children"):
        try:
            children = [int(child) for child in task.read_text().split()]
        except OSError:  # it ended just now
            continue
        for child in children:
            found += [child, *below(child)]
    return found


def _resident(process: int) -> int:
    try:
        return int(Path("/proc", str(process), "statm").read_text().split()[1]) * PAGE_BYTES
    except (OSError, IndexError):
        return 0

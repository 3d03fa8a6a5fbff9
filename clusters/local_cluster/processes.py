"""Which processes belong to a cluster.

Every process that a cluster starts carries a mark in its environment, and so does whatever that
process starts: Ray's workers, a job's driver, a database's connections. No pid is written down, so
none can be stale, and nobody else's process is ever meant.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

MARK = "RAYSIGN_CLUSTER_PART"
POLL_S = 0.1


def marked(folder: Path, part: str) -> dict[str, str]:
    """The environment variable that says whose process it is."""
    return {MARK: f"{folder}:{part}"}


def running(folder: Path) -> dict[str, list[int]]:
    """The processes of each part that runs, the oldest first."""
    found: dict[str, list[tuple[int, int]]] = {}
    for pid, whose, part in _marks():
        if whose == str(folder) and (started := _started(pid)) is not None:
            found.setdefault(part, []).append((started, pid))
    return {part: [pid for _, pid in sorted(pids)] for part, pids in found.items()}


def clusters_running() -> set[str]:
    """The folders of all clusters of which a process runs."""
    return {whose for _, whose, _ in _marks()}


def start(
    command: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    *,
    user: str | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process that outlives this one; what it says goes to the log."""
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            env=dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
            extra_groups=None if user is None else (),
        )


def end(folder: Path, part: str, *, by: signal.Signals = signal.SIGTERM, patience_s: float) -> None:
    """End all processes of a part: by that signal, and by SIGKILL those that stay."""
    asked: set[int] = set()
    deadline = time.monotonic() + patience_s
    while pids := running(folder).get(part):
        late = time.monotonic() > deadline
        for pid in pids:
            if late or pid not in asked:
                asked.add(pid)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL if late else by)
        time.sleep(POLL_S)


def _marks() -> Iterator[tuple[int, str, str]]:
    """Of each marked process: its pid, its cluster's folder, its part."""
    for pid, environment in _environments():
        for entry in environment.split(b"\0"):
            name, _, value = entry.decode(errors="replace").partition("=")
            if name == MARK:
                whose, _, part = value.rpartition(":")
                yield pid, whose, part


def _environments() -> Iterator[tuple[int, bytes]]:
    """Of the processes that may be looked at; others are not ours."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                yield int(entry.name), (entry / "environ").read_bytes()


def _started(pid: int) -> int | None:
    """When, in the kernel's ticks; None for one that has ended and only waits to be noticed."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])

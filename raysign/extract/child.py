"""The process in which videos are looked at.

``python -m raysign.extract.child FD PARENT CPU BYTES`` speaks with its parent, an
:class:`~raysign.extract.extractor.Extractor`, over the socket with number FD: it gets the config,
says when it is ready, or why it cannot be, and answers each video with an ``Extracted``, until the
socket closes; before that answer it says what the video's hash is, and now and then that it is
alive, as long as it gets on. It ends when the process PARENT does, whatever it is doing, and dies
where it would need more than BYTES of memory of its own; -1 for CPU or BYTES is no limit.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from raysign.errors import ExtractionError
from raysign.extract.clip import extract_clip
from raysign.extract.landmarker import open_landmarker
from raysign.extract.outcome import Extracted
from raysign.manifest import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from raysign.config.extract import ExtractConfig
    from raysign.extract.landmarker import Landmarker
    from raysign.manifest import VideoClip

PARENT_CHECK_S = 0.5
ALIVE_EVERY_S = 1.0
"""Or ten times in ``timeout_s``, where that is shorter."""
ALIVE = "alive"
"""Said while a video is looked at, after a step forwards, if it was not said just before."""
HASH = "sha256 "
"""Said before a video is decoded, with its hash: whatever the decoder does, that is known."""
READY = ""
"""Said whenever a video may come; any other text at the start says why none ever may."""


def main(arguments: list[str], service: Callable[[Connection], None] | None = None) -> None:
    """Serve until the parent has had enough; ``service`` is how, None = ``serve``."""
    descriptor, parent, cpu, memory = map(int, arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    if cpu >= 0:
        os.sched_setaffinity(0, {cpu})
    if memory >= 0:  # of its own, without the files that it maps
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    parent_gone = suppress(EOFError, BrokenPipeError, ConnectionResetError)
    with parent_gone, Connection(descriptor) as parent_end:
        (service or serve)(parent_end)


def serve(parent_end: Connection) -> None:
    """Answer a config, then videos."""
    config: ExtractConfig = parent_end.recv()
    try:
        landmarker = open_landmarker(config)
    except ExtractionError as error:
        parent_end.send(str(error))
        return
    pulse = _Pulse(parent_end, min(ALIVE_EVERY_S, config.timeout_s / 10))
    reusable = True
    while reusable:
        started = time.perf_counter()
        landmarker.reset()  # while the parent deals with the answer before
        reset_s = time.perf_counter() - started
        parent_end.send(READY)
        answer, reusable = look(parent_end.recv(), landmarker, config, pulse, parent_end)
        parent_end.send(replace(answer, landmark_seconds=answer.landmark_seconds + reset_s))


class _Pulse:
    """Says :data:`ALIVE`, at most every so many seconds."""

    def __init__(self, parent_end: Connection, every_s: float) -> None:
        self._parent_end, self._every_s = parent_end, every_s
        self._said = time.monotonic()

    def __call__(self) -> None:
        if (now := time.monotonic()) - self._said >= self._every_s:
            self._parent_end.send(ALIVE)
            self._said = now


def look(
    video: VideoClip,
    landmarker: Landmarker,
    config: ExtractConfig,
    alive: Callable[[], None],
    parent_end: Connection,
) -> tuple[Extracted, bool]:
    """The answer to a video, and whether the landmarker is still good afterwards."""
    digest = ""

    def hashed(found: str) -> None:
        nonlocal digest
        digest = found
        parent_end.send(HASH + found)

    try:
        extracted = extract_clip(video, landmarker, config, alive, hashed)
    except Exception as error:
        traceback.print_exc()
        text = next(iter(str(error).splitlines()), "")[:200]
        reason = f"the extractor failed: {type(error).__name__}: {text}"
        outcome = Outcome(
            video.clip_id, video.path, "failed", reason, sha256=digest, **video.labels
        )
        return Extracted(None, outcome), False
    return replace(extracted, memory_bytes=memory_bytes()), True


def memory_bytes() -> int:
    """The most that this process had resident so far; 0 where the system does not say."""
    # Not getrusage: its peak begins with that of the process which started this one.
    with suppress(OSError), open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def _end_with(parent: int) -> None:
    # An orphan is given to another process, and a frame can take as long as it likes: the pipe's
    # end alone would be noticed too late.
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_S)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])

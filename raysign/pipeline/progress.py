"""What a person sees while videos are extracted, and afterwards."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from raysign.store import Draft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from raysign.config import ExtractConfig
    from raysign.extract import Extracted
    from raysign.manifest import VideoClip

    Stream = Callable[
        [Iterable[tuple[int, VideoClip]], ExtractConfig], Iterator[tuple[int, Extracted]]
    ]

WINDOW_S = 60.0
"""The speed is that of so many last seconds: it follows when workers come, go or grow slow."""
SETTLED_S = 10.0
"""A speed over less time than this says nothing."""


class Progress:
    """A line every so often: clips, frames a second, failed, time left.

    The clock runs from the first answer: what comes before it is Ray that starts and models that
    are loaded.
    """

    def __init__(
        self,
        clips: int,
        finished: int,
        say: Callable[[str], None],
        every_s: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clips, self.finished = clips, finished
        self.say, self.every_s, self.clock = say, every_s, clock
        self.frames = self.failed = 0
        self.said: float | None = None
        self.recent: deque[tuple[float, int, int]] = deque()

    def __call__(self, found: Extracted) -> None:
        """A clip is done."""
        self.finished += 1
        self.frames += found.outcome.decoded_frames or 0
        self.failed += found.outcome.outcome == "failed"
        now = self.clock()
        self.said = now if self.said is None else self.said
        self.recent.append((now, self.finished, self.frames))
        while len(self.recent) > 2 and self.recent[1][0] <= now - WINDOW_S:
            self.recent.popleft()
        if now - self.said >= self.every_s or self.finished == self.clips:
            self.said = now
            self.say(self.line())

    def line(self) -> str:
        """``1,204/11,980 clips  38.2 frames/s  3 failed  about 2 h 51 min left``."""
        told = [f"{self.finished:,}/{self.clips:,} clips"]
        (then, clips, frames), (now, *_) = self.recent[0], self.recent[-1]
        settled = now - then >= SETTLED_S
        if settled:
            told.append(f"{(self.frames - frames) / (now - then):.1f} frames/s")
        told.append(f"{self.failed:,} failed")
        if settled and self.finished < self.clips:
            left = (now - then) / (self.finished - clips) * (self.clips - self.finished)
            told.append(f"about {duration(left)} left")
        return "  ".join(told)


class Timed:
    """A stream that looks at the clock whenever a clip comes out of it."""

    def __init__(self, stream: Stream, clock: Callable[[], float] = time.monotonic) -> None:
        self.stream, self.clock = stream, clock
        self.first = self.last = 0.0
        self.frames = 0

    def __call__(
        self, rows: Iterable[tuple[int, VideoClip]], config: ExtractConfig
    ) -> Iterator[tuple[int, Extracted]]:
        """What comes out of the rows."""
        for count, (number, found) in enumerate(self.stream(rows, config)):
            self.last = self.clock()
            if count:
                self.frames += found.outcome.decoded_frames or 0
            else:
                self.first = self.last
            yield number, found

    @property
    def frames_a_second(self) -> float | None:
        """From the first answer to the last; None where that is too short to say."""
        spent = self.last - self.first
        return self.frames / spent if spent >= SETTLED_S else None


def kept(store: str) -> int:
    """Rows that a run which was stopped has finished: the same command goes on after them."""
    draft = Draft(store)
    begun = draft.begun()
    if begun is None:
        return 0
    with Draft.open(store, *begun) as draft:
        return sum(len(rows) for rows in draft.outcomes().values())


def duration(seconds: float) -> str:
    """``45 s``, ``12 min``, ``2 h 51 min``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"

"""What a person sees while videos are extracted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from raysign.extract import Extracted


class Progress:
    """A line every so often: clips, frames a second, failed, time left."""

    def __init__(
        self, clips: int, finished: int, say: Callable[[str], None], every_s: float = 10.0
    ) -> None:
        self.clips, self.finished, self.before = clips, finished, finished
        self.say, self.every_s = say, every_s
        self.frames = self.failed = 0
        self.started = self.said = time.monotonic()

    def __call__(self, found: Extracted) -> None:
        """A clip is done."""
        self.finished += 1
        self.frames += found.outcome.decoded_frames or 0
        self.failed += found.outcome.outcome == "failed"
        now = time.monotonic()
        if now - self.said >= self.every_s or self.finished == self.clips:
            self.said = now
            self.say(self.line(now))

    def line(self, now: float) -> str:
        """``1,204/11,980 clips  38.2 frames/s  3 failed  about 2 h 51 min left``."""
        spent = max(now - self.started, 1e-9)
        left = spent / max(self.finished - self.before, 1) * (self.clips - self.finished)
        return (
            f"{self.finished:,}/{self.clips:,} clips  {self.frames / spent:.1f} frames/s  "
            f"{self.failed:,} failed  about {duration(left)} left"
        )


def duration(seconds: float) -> str:
    """``45 s``, ``12 min``, ``2 h 51 min``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"

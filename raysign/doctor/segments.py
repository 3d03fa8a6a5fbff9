"""Reductions over frames that stand end to end: one number a clip, all clips at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

Numbers = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]
Counts = NDArray[np.int64]


class Segments:
    """Where each clip's frames lie; clip i owns the frames ``offsets[i]:offsets[i + 1]``.

    A clip may have no frame: its sums are 0, its shares and medians NaN.
    """

    def __init__(self, offsets: Int[Counts, " bound"]) -> None:
        self.offsets = offsets
        self.frames = np.diff(offsets)
        self.clip = np.repeat(np.arange(len(self.frames)), self.frames)
        """Which clip each frame is of."""
        self.starts = np.zeros(int(offsets[-1]), dtype=np.bool_)
        """True at the first frame of each clip."""
        self.starts[offsets[:-1][self.frames > 0]] = True

    def total(self, values: Bool[Flags, " frame"]) -> Int[Counts, " clip"]:
        """How many frames are so, a clip."""
        running: Counts = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
        return np.asarray(running[self.offsets[1:]] - running[self.offsets[:-1]])

    def median(self, values: Float[Numbers, " frame"]) -> Float[Numbers, " clip"]:
        """The (lower) median over a clip's frames; NaN counts as not there."""
        known = np.flatnonzero(~np.isnan(values))
        order = known[np.lexsort((values[known], self.clip[known]))]
        counts = np.bincount(self.clip[known], minlength=len(self.frames))
        middle = np.cumsum(counts) - counts + np.maximum(counts - 1, 0) // 2
        out: Numbers = np.full(len(self.frames), np.nan)
        there = counts > 0
        out[there] = values[order[middle[there]]]
        return out

    def between(self, which: Bool[Flags, " frame"]) -> Bool[Flags, " frame"]:
        """True from a clip's first frame that is so to its last, both included."""
        at = np.flatnonzero(which)
        first = np.full(len(self.frames), len(which), dtype=np.int64)
        last = np.full(len(self.frames), -1, dtype=np.int64)
        # Backwards, the first one is written last.
        first[self.clip[at[::-1]]] = at[::-1]
        last[self.clip[at]] = at
        frame = np.arange(len(which))
        return np.asarray((first[self.clip] <= frame) & (frame <= last[self.clip]))

    def longest_run(self, which: Bool[Flags, " frame"]) -> Int[Counts, " clip"]:
        """The most frames in a row that are so, a clip; a run ends with its clip."""
        frame = np.arange(len(which))
        before_start = np.where(self.starts, frame - 1, -1)
        broken = np.maximum.accumulate(np.where(which, before_start, frame))
        longest = np.zeros(len(self.frames), dtype=np.int64)
        np.maximum.at(longest, self.clip, frame - broken)
        return longest

    def before(self, values: Numbers) -> Numbers:
        """The same values one frame earlier, NaN at each clip's first frame."""
        earlier = np.roll(values, 1, axis=0)
        earlier[self.starts] = np.nan
        return earlier


def share(part: Numbers | Counts, whole: Numbers | Counts) -> Numbers:
    """Part by whole, NaN where there is no whole."""
    out: Numbers = np.full(np.shape(part), np.nan)
    np.divide(part, whole, out=out, where=np.asarray(whole) > 0)
    return out


def mean_known(values: Numbers) -> float:
    """The mean of what is not NaN; NaN where all is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")

"""Which frame is on the screen at each tick of a constant rate."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from raysign.errors import VideoError
from raysign.video.timeline import MOST_RATE, rate_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MOST_GAP_S = 600.0
"""Timestamps that leap further are damaged; filling the gap could fill the memory."""
MOST_STRETCH = 10.0
"""So many times longer than usual may frames stay on average, beside one longest gap: many gaps
fill the memory as one does."""


EARLY = 0.25
"""Part of a frame's time by which a tick may be too early for it: files round their timestamps, to
milliseconds often, and a frame missed by so little would be a stutter."""
CLOCK = Fraction(1, 1_000_000)
CLOCK_S = float(CLOCK)
"""Of pictures whose times are seconds."""


class Timed(Protocol):
    """Anything that begins at a time."""

    @property
    def time_s(self) -> float: ...


T = TypeVar("T", bound=Timed)


def on_grid(
    frames: Iterable[T], fps: float, end_s: float, slack_s: float, usual_s: float
) -> Iterator[tuple[T, int]]:
    """Pairs of a frame and the number of ticks at which it is shown; frames with none are left out.

    Ticks come every 1 / ``fps`` seconds from the first frame's time on, before ``end_s``, until
    which the last frame stays. A frame is shown from its own time, less ``slack_s``, to the next
    one's: usually for ``usual_s``.

    Raises:
        VideoError: a gap, or all of them together, are too long to be filled.
    """
    held: T | None = None
    start_s = 0.0
    tick = seen = 0

    def ticks_before(time_s: float) -> int:
        lasted_s = time_s - slack_s - start_s
        if lasted_s > MOST_STRETCH * usual_s * seen + MOST_GAP_S:
            raise VideoError(
                f"its timestamps are damaged: {seen} frames would last {lasted_s:.0f} s"
            )
        return max(0, math.ceil(lasted_s * fps))

    for frame in frames:
        if held is None:
            start_s = frame.time_s
        else:
            if frame.time_s - held.time_s > MOST_GAP_S:
                raise VideoError(
                    "its timestamps are damaged: they leap by "
                    f"{frame.time_s - held.time_s:.0f} s at {held.time_s:.1f} s"
                )
            until = ticks_before(frame.time_s)
            if until > tick:
                yield held, until - tick
                tick = until
        held = frame
        seen += 1
    if held is not None:
        until = max(ticks_before(min(end_s, held.time_s + MOST_GAP_S)), 1 if tick == 0 else 0)
        if until > tick:
            yield held, until - tick


@dataclass(frozen=True)
class Shown:
    """One of several pictures, as a video would show it."""

    place: int
    """Among them."""
    time_s: float
    repeats: int = 1
    """How many frames it stands for."""


def in_time(times_s: Sequence[float]) -> tuple[float, list[Shown]]:
    """Pictures that were taken at rising times, as frames of a constant rate: it, and which show.

    They are taken as the frames of a video are whose timestamps these are; see ``open_video``.

    Raises:
        VideoError: they leave gaps too long to be filled.
    """
    pictures = [Shown(place, time_s) for place, time_s in enumerate(times_s)]
    constant, rate = rate_of(np.round(np.asarray(times_s) / CLOCK_S).astype(np.int64), CLOCK)
    fps = float(min(rate, MOST_RATE))
    usual_s = 1 / fps
    if constant and rate <= MOST_RATE:
        return fps, pictures
    end_s = times_s[-1] + usual_s
    ticks = on_grid(pictures, fps, end_s, EARLY * usual_s, usual_s)
    return fps, [replace(picture, repeats=repeats) for picture, repeats in ticks]

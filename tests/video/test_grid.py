from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raysign.errors import VideoError
from raysign.video.grid import on_grid


@dataclass(frozen=True)
class At:
    time_s: float


def slowly(times: list[float], fps: float, end_s: float) -> list[int]:
    """For each tick, the last frame that has begun."""
    shown = []
    tick = 0
    while times[0] + tick / fps < end_s - 1e-9:
        now = times[0] + tick / fps
        shown.append(max(i for i, time in enumerate(times) if time <= now + 1e-9))
        tick += 1
    return shown


@settings(max_examples=200, deadline=None)
@given(
    gaps_ms=st.lists(st.integers(1, 300), min_size=1, max_size=30),
    fps=st.sampled_from([5.0, 12.5, 25.0, 29.97, 30.0, 60.0]),
    start_ms=st.integers(0, 500),
)
def test_each_tick_shows_the_frame_that_is_on_the_screen(
    gaps_ms: list[int], fps: float, start_ms: int
) -> None:
    times = [start_ms / 1000]
    for gap in gaps_ms:
        times.append(times[-1] + gap / 1000)
    end_s = times.pop()
    frames = [At(time) for time in times]
    pairs = list(on_grid(frames, fps, end_s, 1e-9, 0.04))
    assert all(repeats > 0 for _, repeats in pairs)
    shown = [frames.index(frame) for frame, repeats in pairs for _ in range(repeats)]
    assert shown == slowly(times, fps, end_s)


def test_one_frame_is_one_tick_however_short() -> None:
    assert list(on_grid([At(1.0)], 25, 1.0, 0.001, 0.04)) == [(At(1.0), 1)]
    assert list(on_grid([], 25, 1.0, 0.001, 0.04)) == []


def test_what_is_filled_is_bounded_by_the_frames_that_are_there() -> None:
    """A slide show is slow throughout; a film of 25 frames a second is not."""
    slides = [At(500.0 * n) for n in range(9)]
    assert sum(n for _, n in on_grid(slides, 25, 4500.0, 0.01, 500.0)) == 25 * 4500
    with pytest.raises(VideoError, match=r"damaged: 2 frames would last 1000 s$"):
        list(on_grid(slides, 25, 4500.0, 0.01, 0.04))

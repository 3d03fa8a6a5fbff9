from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raysign.errors import VideoError
from raysign.video import open_video
from raysign.video.grid import Shown, in_time, on_grid


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


@pytest.mark.parametrize(
    "times_ms",
    [
        pytest.param([40 * n for n in range(12)], id="steady"),
        pytest.param([0, 40, 80, 200, 240, 280, 320, 480, 520, 560], id="with gaps"),
        pytest.param([0, 33, 67, 100, 133, 300, 333, 367, 400, 433], id="of a coarse clock"),
        pytest.param([0], id="one"),
    ],
)
def test_pictures_in_time_are_those_of_their_video(
    films: Any, tmp_path: Path, times_ms: list[int]
) -> None:
    path = films.film(tmp_path / "a.mkv", len(times_ms), times_ms=times_ms, codec=films.VP8)
    with open_video(path) as frames:
        of_video = [(films.number(frame.rgb), frame.repeats) for frame in frames]
        fps = frames.fps
    rate, shown = in_time([time / 1000 for time in times_ms])
    ours = [(picture.place, picture.repeats) for picture in shown]
    if len(times_ms) > 1:
        assert rate == pytest.approx(fps)
        assert ours[:-1] == of_video[:-1]  # how long the last one stays, its file says
    assert ours[-1][0] == len(times_ms) - 1


def test_pictures_faster_than_any_camera() -> None:
    rate, shown = in_time([n / 1000 for n in range(1001)])
    assert rate == 240
    assert sum(picture.repeats for picture in shown) == pytest.approx(240, abs=1)


def test_pictures_that_leave_too_long_a_gap() -> None:
    assert in_time([0.0, 0.1])[1] == [Shown(0, 0.0), Shown(1, 0.1)]
    with pytest.raises(VideoError, match="damaged"):
        in_time([0.0, 0.1, 0.2, 700.0])

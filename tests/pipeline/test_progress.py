"""The line of progress, the speed afterwards, and what a stopped run has kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from raysign.config import ExtractConfig
from raysign.pipeline import extract_videos
from raysign.pipeline.progress import Progress, Timed, duration, kept

CONFIG = ExtractConfig()


class Clock:
    """Shows what it was told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Run:
    """A run whose clips come when the test says."""

    def __init__(self, fake: Any, clips: int, finished: int = 0) -> None:
        self.fake, self.clock, self.lines = fake, Clock(), list[str]()
        self.progress = Progress(clips, finished, self.lines.append, clock=self.clock)
        self.rows, self.number = fake.rows(clips), 0

    def clip(self, after_s: float) -> None:
        """The next clip, of 5 to 8 frames; every fifth fails."""
        self.clock.now += after_s
        self.progress(self.fake.made_up(self.number, self.rows[self.number]))
        self.number += 1


def test_nothing_is_said_before_ten_seconds_of_answers(fake: Any) -> None:
    run = Run(fake, 100)
    run.clip(after_s=300)  # Ray starts, models are loaded
    run.clip(after_s=5)
    assert run.lines == []
    run.clip(after_s=5)
    assert run.lines == ["3/100 clips  1.3 frames/s  0 failed  about 8 min left"]


def test_what_was_done_before_is_counted_and_not_timed(fake: Any) -> None:
    run = Run(fake, 12, finished=2)
    for _ in range(6):
        run.clip(after_s=2)
    assert run.lines == ["8/12 clips  2.7 frames/s  1 failed  about 8 s left"]


def test_speed_and_time_left_are_those_of_the_last_minute(fake: Any) -> None:
    run = Run(fake, 1000)
    for _ in range(100):
        run.clip(after_s=10)
    for _ in range(200):
        run.clip(after_s=1)
    assert run.lines[-1].startswith("300/1,000 clips")
    assert run.lines[-1].endswith("about 12 min left")


def test_a_short_run_tells_no_speed(fake: Any) -> None:
    run = Run(fake, 3)
    for _ in range(3):
        run.clip(after_s=1)
    assert run.lines == ["3/3 clips  0 failed"]


def test_the_speed_afterwards_leaves_the_start_out(fake: Any) -> None:
    clock = Clock()

    def stream(rows: Any, config: ExtractConfig) -> Any:
        clock.now += 300
        for number, video in rows:
            yield number, fake.made_up(number, video)
            clock.now += 4

    timed = Timed(stream, clock)
    numbered = list(enumerate(fake.rows(4)))
    assert [number for number, _ in timed(numbered, CONFIG)] == [0, 1, 2, 3]
    assert timed.frames_a_second == pytest.approx((6 + 7 + 8) / 12)
    assert Timed(stream, clock).frames_a_second is None


def test_what_a_stopped_run_has_kept(fake: Any, tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    assert kept(store) == 0
    with pytest.raises(KeyboardInterrupt):
        extract_videos(
            fake.rows(50),
            store,
            CONFIG,
            stream=fake.Stream(until=40),
            say=lambda _: None,
            rows_per_part=4,
        )
    finished = kept(store)
    assert finished > 0
    assert finished % 4 == 0
    assert kept(store) == finished, "looking changes nothing"
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (720, "12 min"), (10260, "2 h 51 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text

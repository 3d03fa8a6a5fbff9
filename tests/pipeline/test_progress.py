"""The line of progress."""

from __future__ import annotations

from typing import Any

import pytest

from raysign.pipeline.progress import Progress, duration


def test_a_line_counts_this_runs_speed_and_all_clips(fake: Any) -> None:
    lines: list[str] = []
    progress = Progress(12, 2, lines.append, every_s=1e9)
    for number in range(5):
        progress(fake.made_up(number, fake.rows(12)[number]))
    assert not lines
    line = progress.line(progress.started + 10)
    assert line == "7/12 clips  2.6 frames/s  1 failed  about 10 s left"
    for number in range(5, 10):
        progress(fake.made_up(number, fake.rows(12)[number]))
    assert lines[-1].startswith("12/12 clips")
    assert lines[-1].endswith("about 0 s left")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (720, "12 min"), (10260, "2 h 51 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text

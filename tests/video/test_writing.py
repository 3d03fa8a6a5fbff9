from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.errors import VideoError
from raysign.video import open_video, write_mp4


@pytest.mark.parametrize("encoders", [("libx264", "mpeg4"), ("mpeg4",)])
def test_what_is_written_can_be_read(
    films: Any, tmp_path: Path, encoders: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raysign.video.writing.ENCODERS", encoders)
    path = tmp_path / "a.mp4"
    assert write_mp4(path, (films.picture(n) for n in range(30)), 29.97) == 30
    with open_video(path) as frames:
        assert [films.number(frame.rgb) for frame in frames] == list(range(30))
    assert frames.fps == pytest.approx(29.97, abs=1e-4)
    assert list(tmp_path.iterdir()) == [path]


def test_odd_sizes(films: Any, tmp_path: Path) -> None:
    write_mp4(tmp_path / "a.mp4", [films.picture(5, 101, 67)], 25.0)
    with open_video(tmp_path / "a.mp4") as frames:
        assert next(iter(frames)).rgb.shape == (68, 102, 3)


def test_nothing_is_left_behind_by_what_goes_wrong(films: Any, tmp_path: Path) -> None:
    def breaks() -> Iterator[np.ndarray[Any, Any]]:
        yield films.picture(0)
        raise KeyError("elsewhere")

    with pytest.raises(KeyError):
        write_mp4(tmp_path / "a.mp4", breaks(), 25.0)
    with pytest.raises(VideoError, match="no pictures to write"):
        write_mp4(tmp_path / "a.mp4", [], 25.0)
    with pytest.raises(VideoError, match="several sizes"):
        write_mp4(tmp_path / "a.mp4", [films.picture(0), films.picture(0, 64, 48)], 25.0)
    with pytest.raises(VideoError, match=r"cannot write video .*nowhere.*No such file"):
        write_mp4(tmp_path / "nowhere" / "a.mp4", [films.picture(0)], 25.0)
    assert list(tmp_path.iterdir()) == []

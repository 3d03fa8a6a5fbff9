"""What videos may ask, and what they may not; with MediaPipe, one process for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from PIL import Image

from raysign.errors import DataError, VideoError
from raysign.search.query import (
    LONGEST_S,
    Reader,
    check_query,
)
from raysign.video import write_mp4


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    pytest.importorskip("mediapipe", reason="looks at videos")
    with Reader() as made:
        yield made


def film(path: Path, pictures: list[Any], fps: float = 25.0) -> str:
    write_mp4(path, pictures, fps)
    return str(path)


def grey(count: int) -> list[np.ndarray]:
    return [np.full((64, 64, 3), 10 + i % 200, np.uint8) for i in range(count)]


def person(count: int) -> list[np.ndarray]:
    """Rear Admiral Grace Hopper, without hands."""
    photo = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    with Image.open(photo) as image:
        whole = np.asarray(image.convert("RGB").resize((256, 256)))
    return [whole[n : n + 192, n : n + 192].copy() for n in range(count)]


def test_videos_that_show_too_little(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="shows nobody in any of its 4 frames: film one signer"):
        reader.read(film(tmp_path / "nobody.mp4", grey(4)))
    someone = film(tmp_path / "someone.mp4", person(3))
    with pytest.raises(DataError, match="no hand was found in any of its 3 frames"):
        check_query(reader.read(someone))
    with pytest.raises(DataError, match="has 1 frame, and a sign is a movement"):
        check_query(reader.read(someone, end_s=0.04))


def test_minutes_of_video_are_not_looked_at(reader: Reader, tmp_path: Path) -> None:
    long = film(tmp_path / "long.mp4", grey(130), fps=1.0)
    with pytest.raises(DataError) as refused:
        reader.read(long)
    assert str(refused.value) == (
        f"query {long!r} lasts longer than 2 minutes, the limit of a query, which shows one sign: "
        "give the part that shows the sign, as --start SECONDS --end SECONDS"
    )
    with pytest.raises(DataError, match="shows nobody in any of its 2 frames"):
        reader.read(long, start_s=3, end_s=5)
    with pytest.raises(VideoError, match="its span begins at 700 seconds, but the video has 130"):
        reader.read(long, start_s=700)
    with Reader(longest_s=LONGEST_S) as patient:
        with pytest.raises(DataError, match="shows nobody in any of its 130 frames"):
            patient.read(long, called="video")
        ten = film(tmp_path / "ten.mp4", grey(610), fps=1.0)
        with pytest.raises(DataError, match="lasts longer than 10 minutes, the limit; cut it into"):
            patient.read(ten, called="video")


def test_a_file_that_is_no_video(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "page.mp4").write_text("<!DOCTYPE html>")
    with pytest.raises(VideoError, match=r"page.mp4': not a video: it is an HTML page"):
        reader.read(str(tmp_path / "page.mp4"))

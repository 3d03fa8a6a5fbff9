"""Videos that lie on the disk picture by picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from raysign.errors import VideoError
from raysign.video import Span, files_of, open_video


@pytest.fixture
def frames(films: Any, tmp_path: Path) -> Path:
    """Twelve pictures, from the seventh on, in a folder with a percent sign."""
    folder = tmp_path / "a%b"
    folder.mkdir()
    for number in range(7, 19):
        Image.fromarray(films.picture(number)).save(folder / f"images{number:04d}.png")
    (folder / "notes.txt").write_text("not a picture")
    return folder


def pattern(folder: Path) -> str:
    return str(folder).replace("%", "%%") + "/images%04d.png"


def test_every_picture_once_in_order(films: Any, frames: Path) -> None:
    with open_video(pattern(frames)) as video:
        shown = list(video)
    assert [films.number(frame.rgb) for frame in shown] == list(range(7, 19))
    assert video.fps == 25
    assert next(p.name for p in files_of(pattern(frames))) == "images0007.png"


def test_a_span_of_it(films: Any, frames: Path) -> None:
    with open_video(pattern(frames), Span(start_frame=2, end_frame=5)) as video:
        assert [films.number(frame.rgb) for frame in video] == [9, 10, 11]


def test_a_picture_that_is_missing_is_told(frames: Path) -> None:
    (frames / "images0011.png").unlink()
    with (
        pytest.raises(VideoError, match="picture 11 of 7–18 is missing"),
        open_video(pattern(frames)),
    ):
        pass


def test_no_pictures_and_no_folder(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="no such pictures"):
        files_of(str(tmp_path / "images%04d.png"))
    with pytest.raises(VideoError, match="No such file"):
        files_of(str(tmp_path / "nowhere" / "images%04d.png"))


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(films: Any, tmp_path: Path) -> None:
    film = films.film(tmp_path / "100%d.mp4", 3)
    with open_video(film) as video:
        assert len(list(video)) == 3

"""Pictures as they are shown: turned, mirrored, cropped, of any size."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from raysign.config.extract import CropConfig
from raysign.video import open_video

if TYPE_CHECKING:
    from numpy.typing import NDArray


def test_pictures_are_contiguous_read_only_and_of_any_size(films: Any, tmp_path: Path) -> None:
    path = films.film(tmp_path / "a.mp4", 3, size=(101, 67), pix_fmt="yuv444p", codec=films.H264)
    with open_video(path) as frames:
        for index, frame in enumerate(frames):
            assert frame.rgb.shape == (67, 101, 3)
            assert frame.rgb.flags.c_contiguous
            assert not frame.rgb.flags.writeable
            assert np.abs(frame.rgb.astype(int) - films.picture(index, 101, 67)).max() < 24


def test_a_4k_video(films: Any, tmp_path: Path) -> None:
    path = films.film(tmp_path / "a.mp4", 3, size=(3840, 2160), options={"preset": "ultrafast"})
    with open_video(path) as frames:
        assert [frame.rgb.shape for frame in frames] == [(2160, 3840, 3)] * 3


def test_the_metadata_turns_the_picture_and_so_does_the_caller(films: Any, tmp_path: Path) -> None:
    path = films.turned(films.film(tmp_path / "a.mp4", 2))
    lying = films.picture(1)
    for rotation, turns in (("auto", 1), (0, 0), (90, 1), (180, 2), (270, 3)):
        with open_video(path, rotation=rotation) as frames:
            _, upright = frames
        # np.rot90 turns anticlockwise.
        assert np.abs(upright.rgb.astype(int) - np.rot90(lying, -turns)).max() < 24, rotation


def corner(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """White at the top left, grey to the right of it: no way to turn or mirror it looks alike."""
    rgb = np.full((height, width, 3), 16, np.uint8)
    rgb[: height // 2, : width // 2], rgb[: height // 2, width // 2 :] = 235, 128
    return rgb


@pytest.mark.parametrize(
    "matrix",
    [
        pytest.param((1, 0, 0, 1), id="upright"),
        pytest.param((0, 1, -1, 0), id="a quarter"),
        pytest.param((-1, 0, 0, -1), id="a half"),
        pytest.param((0, -1, 1, 0), id="three quarters"),
        pytest.param((-1, 0, 0, 1), id="left for right"),
        pytest.param((1, 0, 0, -1), id="upside down"),
        pytest.param((0, 1, 1, 0), id="transposed"),
        pytest.param((0, -1, -1, 0), id="transposed the other way"),
    ],
)
def test_the_metadata_may_mirror_the_picture_too(
    films: Any, tmp_path: Path, matrix: tuple[int, int, int, int]
) -> None:
    path = films.turned(films.film(tmp_path / "a.mp4", 2, draw=corner), matrix)
    with open_video(path) as frames:
        _, upright = frames
    lying = corner(1, 80, 48)
    a, b, c, d = matrix
    y, x = np.indices(lying.shape[:2])
    x, y = a * x + c * y, b * x + d * y
    shown = np.empty((np.ptp(y) + 1, np.ptp(x) + 1, 3), np.uint8)
    shown[y - y.min(), x - x.min()] = lying
    assert upright.rgb.shape == shown.shape
    assert np.abs(upright.rgb.astype(int) - shown).mean() < 4
    with open_video(path, rotation=0) as frames:
        assert np.abs(next(iter(frames)).rgb.astype(int) - lying).mean() < 4


def test_pixels_that_are_not_square(films: Any, tmp_path: Path) -> None:
    path = films.film(tmp_path / "a.mp4", 2, pixel_aspect=Fraction(16, 11))
    for rotation, aspect in ((0, 16 / 11), (90, 11 / 16), (180, 16 / 11)):
        with open_video(path, rotation=rotation) as frames:
            assert [frame.pixel_aspect for frame in frames] == pytest.approx([aspect] * 2)
    with open_video(films.film(tmp_path / "b.mp4", 2)) as frames:
        assert [frame.pixel_aspect for frame in frames] == [1.0] * 2


def test_the_crop_is_of_the_upright_picture(films: Any, tmp_path: Path) -> None:
    path = films.turned(films.film(tmp_path / "a.mp4", 2))
    crop = CropConfig(left=0.25, top=0.5, right=1.0, bottom=0.9)
    with open_video(path) as frames:
        whole = [frame.rgb for frame in frames]
    with open_video(path, crop=crop) as frames:
        part = [frame.rgb for frame in frames]
    assert whole[0].shape == (80, 48, 3)
    assert np.array_equal(part[1], whole[1][40:72, 12:48])
    assert part[1].flags.c_contiguous

"""One decoded frame as an RGB array: turned upright, then cropped."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from av.video.reformatter import VideoReformatter
from jaxtyping import UInt8

from raysign.config.extract import CropConfig

if TYPE_CHECKING:
    from fractions import Fraction

    import av

Rotation = Literal["auto", 0, 90, 180, 270]
"""Degrees clockwise; ``auto``: as the video's metadata says."""


class Picture:
    """Makes RGB arrays of the frames of one video."""

    def __init__(self, rotation: Rotation, crop: CropConfig) -> None:
        self.rotation, self.crop = rotation, crop
        self._reformatter = VideoReformatter()
        self._said: tuple[int, bool] | None = None

    def rgb(self, frame: av.VideoFrame) -> UInt8[np.ndarray, "height width rgb"]:
        """The frame's pixels, contiguous and read-only, copied only where they must be.

        The conversion is FFmpeg's default one, which gives the very bytes that OpenCV gives.
        """
        converted = self._reformatter.reformat(frame, format="rgb24", threads=1)
        plane = converted.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[
            : converted.height
        ]
        pixels = rows[:, : converted.width * 3].reshape(converted.height, converted.width, 3)
        turns, mirrored = self._turning(frame)
        upright = np.rot90(pixels[:, ::-1] if mirrored else pixels, -turns)
        pixels = np.ascontiguousarray(self._cropped(upright))
        pixels.flags.writeable = False
        return pixels

    def pixel_aspect(self, frame: av.VideoFrame, coded: Fraction | None) -> float:
        """Width over height of an upright pixel; ``coded`` is that before turning, None: square."""
        aspect = float(coded or 1)
        return 1 / aspect if self._turning(frame)[0] % 2 else aspect

    def _turning(self, frame: av.VideoFrame) -> tuple[int, bool]:
        """Quarter turns clockwise that put the frame upright, and whether to mirror it before."""
        if self.rotation != "auto":
            return self.rotation // 90, False
        if self._said is None:
            # Of the first alone: PyAV's side data and its frame keep each other in memory.
            self._said = _as_said(frame)
        return self._said

    def _cropped(
        self, pixels: UInt8[np.ndarray, "height width rgb"]
    ) -> UInt8[np.ndarray, "crop_height crop_width rgb"]:
        height, width, _ = pixels.shape
        top, left = int(self.crop.top * height), int(self.crop.left * width)
        bottom = max(top + 1, round(self.crop.bottom * height))
        right = max(left + 1, round(self.crop.right * width))
        return pixels[top:bottom, left:right]


def _as_said(frame: av.VideoFrame) -> tuple[int, bool]:
    """Quarter turns, and whether to mirror before, by the display matrix that a frame carries."""
    beside: Any = frame.side_data  # of which PyAV's types know only the motion vectors
    if (matrix := beside.get("DISPLAYMATRIX")) is None:
        return 0, False
    # It takes (1, 0) to (a, b) and (0, 1) to (c, d), y downwards: FFmpeg's avutil/display.h.
    a, b, _, c, d = np.frombuffer(matrix, np.int32)[:5].tolist()
    if mirrored := a * d < b * c:
        a, b = -a, -b
    return round(math.atan2(b, a) / (math.pi / 2)) % 4, mirrored

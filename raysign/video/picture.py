"""One decoded frame as an RGB array: turned upright, then cropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

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
        pixels = np.ascontiguousarray(self._cropped(np.rot90(pixels, -self._turns(frame))))
        pixels.flags.writeable = False
        return pixels

    def pixel_aspect(self, frame: av.VideoFrame, coded: Fraction | None) -> float:
        """Width over height of an upright pixel; ``coded`` is that before turning, None: square."""
        aspect = float(coded or 1)
        return 1 / aspect if self._turns(frame) % 2 else aspect

    def _turns(self, frame: av.VideoFrame) -> int:
        """Quarter turns clockwise that put the frame upright."""
        # The metadata's angle counts anticlockwise.
        clockwise = -frame.rotation if self.rotation == "auto" else self.rotation
        return round(clockwise / 90) % 4

    def _cropped(
        self, pixels: UInt8[np.ndarray, "height width rgb"]
    ) -> UInt8[np.ndarray, "crop_height crop_width rgb"]:
        height, width, _ = pixels.shape
        top, left = int(self.crop.top * height), int(self.crop.left * width)
        bottom = max(top + 1, round(self.crop.bottom * height))
        right = max(left + 1, round(self.crop.right * width))
        return pixels[top:bottom, left:right]

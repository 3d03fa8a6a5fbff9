"""The video that a clip was extracted from: a picture for each frame of the clip."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray

from raysign.clip import Clip
from raysign.config import ExtractConfig
from raysign.errors import DataError, VideoError
from raysign.video import Frame, Frames, Span, open_video

Picture = UInt8[NDArray[np.uint8], "height width rgb=3"]

AS_LONG = 0.9
"""A video with fewer frames than this share of the clip's, or the other way round, is another's."""
ASPECT_OFF = 0.03
"""Width by height of a smaller copy of a video, and of its crop, are rounded to whole pixels."""


BLACK = 24
"""The most that black is of 255, as compression leaves it."""


@dataclass(frozen=True)
class Bars:
    """What is black from the first picture to the last beside what was filmed, as shares."""

    frames: int
    """How many pictures were looked at."""
    top: float
    bottom: float
    left: float
    right: float

    def kept(self, before: Picture, after: Picture) -> Picture:
        """What was drawn on a picture of that video, less what was drawn on its bars."""
        height, width = before.shape[:2]
        top, bottom = round(self.top * height), height - round(self.bottom * height)
        left, right = round(self.left * width), width - round(self.right * width)
        out = before.copy()
        out[top:bottom, left:right] = after[top:bottom, left:right]
        return out


@dataclass(frozen=True)
class Footage:
    """A video as extraction saw it: turned, cropped, at the clip's own rate."""

    clip: Clip
    video: str | Path
    extracted: ExtractConfig
    """Whose crop and rotation the clip was extracted with."""
    start_s: float | None = None
    """Where in the video the clip begins, for a video that goes on."""

    def fps(self) -> float:
        """Of the pictures. ``VideoError`` where the video cannot be read."""
        with self._opened() as frames:
            return frames.fps

    def pictures(self) -> Iterator[Picture]:
        """One for each frame of the clip, from the first on; begins anew at each call.

        Raises:
            DataError: another aspect than the clip's, or, at the end, another length; a video that
                ends a little early gives a few pictures fewer.
            VideoError: a video that cannot be read.
        """
        wanted, shown = len(self.clip.xyz), 0
        who = f"clip {self.clip.clip_id!r}"
        with self._opened() as frames:
            repeated = (frame for frame in frames for _ in range(frame.repeats))
            for frame in islice(repeated, wanted):
                if not shown:
                    self._check_aspect(frame)
                shown += 1
                yield frame.rgb
            if shown < AS_LONG * wanted:
                raise DataError(
                    f"{str(self.video)!r} has {shown} frames for the {wanted} of {who}: give the "
                    "video that it was extracted from"
                )
            if self.start_s is None and shown < AS_LONG * (shown + sum(1 for _ in repeated)):
                raise DataError(
                    f"{str(self.video)!r} is longer than the {wanted} frames of {who}: give the "
                    "video that it was extracted from, or say with --start where the clip begins "
                    "in it"
                )

    def bars(self) -> Bars:
        """Where the video is black throughout, at its four sides. Raises as :meth:`pictures`."""
        seen: NDArray[np.uint8] | None = None
        frames = 0
        for picture in self.pictures():
            brightest = picture.max(axis=2)
            seen = brightest if seen is None else np.maximum(seen, brightest)
            frames += 1
        if seen is None or not (seen > BLACK).any():
            return Bars(frames, 0.0, 0.0, 0.0, 0.0)
        edges = []
        for across in (1, 0):
            there = np.flatnonzero((seen > BLACK).any(axis=across))
            size = seen.shape[1 - across]
            edges += [there[0] / size, (size - 1 - there[-1]) / size]
        return Bars(frames, *map(float, edges))

    @contextmanager
    def _opened(self) -> Iterator[Frames]:
        span = Span(start_s=self.start_s) if self.start_s else Span()
        try:
            with open_video(
                self.video,
                span,
                fps=self.clip.fps,
                crop=self.extracted.crop,
                rotation=self.extracted.rotation,
                keep_truncated=True,
            ) as frames:
                yield frames
        except VideoError as error:
            raise VideoError(f"{str(self.video)!r}: {error}") from None

    def _check_aspect(self, frame: Frame) -> None:
        clip = self.clip
        if not (clip.width and clip.height):
            return
        height, decoded_width, _ = frame.rgb.shape
        width = decoded_width * frame.pixel_aspect
        if abs(math.log(width * clip.height / (height * clip.width))) > ASPECT_OFF:
            raise DataError(
                f"{str(self.video)!r} gives pictures of {width:.0f}×{height}, clip "
                f"{clip.clip_id!r} was seen in {clip.width}×{clip.height}: give the video that it "
                "was extracted from, and the store that extraction wrote, which knows crop and "
                "rotation"
            )

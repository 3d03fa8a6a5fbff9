"""A video's frames, streamed: one at a time, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

from raysign.config.extract import CropConfig
from raysign.errors import VideoError
from raysign.video.grid import EARLY, on_grid
from raysign.video.opening import DECODE_ERRORS, opened
from raysign.video.picture import Picture, Rotation
from raysign.video.span import ENOUGH, WHOLE, Extent, Span
from raysign.video.timeline import Timeline, timeline

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.stream import VideoStream

SEEK_BEYOND_S = 10.0
"""Spans that begin later are sought; before, decoding what lies in front of them costs little."""
KEEP_TIMES = frozenset({"mp4", "matroska", "flv"})
"""Containers whose frames have the same times after a seek, as tests/video/test_seeking.py checks;
elsewhere all is decoded from the start. MPEG's program streams count anew after a seek, and its
transport streams begin between two key frames."""
GUESSED = frozenset({"avi", "asf"})
"""Containers that hold one time a packet, from which FFmpeg guesses when it is shown, and of
``REORDERED`` codecs often wrongly: their frames come in order, but not their times."""
REORDERED = frozenset({"h264", "hevc"})


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a video."""

    rgb: UInt8[np.ndarray, "height width rgb"]
    """Contiguous, read-only."""
    time_s: float
    """When it appears, in seconds from the video's first frame."""
    repeats: int
    """How many frames of the clip it stands for, at least 1."""
    pixel_aspect: float
    """Width over height of a pixel as the video wants it shown; not 1 in anamorphic recordings,
    such as those on DV tape or DVD."""


@dataclass(frozen=True, eq=False)
class _Decoded:
    picture: av.VideoFrame
    time_s: float


class Frames:
    """The frames of a span, to be iterated once; made by :func:`open_video`.

    ``fps`` is the rate of the frames, each counted ``repeats`` times. ``decoded`` is the number of
    the span's own frames that have been decoded so far.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        line: Timeline,
        span: Span,
        *,
        fps: float | None,
        picture: Picture,
        keep_truncated: bool,
        alive: Callable[[], None],
    ) -> None:
        self.fps = float(line.rate) if fps is None else fps
        self.decoded = 0
        self._container, self._stream, self._line, self._span = container, stream, line, span
        self._formats = container.format.name.split(",")
        self._as_they_come = line.constant and abs(self.fps - line.rate) < 1e-3 * line.rate
        if self._as_they_come:
            self.fps = float(line.rate)
        self._picture, self._keep_truncated, self._alive = picture, keep_truncated, alive
        if not keep_truncated and line.astray > (1 - ENOUGH) * line.present:
            raise VideoError(
                f"its timestamps are damaged: {line.astray} of {line.present} repeat or go back"
            )
        self._extent = Extent.of(span, line)
        if not keep_truncated and (reason := self._extent.shortfall(self._extent.there)):
            raise VideoError(reason)  # known from the packets: no need to decode them

    @property
    def pixels(self) -> int:
        """Of a picture, as the file's header says it before a frame is decoded."""
        context = self._stream.codec_context
        return context.width * context.height

    @property
    def count(self) -> int:
        """Frames of the span that the file holds, known before one is decoded."""
        extent = self._extent
        rate = 1.0 if extent.unit == "frames" else float(self._line.rate)
        return round(extent.there * rate)

    @property
    def length_s(self) -> float:
        """Seconds of the span that the file holds, known before a frame is decoded."""
        extent = self._extent
        return extent.there / float(self._line.rate) if extent.unit == "frames" else extent.there

    def __iter__(self) -> Iterator[Frame]:
        """Decode.

        Raises:
            VideoError: nothing can be decoded; the pictures are of several sizes; the timestamps
                leave gaps too long to be filled; or, unless truncated videos are kept, less than
                nine tenths of what the video promises is there.
        """
        shown: Iterator[tuple[_Decoded, int]]
        if self._as_they_come:
            shown = ((frame, 1) for frame in self._decode())
        else:
            end_s = self._line.length_s
            if self._span.end_s is not None:
                end_s = min(end_s, self._span.end_s)
            elif self._span.end_frame is not None:
                end_s = min(end_s, self._line.time_of(self._span.end_frame))
            usual_s = 1 / float(self._line.rate)
            shown = on_grid(self._decode(), self.fps, end_s, EARLY * usual_s, usual_s)
        for frame, repeats in shown:
            rgb = self._picture.rgb(frame.picture)
            coded = self._stream.sample_aspect_ratio
            aspect = self._picture.pixel_aspect(frame.picture, coded)
            yield Frame(rgb, frame.time_s, repeats, aspect)

    def _decode(self) -> Iterator[_Decoded]:
        """The span's frames; complains at the end about what is missing."""
        last_s, damaged = 0.0, False
        size = ""
        try:
            for frame in self._in_span():
                now = f"{frame.picture.width}×{frame.picture.height}"
                if now != (size := size or now):
                    raise VideoError(
                        f"the picture changes its size from {size} to {now} "
                        f"after {self.decoded} frames"
                    )
                self.decoded += 1
                last_s = frame.time_s
                yield frame
        except DECODE_ERRORS:
            damaged = True
        if self.decoded == 0:
            raise VideoError(
                "no frame of it can be decoded" if damaged else "no frame begins in its span"
            )
        if not self._keep_truncated and (reason := self._shortfall(last_s)):
            raise VideoError(f"is damaged: {reason}" if damaged else reason)

    def _shortfall(self, last_s: float) -> str:
        if self._extent.unit == "frames":
            return self._extent.shortfall(self.decoded)
        return self._extent.shortfall(self._line.end_of(last_s) - self._extent.start)

    def _in_span(self) -> Iterator[_Decoded]:
        span, slack_s = self._span, self._line.slack_s
        begins_s = span.start_s or 0.0
        for index, frame in self._numbered():
            if span.in_seconds:
                if span.end_s is not None and frame.time_s + slack_s >= span.end_s:
                    return
                if frame.time_s + slack_s >= begins_s:
                    yield frame
            else:
                if span.end_frame is not None and index >= span.end_frame:
                    return
                if index >= (span.start_frame or 0):
                    yield frame

    def _numbered(self) -> Iterator[tuple[int, _Decoded]]:
        """Frames with their numbers, from the span's start or from somewhere before it."""
        line = self._line
        if (target := self._target()) is not None:
            yield from self._sought(target)
            return
        guessed = (
            line.exact
            and self._stream.codec_context.name in REORDERED
            and not GUESSED.isdisjoint(self._formats)
        )
        for index, picture in enumerate(self._container.decode(self._stream)):
            self._alive()
            if line.times is None or picture.pts is None:
                time_s = float(index / line.rate)
            elif guessed:
                time_s = line.time_of(index)
            else:
                time_s = line.seconds(picture.pts)
            yield index, _Decoded(picture, time_s)

    def _target(self) -> int | None:
        """The time of the span's first frame, if it is known and far enough to be sought."""
        line, span = self._line, self._span
        if line.times is None:
            return None
        if span.in_seconds:
            begins = int(line.times[0]) + (span.start_s or 0.0) / float(line.time_base)
            first = int(np.searchsorted(line.times, begins - line.slack_s / float(line.time_base)))
        elif line.exact:
            first = span.start_frame or 0
        else:
            return None
        if first >= len(line.times) or line.time_of(first) < SEEK_BEYOND_S:
            return None
        if KEEP_TIMES.isdisjoint(self._formats):
            return None
        return int(line.times[first])

    def _sought(self, target: int) -> Iterator[tuple[int, _Decoded]]:
        """Frames from ``target`` on, decoded from the key frame before it.

        Seeking goes by decoding order, so the key frame found may be shown only after ``target``,
        and behind the last one nothing can be decoded; then the one before is tried, in the end the
        file's first.
        """
        line = self._line
        assert line.times is not None
        back = 0.0
        while True:
            aim = max(int(target - back / float(line.time_base)), int(line.times[0]))
            self._container.seek(aim, stream=self._stream)
            first = True
            for picture in self._container.decode(self._stream):
                self._alive()
                if picture.pts is None:
                    continue
                if first and picture.pts > target and aim > line.times[0]:
                    break
                first = False
                if picture.pts >= target:
                    index = int(np.searchsorted(line.times, picture.pts))
                    yield index, _Decoded(picture, line.seconds(picture.pts))
            else:
                if not first or aim == line.times[0]:
                    return
            back = max(1.0, back * 4)


@contextmanager
def open_video(
    path: str | Path,
    span: Span = WHOLE,
    *,
    fps: float | None = None,
    most_fps: float | None = None,
    crop: CropConfig | None = None,
    rotation: Rotation = "auto",
    keep_truncated: bool = False,
    alive: Callable[[], None] = lambda: None,
    max_pixels: int | None = None,
) -> Iterator[Frames]:
    """Open a local video to stream its frames; only a few are in memory at a time.

    A video of constant rate gives each of its frames once. With another ``fps``, or where the
    video's rate varies, frames are taken at a constant rate by their times: at each tick the one
    that is on the screen, so that one may be left out, or come once with ``repeats`` above 1. A
    variable rate's own ``fps`` is the usual one of its frames. A video with more than ``most_fps``
    is taken at that rate, unless ``fps`` says another.

    ``rotation`` is by how many degrees clockwise to turn the pictures, ``auto``: as the video's
    metadata says; ``crop`` is the part to keep after that. ``alive`` is called after each packet
    that is read, and each frame that is decoded, also those in front of the span. Pictures of more
    than ``max_pixels`` are not decoded, whatever the file's header says of them.

    Raises:
        VideoError: here or while iterating: the reason that the video cannot be read, or, unless
            ``keep_truncated``, that less than nine tenths of what the span should have is there, or
            that more than a tenth of the video's timestamps repeat or go back.
    """
    line = timeline(path, alive)
    if fps is None and most_fps is not None and line.rate > most_fps:
        fps = most_fps
    with opened(path, max_pixels=max_pixels) as (container, stream):
        yield Frames(
            container,
            stream,
            line,
            span,
            fps=fps,
            picture=Picture(rotation, crop or CropConfig()),
            keep_truncated=keep_truncated,
            alive=alive,
        )

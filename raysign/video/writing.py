"""Pictures as an MP4."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from jaxtyping import UInt8

from raysign.errors import VideoError
from raysign.whole import whole_file

ENCODERS = ("libx264", "mpeg4")
"""The first that is there is taken: H.264 plays everywhere, but FFmpeg may be built without it."""


def write_mp4(
    path: str | Path, frames: Iterable[UInt8[np.ndarray, "height width rgb"]], fps: float
) -> int:
    """Write pictures of one size as an MP4 and return how many; the file appears whole or not.

    Odd sizes are made even by repeating the last row or column, as the codec needs it.

    Raises:
        VideoError: there are no pictures, their sizes differ, or FFmpeg cannot write the file.
        DataError: it cannot take its place.
    """
    if not fps > 0:
        raise ValueError(f"fps must be greater than 0, got {fps}")
    with whole_file(path) as draft:
        try:
            return _encode(draft, frames, fps)
        except av.FFmpegError as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise VideoError(f"cannot write video {str(path)!r}: {reason}") from None


def _encode(
    draft: Path, frames: Iterable[UInt8[np.ndarray, "height width rgb"]], fps: float
) -> int:
    encoder = next(name for name in ENCODERS if name in av.codecs_available)
    size: tuple[int, ...] = ()
    count = 0
    with av.open(f"file:{draft}", "w", format="mp4", options={"movflags": "faststart"}) as out:
        # MPEG-4 counts time in at most 65,535 parts of a second.
        stream = out.add_stream(encoder, rate=Fraction(fps).limit_denominator(1001))
        assert isinstance(stream, av.VideoStream)
        stream.pix_fmt = "yuv420p"
        for picture in frames:
            if not size:
                size = picture.shape
                stream.height, stream.width = size[0] + size[0] % 2, size[1] + size[1] % 2
            if picture.shape != size:
                raise VideoError(f"pictures of several sizes: {size} and {picture.shape}")
            even = np.pad(picture, ((0, size[0] % 2), (0, size[1] % 2), (0, 0)), "edge")
            out.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
            count += 1
        if not count:
            raise VideoError("no pictures to write")
        out.mux(stream.encode())
    return count

"""When each frame of a video is shown, read from its packets without decoding one.

It costs one pass over the file, and tells whether the rate is constant, whether frames that the
header promises are missing, and where to seek for a span.
"""

from __future__ import annotations

import os
from array import array
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from raysign.errors import VideoError
from raysign.video.opening import DECODE_ERRORS, check_file, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from av.container import InputContainer
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

FRAME_PER_PACKET = frozenset({"h264", "hevc", "mpeg4", "mjpeg"})
"""Codecs of which every packet is one frame on the screen. (VP8 and VP9 have hidden ones.)"""
DURATION_IN_HEADER = ("mp4", "matroska", "flv", "asf")
"""Containers whose header holds the duration; of others FFmpeg estimates it from what is there."""
DURATION_FROM_ZERO = ("matroska", "asf")
"""Of these, where it counts from time 0: the sound may begin before the picture."""
FALLBACK_RATE = Fraction(25)
"""Frames a second where nothing says or shows it."""
MOST_RATE = Fraction(240)
"""Of a variable rate's grid: frames that share a moment must not make it a million."""


@dataclass(frozen=True, eq=False)
class Timeline:
    """A video's frames in time."""

    times: NDArray[np.int64] | None
    """When each frame is shown, in units of ``time_base``, sorted, [frame]; None for a raw stream
    without timestamps, whose frames follow each other at ``rate``."""
    time_base: Fraction
    present: int
    """Packets in the file."""
    astray: int
    """Packets whose time is another's too, or lies before that of one in front of them."""
    exact: bool
    """Whether packets are frames, one by one, so that frame k is the one at ``times[k]``."""
    length_s: float
    """Seconds from the first frame's beginning to the last one's end, as far as they are there."""
    promised: int | None
    """Frames that the video should have by its header or its packets; None where unknown."""
    promised_s: float
    """Seconds that the video should have by its header, else ``length_s``."""
    constant: bool
    """Whether the frames follow each other at one rate."""
    rate: Fraction
    """Frames a second; where they vary, the usual one."""

    @property
    def slack_s(self) -> float:
        """How far rounding may move a frame's time: half a tick of the file's clock."""
        tick_s = 0.0 if self.times is None else float(self.time_base)
        return min(tick_s / 2, 0.25 / float(self.rate)) + 1e-6

    def seconds(self, time: int) -> float:
        """Seconds from the first frame to a time in ``time_base``."""
        first = 0 if self.times is None else int(self.times[0])
        return float((time - first) * self.time_base)

    def time_of(self, frame: int) -> float:
        """When frame k begins, in seconds from the first; past the end as if they went on."""
        if self.times is None or frame >= self.present:
            return self.length_s + float((frame - self.present) / self.rate)
        return self.seconds(int(self.times[frame]))

    def end_of(self, time_s: float) -> float:
        """When the frame that begins at ``time_s`` gives way to the next one, or the video ends."""
        if self.times is None:
            return time_s + float(1 / self.rate)
        clock = int(self.times[0]) + (time_s + self.slack_s) / float(self.time_base)
        return self.time_of(int(np.searchsorted(self.times, clock, side="right")))


def timeline(path: str | Path, alive: Callable[[], None] = lambda: None) -> Timeline:
    """Read a video's timeline, calling ``alive`` at each packet.

    The last few are kept, for the other spans of the same file.

    Raises:
        VideoError: the file cannot be read as a video, or holds no frame.
    """
    status = check_file(path)
    identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    return _timeline(os.fspath(path), identity, alive)


@lru_cache(maxsize=4)
def _timeline(path: str, identity: tuple[int, ...], alive: Callable[[], None]) -> Timeline:
    with opened(path) as (container, stream):
        times = array("q")
        count = hidden = end = back = 0
        newest: int | None = None
        first_is_key = False
        try:
            for packet in container.demux(stream):
                alive()
                if packet.size == 0:  # the mark that ends the stream
                    continue
                if packet.is_discard:  # decoded for others' sake, cut away by an edit list
                    hidden += 1
                    continue
                first_is_key = packet.is_keyframe if count == 0 else first_is_key
                count += 1
                if packet.dts is not None:  # decoding order: only a damaged clock goes back in it
                    back += newest is not None and packet.dts < newest
                    newest = packet.dts if newest is None else max(newest, packet.dts)
                if packet.pts is not None:
                    times.append(packet.pts)
                    end = max(end, packet.pts + (packet.duration or 0))
        except DECODE_ERRORS:
            pass  # what lies behind the damage is missing; that is judged by the counts
        if not count:
            raise VideoError("it has no frames")
        shown = np.sort(np.frombuffer(times, np.int64)) if len(times) == count else None
        repeated = 0 if shown is None else int((np.diff(shown) == 0).sum())
        distinct = shown is not None and not repeated
        codec = stream.codec_context.name
        exact = codec in FRAME_PER_PACKET and distinct and first_is_key and not hidden
        astray = max(repeated, back)
        return _judged(container, stream, shown, count, end, astray=astray, exact=exact)


def _judged(
    container: InputContainer,
    stream: VideoStream,
    times: NDArray[np.int64] | None,
    count: int,
    end: int,
    *,
    astray: int,
    exact: bool,
) -> Timeline:
    time_base = stream.time_base or Fraction(1, 1000)
    stated = stream.guessed_rate if times is None else stream.average_rate
    constant, rate = rate_of(times, time_base, stated)
    if times is None:
        length_s = float(count / rate)
    else:
        last_s = max(float((end - int(times[-1])) * time_base), float(1 / rate))
        length_s = float(int(times[-1] - times[0]) * time_base) + last_s
    declared, declared_s = stream.frames or None, _declared_s(container, stream)
    if declared_s is not None and times is not None and _named(container, DURATION_FROM_ZERO):
        declared_s = max(0.0, declared_s - max(0.0, float(int(times[0]) * time_base)))
    if declared and "avi" in container.format.name:
        # Frames that were dropped are counted too: their places in time are there, and empty.
        declared_s = float(declared * time_base)
        declared = count + max(0, declared - end)
    if declared and declared_s and stream.average_rate and "mp4" in container.format.name:
        # An edit list hides frames that are counted, and shortens the duration.
        declared = min(declared, max(1, round(declared_s * stream.average_rate)))
    if declared is None and declared_s is not None and constant:
        declared = round(declared_s * rate)
    if declared is None and declared_s is None and exact:
        declared = count
    if declared_s is None and declared is not None:
        declared_s = float(declared / rate)
    return Timeline(
        times=times,
        time_base=time_base,
        present=count,
        astray=astray,
        exact=exact,
        length_s=length_s,
        promised=declared,
        promised_s=length_s if declared_s is None else declared_s,
        constant=constant,
        rate=rate,
    )


def rate_of(
    times: NDArray[np.int64] | None, time_base: Fraction, stated: Fraction | None = None
) -> tuple[bool, Fraction]:
    """Whether frames shown at these times have a constant rate, and what it is.

    It is constant if no gap is half as long again as the mean one or half as short, and no frame is
    half a gap away from where a constant rate would put it; a tick of the file's clock is always
    allowed. ``stated`` is what their file says that it is.
    """
    if times is None or len(times) < 2 or times[-1] == times[0]:
        return True, stated or FALLBACK_RATE
    gaps = np.diff(times)
    mean = Fraction(int(times[-1] - times[0]), len(gaps))
    slack = max(1.0, float(mean) / 2)
    drift = times - times[0] - np.arange(len(times)) * float(mean)
    if max(np.abs(gaps - float(mean)).max(), np.abs(drift).max()) <= slack:
        measured = 1 / (mean * time_base)
        near = stated is not None and abs(stated - measured) <= measured / 50
        return True, stated if stated and near else measured.limit_denominator(1001)
    gaps = np.sort(gaps[gaps > 0])  # a time that repeats says nothing about the rate
    usual = 1 / (int(gaps[len(gaps) // 2]) * time_base)  # one of them, not a mean of two
    whole = Fraction(max(1, round(usual)))
    # The clock may be too coarse for the rate: 33 ms stand for 1/30 s.
    return False, min(whole if abs(whole - usual) <= usual / 50 else usual, MOST_RATE)


def _named(container: InputContainer, names: Sequence[str]) -> bool:
    return any(name in container.format.name for name in names)


def _declared_s(container: InputContainer, stream: VideoStream) -> float | None:
    if not _named(container, DURATION_IN_HEADER):
        return None
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if tag := stream.metadata.get("DURATION"):  # Matroska: HH:MM:SS.fraction
        try:
            hours, minutes, seconds = tag.split(":")
            return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
        except ValueError:
            return None
    if container.duration and not container.streams.audio:  # else it may be the sound's
        return container.duration / 1_000_000
    return None

"""Which part of a video is meant, and how much of it is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from raysign.errors import VideoError

if TYPE_CHECKING:
    from raysign.video.timeline import Timeline

ENOUGH = 0.9
"""A video of which less can be decoded ends early."""


@dataclass(frozen=True)
class Span:
    """A part of a video, by frame or by second, not both; open where None.

    Frames count from 0 in the order in which they are shown, ``start_frame`` included,
    ``end_frame`` not. Seconds count from the first frame; a frame belongs to the span if it appears
    at ``start_s`` or later, and before ``end_s``.
    """

    start_frame: int | None = None
    end_frame: int | None = None
    start_s: float | None = None
    end_s: float | None = None

    @property
    def in_seconds(self) -> bool:
        return self.start_s is not None or self.end_s is not None


WHOLE = Span()


@dataclass(frozen=True)
class Extent:
    """How much of a video a span asks for, in frames, or in seconds where frames are not known."""

    unit: str
    start: float
    wanted: float
    there: float

    @classmethod
    def of(cls, span: Span, timeline: Timeline) -> Extent:
        """The part of the span that the video promises, and that its file holds.

        Raises:
            VideoError: the span begins where the video has ended.
        """
        start: float
        end: float | None
        if by_frame := not span.in_seconds and timeline.promised is not None:
            start, end = span.start_frame or 0, span.end_frame
            promised, present = float(timeline.promised or 0), float(timeline.present)
        else:
            start, end = _in_seconds(span, timeline)
            promised, present = timeline.promised_s, timeline.length_s
        unit = "frames" if by_frame else "seconds"
        promised = max(promised, present)
        if start >= promised:
            raise VideoError(f"its span begins at {start:g} {unit}, but the video has {promised:g}")
        wanted = (promised if end is None else min(end, promised)) - start
        return cls(unit, start, wanted, max(0.0, min(present - start, wanted)))

    def shortfall(self, got: float) -> str:
        """A reason if ``got``, in ``unit``, is much less than what was wanted; else ''."""
        if got >= ENOUGH * self.wanted:
            return ""
        of = "" if self.start == 0 else " of its span"
        digits = 0 if self.unit == "frames" else 1
        return f"ends after {got:.{digits}f} of {self.wanted:.{digits}f} {self.unit}{of}"


def _in_seconds(span: Span, timeline: Timeline) -> tuple[float, float | None]:
    if span.in_seconds:
        return span.start_s or 0.0, span.end_s
    end = span.end_frame
    return timeline.time_of(span.start_frame or 0), None if end is None else timeline.time_of(end)

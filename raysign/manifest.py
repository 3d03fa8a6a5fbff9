"""A manifest lists videos that are to become clips: one row a clip.

It is read and written by `raysign.store` (CSV, Parquet, JSON lines), made by `raysign.datasets`, and
read by extraction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from raysign.errors import DataError

SPLITS = ("train", "val", "test", "")


@dataclass(frozen=True)
class VideoClip:
    """One row: a video, or a span of one, that shows one clip.

    The span is given in frames or in seconds, not both; where it is open, it goes to the video's
    own start or end. Frames count from 0 in the order in which they are shown, ``start_frame``
    included, ``end_frame`` not; seconds count from the first frame. An empty string means unknown.
    """

    clip_id: str
    path: str
    """A local path, or a URI of any Arrow filesystem."""
    sign: str = ""
    signer: str = ""
    split: str = ""
    language: str = ""
    dataset: str = ""
    start_frame: int | None = None
    end_frame: int | None = None
    start_s: float | None = None
    end_s: float | None = None

    def __post_init__(self) -> None:
        if not self.clip_id or not self.path:
            raise DataError(f"a clip of a manifest needs clip_id and path, got {self}")
        if self.split not in SPLITS:
            raise DataError(
                f"clip {self.clip_id!r}: split must be train, val, test or empty, "
                f"got {self.split!r}"
            )
        by_frame = self.start_frame is not None or self.end_frame is not None
        by_second = self.start_s is not None or self.end_s is not None
        if by_frame and by_second:
            raise DataError(
                f"clip {self.clip_id!r}: give its span in frames or in seconds, not both"
            )
        for start, end in ((self.start_frame, self.end_frame), (self.start_s, self.end_s)):
            if (start or 0) < 0 or (end is not None and end <= (start or 0)):
                raise DataError(
                    f"clip {self.clip_id!r}: its span must begin at 0 or later and end after that, "
                    f"got {start}–{end}"
                )


COLUMNS = tuple(f.name for f in fields(VideoClip))
"""Columns of a manifest; ``clip_id`` and ``path`` must be there."""

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def is_uri(path: str) -> bool:
    """``s3://bucket/clip.mp4`` is, ``C:/clip.mp4`` and ``clip.mp4`` are not."""
    return bool(_URI.match(path))

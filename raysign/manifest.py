"""A manifest lists videos that are to become clips: one row a clip.

It is read and written by `raysign.store` (CSV, Parquet, JSON lines), made by `raysign.datasets`,
and read by extraction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any, Literal

from raysign.errors import DataError

LABELS = ("sign", "signer", "split", "language", "dataset")
TEXTS = ("clip_id", "path", *LABELS)
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
        for name in TEXTS:
            try:
                getattr(self, name).encode()
            except UnicodeEncodeError:
                raise DataError(
                    f"clip {self.clip_id!a}: {name} is not text that can be written as UTF-8, "
                    f"got {getattr(self, name)!a:.60}"
                ) from None
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

    @property
    def labels(self) -> dict[str, Any]:
        """What is known of the clip, by the name of the column."""
        return {name: getattr(self, name) for name in LABELS}

    @property
    def span(self) -> str:
        """The span, exactly: ``frames 10–50``, ``seconds 1.5–``; '' for the whole video."""
        for unit, start, end in (
            ("frames", self.start_frame, self.end_frame),
            ("seconds", self.start_s, self.end_s),
        ):
            if start is not None or end is not None:
                return f"{unit} {start or 0}–{'' if end is None else end}"
        return ""


@dataclass(frozen=True)
class Outcome:
    """What became of a row of a manifest.

    The same video and settings give the same, everywhere; but for what the machine adds (a clip
    that timed out, a process that was killed for its memory), and the path.
    """

    clip_id: str
    path: str
    outcome: Literal["ok", "skipped", "failed"]
    reason: str = ""
    """Why it is not ok; '' where it is."""
    sha256: str = ""
    """Of the whole video file, in hex; '' where it could not be read."""
    decoded_frames: int | None = None
    """Frames of the video, within the span of the clip, that could be decoded."""
    fps: float | None = None
    """Of the clip."""
    body: float | None = None
    """Share of the frames in which the body was found, 0–1; the next two likewise."""
    left_hand: float | None = None
    right_hand: float | None = None
    span: str = ""
    """Of the video, as :attr:`VideoClip.span` says it."""
    sign: str = ""
    """As the row has it, like the next four: a clip that failed has them nowhere else."""
    signer: str = ""
    split: str = ""
    language: str = ""
    dataset: str = ""


COLUMNS = tuple(f.name for f in fields(VideoClip))
"""Columns of a manifest; ``clip_id`` and ``path`` must be there."""

VIDEOS = (
    *(".mp4", ".m4v", ".mkv", ".webm", ".mov", ".avi", ".mpg", ".mpeg", ".m2v", ".vob", ".ts"),
    *(".mts", ".m2ts", ".wmv", ".asf", ".flv", ".f4v", ".3gp", ".3g2", ".ogv", ".mxf", ".dv"),
    *(".h264", ".264", ".hevc", ".265", ".mjpeg", ".ivf", ".nut", ".rm", ".wtv", ".y4m"),
)
"""What is taken for a video in a folder: what `raysign.video` can open, but for moving pictures
(.gif), which are mostly there beside a video of the same name."""
SIDECARS = (
    *(".txt", ".md", ".csv", ".tsv", ".json", ".jsonl", ".parquet", ".xml", ".yaml", ".yml"),
    *(".html", ".pdf", ".srt", ".vtt", ".eaf", ".log", ".jpg", ".jpeg", ".png"),
)
"""What commonly lies beside videos in a folder, and nobody misses: words, tables, thumbnails."""

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def is_uri(path: str) -> bool:
    """``s3://bucket/clip.mp4`` is, ``C:/clip.mp4`` and ``clip.mp4`` are not."""
    return bool(_URI.match(path))


def without_options(path: str) -> tuple[str, str]:
    """A path, and the options (``?region=…``) that a URI may end with."""
    whole, question, options = path.partition("?") if is_uri(path) else (path, "", "")
    return whole, question + options

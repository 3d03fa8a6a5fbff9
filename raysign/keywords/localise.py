"""Where in a sentence a word is: peaks of its attention over time."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from jaxtyping import Bool, Float

from raysign.keywords.prepare import frames_read

RIVAL = 0.5
"""A peak less than so much of the way from the lowest to the highest frame is not told."""


@dataclass(frozen=True)
class Peak:
    """One place where a word looks."""

    first: int
    """The first frame of the sentence that belongs to it."""
    end: int
    """The first frame after it."""
    frame: int
    """The highest one, in the middle of what the encoder joins to one."""
    height: float
    """The track's value there: a share of the attention, or a score."""


def peaks(
    track: Float[np.ndarray, "frame_out"],
    stride: int,
    num_frames: int,
    rate: float = 1.0,
) -> tuple[Peak, ...]:
    """The places where one word looks in one sentence, the highest first.

    A peak is a run of frames above the half of the way from the track's lowest value to its
    highest; it begins and ends there (its width at half height). A track that is flat is one peak
    over the whole sentence.

    Args:
        track: the word's attention (or its score) over the encoder's frames; what stands for
            frames after the sentence's end is not read.
        stride: of the model: its frame t is centred at frame ``stride`` × t.
        num_frames: of the sentence.
        rate: frames of the sentence for each one that the model read
            (``PrepareSentences.rate``).
    """
    step = stride * rate
    shown = ceil(frames_read(num_frames, rate) / stride)
    track = np.asarray(track[:shown], dtype=np.float64)
    low, high = track.min(), track.max()
    above: Bool[np.ndarray, "frame_out"] = track >= low + RIVAL * (high - low)
    edges = np.flatnonzero(np.diff(above, prepend=False, append=False)).reshape(-1, 2)
    found = []
    for start, end in edges:
        top = start + int(track[start:end].argmax())
        # Up, not to even: neighbours must not share a frame, nor a peak lie outside of its own.
        first = min(num_frames - 1, max(0, ceil((start - 0.5) * step)))
        # What comes after the last frame that was read is nearest to it.
        last = num_frames if end == len(track) else ceil((end - 0.5) * step)
        last = min(num_frames, max(first + 1, last))
        highest = min(last - 1, max(first, round(top * step)))
        found.append(Peak(first, last, highest, float(track[top])))
    return tuple(sorted(found, key=lambda peak: (-peak.height, peak.first)))

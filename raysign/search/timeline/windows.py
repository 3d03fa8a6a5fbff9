"""Windows that slide over continuous signing, as clips that a dictionary's encoder reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

from raysign.clip import LABELS, USUAL_FPS, Clip, Clips

LENGTHS_S = (0.5, 0.8, 1.2, 1.8)
"""How long windows are. Signs inside a sentence take .3 to 1 s, those of WLASL100's dictionary
videos, which begin and end with the hands down, .9 to 3. On sentences composed of such videos 1.1 s
alone finds as much (mAP .892 beside .880 of .8, 1.1, 1.4 and 1.9 s, with a hop of .16 s); sentences
have shorter signs."""
HOP = 0.25
"""From one window to the next of its length, by that length. Hops of .16, .32 and .48 s find alike
(mAP .880, .892, .882)."""
SHORTEST_FRAMES = 4
"""A window of fewer frames shows no movement."""


def windows(
    frames: int,
    fps: float,
    *,
    lengths_s: Sequence[float] = LENGTHS_S,
    hop: float = HOP,
) -> Int[np.ndarray, "window 2"]:
    """Frames [first, end) of all windows over a sentence; each length reaches its end.

    Lengths longer than the sentence count as one window, the sentence itself; a sentence of fewer
    than ``SHORTEST_FRAMES`` frames has that one alone.
    """
    lengths = sorted({min(max(round(s * fps), SHORTEST_FRAMES), frames) for s in lengths_s})
    found = []
    for length in lengths:
        step = max(1, round(hop * length))
        first = np.append(np.arange(0, frames - length, step), frames - length)
        found.append(np.stack([first, first + length], axis=1))
    return np.asarray(np.concatenate(found), dtype=np.int64)


def pieces(clip: Clip, spans: Int[np.ndarray, "span 2"]) -> Clips:
    """Spans of one clip as clips of their own; they may overlap.

    Each is called after its frames, ``ID@first-end``; its other labels are the clip's.
    """
    lengths = np.diff(spans, axis=1)[:, 0]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    frames = np.repeat(spans[:, 0] - offsets[:-1], lengths) + np.arange(offsets[-1])
    many = len(spans)
    known: dict[str, Any] = {
        name: np.repeat(np.asarray([getattr(clip, name)]), many) for name in LABELS
    }
    known["clip_id"] = np.asarray([named(clip, *span) for span in spans.tolist()], dtype=np.str_)
    return Clips(
        layout=clip.layout,
        xyz=clip.xyz[frames].astype(np.float16),
        offsets=offsets,
        fps=np.full(many, clip.fps or np.nan, dtype=np.float32),
        width=np.full(many, clip.width or 0, dtype=np.int32),
        height=np.full(many, clip.height or 0, dtype=np.int32),
        **known,
    )


def named(clip: Clip, first: int, end: int) -> str:
    """What a piece of a clip is called."""
    return f"{clip.clip_id}@{first}-{end}"


def fps_of(clip: Clip) -> float:
    """Its frames a second, or the usual ones."""
    return clip.fps or USUAL_FPS

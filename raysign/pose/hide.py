"""Articulators that are hidden from an encoder, to be told from what is left."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool

from raysign.skeleton import Layout


def hide_articulators(
    layout: Layout,
    clips: int,
    frames: int,
    *,
    share: float,
    span: float,
    random: np.random.Generator,
) -> Bool[np.ndarray, "clip frame joint"]:
    """Which joints to hide in which frames: whole articulators, for whole spans of time.

    A clip is cut into spans, the first cut drawn for each clip. Of each span one articulator (a
    part of the layout: left hand, right hand, body) is hidden with a chance, drawn anew each time.

    Args:
        layout: the joints of the prepared clips (``Prepare.output``).
        clips: how many.
        frames: of each clip.
        share: the chance that a span has an articulator hidden, in 0–1.
        span: length of a span, as a share of the clip; one frame at least.
        random: what is drawn from.
    """
    length = max(1, round(span * frames))
    first = random.integers(length, size=(clips, 1))
    number = (np.arange(frames) + first) // length
    spans = (frames + length - 2) // length + 1
    part = random.integers(len(layout.parts), size=(clips, spans))
    part[random.random((clips, spans)) >= share] = -1
    hidden = np.zeros((clips, frames, layout.num_joints), dtype=bool)
    at = np.take_along_axis(part, number, axis=1)
    for i, joints in enumerate(layout.parts.values()):
        hidden[:, :, joints] = (at == i)[:, :, None]
    return hidden

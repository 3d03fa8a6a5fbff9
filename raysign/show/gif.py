"""Pictures as an animated GIF."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray
from PIL import Image

from raysign.show.whole import whole_file

Picture = UInt8[NDArray[np.uint8], "height width rgb=3"]

TICK_S = 0.01
"""A GIF counts time in these …"""
LEAST_TICKS = 2
"""… and browsers show a frame of fewer for ten."""
ALIKE = 16
"""Colours whose parts differ by less in sum are taken for the ground."""
SAMPLED = 8
"""Frames from which the one palette of all is taken: a palette a frame would flicker."""


def write_gif(path: str | Path, frames: Iterable[Picture], fps: float) -> int:
    """Write pictures of one size as a GIF that runs for ever; return how many frames it has.

    Above 50 frames a second some are left out, so that it keeps its time. The file appears whole or
    not at all; ``DataError`` where it cannot be written.
    """
    pictures = [Image.fromarray(frame) for frame in frames]
    kept, ticks = _timed(len(pictures), fps)
    palette = _palette([pictures[i] for i in kept])
    drawn = [
        pictures[i].quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for i in kept
    ]
    with whole_file(path) as draft:
        drawn[0].save(
            draft,
            format="GIF",
            save_all=True,
            append_images=drawn[1:],
            duration=[round(1000 * TICK_S) * n for n in ticks],
            loop=0,
        )
    return len(kept)


def _timed(count: int, fps: float) -> tuple[list[int], list[int]]:
    """Which frames to show, and for how many ticks, so that no rounding adds up."""
    ends = np.round(np.arange(1, count + 1) / (fps * TICK_S)).astype(int)
    kept, ticks, shown = [], [], 0
    for index, end in enumerate(ends.tolist()):
        if end - shown >= LEAST_TICKS or index == count - 1:
            kept.append(index)
            ticks.append(max(end - shown, LEAST_TICKS))
            shown = end
    return kept, ticks


def _palette(pictures: Sequence[Image.Image]) -> Image.Image:
    chosen = np.unique(np.linspace(0, len(pictures) - 1, SAMPLED).round().astype(int))
    side_by_side = np.concatenate([np.asarray(pictures[i]) for i in chosen], axis=1)
    sample = Image.fromarray(side_by_side)
    palette = sample.quantize(256, method=Image.Quantize.MEDIANCUT)
    # The ground as it is: an average beside it would show as a tint, or as dots.
    colours, counts = np.unique(side_by_side.reshape(-1, 3), axis=0, return_counts=True)
    ground = colours[counts.argmax()]
    entries = np.asarray(palette.getpalette(), dtype=np.int64).reshape(-1, 3)
    gap = np.abs(entries - ground).sum(axis=1)
    entries[gap <= max(gap.min(), ALIKE)] = ground
    palette.putpalette(entries.reshape(-1).tolist())
    return palette

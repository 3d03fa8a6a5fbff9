"""Pictures as an animated GIF."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray
from PIL import Image

from raysign.errors import DataError
from raysign.whole import whole_file

Picture = UInt8[NDArray[np.uint8], "height width rgb=3"]

TICK_S = 0.01
"""A GIF counts time in these …"""
LEAST_TICKS = 2
"""… and browsers show a frame of fewer for ten."""
ALIKE = 16
"""Colours whose parts differ by less in sum are taken for the ground."""
SAMPLED = 8
"""Frames from which the one palette of all is taken: a palette a frame would flicker."""
MOST_PIXELS = 500_000_000
"""Of all frames; pillow holds each, a byte a pixel, until it writes. Two and a half minutes at
360 × 360, ten seconds at 1920 × 1080.
"""


def write_gif(
    path: str | Path, frames: Callable[[], Iterable[Picture]], count: int, fps: float
) -> int:
    """Write pictures of one size as a GIF that runs for ever; return how many frames it has.

    Above 50 frames a second some are left out, so that it keeps its time. The file appears whole or
    not at all.

    Args:
        path: The file.
        frames: Gives all pictures anew each time it is called: they are gone through twice, first
            for the palette, and never held.
        count: About how many they are.
        fps: How many to show in a second.

    Raises:
        DataError: more than a GIF's writer can hold, or a file that cannot be written.
    """
    palette, count = _palette(_noted(frames(), count), count)
    kept, ticks = _timed(count, fps)
    chosen = set(kept)
    drawn = (
        Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
        for index, picture in enumerate(frames())
        if index in chosen
    )
    with whole_file(path) as draft:
        next(drawn).save(
            draft,
            format="GIF",
            save_all=True,
            append_images=drawn,
            duration=[round(1000 * TICK_S) * n for n in ticks],
            loop=0,
        )
    return len(kept)


def _noted(pictures: Iterable[Picture], count: int) -> Iterator[Picture]:
    """The same, unless they are more than pillow can hold: it writes at the very end."""
    for index, picture in enumerate(pictures):
        height, width = picture.shape[:2]
        if max(count, index + 1) * height * width > MOST_PIXELS:
            raise DataError(
                f"{max(count, index + 1):,} frames of {width}×{height} are too many for a GIF, "
                f"which takes {MOST_PIXELS // (height * width):,} of that size: "
                "give --out clip.mp4, or a smaller --size"
            )
        yield picture


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


def _palette(pictures: Iterable[Picture], count: int) -> tuple[Image.Image, int]:
    """One for all; and how many they are."""
    chosen = set(np.linspace(0, count - 1, SAMPLED).round().astype(int).tolist())
    sampled, seen = [], 0
    for picture in pictures:
        if seen in chosen:
            sampled.append(picture)
        seen += 1
    side_by_side = np.concatenate(sampled, axis=1)
    sample = Image.fromarray(side_by_side)
    palette = sample.quantize(256, method=Image.Quantize.MEDIANCUT)
    # The ground as it is: an average beside it would show as a tint, or as dots.
    colours, counts = np.unique(side_by_side.reshape(-1, 3), axis=0, return_counts=True)
    ground = colours[counts.argmax()]
    entries = np.asarray(palette.getpalette(), dtype=np.int64).reshape(-1, 3)
    gap = np.abs(entries - ground).sum(axis=1)
    entries[gap <= max(gap.min(), ALIKE)] = ground
    palette.putpalette(entries.reshape(-1).tolist())
    return palette, seen

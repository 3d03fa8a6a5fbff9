"""A frame's skeleton as a picture, and several side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from numpy.typing import NDArray

from raysign.draw.inks import LIGHT, Inks
from raysign.draw.pen import Pen
from raysign.draw.person import draw_person
from raysign.draw.view import View, view_of, whole_picture
from raysign.skeleton import Layout

Numbers = NDArray[np.floating[Any]]
RGBPicture = UInt8[NDArray[np.uint8], "height width rgb=3"]

TRAIL_FRAMES = 12
"""How far back the way of an index finger is drawn."""


def draw_frame(
    xyz: Float[Numbers, "joint axis=3"],
    layout: Layout,
    size_px: int = 320,
    *,
    aspect: float = 1.0,
    view: View | None = None,
    over: RGBPicture | None = None,
    before: Float[Numbers, "frame joint axis=3"] | None = None,
    inks: Inks = LIGHT,
) -> RGBPicture:
    """Draw the skeleton of one frame.

    Left hand blue, right hand orange; joints that are NaN are left out, and so are legs.

    Args:
        xyz: Landmarks, x and y in units of the picture's width and height.
        layout: Which joints they are; one without a body gives hands alone.
        size_px: The picture's height. Its width follows from what is seen.
        aspect: Width by height of the video.
        view: The part of the picture to draw; without one, this frame's own extent. Give one
            ``view_of`` a clip to all its frames, so that they stand still.
        over: The video's frame, drawn on as it is; ``size_px``, ``aspect`` and ``view`` are then
            its own.
        before: The frames that led to this one, and it; the way of the index fingers in the last
            of them is drawn as dots.
        inks: Colours; ``LIGHT`` or ``DARK``.
    """
    if over is not None:
        height, width = over.shape[:2]
        aspect = width / height
        view = whole_picture(aspect)
    else:
        view = view or view_of(xyz[None], layout, aspect=aspect)
        height, width = size_px, max(1, round(size_px * view.width / view.height))
    pen = Pen(width, height, view, inks, see_through=over is not None)
    trail = None if before is None else _flat(before[-TRAIL_FRAMES:], aspect)
    draw_person(pen, _flat(xyz, aspect), layout, trail)
    return pen.picture(over)


def draw_strip(
    xyz: Float[Numbers, "frame joint axis=3"],
    layout: Layout,
    frames: int = 6,
    size_px: int = 240,
    *,
    aspect: float = 1.0,
    inks: Inks = LIGHT,
) -> RGBPicture:
    """Draw frames of a clip side by side, spread evenly from its first hand to its last.

    ``size_px`` is the strip's height; colours and the rest as in :func:`draw_frame`. A clip without
    a hand is spread over whole; one of no frames at all gives an empty picture.
    """
    chosen = spread(xyz, layout, frames)
    view = view_of(xyz, layout, aspect=aspect)
    if not len(chosen):
        return np.full((size_px, size_px, 3), inks.ground, dtype=np.uint8)
    pictures = [
        draw_frame(
            xyz[i], layout, size_px, aspect=aspect, view=view, before=xyz[: i + 1], inks=inks
        )
        for i in chosen
    ]
    strip = np.concatenate(pictures, axis=1)
    # Hands alone would not tell where one picture ends.
    strip[:, pictures[0].shape[1] :: pictures[0].shape[1]] = inks.tint(inks.body, 0.3)
    return strip


def spread(
    xyz: Float[Numbers, "frame joint axis=3"], layout: Layout, frames: int
) -> NDArray[np.int64]:
    """Which frames stand for a clip: so many, each from the middle of its part of the signing."""
    hands = [part for name, part in layout.parts.items() if name.endswith("hand")]
    found = np.any([~np.isnan(xyz[:, part, 0]).all(axis=1) for part in hands], axis=0)
    seen = np.flatnonzero(found)
    first, last = (int(seen[0]), int(seen[-1])) if len(seen) else (0, len(xyz) - 1)
    count = min(frames, last - first + 1)
    places = first + (np.arange(count) + 0.5) * (last - first + 1) / max(count, 1)
    return np.asarray(np.floor(places), dtype=np.int64)


def _flat(xyz: Numbers, aspect: float) -> Numbers:
    """Without z, in units of the picture's height."""
    return np.asarray(xyz[..., :2].astype(np.float64) * [aspect, 1.0])

"""A person of lines: head, trunk, arms and two hands, as far as the layout has them."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from raysign.draw.figure import TRAIL, TRAIL_END, figure, points_of
from raysign.draw.inks import RGB
from raysign.draw.pen import Pen
from raysign.draw.view import HEAD_HEIGHT
from raysign.skeleton import Layout

Numbers = NDArray[np.floating[Any]]
Points = Float[Numbers, "joint axis=2"]

LEAP = 0.25
"""Of the picture's height, from one frame to the next: another hand took the slot."""


def draw_person(
    pen: Pen, xy: Points, layout: Layout, before: Float[Numbers, "frame joint axis=2"] | None
) -> None:
    """Draw one frame's landmarks, in units of the picture's height.

    ``before`` are the last frames, this one too: the way of each index finger is drawn as dots, one
    a frame, back to where its hand was not seen or leapt.
    """
    points = points_of(xy, layout)
    for shape in figure(layout):
        if shape.face and pen.see_through:
            continue
        own, ink = points[list(shape.points)], shape.colour(pen.inks)
        match shape.kind:
            case "area":
                pen.area(own, ink)
            case "line":
                pen.line(own, ink, shape.thick)
            case "dot":
                pen.dot(own[0], ink, shape.thick)
            case "ring":
                half = float(own[1, 0] - own[0, 0])
                pen.ring(own[0], (half, HEAD_HEIGHT * half), ink, pen.inks.trunk, shape.thick)
            case "trail":
                if before is not None:
                    _trail(pen, before[:, shape.points[0]], ink)


def _trail(pen: Pen, way: Points, ink: RGB) -> None:
    """Nothing where the hand is not seen now; dots, for a line would look like an arm."""
    steps = np.linalg.norm(np.diff(way, axis=0), axis=1)
    broken = np.flatnonzero(~(steps <= LEAP))
    way = way[broken[-1] + 1 if len(broken) else 0 :]
    for place, point in zip(np.linspace(0, 1, len(way)), way, strict=True):
        thick, strength = TRAIL_END + place * (np.asarray(TRAIL) - TRAIL_END)
        pen.dot(point, pen.inks.tint(ink, strength), thick)

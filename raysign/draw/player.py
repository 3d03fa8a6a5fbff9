"""What ``player.js`` plays on a page: clips as numbers, and how a person is drawn from them.

The script knows no joint, no bone and no colour; all of that is handed over here, as JSON.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from raysign.draw.figure import TRAIL, TRAIL_END, figure, points_of
from raysign.draw.frame import TRAIL_FRAMES
from raysign.draw.inks import DARK, LIGHT, RGB
from raysign.draw.pen import GROWTH, REFERENCE_PX, THINNEST_PX
from raysign.draw.person import LEAP
from raysign.draw.view import HEAD_HEIGHT, view_of
from raysign.skeleton import Layout

Numbers = NDArray[np.floating[Any]]

SHAPE = 1.5
"""Width by height of a player's picture."""
LOWEST, HIGHEST = -4.0, 6.0
"""Places that are sent, in heights of the view from its top left corner; what is farther out counts
as missing, as nobody would see it."""
MISSING = 65535


@dataclass(frozen=True)
class Film:
    """One clip for the player."""

    fps: float
    shape: tuple[int, int]
    """Frames and points."""
    places: str
    """Base64 of little-endian 16-bit numbers [frame point axis]: from 0 for ``LOWEST`` to
    ``MISSING`` − 1 for ``HIGHEST``, ``MISSING`` where the point is not known.
    """

    @classmethod
    def of(
        cls, xyz: Float[Numbers, "frame joint axis=3"], layout: Layout, *, aspect: float, fps: float
    ) -> Film:
        """A clip's landmarks, cut to what they show; ``aspect`` is width by height of the video."""
        view = view_of(xyz, layout, aspect=aspect, shape=SHAPE)
        xy = points_of(xyz[..., :2].astype(np.float64) * [aspect, 1.0], layout)[:, _drawn(layout)]
        unit = (xy - [view.left, view.top]) / view.height
        share = (unit - LOWEST) / (HIGHEST - LOWEST)
        there = ((share >= 0) & (share <= 1)).all(axis=-1, keepdims=True)
        whole = np.where(there, np.round(np.where(there, share, 0) * (MISSING - 1)), MISSING)
        code = base64.b64encode(whole.astype("<u2").tobytes()).decode("ascii")
        return cls(fps, (len(xyz), whole.shape[1]), code)

    def as_json(self) -> dict[str, Any]:
        return {"fps": round(self.fps, 3), "frames": self.shape[0], "places": self.places}


def drawing(layout: Layout) -> dict[str, Any]:
    """How a frame of a layout's films is drawn: the shapes, their colours in a light and in a dark
    page, and the widths of lines.
    """
    place = {point: index for index, point in enumerate(_drawn(layout).tolist())}
    shapes: list[dict[str, Any]] = []
    for shape in figure(layout):
        listed = {
            "kind": shape.kind,
            "points": [place[point] for point in shape.points],
            "ink": [_css(shape.colour(inks)) for inks in (LIGHT, DARK)],
            "thick": shape.thick,
        }
        if shape.kind == "ring":
            listed["fill"] = [_css(inks.trunk) for inks in (LIGHT, DARK)]
        shapes.append(listed)
    return {
        "points": len(place),
        "shapes": shapes,
        "missing": MISSING,
        "lowest": LOWEST,
        "highest": HIGHEST,
        "headHeight": HEAD_HEIGHT,
        "pen": {"reference": REFERENCE_PX, "growth": GROWTH, "thinnest": THINNEST_PX},
        "trail": {"frames": TRAIL_FRAMES, "leap": LEAP, "near": TRAIL, "far": TRAIL_END},
    }


def script() -> str:
    """``player.js``, which defines ``raysign.stage`` and does nothing by itself."""
    return files("raysign.draw").joinpath("player.js").read_text(encoding="utf-8")


def hand_colours() -> dict[str, tuple[str, str]]:
    """The colours of the ``left`` and the ``right`` hand, on a light and on a dark page."""
    return {
        side: (_css(getattr(LIGHT, side)), _css(getattr(DARK, side))) for side in ("left", "right")
    }


def _drawn(layout: Layout) -> NDArray[np.int64]:
    """The points that any shape needs: no leg is sent."""
    return np.unique([point for shape in figure(layout) for point in shape.points])


def _css(ink: RGB) -> str:
    return "#{:02x}{:02x}{:02x}".format(*ink)

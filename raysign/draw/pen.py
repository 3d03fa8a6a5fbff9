"""Lines, discs and areas on a picture, drawn larger than it is and scaled down: smooth edges."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from raysign.draw.inks import RGB, Inks
from raysign.draw.view import View

Numbers = NDArray[np.floating[Any]]
Points = Float[Numbers, "point axis=2"]

FINEST, LARGEST_PX = 4, 2400
"""Drawn up to so many times as large, as long as it is no higher than this."""
THINNEST_PX = 1.3
EDGE_PX = 1.0
"""What stands out around a line over a video."""
REFERENCE_PX, GROWTH = 160, 0.6
"""Widths are true to a picture of this height; in a larger one they grow more slowly than it does.
"""
OVER_VIDEO = 0.7
"""Lines are thinner there, to hide less."""


class Pen:
    """Draws in the units of a view; whatever has a NaN is left out.

    Widths are pixels in a picture 160 px high. ``see_through`` pictures are laid over others: they
    have no ground and no areas, and an edge around each line.
    """

    def __init__(self, width: int, height: int, view: View, inks: Inks, see_through: bool) -> None:
        self.inks, self.see_through = inks, see_through
        self._fine = int(np.clip(LARGEST_PX // max(height, 1), 1, FINEST))
        self._size = (width * self._fine, height * self._fine)
        self._scale = self._size[1] / view.height
        growth = OVER_VIDEO if see_through else 1.0
        self._weight = growth * (height / REFERENCE_PX) ** GROWTH * self._fine
        self._origin = np.array([view.left, view.top])
        self._image = Image.new("RGBA", self._size, (*inks.edge, 0) if see_through else inks.ground)
        self._draw = ImageDraw.Draw(self._image)

    def line(self, points: Points, ink: RGB, thick: float) -> None:
        """A line through points, round at its ends and corners."""
        at = self._places(points)
        if at is None:
            return
        radius = max(thick * self._weight, THINNEST_PX * self._fine) / 2
        if self.see_through:
            self._line(at, self.inks.edge, radius + EDGE_PX * self._fine)
        self._line(at, ink, radius)

    def dot(self, middle: Float[Numbers, " axis=2"], ink: RGB, thick: float) -> None:
        """A disc."""
        at = self._places(middle[None])
        if at is not None:
            self._line(at, ink, thick * self._weight / 2)

    def ring(
        self,
        middle: Float[Numbers, " axis=2"],
        radii: tuple[float, float],
        ink: RGB,
        fill: RGB,
        thick: float,
    ) -> None:
        """An upright ellipse's outline, filled unless see-through; radii in the view's units."""
        at = self._places(middle[None])
        if at is None or not np.isfinite(radii).all():
            return
        (x, y), (a, b) = at[0], (r * self._scale for r in radii)
        box = (x - a, y - b, x + a, y + b)
        width = max(1, round(thick * self._weight))
        inside = None if self.see_through else (*fill, 255)
        self._draw.ellipse(box, inside, (*ink, 255), width)

    def area(self, corners: Points, ink: RGB) -> None:
        """A filled polygon, unless it is see-through."""
        at = self._places(corners)
        if at is not None and not self.see_through:
            self._draw.polygon([tuple(p) for p in at], (*ink, 255))

    def picture(self, over: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        """What was drawn, at its own size; on top of a picture of that size."""
        drawn = self._image.reduce(self._fine)
        if over is not None:
            drawn = Image.alpha_composite(Image.fromarray(over).convert("RGBA"), drawn)
        return np.array(drawn.convert("RGB"))

    def _line(self, at: Points, ink: RGB, radius: float) -> None:
        if len(at) > 1:
            self._draw.line([tuple(p) for p in at], (*ink, 255), round(2 * radius))
        for x, y in at:
            self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), (*ink, 255))

    def _places(self, points: Points) -> Points | None:
        places = (points - self._origin) * self._scale
        # What is far outside is not seen, and Pillow counts in 32 bits.
        if not np.isfinite(places).all() or np.abs(places).max() > 20 * max(self._size):
            return None
        return np.asarray(places)

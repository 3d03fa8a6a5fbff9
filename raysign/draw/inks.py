"""Colours.

Left and right hand are blue and vermilion of the set by Okabe and Ito (2008), which the
colour-blind tell apart, and on a dark ground its sky blue and orange:
https://jfly.uni-koeln.de/color/
"""

from __future__ import annotations

from dataclasses import dataclass

RGB = tuple[int, int, int]


@dataclass(frozen=True)
class Inks:
    """What each part is drawn with."""

    ground: RGB
    body: RGB
    trunk: RGB
    """Fills head and trunk."""
    left: RGB
    right: RGB
    edge: RGB
    """Around every line that is drawn over a video."""

    def tint(self, ink: RGB, strength: float) -> RGB:
        """An ink thinned out towards the ground."""
        return (
            round(strength * ink[0] + (1 - strength) * self.ground[0]),
            round(strength * ink[1] + (1 - strength) * self.ground[1]),
            round(strength * ink[2] + (1 - strength) * self.ground[2]),
        )


LIGHT = Inks(
    ground=(255, 255, 255),
    body=(125, 137, 152),
    trunk=(238, 241, 245),
    left=(0, 114, 178),
    right=(213, 94, 0),
    edge=(255, 255, 255),
)
DARK = Inks(
    ground=(22, 27, 34),
    body=(125, 137, 152),
    trunk=(36, 43, 52),
    left=(86, 180, 233),
    right=(240, 159, 40),
    edge=(16, 18, 22),
)

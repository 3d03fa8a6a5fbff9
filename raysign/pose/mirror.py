"""A clip as a mirror shows it."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from raysign.skeleton import Layout


def mirror_image(
    xyz: Float[Tensor, "clip frame joint axis"], layout: Layout
) -> Float[Tensor, "clip frame joint axis"]:
    """Prepared sequences with x turned about their origin, left and right joints swapped.

    What is missing stays missing, on the other side; the mirror image of it is the clip again.
    """
    flipped = xyz[:, :, list(layout.mirror)]
    flipped[..., 0] *= -1
    return flipped

"""Which part of the picture is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from raysign.skeleton import Layout

Numbers = NDArray[np.floating[Any]]

MARGIN = 0.08
"""Of the larger side, around what is seen."""
STRAY = 2.0
"""Per cent of the frames, at either end, in which a joint's place does not count …"""
BEYOND = 0.5
"""… and how far from where nearly all joints are, by their extent, one may count: a guess far off
would shrink the rest.
"""
WIDEST = 1.6
"""Width by height of a view, and its inverse, at most."""

HEAD_BY_SHOULDERS, HEAD_BY_EARS = 0.23, 0.68
"""Half a head's width; the larger counts, for who turns has both narrow, but not alike."""
HEAD_HEIGHT = 1.35
"""By its width."""


@dataclass(frozen=True)
class View:
    """A box, in units of the picture's height; x goes from 0 to the picture's aspect."""

    left: float
    top: float
    width: float
    height: float


def head_of(
    xy: Float[Numbers, "*frame joint axis=2"], layout: Layout
) -> tuple[Float[Numbers, "*frame axis=2"], Float[Numbers, "*frame"]]:
    """A head's middle and half its width, NaN where its face was not found."""
    shoulders, ears, eyes = (
        xy[..., [layout.joint(f"left_{name}"), layout.joint(f"right_{name}")], :]
        for name in ("shoulder", "ear", "eye")
    )
    below = ("mouth_left", "mouth_right") if "mouth_left" in layout.joints else ("nose",)
    lower = xy[..., [layout.joint(name) for name in below], :].mean(axis=-2)
    across = [np.linalg.norm(a[..., 0, :] - a[..., 1, :], axis=-1) for a in (shoulders, ears)]
    half = np.fmax(HEAD_BY_SHOULDERS * across[0], HEAD_BY_EARS * across[1])
    return (eyes.mean(axis=-2) + lower) / 2, np.asarray(half)


def whole_picture(aspect: float) -> View:
    """All of it."""
    return View(0.0, 0.0, aspect, 1.0)


def view_of(
    xyz: Float[Numbers, "frame joint axis=3"],
    layout: Layout,
    *,
    aspect: float = 1.0,
    shape: float | None = None,
) -> View:
    """The box around all that a clip's frames show: hands, head, shoulders and arms.

    Legs are left out, and hips, which are mostly guessed below the picture. ``shape`` is the view's
    width by height; without one it is as the clip needs it. All of the picture where nothing is
    found.
    """
    seen = [
        index
        for index, name in enumerate(layout.joints)
        if not any(part in name for part in ("hip", "knee", "ankle", "heel", "foot"))
    ]
    every = xyz[..., :2].astype(np.float64) * [aspect, 1.0]
    xy = every[:, seen]
    if layout.has_body:
        middle, radius = head_of(every, layout)
        crown = middle - np.stack([np.zeros_like(radius), HEAD_HEIGHT * radius], axis=-1)
        xy = np.concatenate([xy, crown[:, None]], axis=1)
    xy = np.where(np.isfinite(xy), xy, np.nan)
    xy = xy[:, ~np.isnan(xy).any(axis=2).all(axis=0)]
    if not xy.size:
        return whole_picture(aspect)
    ends = _ends(xy)
    usual = _ends(xy.reshape(-1, 1, 2))[:, 0]
    leeway = BEYOND * (usual[1] - usual[0])
    low = np.maximum(ends[0].min(axis=0), usual[0] - leeway)
    high = np.minimum(ends[1].max(axis=0), usual[1] + leeway)
    size = np.maximum(high - low, 1e-3 * max(1.0, float(np.abs(ends).max())))
    size = size + 2 * MARGIN * size.max()
    middle = (low + high) / 2
    wanted = float(np.clip(size[0] / size[1], 1 / WIDEST, WIDEST)) if shape is None else shape
    width = max(size[0], size[1] * wanted)
    height = max(size[1], size[0] / wanted)
    return View(float(middle[0] - width / 2), float(middle[1] - height / 2), width, height)


def _ends(xy: Float[Numbers, "frame joint axis"]) -> Float[Numbers, "2 joint axis"]:
    """Where all but the strayed are, at either end; of each joint at least one place is known.

    ``np.nanpercentile`` over the frames, which looks at joint after joint and takes ten times as
    long.
    """
    rising = np.sort(xy, axis=0)  # what is not known comes last
    last = (~np.isnan(xy)).sum(axis=0) - 1
    places = np.stack([STRAY / 100 * last, (1 - STRAY / 100) * last])
    below = np.floor(places).astype(np.int64)
    low = np.take_along_axis(rising, below, axis=0)
    high = np.take_along_axis(rising, np.minimum(below + 1, last), axis=0)
    found: Numbers = low + (places - below) * (high - low)
    return found

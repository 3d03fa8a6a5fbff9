"""How the hands move through a sentence: how high they are, how fast place and shape change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64
from scipy.ndimage import gaussian_filter1d

from raysign.clip import Clip
from raysign.pose import assign_hands
from raysign.pose.normalise import about_wrists, hand_parts, origin_and_scale
from raysign.search.timeline.windows import fps_of
from raysign.skeleton import HAND_SIZE, Layout, layout_named

SMOOTH_S = 0.12
"""σ of the Gaussian that speeds are smoothed with: shorter ones cut signs at their strokes."""
HEIGHT_SMOOTH_S = 0.08
SIDES = ("left", "right")
SHAPE_SHARE, PLACE_SHARE = 1.0, 0.5
"""What a hand size of handshape and a shoulder width of place count in ``change``."""


@dataclass(frozen=True, eq=False)
class HandMotion:
    """Both hands together, smoothed. Lengths are in shoulder widths, of fingers in hand sizes; a
    hand that is missing goes on from where it was to where it is next.
    """

    change: Float64[np.ndarray, "frame"]
    """How fast handshapes and places change, a second."""
    depth: Float64[np.ndarray, "frame"]
    """How far below the shoulders (without a body: below the hands' middle) the higher hand is."""
    pace: float
    """Mean speed of both wrists together, in shoulder widths a second."""

    @classmethod
    def of(cls, clip: Clip) -> HandMotion:
        """A sentence's, of a frame or more, in a layout with two hands."""
        layout, fps = layout_named(clip.layout), fps_of(clip)
        place, shape = _hands(clip, layout)
        travel = _speed(place, fps)
        change = SHAPE_SHARE * _speed(shape, fps) + PLACE_SHARE * travel
        higher = place[:, :, 0, 1].min(axis=1)
        depth = gaussian_filter1d(higher, HEIGHT_SMOOTH_S * fps, mode="nearest")
        return cls(change, depth, float(travel.mean()))


def _hands(
    clip: Clip, layout: Layout
) -> tuple[Float64[np.ndarray, "frame hand 1 2"], Float64[np.ndarray, "frame hand finger 2"]]:
    """Each hand's wrist, and its finger joints from there."""
    xyz = torch.from_numpy(clip.xyz.astype(np.float32))[None]
    xyz[xyz[..., :2].isnan().any(-1)] = torch.nan
    xyz = xyz * xyz.new_tensor([clip.aspect, 1.0, clip.aspect])
    if layout.hands_unordered:
        xyz = assign_hands(xyz)
    origin, scale = origin_and_scale(xyz, layout, unit="shoulders")
    placed = (xyz - origin[:, :, None]) / scale[:, :, None, None]
    fingers = about_wrists(xyz, placed, layout)[0, ..., :2].double().numpy()
    at = placed[0, ..., :2].double().numpy()
    places, shapes = [], []
    for side, part in zip(SIDES, hand_parts(layout), strict=True):
        wrist = at[:, part.start]
        if layout.has_body:  # an arm is seen where its hand is not
            arm = at[:, layout.joint(f"{side}_wrist")]
            wrist = np.where(np.isnan(wrist), arm, wrist)
        places.append(_bridged(wrist[:, None]))
        shapes.append(_bridged(fingers[:, part.start + 1 : part.start + HAND_SIZE]))
    return np.stack(places, axis=1), np.stack(shapes, axis=1)


def _bridged(points: Float64[np.ndarray, "frame joint 2"]) -> Float64[np.ndarray, "frame joint 2"]:
    """Gaps filled by straight lines, ends held; what is never seen lies at the origin."""
    flat = points.reshape(len(points), -1).copy()
    frame = np.arange(len(flat))
    for column in flat.T:
        known = ~np.isnan(column)
        column[:] = np.interp(frame, frame[known], column[known]) if known.any() else 0.0
    return flat.reshape(points.shape)


def _speed(
    points: Float64[np.ndarray, "frame hand joint 2"], fps: float
) -> Float64[np.ndarray, "frame"]:
    """The mean over a hand's joints, both hands added, a second."""
    if len(points) < 2:
        return np.zeros(len(points))
    calm = gaussian_filter1d(points, SMOOTH_S * fps, axis=0, mode="nearest")
    steps: Float64[np.ndarray, "frame hand joint"] = np.linalg.norm(
        np.gradient(calm, axis=0), axis=-1
    )
    return np.asarray(fps * steps.mean(axis=2).sum(axis=1))

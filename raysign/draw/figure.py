"""What a drawn person consists of: shapes between points, in the order in which they are drawn.

A picture's :mod:`raysign.draw.person` and a page's player draw from this one list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from raysign.draw.inks import RGB, Inks
from raysign.draw.view import head_of
from raysign.skeleton import HAND_BONES, HAND_JOINTS, HAND_SIZE, Layout

Numbers = NDArray[np.floating[Any]]

PALM = (HAND_JOINTS.index("wrist"), HAND_JOINTS.index("thumb_cmc"), 5, 9, 13, 17)
INDEX_TIP = HAND_JOINTS.index("index_finger_tip")
LIMB, FINGER, JOINT, EYE = 3.2, 1.9, 2.9, 2.2
"""Widths of lines and dots, in pixels of a picture 160 px high."""
TRAIL, TRAIL_END = (3.6, 0.75), (1.6, 0.3)
"""Width and strength of the trail's dots, at the finger and at the far end."""
HIPS_BY_SHOULDERS = 0.7
"""Width of the hips, where a layout has only their middle."""
PALM_STRENGTH = 0.25

ADDED = ("right_side", "left_side", "neck", "head", "temple")
"""Points that follow a body's joints: the trunk's lower corners, the shoulders' middle, the head's
middle, and where the head ends beside it.
"""


@dataclass(frozen=True)
class Shape:
    """One thing to draw, unless one of its points is missing.

    ``area``: a filled polygon. ``line``: through all points. ``dot``: a disc. ``ring``: an upright
    ellipse about the first point, as wide as to the second and ``HEAD_HEIGHT`` as high, filled with
    the trunk's ink. ``trail``: the way that the point came, as dots.
    """

    kind: Literal["area", "line", "dot", "ring", "trail"]
    points: tuple[int, ...]
    ink: Literal["body", "trunk", "left", "right"]
    thick: float = 0.0
    strength: float = 1.0
    face: bool = False
    """Left out over a video, which has a face of its own."""

    def colour(self, inks: Inks) -> RGB:
        ink: RGB = getattr(inks, self.ink)
        return inks.tint(ink, self.strength) if self.strength < 1 else ink


def figure(layout: Layout) -> tuple[Shape, ...]:
    """The shapes of a layout; their points are those of ``points_of``."""
    return (*_body(layout), *_hands(layout))


def points_of(
    xy: Float[Numbers, "*frame joint axis=2"], layout: Layout
) -> Float[Numbers, "*frame point axis=2"]:
    """The joints, and with a body ``ADDED`` after them, in the same units; NaN where missing."""
    if not layout.has_body:
        return xy

    def at(name: str) -> Numbers:
        return np.asarray(xy[..., layout.joint(name), :])

    left, right = at("left_shoulder"), at("right_shoulder")
    neck = (left + right) / 2
    if "mid_hip" in layout.joints:
        sides = [at("mid_hip") + HIPS_BY_SHOULDERS * (end - neck) for end in (right, left)]
    else:
        sides = [at("right_hip"), at("left_hip")]
    head, half = head_of(xy, layout)
    temple = head + np.stack([half, np.zeros_like(half)], axis=-1)
    return np.concatenate([xy, np.stack([*sides, neck, head, temple], axis=-2)], axis=-2)


def _body(layout: Layout) -> Iterator[Shape]:
    if not layout.has_body:
        return
    added = {name: layout.num_joints + place for place, name in enumerate(ADDED)}

    def at(*names: str) -> tuple[int, ...]:
        return tuple(added[name] if name in added else layout.joint(name) for name in names)

    trunk = at("right_shoulder", "right_side", "left_side", "left_shoulder")
    yield Shape("area", trunk, "trunk")
    yield Shape("line", trunk, "body", LIMB)
    yield Shape("line", at("left_shoulder", "right_shoulder"), "body", LIMB)
    yield Shape("line", at("head", "neck"), "body", LIMB, face=True)
    yield Shape("ring", at("head", "temple"), "body", LIMB, face=True)
    for name in ("left_eye", "right_eye", "nose"):
        yield Shape("dot", at(name), "body", EYE, face=True)
    if "mouth_left" in layout.joints:
        yield Shape("line", at("mouth_left", "mouth_right"), "body", FINGER, face=True)
    for side in ("left", "right"):
        yield Shape("line", at(f"{side}_shoulder", f"{side}_elbow"), "body", LIMB)
        yield Shape("line", at(f"{side}_elbow", f"{side}_wrist"), "body", LIMB)


def _hands(layout: Layout) -> Iterator[Shape]:
    whole: list[tuple[int, Literal["left", "right"]]] = []
    sides: tuple[Literal["left", "right"], ...] = ("left", "right")
    for side in sides:
        part = layout.parts.get(f"{side}_hand")
        if part is not None and part.stop - part.start == HAND_SIZE:
            whole.append((part.start, side))
    for first, side in whole:
        yield Shape("trail", (first + INDEX_TIP,), side)
    for first, side in whole:
        yield Shape("area", tuple(first + joint for joint in PALM), side, strength=PALM_STRENGTH)
        for a, b in HAND_BONES:
            yield Shape("line", (first + a, first + b), side, FINGER)
        for joint in range(first, first + HAND_SIZE):
            yield Shape("dot", (joint,), side, JOINT)

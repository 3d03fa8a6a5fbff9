"""A person of lines: head, trunk, arms and two hands, as far as the layout has them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from raysign.draw.inks import RGB
from raysign.draw.pen import Pen
from raysign.draw.view import HEAD_HEIGHT, head_of
from raysign.skeleton import HAND_BONES, HAND_JOINTS, HAND_SIZE, Layout

Numbers = NDArray[np.floating[Any]]
Points = Float[Numbers, "joint axis=2"]

PALM = [HAND_JOINTS.index("wrist"), HAND_JOINTS.index("thumb_cmc"), 5, 9, 13, 17]
INDEX_TIP = HAND_JOINTS.index("index_finger_tip")
LIMB, FINGER, JOINT, EYE = 3.2, 1.9, 2.9, 2.2
"""Widths of lines and dots, in pixels of a picture 160 px high."""
TRAIL, TRAIL_END = (3.6, 0.75), (1.6, 0.3)
"""Width and strength of the trail's dots, at the finger and at the far end."""
LEAP = 0.25
"""Of the picture's height, from one frame to the next: another hand took the slot."""
HIPS_BY_SHOULDERS = 0.7
"""Width of the hips, where a layout has only their middle."""


def draw_person(
    pen: Pen, xy: Points, layout: Layout, before: Float[Numbers, "frame joint axis=2"] | None
) -> None:
    """Draw one frame's landmarks, in units of the picture's height.

    ``before`` are the last frames, this one too: the way of each index finger is drawn as dots, one
    a frame, back to where its hand was not seen or leapt.
    """
    if layout.has_body:
        _body(pen, xy, layout)
    hands = [
        (layout.parts[f"{side}_hand"], ink)
        for side, ink in (("left", pen.inks.left), ("right", pen.inks.right))
        if f"{side}_hand" in layout.parts
    ]
    whole = [(part, ink) for part, ink in hands if part.stop - part.start == HAND_SIZE]
    for part, ink in whole:
        if before is not None:
            _trail(pen, before[:, part.start + INDEX_TIP], ink)
    for part, ink in whole:
        _hand(pen, xy[part], ink)


def _hand(pen: Pen, xy: Points, ink: RGB) -> None:
    pen.area(xy[PALM], pen.inks.tint(ink, 0.25))
    for bone in HAND_BONES:
        pen.line(xy[list(bone)], ink, FINGER)
    for joint in xy:
        pen.dot(joint, ink, JOINT)


def _trail(pen: Pen, way: Points, ink: RGB) -> None:
    """Nothing where the hand is not seen now; dots, for a line would look like an arm."""
    steps = np.linalg.norm(np.diff(way, axis=0), axis=1)
    broken = np.flatnonzero(~(steps <= LEAP))
    way = way[broken[-1] + 1 if len(broken) else 0 :]
    for place, point in zip(np.linspace(0, 1, len(way)), way, strict=True):
        thick, strength = TRAIL_END + place * (np.asarray(TRAIL) - TRAIL_END)
        pen.dot(point, pen.inks.tint(ink, strength), thick)


def _body(pen: Pen, xy: Points, layout: Layout) -> None:
    def at(*names: str) -> Points:
        return np.stack([xy[layout.joint(name)] for name in names])

    ink, fill = pen.inks.body, pen.inks.trunk
    shoulders = at("left_shoulder", "right_shoulder")
    if "mid_hip" in layout.joints:
        hips = at("mid_hip") + HIPS_BY_SHOULDERS * (shoulders[::-1] - shoulders.mean(axis=0))
    else:
        hips = at("right_hip", "left_hip")
    trunk = np.concatenate([shoulders, hips, shoulders[:1]])
    pen.area(trunk, fill)
    pen.line(trunk if np.isfinite(hips).all() else shoulders, ink, LIMB)
    middle, half = head_of(xy, layout)
    if not pen.see_through:  # a video has a face of its own
        if np.isfinite(middle).all():
            pen.line(np.stack([middle, shoulders.mean(axis=0)]), ink, LIMB)
            pen.ring(middle, (float(half), HEAD_HEIGHT * float(half)), ink, fill, LIMB)
        for point in at("left_eye", "right_eye", "nose"):
            pen.dot(point, ink, EYE)
        if "mouth_left" in layout.joints:
            pen.line(at("mouth_left", "mouth_right"), ink, FINGER)
    for side in ("left", "right"):
        arm = at(f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist")
        for bone in pairwise(arm):
            pen.line(np.stack(bone), ink, LIMB)

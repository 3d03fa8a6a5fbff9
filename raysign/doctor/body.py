"""The body of a chunk of clips: its build, its sides, whose hands it has, and what stands still."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from raysign.doctor.hands import WRIST, Hands, relative_bones
from raysign.doctor.segments import Segments, share
from raysign.skeleton import Layout

Half = NDArray[np.float16]
Single = NDArray[np.float32]
Flags = NDArray[np.bool_]

LEGS = ("knee", "ankle", "heel", "foot")
"""Not looked at: they are mostly guessed."""
NEARER = 0.5
"""A hand is at the other arm's wrist where that is less than half as far as its own …"""
APART_PALMS = 1.0
"""… and the two wrists are further apart than this; hands that touch tell nothing."""
NECK, TRUNK = 1.75, 0.73
"""Shoulder width by the height from shoulders to nose, and to hips: medians of WLASL100's clips."""


def measure_body(
    hands: Hands,
    xyz: Float[Half, "frame joint axis=3"],
    xy: Float[Single, "frame joint axis=2"],
    layout: Layout,
    segments: Segments,
) -> dict[str, NDArray[np.float64]]:
    """See ``Measures``; all but what is frozen is NaN for a layout without a body."""
    stood_still = _frozen(xyz, layout, segments)
    unknown = np.full(len(segments.frames), np.nan)
    out = dict.fromkeys(
        ("body", "other_wrist", "body_bones", "head_up", "left_is_left", "shoulders", "build"),
        unknown,
    )
    out["frozen_frames"] = stood_still
    if not layout.has_body:
        return out
    left, right, nose = (
        xy[:, layout.joint(name)] for name in ("left_shoulder", "right_shoulder", "nose")
    )
    hips = np.mean([xy[:, layout.joint(name)] for name in _hips(layout)], axis=0)
    found = ~np.isnan(xy[:, layout.parts["body"], 0]).all(axis=1)
    upright = ~np.isnan(left[:, 0] + right[:, 0] + nose[:, 0])
    middle = (left + right) / 2
    width = np.linalg.norm(left - right, axis=1)
    neck, trunk = (np.linalg.norm(end - middle, axis=1) for end in (nose, hips))
    build = np.full(len(xy), np.nan, dtype=np.float32)
    np.divide(width, np.sqrt(neck * NECK * trunk * TRUNK), out=build, where=neck * trunk > 0)
    return out | {
        "body": share(segments.total(found), segments.frames),
        "other_wrist": _other_wrist(hands, xy, layout, segments),
        "body_bones": segments.median(relative_bones(*_upper_body(xy, layout))),
        "head_up": share(
            segments.total(upright & (nose[:, 1] < middle[:, 1])), segments.total(upright)
        ),
        "left_is_left": share(
            segments.total(upright & (left[:, 0] > right[:, 0])), segments.total(upright)
        ),
        "shoulders": segments.median(width),
        "build": segments.median(build),
    }


def _hips(layout: Layout) -> tuple[str, ...]:
    return ("mid_hip",) if "mid_hip" in layout.joints else ("left_hip", "right_hip")


def _upper_body(
    xy: Float[Single, "frame joint axis=2"], layout: Layout
) -> tuple[Float[Single, "frame part axis=2"], NDArray[np.int64]]:
    """The body without its legs, and its bones."""
    part = layout.parts["body"]
    kept = [
        joint
        for joint in range(part.start, part.stop)
        if not any(leg in layout.joints[joint] for leg in LEGS)
    ]
    place = {joint: index for index, joint in enumerate(kept)}
    bones = [(place[a], place[b]) for a, b in layout.bones if a in place and b in place]
    return xy[:, kept], np.asarray(bones)


def _other_wrist(
    hands: Hands, xy: Float[Single, "frame joint axis=2"], layout: Layout, segments: Segments
) -> NDArray[np.float64]:
    wrists = xy[:, [layout.joint("left_wrist"), layout.joint("right_wrist")]]
    at = hands.xy[:, :, WRIST]
    own, other = (np.linalg.norm(at - w, axis=-1) for w in (wrists, wrists[:, ::-1]))
    apart = np.linalg.norm(wrists[:, 0] - wrists[:, 1], axis=-1)
    wrong = (other < NEARER * own) & (apart[:, None] > APART_PALMS * hands.palm)
    return share(
        segments.total(wrong[:, 0]) + segments.total(wrong[:, 1]),
        segments.total(hands.found[:, 0]) + segments.total(hands.found[:, 1]),
    )


def _frozen(
    xyz: Float[Half, "frame joint axis=3"], layout: Layout, segments: Segments
) -> NDArray[np.float64]:
    """NaN equals nothing: what is missing is not frozen."""
    same = np.zeros(xyz.shape[:2], dtype=np.bool_)
    same[1:] = (xyz[1:] == xyz[:-1]).all(axis=2)
    same[segments.starts] = False
    runs = [segments.longest_run(same[:, part].all(axis=1)) for part in layout.parts.values()]
    return np.asarray(np.max(runs, axis=0), dtype=np.float64)

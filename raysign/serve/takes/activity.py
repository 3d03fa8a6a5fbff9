"""Where hands move in a recording, for its timeline."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from raysign.clip import USUAL_FPS, Clip
from raysign.search.look import SIDES, Look
from raysign.serve.words import Activity

STEP_S = 0.1
"""Between two values,"""
MOST_STEPS = 600
"""or more, in a recording that would have more values than this."""
OFTEN = 0.5
"""A hand is there where it is seen in so many of a step's frames."""


def activity_of(clip: Clip) -> Activity:
    """Hands and their speed, step by step.

    Speed is that of the hand that moves more: the mean way of its joints from frame to frame, in
    units of the picture's shorter side. The most of the recording counts as 1.
    """
    look, fps = Look.at(clip), clip.fps or USUAL_FPS
    frames = len(clip.xyz)
    stride = max(round(STEP_S * fps), -(-frames // MOST_STEPS), 1)
    starts = np.arange(0, frames, stride)
    length = np.diff(np.append(starts, frames))
    seen = np.add.reduceat(look.hand.astype(np.int64), starts, axis=0) / length[:, None]
    speed = np.add.reduceat(speed_of(look).max(axis=1), starts) / length
    most = float(speed.max())
    share = speed / most if most > 0 else speed
    return Activity(
        step_s=stride / fps,
        hands=tuple((seen >= OFTEN).sum(axis=1).tolist()),
        motion=tuple(np.round(share, 3).tolist()),
    )


def speed_of(look: Look) -> Float[np.ndarray, "frame 2"]:
    """Of the left and the right hand since the frame before; 0 where it is not seen in both."""
    speed = np.zeros((len(look.xy), len(SIDES)))
    for number, side in enumerate(SIDES):
        joints = look.square[:, look.layout.parts[f"{side}_hand"]]
        way = np.linalg.norm(np.diff(joints, axis=0), axis=-1)
        known = ~np.isnan(way)
        total = np.where(known, way, 0).sum(axis=1)
        speed[1:, number] = total / np.maximum(known.sum(axis=1), 1)
    return speed

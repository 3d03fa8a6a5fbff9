"""What a camera sees of a performance, and what a landmark detector makes of that."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from raysign.skeleton import HOLISTIC75, MIDDLE_FINGER_MCP
from raysign.synthetic.performance import FPS, Performance
from raysign.synthetic.signers import Signer

Array = NDArray[np.float64]
Single = NDArray[np.float32]

HAND_DEPTH_GAIN = 0.6
"""MediaPipe flattens a hand's z (and stretches the body's: ``Signer.depth_gain``)."""

_EDGE = 0.03
_YAW_SIGMA_RAD = 0.06
_BLUR_SPEED, _SEEN_IN_BLUR = 0.045, 0.6
_AT_REST = 0.3
_FADE = 40.0
_HANDS = (HOLISTIC75.parts["left_hand"], HOLISTIC75.parts["right_hand"])
_HIPS, _LEGS = slice(23, 25), slice(25, 33)


def _noise_gain() -> NDArray[np.float32]:
    """By joint and axis: a guessed leg wanders, and depth is guessed more than seen."""
    gain = np.ones((HOLISTIC75.num_joints, 3), dtype=np.float32)
    gain[:33, 2] = 6.0
    gain[33:, 2] = 1.5
    gain[_LEGS] *= 6.0
    return gain / np.float32(6**0.5)


_NOISE_GAIN = _noise_gain()
"""Over the length of the smoothing window (1, 2, 1), so that ``Signer.noise`` is what remains."""


def photograph(
    joints: Float[Array, "frame joint=75 axis=3"], signer: Signer, more_yaw_rad: float = 0.0
) -> Float[Array, "frame joint=75 axis=3"]:
    """The picture: x and y in units of the frame, origin top left; z in the same units as x at the
    signer's distance, away from the camera, from mid-shoulder.
    """
    turned = (joints.reshape(-1, 3) @ _rotation(signer, more_yaw_rad)).reshape(joints.shape)
    seen = turned * (signer.shoulders_in_frame / signer.shoulder_width)
    near = signer.distance / (signer.distance + turned[..., 2:])
    seen[..., :2] *= near
    seen[..., :2] += signer.centre
    return seen


def detect(
    performance: Performance, signer: Signer, rng: np.random.Generator
) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
    """Landmarks [frame joint axis] and confidence [frame joint] as MediaPipe Holistic would give
    them: a body's z from mid-hip, a hand's from its wrist, NaN where nothing was found.
    """
    seen = photograph(performance.joints, signer, rng.normal(0.0, _YAW_SIGMA_RAD))
    found = [
        _found(seen[:, part], raised, signer, rng)
        for part, raised in zip(_HANDS, performance.raised, strict=True)
    ]
    seen[:, :33, 2] -= seen[:, _HIPS, 2].mean(axis=1, keepdims=True)
    seen[:, :33, 2] *= signer.depth_gain

    frames, joints, axes = seen.shape
    noise = rng.standard_normal((frames + 2, joints, axes), dtype=np.float32)
    noise = noise[:-2] + 2 * noise[1:-1] + noise[2:]
    noise *= signer.noise * _NOISE_GAIN
    seen = seen.astype(np.float32) + noise

    confidence = np.ones((frames, joints), dtype=np.float32)
    confidence[:, 11:33] = _visibility(seen[:, 11:33], rng)
    if signer.guesses_legs:
        confidence[:, _LEGS] *= 0.05
    else:
        seen[:, _LEGS] = np.nan
        confidence[:, _LEGS] = 0.0
    for part, is_found in zip(_HANDS, found, strict=True):
        seen[:, part, 2] = HAND_DEPTH_GAIN * (seen[:, part, 2] - seen[:, part.start, None, 2])
        seen[~is_found, part] = np.nan
        confidence[:, part] = is_found[:, None]
    return seen.astype(np.float16), confidence.astype(np.float16)


def _rotation(signer: Signer, more_yaw_rad: float) -> Float[Array, "in=3 out=3"]:
    """Yaw, then pitch, then roll, to be applied from the right."""
    cos, sin = np.cos(signer.yaw_rad + more_yaw_rad), np.sin(signer.yaw_rad + more_yaw_rad)
    yaw = np.array([[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]])
    cos, sin = np.cos(signer.pitch_rad), np.sin(signer.pitch_rad)
    pitch = np.array([[1.0, 0.0, 0.0], [0.0, cos, sin], [0.0, -sin, cos]])
    cos, sin = np.cos(signer.roll_rad), np.sin(signer.roll_rad)
    roll = np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
    turns: Array = yaw @ pitch @ roll
    return turns


def _visibility(
    joints: Float[Single, "frame joint axis=3"], rng: np.random.Generator
) -> Float[Array, "frame joint"]:
    """High in the picture, falling to almost nothing outside it."""
    outside = np.abs(joints[..., :2] - 0.5).max(axis=-1) - 0.5
    level = rng.uniform(0.85, 1.0, joints.shape[1])
    seen: Array = level / (1 + np.exp(np.clip(_FADE * outside, -30, 30)))
    return seen


def _found(
    joints: Float[Array, "frame joint=21 axis=3"],
    raised: Float[Array, " frame"],
    signer: Signer,
    rng: np.random.Generator,
) -> Bool[NDArray[np.bool_], " frame"]:
    """Where the detector finds a hand: in the picture, not blurred, not in a burst of misses, and
    at rest only where this detector happens to see a resting hand.
    """
    frames, middle = len(joints), joints[:, MIDDLE_FINGER_MCP, :2]
    found: NDArray[np.bool_] = (np.abs(middle - 0.5) < 0.5 + _EDGE).all(axis=1)
    before, after = rng.random(2) < signer.sees_rest
    found &= (raised > _AT_REST) | np.repeat([before, after], [frames // 2, frames - frames // 2])
    speed = np.abs(np.diff(middle, axis=0, prepend=middle[:1])).max(axis=1)
    found &= (speed < _BLUR_SPEED) | (rng.random(frames) < _SEEN_IN_BLUR)
    for start in rng.integers(0, frames, rng.poisson(signer.misses_a_second * frames / FPS)):
        found[start : start + 1 + int(rng.exponential(signer.miss_s) * FPS)] = False
    return found

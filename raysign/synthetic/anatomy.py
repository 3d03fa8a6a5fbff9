"""Forward kinematics of a right arm and hand, and the parts of the body that stay put.

All of it is for the right side; the left is the mirror image (x → −x). Units are metres, axes those
of ``phonetics``; a hand is built on its own axes first: radial (to the thumb), distal (along the
straight fingers), palmar, in palm lengths.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

Array = NDArray[np.float64]

MAX_WRIST_BEND_RAD = np.deg2rad(75)
MAX_STRETCH = 0.97
"""The most that the arm stretches, as a share of its length: a locked elbow flickers."""

_KNUCKLES = np.array([[0.26, 0.98, 0.0], [0.04, 1.0, 0.0], [-0.17, 0.94, 0.0], [-0.36, 0.83, 0.0]])
_PHALANGES = np.array(
    [[0.48, 0.28, 0.22], [0.53, 0.33, 0.23], [0.49, 0.31, 0.23], [0.38, 0.22, 0.19]]
)
_FAN_RAD = np.array([[0.04, 0.18], [0.0, 0.02], [-0.04, -0.14], [-0.08, -0.32]])
_DIP_PER_PIP = 0.65
_THUMB_BASE = np.array([0.26, 0.2, 0.06])
_THUMB_BONES = np.array([0.47, 0.36, 0.29])
_THUMB_REST_RAD = 0.5
_THUMB_BENDS_TO = np.array([-0.85, 0.0, 0.5])

_FACE = np.array(
    [
        [0.0, 0.01, -0.115],
        [0.015, -0.03, -0.1],
        [0.032, -0.03, -0.095],
        [0.046, -0.03, -0.085],
        [-0.015, -0.03, -0.1],
        [-0.032, -0.03, -0.095],
        [-0.046, -0.03, -0.085],
        [0.075, -0.01, 0.0],
        [-0.075, -0.01, 0.0],
        [0.025, 0.055, -0.095],
        [-0.025, 0.055, -0.095],
    ]
)
"""The 11 joints of ``BODY_JOINTS`` on the head, from its centre."""

_LEG = np.array([[0.1, 0.45, -0.02], [0.1, 0.87, 0.04], [0.1, 0.92, 0.09], [0.12, 0.94, -0.09]])
"""Left knee, ankle, heel and toes, from mid-hip."""


def hand(
    flexion: Float[Array, "time angle"], fingers: float = 1.0
) -> Float[Array, "time joint=21 axis=3"]:
    """The 21 joints of ``HAND_JOINTS`` for ``FLEXION``'s 13 numbers, on the hand's own axes in palm
    lengths; ``fingers`` scales the phalanges.
    """
    joints = np.zeros((len(flexion), 21, 3))
    mcp, pip = flexion[:, 0:4], flexion[:, 4:8]
    turned = np.stack([mcp, mcp + pip, mcp + (1 + _DIP_PER_PIP) * pip], axis=2)
    fan = _FAN_RAD[:, 0] + _FAN_RAD[:, 1] * flexion[:, 8:9]
    along = np.cos(turned)
    bones = np.stack(
        [along * np.sin(fan)[..., None], along * np.cos(fan)[..., None], np.sin(turned)], axis=3
    )
    bones *= (fingers * _PHALANGES)[:, :, None]
    chains = joints[:, 5:].reshape(-1, 4, 4, 3)
    chains[:, :, 0] = _KNUCKLES
    chains[:, :, 1:] = _KNUCKLES[:, None] + np.cumsum(bones, axis=2)

    out = _THUMB_REST_RAD + flexion[:, 9]
    opposed = flexion[:, 10]
    flat = np.cos(opposed)
    first = np.stack([flat * np.sin(out), flat * np.cos(out), np.sin(opposed)], axis=1)
    across = unit(_THUMB_BENDS_TO - (first @ _THUMB_BENDS_TO)[:, None] * first)
    turned = np.stack([0 * out, flexion[:, 11], flexion[:, 11] + flexion[:, 12]], axis=1)[..., None]
    bones = np.cos(turned) * first[:, None] + np.sin(turned) * across[:, None]
    bones *= (fingers * _THUMB_BONES)[:, None]
    joints[:, 1] = _THUMB_BASE
    joints[:, 2:5] = _THUMB_BASE + np.cumsum(bones, axis=1)
    return joints


def arm(
    shoulder: Float[Array, " axis=3"],
    palm_at: Float[Array, "time axis=3"],
    distal: Float[Array, "time axis=3"],
    palmar: Float[Array, "time axis=3"],
    bones: tuple[float, float, float],
    swivel_rad: float,
) -> tuple[
    Float[Array, "time axis=3"], Float[Array, "time axis=3"], Float[Array, "time axes=3 axis=3"]
]:
    """Elbow, wrist and the hand's axes (radial, distal, palmar) of a right arm whose palm should be
    at ``palm_at``, its fingers along ``distal``, facing ``palmar``.

    ``bones`` are upper arm, forearm and palm; ``swivel_rad`` turns the elbow outwards. What the arm
    cannot do gives way: the wrist comes nearer, or bends no more than ``MAX_WRIST_BEND_RAD``.
    """
    upper, fore, palm = bones
    distal = unit(distal)
    reach = palm_at - palm * distal - shoulder
    far = length(reach)
    span = np.clip(far, abs(upper - fore) + 0.06, MAX_STRETCH * (upper + fore))
    line = reach / far
    wrist = shoulder + span * line
    pole = np.array([-np.sin(0.45 + swivel_rad), np.cos(0.45 + swivel_rad), 0.25])
    side = unit(pole - (line @ pole)[:, None] * line)
    cosine = (upper**2 + span**2 - fore**2) / (2 * upper * span)
    elbow = shoulder + upper * (cosine * line + np.sqrt(1 - cosine**2) * side)
    distal = _within(MAX_WRIST_BEND_RAD, distal, (wrist - elbow) / fore)
    palmar = unit(palmar - (palmar * distal).sum(1, keepdims=True) * distal)
    return elbow, wrist, np.stack([cross(distal, palmar), distal, palmar], axis=1)


def trunk(
    shoulder_width: float, trunk_length: float, neck: float, head: float
) -> Float[Array, "joint=33 axis=3"]:
    """The 33 joints of ``BODY_JOINTS`` from mid-shoulder; elbows, wrists and hands stay at 0."""
    joints = np.zeros((33, 3))
    joints[:11] = head * _FACE + [0.0, -neck, -0.02]
    joints[11:13, 0] = shoulder_width / 2, -shoulder_width / 2
    joints[23:25, 0] = shoulder_width / 3, -shoulder_width / 3
    joints[23:25, 1] = trunk_length
    joints[25::2] = _LEG + np.array([0.0, trunk_length, 0.0])
    joints[26::2] = joints[25::2] * MIRROR
    return joints


MIRROR = np.array([-1.0, 1.0, 1.0])
_NEXT, _LAST = np.array([1, 2, 0]), np.array([2, 0, 1])


def unit(vectors: Float[Array, "*n axis=3"]) -> Float[Array, "*n axis=3"]:
    """The vectors at length 1."""
    return vectors / length(vectors)


def length(vectors: Float[Array, "*n axis=3"]) -> Float[Array, "*n one=1"]:
    """The vectors' lengths, never quite 0."""
    lengths: Array = np.sqrt(np.einsum("...a,...a->...", vectors, vectors)[..., None] + 1e-12)
    return lengths


def cross(a: Float[Array, "*n axis=3"], b: Float[Array, "*m axis=3"]) -> Float[Array, "*k axis=3"]:
    """The cross product along the last axis; ``np.cross`` takes several times as long."""
    return a[..., _NEXT] * b[..., _LAST] - a[..., _LAST] * b[..., _NEXT]


def _within(
    most_rad: float, vectors: Float[Array, "n axis=3"], middle: Float[Array, "n axis=3"]
) -> Float[Array, "n axis=3"]:
    """Unit vectors, turned towards ``middle`` until they are within ``most_rad`` of it."""
    cosine = (vectors * middle).sum(1, keepdims=True)
    limit = np.cos(most_rad) * middle + np.sin(most_rad) * unit(vectors - cosine * middle)
    return np.where(cosine < np.cos(most_rad), limit, vectors)

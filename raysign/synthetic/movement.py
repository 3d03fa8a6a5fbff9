"""A sign's movement in time: the path of the palm, and how the hand turns and bends on the way.

``phase`` [frame] is the share of the movement that is done; a stroke goes from −½ to ½ once, or to
and fro where the movement is repeated.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from raysign.synthetic.anatomy import cross, unit
from raysign.synthetic.phonetics import PINCHED, Movement

Array = NDArray[np.float64]

_ARC, _CIRCLE, _ZIGZAG = 0.4, 0.65, 0.22
"""Height of an arc, diameter of a circle, half the width of a zigzag, for a path of length 1."""

_TWIST_RAD, _NOD_RAD, _WIGGLE_RAD = 2.0, 1.2, 0.32
_ZIGS = 3
_FINGER_LAG_RAD = 1.5
_DEPTH, _SIDE = np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0])


def stroke(move: Movement, phase: Float[Array, " frame"], repeats: int) -> Float[Array, " frame"]:
    """How far along its way the hand is, −½ to ½."""
    return phase - 0.5 if move.repeats == 1 else -0.5 * np.cos(2 * np.pi * repeats * phase)


def path(
    move: Movement,
    strokes: Float[Array, " frame"],
    phase: Float[Array, " frame"],
    repeats: int,
    sense: float,
) -> Float[Array, "frame axis=3"]:
    """The palm's way about its place, of size 1; ``sense`` −1 is the opposite hand's in turn."""
    along = unit(np.asarray(move.direction, dtype=np.float64))
    aside = unit(cross(along, _SIDE if abs(along[2]) > 0.9 else _DEPTH))
    if move.path == "circle":
        angle = 2 * np.pi * repeats * phase[:, None]
        ring = np.cos(angle) * aside + np.sin(angle) * cross(along, aside)
        way: Array = sense * _CIRCLE / 2 * ring
        return way
    if move.path == "hold":
        return np.zeros((len(phase), 3))
    way = strokes[:, None] * along
    if move.path == "arc":
        way += _ARC * (1 - 4 * strokes**2)[:, None] * aside
    elif move.path == "zigzag":
        way += sense * _ZIGZAG * np.sin(2 * np.pi * _ZIGS * phase)[:, None] * aside
    return way


def turned(
    move: Movement,
    strokes: Float[Array, " frame"],
    distal: Float[Array, " axis=3"],
    palmar: Float[Array, " axis=3"],
) -> tuple[Float[Array, "frame axis=3"], Float[Array, "frame axis=3"]]:
    """Where fingers and palm point: twisted about the forearm, nodded over the wrist, or as they
    are.
    """
    angle = strokes[:, None]
    if move.local == "twist":
        angle = _TWIST_RAD * angle
        facing = np.cos(angle) * palmar + np.sin(angle) * cross(distal, palmar)
        return np.broadcast_to(distal, facing.shape), facing
    angle = (_NOD_RAD if move.local == "nod" else 0.0) * angle
    cos, sin = np.cos(angle), np.sin(angle)
    return cos * distal + sin * palmar, cos * palmar - sin * distal


def bent(
    move: Movement,
    shape: Float[Array, " angle"],
    phase: Float[Array, " frame"],
    repeats: int,
    sense: float,
) -> Float[Array, "frame angle"]:
    """The flexion: the handshape, wiggled, opened from pinched fingers, or closed to them;
    ``sense`` −1 is the opposite hand's in turn.
    """
    phase = phase[:, None]
    if move.local == "wiggle":
        flexion = np.repeat(shape[None], len(phase), axis=0)
        beats = 2 * np.pi * (2 * repeats + 1) * phase
        flexion[:, :4] += sense * _WIGGLE_RAD * np.sin(beats + _FINGER_LAG_RAD * np.arange(4))
        return flexion
    if move.local not in ("open", "close"):
        return np.broadcast_to(shape, (len(phase), len(shape)))
    done = phase if move.repeats == 1 else (1 - np.cos(2 * np.pi * repeats * phase)) / 2
    closed = done if (move.local == "close") == (sense > 0) else 1 - done
    return shape + closed * (np.asarray(PINCHED) - shape)

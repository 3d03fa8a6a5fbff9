"""One signer performs one sign: joints in metres, frame by frame, before any camera.

Rest, raise, the sign's movement, lower, rest. What differs from one performance to the next besides
the signer's habits (length of rests, an extra repetition, a few millimetres and degrees) comes from
the generator that is passed in. Both arms are computed as right arms, first the signing one, then
the other; the other is mirrored at the end, and so is everything where the signer is left-handed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from raysign.skeleton import HOLISTIC75
from raysign.synthetic import movement
from raysign.synthetic.anatomy import MIRROR, arm, cross, hand, trunk, unit
from raysign.synthetic.phonetics import FLAT, HIGH, LOW, RELAXED
from raysign.synthetic.signers import Signer
from raysign.synthetic.signs import Sign

Array = NDArray[np.float64]

FPS = 25
MIN_FRAMES, MAX_FRAMES = 30, 80

_REST_DISTAL, _REST_PALMAR = np.array([0.15, 0.9, -0.35]), np.array([0.75, 0.05, 0.45])
_BASE_DISTAL, _BASE_PALMAR = np.array([1.0, 0.0, -0.3]), np.array([0.0, -1.0, 0.2])
_BASE_BELOW = np.array([-0.05, 0.09, 0.02])
_TWO_HANDS_APART = np.array([-0.07, 0.0, 0.0])
_FORWARD, _FORWARD_DISTAL = -0.08, np.array([0.0, 0.0, -0.5])
_SHAPED_EARLY = 1.4
"""The hand has its shape before it has arrived."""

_PLACE_SIGMA, _TURN_SIGMA_RAD, _SIZE_SIGMA, _REST_SIGMA, _TIME_SIGMA = 0.02, 0.13, 0.15, 0.015, 0.1
"""From one performance to the next: metres, radians, share, metres, share."""

_RIGHT = [HOLISTIC75.joint(f"right_{n}") for n in ("elbow", "wrist", "pinky", "index", "thumb")]
_RIGHT += range(HOLISTIC75.num_joints)[HOLISTIC75.parts["right_hand"]]
_LEFT = [HOLISTIC75.mirror[joint] for joint in _RIGHT]
_HAND_JOINTS_ON_BODY = [17, 5, 2]


@dataclass(frozen=True, eq=False)
class Performance:
    """``joints`` [frame joint axis] in metres from mid-shoulder, on ``phonetics``'s axes;
    ``raised`` [hand frame] goes from 0 at rest to 1 in the sign, for the left and the right hand.
    """

    joints: Array
    raised: Array


@dataclass(frozen=True, eq=False)
class _Timing:
    """``raised`` [hand frame] as above, but for the signing and the other hand; ``phase`` [frame]
    is the share of the movement that is done.
    """

    raised: Array
    phase: Array
    repeats: int


@dataclass(frozen=True, eq=False)
class _Targets:
    """What an arm is asked for, frame by frame: palm, fingers, facing, flexion."""

    palm: Array
    distal: Array
    palmar: Array
    flexion: Array


def perform(sign: Sign, signer: Signer, rng: np.random.Generator) -> Performance:
    """The sign as this signer does it this time."""
    timing = _timing(sign, signer, rng)
    both = _targets(sign, signer, timing, rng)
    palm, distal, palmar, flexion = (
        np.concatenate([getattr(one, name) for one in both])
        for name in ("palm", "distal", "palmar", "flexion")
    )
    bones = (signer.upper_arm, signer.forearm, signer.palm)
    shoulder = np.array([-signer.shoulder_width / 2, 0.0, 0.0])
    elbow, wrist, axes = arm(shoulder, palm, distal, palmar, bones, signer.swivel_rad)
    flexion = np.clip(flexion * signer.bend + np.asarray(signer.bias), LOW, HIGH)
    hands = wrist[:, None] + signer.palm * (hand(flexion, signer.fingers) @ axes)
    moving = np.concatenate(
        [elbow[:, None], wrist[:, None], hands[:, _HAND_JOINTS_ON_BODY], hands], axis=1
    )
    frames = len(timing.phase)
    joints = np.empty((frames, HOLISTIC75.num_joints, 3))
    joints[:, :33] = trunk(signer.shoulder_width, signer.trunk, signer.neck, signer.head)
    joints[:, _RIGHT], joints[:, _LEFT] = moving[:frames], moving[frames:] * MIRROR
    if signer.left_handed:
        return Performance(joints[:, HOLISTIC75.mirror] * MIRROR, timing.raised)
    return Performance(joints, timing.raised[::-1])


def _timing(sign: Sign, signer: Signer, rng: np.random.Generator) -> _Timing:
    repeats = sign.movement.repeats
    if repeats > 1 and rng.random() < signer.extra_repeat:
        repeats += 1
    sign_s = (0.4 + 0.28 * repeats) / signer.tempo * np.exp(_TIME_SIGMA * rng.standard_normal())
    before_s, after_s = signer.rest_s * rng.uniform(0.2, 1.4, 2)
    ends_s = np.cumsum([before_s, signer.raise_s, sign_s, signer.lower_s, after_s])
    ends_s *= min(1.0, MAX_FRAMES / FPS / ends_s[-1])
    frames = max(MIN_FRAMES, int(ends_s[-1] * FPS))
    time_s = np.arange(frames) / FPS
    late_s = np.array([[0.0], [signer.lag_s]])
    up = _smooth((time_s - ends_s[0] - late_s) / (ends_s[1] - ends_s[0]))
    down = _smooth((time_s - ends_s[2] - late_s) / (ends_s[3] - ends_s[2]))
    raised = up - down
    if sign.hands == "one":
        raised[1] = 0.0
    phase = np.clip((time_s - ends_s[1]) / (ends_s[2] - ends_s[1]), 0.0, 1.0)
    phase -= signer.ease * np.sin(2 * np.pi * phase) / (2 * np.pi)
    return _Timing(raised, phase, repeats)


def _targets(
    sign: Sign, signer: Signer, timing: _Timing, rng: np.random.Generator
) -> tuple[_Targets, _Targets]:
    """What the signing and the other arm are asked for, each as a right arm."""
    move, phase, repeats = sign.movement, timing.phase, timing.repeats
    size = move.size * signer.reach * np.exp(_SIZE_SIGMA * rng.standard_normal())
    place = _place(sign, signer) + rng.normal(0.0, _PLACE_SIGMA, 3)
    if sign.hands in ("both", "alternating"):
        place += _TWO_HANDS_APART
    turn = np.asarray(signer.turn_rad) + rng.normal(0.0, _TURN_SIGMA_RAD, 3)
    axes = np.array([sign.orientation.fingers, sign.orientation.palm])
    distal, palmar = unit(axes + cross(turn, axes))
    shape = np.asarray(sign.handshape.flexion)

    def acting(sense: float) -> _Targets:
        strokes = sense * movement.stroke(move, phase, repeats)
        way = place + size * movement.path(move, strokes, phase, repeats, sense)
        flexion = movement.bent(move, shape, phase, repeats, sense)
        return _Targets(way, *movement.turned(move, strokes, distal, palmar), flexion)

    signing = acting(1.0)
    if sign.hands == "base":
        other = _Targets(place * MIRROR + _BASE_BELOW, _BASE_DISTAL, _BASE_PALMAR, np.asarray(FLAT))
    else:
        other = acting(-1.0) if sign.hands == "alternating" else signing
    return (
        _from_rest(signing, timing.raised[0], signer, rng),
        _from_rest(other, timing.raised[1], signer, rng),
    )


def _place(sign: Sign, signer: Signer) -> Float[Array, " axis=3"]:
    offset = np.asarray(sign.location.offset)
    if sign.location.on_head:
        at = signer.head * offset + [0.0, -signer.neck, -0.02]
    else:
        at = offset * [signer.shoulder_width / 2, signer.trunk, 1.0]
    return at + signer.place


def _from_rest(
    there: _Targets, raised: Float[Array, " frame"], signer: Signer, rng: np.random.Generator
) -> _Targets:
    """From the rest to the sign and back, through the space before the trunk."""
    share = raised[:, None]
    rest = np.array([signer.rest[0] - signer.shoulder_width / 2, *signer.rest[1:]])
    rest += rng.normal(0.0, _REST_SIGMA, 3)
    arch = 4 * share * (1 - share)
    return _Targets(
        rest + share * (there.palm - rest) + arch * np.array([0.0, signer.lift, _FORWARD]),
        _REST_DISTAL + share * (there.distal - _REST_DISTAL) + arch * _FORWARD_DISTAL,
        _REST_PALMAR + share * (there.palmar - _REST_PALMAR),
        RELAXED + np.minimum(1.0, _SHAPED_EARLY * share) * (there.flexion - RELAXED),
    )


def _smooth(share: Float[Array, "*n"]) -> Float[Array, "*n"]:
    share = np.clip(share, 0.0, 1.0)
    return share * share * (3 - 2 * share)
